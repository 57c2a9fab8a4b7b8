//! The fields and events of LLDP, and what its numbers and bits mean.

use crate::event::{FieldDef, bytes, flag, float, ip, mac, text, uint};
use crate::{events, fields};

events! { EVENTS;
    ANNOUNCE = "lldp.announce", "A phone or switch tells what it is, and what it wants or offers; a time to live of 0 is its farewell.";
    MALFORMED = "lldp.malformed", "Bytes that are no LLDP message.";
}

fields! { FIELDS;
    TLV_TYPE = uint("lldp.tlv.type", "Type of a TLV").codes(tlv_name);
    TLV_LEN = uint("lldp.tlv.len", "Length of a TLV's value").unit("bytes");
    UNFINISHED = text("lldp.tlv.unfinished", "What is there of a text whose end is not in the message");
    CHASSIS_SUBTYPE = uint("lldp.chassis.subtype", "What the chassis id is").codes(chassis_subtype);
    CHASSIS_ID = text("lldp.chassis.id", "Chassis id that is no address; hexadecimal if it is no text");
    CHASSIS_MAC = mac("lldp.chassis.id.mac", "Hardware address as chassis id");
    CHASSIS_IP4 = ip("lldp.chassis.id.ip4", "IPv4 address as chassis id: of a phone its own, 0.0.0.0 before DHCP");
    CHASSIS_IP6 = ip("lldp.chassis.id.ip6", "IPv6 address as chassis id");
    PORT_SUBTYPE = uint("lldp.port.subtype", "What the port id is").codes(port_subtype);
    PORT_ID = text("lldp.port.id", "Port id that is no address; of a phone its hardware address and :P1");
    PORT_MAC = mac("lldp.port.id.mac", "Hardware address as port id");
    PORT_IP4 = ip("lldp.port.id.ip4", "IPv4 address as port id");
    PORT_IP6 = ip("lldp.port.id.ip6", "IPv6 address as port id");
    ADDRESS_FAMILY = uint("lldp.network_address.subtype", "Family of an address that is an id: 1 IPv4, 2 IPv6");
    TTL = uint("lldp.time_to_live", "How long the receiver is to remember this; 0 forget it").unit("s");
    PORT_DESC = text("lldp.port.desc", "Description of the port");
    SYSTEM_NAME = text("lldp.tlv.system.name", "Name of the sender; of a phone SEP and its hardware address");
    SYSTEM_DESC = text("lldp.tlv.system.desc", "Description of the sender; of a phone model, version and load");
    SYSTEM_CAP = uint("lldp.tlv.system_cap", "What the sender can be, as bits");
    SYSTEM_CAP_OTHER = flag("lldp.tlv.system_cap.other", "Can be something else");
    SYSTEM_CAP_REPEATER = flag("lldp.tlv.system_cap.repeater", "Can be a repeater");
    SYSTEM_CAP_BRIDGE = flag("lldp.tlv.system_cap.bridge", "Can be a bridge");
    SYSTEM_CAP_WLAN = flag("lldp.tlv.system_cap.wlan_access_pt", "Can be a WLAN access point");
    SYSTEM_CAP_ROUTER = flag("lldp.tlv.system_cap.router", "Can be a router");
    SYSTEM_CAP_PHONE = flag("lldp.tlv.system_cap.telephone", "Can be a telephone");
    SYSTEM_CAP_DOCSIS = flag("lldp.tlv.system_cap.docsis_cable_device", "Can be a cable device");
    SYSTEM_CAP_STATION = flag("lldp.tlv.system_cap.station_only", "Can be but a station");
    ENABLED_CAP = uint("lldp.tlv.enable_system_cap", "What the sender is, as bits");
    ENABLED_CAP_OTHER = flag("lldp.tlv.enable_system_cap.other", "Is something else");
    ENABLED_CAP_REPEATER = flag("lldp.tlv.enable_system_cap.repeater", "Is a repeater");
    ENABLED_CAP_BRIDGE = flag("lldp.tlv.enable_system_cap.bridge", "Is a bridge");
    ENABLED_CAP_WLAN = flag("lldp.tlv.enable_system_cap.wlan_access_pt", "Is a WLAN access point");
    ENABLED_CAP_ROUTER = flag("lldp.tlv.enable_system_cap.router", "Is a router");
    ENABLED_CAP_PHONE = flag("lldp.tlv.enable_system_cap.telephone", "Is a telephone");
    ENABLED_CAP_DOCSIS = flag("lldp.tlv.enable_system_cap.docsis_cable_device", "Is a cable device");
    ENABLED_CAP_STATION = flag("lldp.tlv.enable_system_cap.station_only", "Is but a station");
    MGMT_FAMILY = uint("lldp.mgn.address.subtype", "Family of the management address: 1 IPv4, 2 IPv6");
    MGMT_IP4 = ip("lldp.mgn.addr.ip4", "Management address, IPv4");
    MGMT_IP6 = ip("lldp.mgn.addr.ip6", "Management address, IPv6");
    MGMT_HEX = bytes("lldp.mgn.addr.hex", "Management address of another family");
    MGMT_IF_SUBTYPE = uint("lldp.mgn.interface.subtype", "How the interface is numbered: 2 ifIndex, 3 port number");
    MGMT_IF_NUMBER = uint("lldp.mgn.interface.number", "Number of the interface");
    MGMT_OID = bytes("lldp.mgn.obj.id", "Object identifier of the management");
    ORG_OUI = uint("lldp.orgtlv.oui", "Organisation of a TLV").codes(organisation_name);
    DOT1_SUBTYPE = uint("lldp.ieee.802_1.subtype", "Type of a TLV of IEEE 802.1");
    PORT_VLAN = uint("lldp.ieee.802_1.port_vlan.id", "VLAN of untagged frames on the port; 0 none");
    PROTO_VLAN_FLAGS = uint("lldp.ieee.802_1.port_and_vlan_id_flag", "Protocol VLAN: bit 1 supported, bit 2 enabled");
    PROTO_VLAN = uint("lldp.ieee.802_1.port_proto_vlan.id", "Protocol VLAN");
    VLAN_ID = uint("lldp.ieee.802_1.vlan.id", "VLAN that has a name");
    VLAN_NAME = text("lldp.ieee.802_1.vlan.name", "Name of the VLAN");
    DOT3_SUBTYPE = uint("lldp.ieee.802_3.subtype", "Type of a TLV of IEEE 802.3");
    AUTONEG = uint("lldp.ieee.802_3.mac_phy_auto_neg_status", "Auto-negotiation, as bits");
    AUTONEG_SUPPORTED = flag("lldp.ieee.802_3.mac_phy_auto_neg_status.supported", "Auto-negotiation is supported");
    AUTONEG_ENABLED = flag("lldp.ieee.802_3.mac_phy_auto_neg_status.enabled", "Auto-negotiation is enabled");
    AUTONEG_CAPS = uint("lldp.ieee.802_3.pmd_auto_neg_advertised_caps", "Speeds offered in auto-negotiation, as bits");
    MAU_TYPE = uint("lldp.ieee.802_3.pmd_mau_type", "Speed and duplex in use (RFC 4836)").codes(mau);
    POWER_SUPPORT = uint("lldp.ieee.802_3.mdi_power_support", "Power over Ethernet, as bits");
    POWER_SUPPORT_PSE = flag("lldp.ieee.802_3.mdi_power_support.port_class", "The sender gives power; else it takes it");
    POWER_SUPPORT_SUPPORTED = flag("lldp.ieee.802_3.mdi_power_support.supported", "Giving power is supported");
    POWER_SUPPORT_ENABLED = flag("lldp.ieee.802_3.mdi_power_support.enabled", "Giving power is enabled");
    POWER_SUPPORT_PAIRS = flag("lldp.ieee.802_3.mdi_power_support.pse_pairs", "The pairs can be chosen");
    POWER_PAIR = uint("lldp.ieee.802_3.mdi_pse_pair", "Pairs that are powered: 1 signal, 2 spare");
    POWER_CLASS = uint("lldp.ieee.802_3.mdi_power_class", "Power class, plus one");
    POWER_TYPE = uint("lldp.ieee.802_3.mdi_power_type", "Kind of device").codes(power_type);
    POWER_SOURCE = uint("lldp.ieee.802_3.mdi_power_source", "Source of the power; of a phone 1 switch, 2 local, 3 both");
    POWER_PRIORITY = uint("lldp.ieee.802_3.mdi_power_priority", "Priority").codes(priority);
    POWER_REQUESTED = uint("lldp.ieee.802_3.mdi_pde_requested", "Power that the phone asks for").unit("0.1 W");
    POWER_ALLOCATED = uint("lldp.ieee.802_3.mdi_pse_allocated", "Power that the switch gives").unit("0.1 W");
    BT_REQUESTED_A = uint("lldp.ieee.802_3.bt_ds_pd_requested_power_value_mode_a", "802.3bt: power asked for, mode A").unit("0.1 W");
    BT_REQUESTED_B = uint("lldp.ieee.802_3.bt_ds_pd_requested_power_value_mode_b", "802.3bt: power asked for, mode B").unit("0.1 W");
    BT_ALLOCATED_A = uint("lldp.ieee.802_3.bt_ds_pse_allocated_power_value_alt_a", "802.3bt: power given, alternative A").unit("0.1 W");
    BT_ALLOCATED_B = uint("lldp.ieee.802_3.bt_ds_pse_allocated_power_value_alt_b", "802.3bt: power given, alternative B").unit("0.1 W");
    BT_STATUS = uint("lldp.ieee.802_3.bt_power_status", "802.3bt: status, as bits");
    BT_POWERING = uint("lldp.ieee.802_3.bt_pse_powering_status", "802.3bt: how many pairs are powered");
    BT_POWERED = uint("lldp.ieee.802_3.bt_pd_powered_status", "802.3bt: how the device is powered");
    BT_PAIRS = uint("lldp.ieee.802_3.bt_pse_power_pairs_ext", "802.3bt: pairs in use: 1 A, 2 B, 3 both");
    BT_CLASS_A = uint("lldp.ieee.802_3.bt_ds_pwr_class_ext_a", "802.3bt: class, mode A");
    BT_CLASS_B = uint("lldp.ieee.802_3.bt_ds_pwr_class_ext_b", "802.3bt: class, mode B");
    BT_CLASS = uint("lldp.ieee.802_3.bt_pwr_class_ext_", "802.3bt: class; 15 dual signature");
    BT_SETUP = uint("lldp.ieee.802_3.bt_system_setup", "802.3bt: setup, as bits");
    BT_TYPE_EXT = uint("lldp.ieee.802_3.bt_power_type_ext", "802.3bt: kind of device");
    BT_MAX_AVAILABLE = uint("lldp.ieee.802_3.bt_pse_maximum_available_power_value", "802.3bt: most the switch can give").unit("0.1 W");
    BT_AUTOCLASS = uint("lldp.ieee.802_3.bt_autoclass", "802.3bt: measuring of the power, as bits");
    BT_POWER_DOWN = uint("lldp.ieee.802_3.bt_power_down", "802.3bt: request to be powered down, as bits");
    MAX_FRAME = uint("lldp.ieee.802_3.max_frame_size", "Largest frame").unit("bytes");
    MED_SUBTYPE = uint("lldp.media.subtype", "Type of a TLV of LLDP-MED").codes(med_subtype);
    MED_CAPS = uint("lldp.media.subtype.caps", "TLVs of LLDP-MED that the sender knows, as bits");
    MED_CAP_MED = flag("lldp.media.subtype.caps.llpd", "Knows LLDP-MED");
    MED_CAP_POLICY = flag("lldp.media.subtype.caps.network_policy", "Knows network policies");
    MED_CAP_LOCATION = flag("lldp.media.subtype.caps.location_id", "Knows locations");
    MED_CAP_PSE = flag("lldp.media.subtype.caps.mdi_pse", "Gives power");
    MED_CAP_PD = flag("lldp.media.subtype.caps.mid_pd", "Takes power");
    MED_CAP_INVENTORY = flag("lldp.media.subtype.caps.inventory", "Tells its inventory");
    MED_CLASS = uint("lldp.media.subtype.class", "What the sender is for LLDP-MED").codes(med_class);
    MED_APP = uint("lldp.media.app_type", "What a network policy is for").codes(application);
    MED_UNKNOWN = flag("lldp.media.policy_flag", "The sender does not know the policy, and asks for it");
    MED_TAGGED = flag("lldp.media.tag_flag", "Frames are to be tagged");
    MED_VLAN = uint("lldp.media.vlan_id", "VLAN of the policy; 0 priority tags only");
    MED_PRIORITY = uint("lldp.media.l2_prio", "Class of service of the policy");
    MED_DSCP = uint("lldp.media.dscp", "Differentiated services code point of the policy");
    VOICE_VLAN = uint("lldp.voice_vlan", "VLAN of the policy for voice, where it is known and tagged");
    LOC_FORMAT = uint("lldp.media.loc.data_format", "Form of the location").codes(location_format);
    LOC_LATITUDE = float("lldp.media.loc.latitude", "Latitude, north positive").unit("°");
    LOC_LONGITUDE = float("lldp.media.loc.longitude", "Longitude, east positive").unit("°");
    CIVIC_WHAT = uint("lldp.media.civic.what", "Whose location: 0 DHCP server, 1 switch, 2 phone");
    CIVIC_COUNTRY = text("lldp.media.civic.country", "Country");
    CIVIC_TYPE = uint("lldp.media.civic.type", "Kind of a part of the postal address (RFC 4776)");
    CIVIC_VALUE = text("lldp.media.civic.value", "Part of the postal address");
    ELIN = text("lldp.media.ecs", "Number for emergency calls (ELIN)");
    MED_POWER_TYPE = uint("lldp.media.power.type", "Kind of device: 0 gives power, 1 takes it");
    MED_POWER_SOURCE = uint("lldp.media.power.source", "Source: giving 1 primary, 2 backup; taking 1 switch, 2 local, 3 both");
    MED_POWER_PRIORITY = uint("lldp.media.power.prio", "Priority").codes(priority);
    MED_POWER_VALUE = uint("lldp.media.power.value", "Power given or taken").unit("0.1 W");
    MED_HARDWARE = text("lldp.media.hardware", "Hardware revision");
    MED_FIRMWARE = text("lldp.media.firmware", "Firmware revision");
    MED_SOFTWARE = text("lldp.media.software", "Software revision");
    MED_SERIAL = text("lldp.media.sn", "Serial number");
    MED_MANUFACTURER = text("lldp.media.manufacturer", "Manufacturer");
    MED_MODEL = text("lldp.media.model", "Model");
    MED_ASSET = text("lldp.media.asset", "Asset id");
    CISCO_SUBTYPE = uint("lldp.cisco.subtype", "Type of a TLV of Cisco");
    UPOE = uint("lldp.cisco.upoe", "Power over all four pairs, as bits");
    UPOE_SUPPORTED = flag("lldp.cisco.upoe.supported", "Power over all four pairs is supported");
    UPOE_DETECTION = flag("lldp.cisco.upoe.altb_detection_required", "The spare pairs have to be detected");
    UPOE_DESIRED = flag("lldp.cisco.upoe.pd_altb_desired", "The phone wants the spare pairs powered");
    UPOE_ON = flag("lldp.cisco.upoe.pse_altb_oper", "The switch powers the spare pairs");
    UNKNOWN_SUBTYPE = uint("lldp.unknown_subtype", "Type of a TLV of another organisation");
    UNKNOWN_CONTENT = bytes("lldp.unknown_subtype.content", "Data of a TLV of another organisation");
}

pub(super) static SYSTEM_CAP_BITS: &[(u64, &FieldDef)] = &[
    (0x01, &SYSTEM_CAP_OTHER),
    (0x02, &SYSTEM_CAP_REPEATER),
    (0x04, &SYSTEM_CAP_BRIDGE),
    (0x08, &SYSTEM_CAP_WLAN),
    (0x10, &SYSTEM_CAP_ROUTER),
    (0x20, &SYSTEM_CAP_PHONE),
    (0x40, &SYSTEM_CAP_DOCSIS),
    (0x80, &SYSTEM_CAP_STATION),
];

pub(super) static ENABLED_CAP_BITS: &[(u64, &FieldDef)] = &[
    (0x01, &ENABLED_CAP_OTHER),
    (0x02, &ENABLED_CAP_REPEATER),
    (0x04, &ENABLED_CAP_BRIDGE),
    (0x08, &ENABLED_CAP_WLAN),
    (0x10, &ENABLED_CAP_ROUTER),
    (0x20, &ENABLED_CAP_PHONE),
    (0x40, &ENABLED_CAP_DOCSIS),
    (0x80, &ENABLED_CAP_STATION),
];

pub(super) static AUTONEG_BITS: &[(u64, &FieldDef)] = &[(0x01, &AUTONEG_SUPPORTED), (0x02, &AUTONEG_ENABLED)];

pub(super) static POWER_SUPPORT_BITS: &[(u64, &FieldDef)] = &[
    (0x01, &POWER_SUPPORT_PSE),
    (0x02, &POWER_SUPPORT_SUPPORTED),
    (0x04, &POWER_SUPPORT_ENABLED),
    (0x08, &POWER_SUPPORT_PAIRS),
];

pub(super) static BT_STATUS_PARTS: &[(&FieldDef, u16, u16)] = &[
    (&BT_POWERING, 14, 3),
    (&BT_POWERED, 12, 3),
    (&BT_PAIRS, 10, 3),
    (&BT_CLASS_A, 7, 7),
    (&BT_CLASS_B, 4, 7),
    (&BT_CLASS, 0, 15),
];

pub(super) static MED_CAP_BITS: &[(u64, &FieldDef)] = &[
    (0x01, &MED_CAP_MED),
    (0x02, &MED_CAP_POLICY),
    (0x04, &MED_CAP_LOCATION),
    (0x08, &MED_CAP_PSE),
    (0x10, &MED_CAP_PD),
    (0x20, &MED_CAP_INVENTORY),
];

pub(super) static UPOE_BITS: &[(u64, &FieldDef)] =
    &[(0x01, &UPOE_SUPPORTED), (0x02, &UPOE_DETECTION), (0x04, &UPOE_DESIRED), (0x08, &UPOE_ON)];

fn tlv_name(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "end",
        1 => "chassis id",
        2 => "port id",
        3 => "time to live",
        4 => "port description",
        5 => "system name",
        6 => "system description",
        7 => "system capabilities",
        8 => "management address",
        127 => "of an organisation",
        _ => return None,
    })
}

fn chassis_subtype(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "chassis component",
        2 => "interface alias",
        3 => "port component",
        4 => "hardware address",
        5 => "network address",
        6 => "interface name",
        7 => "locally assigned",
        _ => return None,
    })
}

fn port_subtype(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "interface alias",
        2 => "port component",
        3 => "hardware address",
        4 => "network address",
        5 => "interface name",
        6 => "agent circuit id",
        7 => "locally assigned",
        _ => return None,
    })
}

fn organisation_name(code: u64) -> Option<&'static str> {
    Some(match code {
        0x0080c2 => "IEEE 802.1",
        0x00120f => "IEEE 802.3",
        0x0012bb => "TIA (LLDP-MED)",
        0x000142 => "Cisco",
        _ => return None,
    })
}

fn mau(code: u64) -> Option<&'static str> {
    Some(match code {
        10 => "10BASE-T, half duplex",
        11 => "10BASE-T, full duplex",
        15 => "100BASE-TX, half duplex",
        16 => "100BASE-TX, full duplex",
        29 => "1000BASE-T, half duplex",
        30 => "1000BASE-T, full duplex",
        _ => return None,
    })
}

fn power_type(code: u64) -> Option<&'static str> {
    ["type 2, gives power", "type 2, takes power", "type 1, gives power", "type 1, takes power"]
        .get(code as usize)
        .copied()
}

fn priority(code: u64) -> Option<&'static str> {
    ["unknown", "critical", "high", "low"].get(code as usize).copied()
}

fn med_subtype(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "capabilities",
        2 => "network policy",
        3 => "location",
        4 => "extended power",
        5 => "hardware revision",
        6 => "firmware revision",
        7 => "software revision",
        8 => "serial number",
        9 => "manufacturer",
        10 => "model",
        11 => "asset id",
        _ => return None,
    })
}

fn med_class(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "endpoint",
        2 => "media endpoint",
        3 => "phone",
        4 => "switch",
        _ => return None,
    })
}

fn application(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "voice",
        2 => "voice signalling",
        3 => "guest voice",
        4 => "guest voice signalling",
        5 => "softphone voice",
        6 => "video conferencing",
        7 => "streaming video",
        8 => "video signalling",
        _ => return None,
    })
}

fn location_format(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "coordinates",
        2 => "postal address",
        3 => "emergency number",
        _ => return None,
    })
}
