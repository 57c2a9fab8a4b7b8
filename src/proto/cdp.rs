//! CDP: what phone and switch tell each other on the link (Cisco Discovery Protocol, versions 1 and 2).
//!
//! Read: every TLV that a phone or its switch sends, with voice VLAN, power and trust; EnergyWise inside CDP; the
//! checksum by Cisco's rule. Not read: the data of cluster management, of third-party TLVs and of unknown ones
//! (type and length are shown).
//! The message begins with the version byte, behind the SNAP header, and ends with the 802.3 length.

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{FieldDef, Fields, bytes, flag, ip, text, uint};
use crate::{events, fields};

/// CDP.
pub static PROTOCOL: Protocol = Protocol {
    name: "cdp",
    title: "CDP",
    // 0x2000 as an EtherType: in GRE tunnels and Cisco HDLC.
    on: &[On::Snap(0x00000c, 0x2000), On::EtherType(0x2000)],
    probe: |_| Probe::Yes,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: &[PHONE, SWITCH],
};

/// A phone's announcement (7821).
const PHONE: &[u8] =
    b"\x02\xb4\xb4\xa8\0\x01\0\x13SEP001122334455\0\x02\0\x11\0\0\0\x01\x01\x01\xcc\0\x04\x0a\x14\0\x32\
    \0\x03\0\x0aPort 1\0\x04\0\x08\0\0\x04\x90\0\x05\0\x1bsip78xx.12-1-1-12.loads\0\x06\0\x17Cisco IP Phone 7821\
    \0\x0f\0\x08\x20\x02\0\x01\0\x0b\0\x05\x01\0\x10\0\x06\x18\x9c\0\x19\0\x10\x1a\x2b\0\x01\0\0\x18\x9c\0\0\x0f\xa0";

/// The switch's.
const SWITCH: &[u8] = b"\x02\xb4\xd4\xc8\0\x01\0\x10SW-ACCESS-01\0\x02\0\x11\0\0\0\x01\x01\x01\xcc\0\x04\x0a\x14\0\x02\
    \0\x03\0\x18GigabitEthernet1/0/7\0\x04\0\x08\0\0\0\x28\0\x05\0\x16Cisco IOS Software\0\x06\0\x1acisco WS-C2960X-24PS-L\
    \0\x09\0\x04\0\x0a\0\x06\0\x0a\0\x0b\0\x05\x01\0\x0e\0\x07\x01\0\x14\0\x12\0\x05\0\0\x13\0\x05\0\
    \0\x1a\0\x10\x1a\x2b\0\x01\0\0\x3c\x28\xff\xff\xff\xff";

fields! { FIELDS;
    VERSION = uint("cdp.version", "Version, 1 or 2");
    TTL = uint("cdp.ttl", "How long the receiver is to remember this").unit("s");
    CHECKSUM = uint("cdp.checksum", "Checksum as sent");
    CHECKSUM_STATUS = uint("cdp.checksum.status", "Whether the checksum is right by Cisco's rule").codes(status);
    CHECKSUM_PLAIN = flag("cdp.checksum.plain", "The checksum is right by RFC 1071, not by Cisco's rule for odd lengths");
    TLV_TYPE = uint("cdp.tlv.type", "Type of a TLV").codes(tlv_name);
    TLV_LEN = uint("cdp.tlv.len", "Length of a TLV with its type and length").unit("bytes");
    DEVICE_ID = text("cdp.deviceid", "Name of the sender; of a phone SEP and its hardware address");
    ADDRESSES = uint("cdp.number_of_addresses", "Number of addresses that follow");
    ADDRESS_TYPE = uint("cdp.protocol_type", "Form of the protocol of an address: 1 NLPID, 2 802.2");
    ADDRESS_PROTOCOL_LEN = uint("cdp.protocol_length", "Length of the protocol of an address").unit("bytes");
    ADDRESS_PROTOCOL = bytes("cdp.protocol", "Protocol of an address; cc is IPv4");
    ADDRESS_LEN = uint("cdp.address_length", "Length of an address").unit("bytes");
    ADDRESS_IPV4 = ip("cdp.nrgyz.ip_address", "IPv4 address of the sender");
    ADDRESS_IPV6 = ip("cdp.nrgyz.ipv6_address", "IPv6 address of the sender");
    ADDRESS = bytes("cdp.address", "Another address of the sender");
    PORT_ID = text("cdp.portid", "Port that sent this; of a phone Port 1 to the switch, Port 2 to the computer");
    CAPABILITIES = uint("cdp.capabilities", "What the sender is, as bits");
    CAP_ROUTER = flag("cdp.capabilities.router", "A router");
    CAP_TRANS_BRIDGE = flag("cdp.capabilities.trans_bridge", "A transparent bridge");
    CAP_SRC_BRIDGE = flag("cdp.capabilities.src_bridge", "A source route bridge");
    CAP_SWITCH = flag("cdp.capabilities.switch", "A switch");
    CAP_HOST = flag("cdp.capabilities.host", "A host");
    CAP_IGMP = flag("cdp.capabilities.igmp_capable", "Forwards no IGMP reports to ports without a router");
    CAP_REPEATER = flag("cdp.capabilities.repeater", "A repeater");
    CAP_PHONE = flag("cdp.capabilities.voip_phone", "A phone");
    CAP_REMOTE = flag("cdp.capabilities.remote", "Remotely managed");
    CAP_CVTA = flag("cdp.capabilities.cvta", "Takes a camera or CAST application on its PC port");
    CAP_MAC_RELAY = flag("cdp.capabilities.mac_relay", "A two-port MAC relay: a phone with a PC port");
    SOFTWARE = text("cdp.software_version", "Software; of a phone its firmware load");
    PLATFORM = text("cdp.platform", "Hardware, such as Cisco IP Phone 7821");
    ODR_GATEWAY = ip("cdp.odr_default_gateway", "Default gateway (on-demand routing)");
    IP_PREFIX = ip("cdp.ip_prefix", "Network that is reached through the sender");
    IP_PREFIX_LEN = uint("cdp.ip_prefix.length", "Length of the network's prefix").unit("bits");
    OUI = uint("cdp.oui", "Organisation of a protocol hello");
    PROTOCOL_ID = uint("cdp.protocol_id", "Protocol of a protocol hello");
    VTP_DOMAIN = text("cdp.vtp_management_domain", "VTP domain of the switch");
    NATIVE_VLAN = uint("cdp.native_vlan", "VLAN of untagged frames on the port");
    DUPLEX = flag("cdp.duplex", "Full duplex");
    UNFINISHED = text("cdp.tlv.unfinished", "What is there of a text whose end is not in the message");
    VOICE_DATA = bytes("cdp.data", "Byte before the voice VLAN (1: phone), or what a phone says in asking for one");
    VOICE_VLAN = uint("cdp.voice_vlan", "VLAN that the switch wants the phone in; 4095 none");
    POWER_CONSUMPTION = uint("cdp.power_consumption", "Power that the sender takes").unit("mW");
    MTU = uint("cdp.mtu", "Largest packet").unit("bytes");
    TRUST = uint("cdp.trust_bitmap", "Bit 0: the markings of the computer behind the phone are trusted");
    UNTRUSTED_COS = uint("cdp.untrusted_port_cos", "Class of service that the phone gives to untrusted frames of the computer");
    SYSTEM_NAME = text("cdp.system_name", "Name of the switch");
    SYSTEM_OID = bytes("cdp.system_object_identifier", "Object identifier of the switch, BER");
    LOCATION_TYPE = uint("cdp.location.unknown", "First byte of a location");
    LOCATION = text("cdp.location", "Location");
    REQUEST_ID = uint("cdp.request_id", "Number of a power request; the answer repeats it");
    MANAGEMENT_ID = uint("cdp.management_id", "Counter of a power request's sender");
    POWER_REQUESTED = uint("cdp.power_requested", "Power that the phone asks for, preferred first").unit("mW");
    POWER_AVAILABLE = uint("cdp.power_available", "Power that the switch offers; 4294967295 no limit").unit("mW");
    SPARE_POE = uint("cdp.spare_poe_tlv", "Power over the spare pairs, as bits");
    SPARE_PSE = flag("cdp.spare_poe_tlv.poe", "The switch can power all four pairs");
    SPARE_SHARED = flag("cdp.spare_poe_tlv.spare_pair_arch", "The phone takes the power of the spare pairs together with the rest");
    SPARE_REQUEST = flag("cdp.spare_poe_tlv.req_spare_pair_poe", "The phone wants the spare pairs powered");
    SPARE_ON = flag("cdp.spare_poe_tlv.pse_spare_pair_poe", "The switch powers the spare pairs");
    NRGYZ_ENCRYPTED = bytes("cdp.encrypted_data", "EnergyWise: encrypted data");
    NRGYZ_SEEN = uint("cdp.seen_sequence", "EnergyWise: sequence number seen");
    NRGYZ_SEQUENCE = uint("cdp.sequence_number", "EnergyWise: sequence number");
    NRGYZ_MODEL = text("cdp.model_number", "EnergyWise: model");
    NRGYZ_HARDWARE = text("cdp.hardware_version_id", "EnergyWise: hardware version");
    NRGYZ_SERIAL = text("cdp.system_serial_number", "EnergyWise: serial number");
    NRGYZ_TABLE_LEN = uint("cdp.len_tlv_table", "EnergyWise: length of its own TLVs").unit("bytes");
    NRGYZ_TABLE_NUM = uint("cdp.num_tlvs_table", "EnergyWise: number of its own TLVs");
    NRGYZ_TLV_TYPE = uint("cdp.nrgyz.tlv.type", "EnergyWise: type of a TLV");
    NRGYZ_TLV_LEN = uint("cdp.nrgyz.tlv.len", "EnergyWise: length of a TLV").unit("bytes");
    NRGYZ_ROLE = text("cdp.nrgyz_reply_to.role", "EnergyWise: role");
    NRGYZ_DOMAIN = text("cdp.nrgyz_reply_to.domain", "EnergyWise: domain");
    NRGYZ_NAME = text("cdp.nrgyz_reply_to.name", "EnergyWise: name");
    NRGYZ_PORT = uint("cdp.nrgyz_reply_to.port", "EnergyWise: port to answer to");
    NRGYZ_IP = ip("cdp.nrgyz_reply_to.ip_address", "EnergyWise: address to answer to");
}

events! { EVENTS;
    ANNOUNCE = "cdp.announce", "A phone or switch tells what it is, and what it wants or offers.";
    MALFORMED = "cdp.malformed", "Bytes that are no CDP message.";
}

/// The bits of `cdp.capabilities`.
static CAPABILITY_BITS: &[(u32, &FieldDef)] = &[
    (0x001, &CAP_ROUTER),
    (0x002, &CAP_TRANS_BRIDGE),
    (0x004, &CAP_SRC_BRIDGE),
    (0x008, &CAP_SWITCH),
    (0x010, &CAP_HOST),
    (0x020, &CAP_IGMP),
    (0x040, &CAP_REPEATER),
    (0x080, &CAP_PHONE),
    (0x100, &CAP_REMOTE),
    (0x200, &CAP_CVTA),
    (0x400, &CAP_MAC_RELAY),
];

static SPARE_BITS: &[(u8, &FieldDef)] =
    &[(0x01, &SPARE_PSE), (0x02, &SPARE_SHARED), (0x04, &SPARE_REQUEST), (0x08, &SPARE_ON)];

fn status(code: u64) -> Option<&'static str> {
    ["wrong", "right", "unverified"].get(code as usize).copied()
}

fn tlv_name(code: u64) -> Option<&'static str> {
    Some(match code {
        0x01 => "device id",
        0x02 => "addresses",
        0x03 => "port id",
        0x04 => "capabilities",
        0x05 => "software version",
        0x06 => "platform",
        0x07 => "IP prefixes or gateway",
        0x08 => "protocol hello",
        0x09 => "VTP domain",
        0x0a => "native VLAN",
        0x0b => "duplex",
        0x0e => "voice VLAN reply",
        0x0f => "voice VLAN query",
        0x10 => "power consumption",
        0x11 => "MTU",
        0x12 => "trust bitmap",
        0x13 => "CoS of the untrusted port",
        0x14 => "system name",
        0x15 => "system object identifier",
        0x16 => "management addresses",
        0x17 => "location",
        0x18 => "external port id",
        0x19 => "power requested",
        0x1a => "power available",
        0x1b => "unidirectional mode",
        0x1d => "EnergyWise",
        0x1f => "spare pair power",
        _ => return None,
    })
}

/// Reads a message into `fields`; `whole` is false if bytes of it are missing, so that no checksum can be made.
/// What cannot be read of one TLV does not keep the next from being read: the first defect is told.
pub fn read<'a>(bytes: &'a [u8], whole: bool, fields: &mut Fields<'a>) -> Option<Malformed> {
    let mut r = Reader::new(bytes);
    let mut head = || {
        fields.uint(&VERSION, r.u8("version")?, 0, 1);
        fields.uint(&TTL, r.u8("time to live")?, 1, 1);
        fields.uint(&CHECKSUM, r.u16("checksum")?, 2, 2);
        Ok(())
    };
    if let Err(why) = head() {
        return Some(why);
    }
    let good = whole.then(|| checksum(bytes, Odd::Cisco));
    fields.uint(&CHECKSUM_STATUS, good.map_or(2u8, u8::from), 0, 0);
    if good == Some(false) && checksum(bytes, Odd::Plain) {
        fields.flag(&CHECKSUM_PLAIN, true, 0, 0);
    }
    let mut first = None;
    while !r.is_empty() {
        let at = r.at();
        let (kind, len) = match (r.u16("type of a TLV"), r.u16("length of a TLV")) {
            (Ok(kind), Ok(len)) => (kind, usize::from(len)),
            (Err(why), _) | (_, Err(why)) => return first.or(Some(why)),
        };
        fields.uint(&TLV_TYPE, kind, at, 2).uint(&TLV_LEN, len as u64, at + 2, 2);
        let Some(want) = len.checked_sub(4) else {
            return first.or(Some(Malformed { at: at + 2, what: "length of a TLV" }));
        };
        if want > r.left() {
            first = first.or(Some(Malformed { at: at + 2, what: "length of a TLV beyond the end of the message" }));
        }
        let (since, broken) = (fields.count(), want > r.left());
        let outcome = r.sub(want.min(r.left()), "TLV").and_then(|value| tlv(kind, value, fields));
        if broken {
            fields.break_off(since, bytes.len(), &UNFINISHED);
        }
        first = first.or(outcome.err());
    }
    first
}

fn tlv<'a>(kind: u16, mut r: Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    match kind {
        0x01 => drop(fields.text(&DEVICE_ID, r.rest(), at)),
        0x02 | 0x16 => return addresses(&mut r, fields),
        0x03 => drop(fields.text(&PORT_ID, r.rest(), at)),
        0x04 => {
            let bits = r.u32("capabilities")?;
            fields.uint(&CAPABILITIES, bits, at, 4);
            for (bit, def) in CAPABILITY_BITS {
                fields.flag(def, bits & bit != 0, at, 4);
            }
        }
        0x05 if r.is_empty() => {}
        0x05 => drop(fields.text(&SOFTWARE, r.rest(), at)),
        0x06 => drop(fields.text(&PLATFORM, r.rest(), at)),
        0x07 if r.left() == 4 => drop(fields.ip(&ODR_GATEWAY, r.array::<4>("gateway")?, at, 4)),
        0x07 => {
            while !r.is_empty() {
                let at = r.at();
                fields.ip(&IP_PREFIX, r.array::<4>("IP prefix")?, at, 4);
                fields.uint(&IP_PREFIX_LEN, r.u8("length of an IP prefix")?, at + 4, 1);
            }
        }
        0x08 => {
            fields.uint(&OUI, r.u24("organisation")?, at, 3);
            fields.uint(&PROTOCOL_ID, r.u16("protocol of a hello")?, at + 3, 2);
        }
        0x09 => drop(fields.text(&VTP_DOMAIN, r.rest(), at)),
        0x0a => drop(fields.uint(&NATIVE_VLAN, r.u16("native VLAN")?, at, 2)),
        0x0b => drop(fields.flag(&DUPLEX, r.u8("duplex")? != 0, at, 1)),
        // Two bytes: the VLAN alone. Three: an appliance id (1 is a phone) before it.
        0x0e if r.left() == 2 => drop(fields.uint(&VOICE_VLAN, r.u16("voice VLAN")?, at, 2)),
        0x0e => {
            fields.bytes(&VOICE_DATA, r.take(1, "appliance id")?, at);
            fields.uint(&VOICE_VLAN, r.u16("voice VLAN")?, at + 1, 2);
        }
        // A phone's question; what its bytes mean is not documented, a VLAN they are not.
        0x0f => drop(fields.bytes(&VOICE_DATA, r.rest(), at)),
        0x10 => drop(fields.uint(&POWER_CONSUMPTION, r.u16("power consumption")?, at, 2)),
        0x11 => drop(fields.uint(&MTU, r.u32("MTU")?, at, 4)),
        0x12 => drop(fields.uint(&TRUST, r.u8("trust bitmap")?, at, 1)),
        0x13 => drop(fields.uint(&UNTRUSTED_COS, r.u8("class of service")?, at, 1)),
        0x14 => drop(fields.text(&SYSTEM_NAME, r.rest(), at)),
        0x15 => drop(fields.bytes(&SYSTEM_OID, r.rest(), at)),
        0x17 => {
            fields.uint(&LOCATION_TYPE, r.u8("location")?, at, 1);
            fields.text(&LOCATION, r.rest(), at + 1);
        }
        0x19 => return power(&mut r, &POWER_REQUESTED, "power requested", fields),
        0x1a => return power(&mut r, &POWER_AVAILABLE, "power available", fields),
        0x1d => return energywise(&mut r, fields),
        0x1f => {
            let bits = r.u8("spare pair power")?;
            fields.uint(&SPARE_POE, bits, at, 1);
            for (bit, def) in SPARE_BITS {
                fields.flag(def, bits & bit != 0, at, 1);
            }
        }
        _ => {}
    }
    Ok(())
}

fn addresses<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    let count = r.u32("number of addresses")?;
    fields.uint(&ADDRESSES, count, at, 4);
    for _ in 0..count {
        let at = r.at();
        let kind = r.u8("protocol of an address")?;
        let len = r.u8("protocol of an address")?;
        fields.uint(&ADDRESS_TYPE, kind, at, 1).uint(&ADDRESS_PROTOCOL_LEN, len, at + 1, 1);
        let protocol = r.take(usize::from(len), "protocol of an address")?;
        fields.bytes(&ADDRESS_PROTOCOL, protocol, at + 2);
        let at = r.at();
        let len = r.u16("length of an address")?;
        fields.uint(&ADDRESS_LEN, len, at, 2);
        let address = r.take(usize::from(len), "address")?;
        match (kind, protocol, address, <[u8; 16]>::try_from(address)) {
            (1, [0xcc], &[a, b, c, d], _) => drop(fields.ip(&ADDRESS_IPV4, [a, b, c, d], at + 2, 4)),
            (2, [0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd], _, Ok(v6)) => drop(fields.ip(&ADDRESS_IPV6, v6, at + 2, 16)),
            _ => drop(fields.bytes(&ADDRESS, address, at + 2)),
        }
    }
    Ok(())
}

/// A list of powers, preferred first.
fn power(
    r: &mut Reader<'_>,
    def: &'static FieldDef,
    what: &'static str,
    fields: &mut Fields<'_>,
) -> Result<(), Malformed> {
    let at = r.at();
    fields.uint(&REQUEST_ID, r.u16(what)?, at, 2);
    fields.uint(&MANAGEMENT_ID, r.u16(what)?, at + 2, 2);
    while !r.is_empty() {
        let at = r.at();
        fields.uint(def, r.u32(what)?, at, 4);
    }
    Ok(())
}

fn energywise<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    const WHAT: &str = "EnergyWise";
    let start = r.at();
    fields.bytes(&NRGYZ_ENCRYPTED, r.take(20, WHAT)?, start);
    fields.uint(&NRGYZ_SEEN, r.u32(WHAT)?, start + 20, 4);
    fields.uint(&NRGYZ_SEQUENCE, r.u32(WHAT)?, start + 24, 4);
    fields.text(&NRGYZ_MODEL, until_nul(r.take(16, WHAT)?), start + 28);
    r.u16(WHAT)?;
    fields.text(&NRGYZ_HARDWARE, until_nul(r.take(3, WHAT)?), start + 46);
    fields.text(&NRGYZ_SERIAL, until_nul(r.take(11, WHAT)?), start + 49);
    r.take(8, WHAT)?;
    let len = r.u16(WHAT)?;
    let count = r.u16(WHAT)?;
    fields.uint(&NRGYZ_TABLE_LEN, len, start + 68, 2).uint(&NRGYZ_TABLE_NUM, count, start + 70, 2);
    let mut table = r.sub(usize::from(len), "EnergyWise table")?;
    for _ in 0..count {
        let at = table.at();
        let kind = table.u32("EnergyWise TLV")?;
        let len = table.u32("EnergyWise TLV")?;
        fields.uint(&NRGYZ_TLV_TYPE, kind, at, 4).uint(&NRGYZ_TLV_LEN, len, at + 4, 4);
        let len = (len as usize).checked_sub(8).ok_or(Malformed { at: at + 4, what: "length of an EnergyWise TLV" })?;
        let mut value = table.sub(len, "EnergyWise TLV")?;
        match kind {
            0x07 => drop(fields.text(&NRGYZ_ROLE, until_nul(value.rest()), at + 8)),
            0x08 => drop(fields.text(&NRGYZ_DOMAIN, until_nul(value.rest()), at + 8)),
            0x09 => drop(fields.text(&NRGYZ_NAME, until_nul(value.rest()), at + 8)),
            0x17 => {
                value.u16("EnergyWise reply")?;
                fields.uint(&NRGYZ_PORT, value.u16("EnergyWise reply")?, at + 10, 2);
                fields.ip(&NRGYZ_IP, value.array::<4>("EnergyWise reply")?, at + 12, 4);
            }
            _ => {}
        }
    }
    Ok(())
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// What the last byte of an odd length adds to the sum.
#[derive(Clone, Copy)]
enum Odd {
    /// The low byte of a word, sign-extended and one too small if negative.
    Cisco,
    /// The high byte of a word (RFC 1071).
    Plain,
}

/// The one's complement sum of a message with its checksum in place is all ones.
fn checksum(bytes: &[u8], odd: Odd) -> bool {
    let word = |word: &[u8]| match *word {
        [a, b] => u32::from(u16::from_be_bytes([a, b])),
        [last] => match odd {
            Odd::Cisco if last >= 0x80 => 0xff00 + u32::from(last) - 1,
            Odd::Cisco => u32::from(last),
            Odd::Plain => u32::from(last) << 8,
        },
        _ => 0,
    };
    let sum = bytes.chunks(2).map(word).fold(0u32, |sum, word| {
        let sum = sum + word;
        (sum & 0xffff) + (sum >> 16)
    });
    sum == 0xffff
}

struct Dissector;

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.wanted_fields();
        let defect = read(segment.bytes, segment.cut == 0, &mut fields);
        let event = if segment.bytes.len() < 4 { &MALFORMED } else { &ANNOUNCE };
        out.event(event, fields, segment, segment.defect(defect));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], line: &str) {
        assert_eq!(datagram(&PROTOCOL, bytes), [line]);
    }

    /// The event without the TLV headers and the bits that are not set.
    fn brief(bytes: &[u8]) -> String {
        let line = datagram(&PROTOCOL, bytes).concat();
        line.split(" cdp.")
            .filter(|field| !field.starts_with("tlv.") && !field.ends_with("=false"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_phone() {
        assert_eq!(
            brief(PHONE),
            "cdp.announce version=2 ttl=180 checksum=46248 checksum.status=1 deviceid=SEP001122334455 \
             number_of_addresses=1 protocol_type=1 protocol_length=1 protocol=cc address_length=4 \
             nrgyz.ip_address=10.20.0.50 portid=Port 1 capabilities=1168 capabilities.host=true \
             capabilities.voip_phone=true capabilities.mac_relay=true software_version=sip78xx.12-1-1-12.loads \
             platform=Cisco IP Phone 7821 data=20020001 duplex=true power_consumption=6300 request_id=6699 \
             management_id=1 power_requested=6300 power_requested=4000"
        );
    }

    #[test]
    fn a_switch() {
        assert_eq!(
            brief(SWITCH),
            "cdp.announce version=2 ttl=180 checksum=54472 checksum.status=1 deviceid=SW-ACCESS-01 \
             number_of_addresses=1 protocol_type=1 protocol_length=1 protocol=cc address_length=4 \
             nrgyz.ip_address=10.20.0.2 portid=GigabitEthernet1/0/7 capabilities=40 capabilities.switch=true \
             capabilities.igmp_capable=true software_version=Cisco IOS Software platform=cisco WS-C2960X-24PS-L \
             vtp_management_domain= native_vlan=10 duplex=true data=01 voice_vlan=20 trust_bitmap=0 \
             untrusted_port_cos=0 request_id=6699 management_id=1 power_available=15400 power_available=4294967295"
        );
    }

    /// A text that breaks off is never told as what it begins like.
    #[test]
    fn what_breaks_off_is_not_the_value() {
        for whole in [PHONE, SWITCH] {
            let texts = [&DEVICE_ID, &PORT_ID, &SOFTWARE, &PLATFORM, &SYSTEM_NAME];
            let told = |bytes: &[u8]| {
                let lines = datagram(&PROTOCOL, bytes).concat();
                let named = |name: &str| lines.split_once(&format!(" {name}=")).map(|(_, rest)| rest.to_owned());
                texts.map(|def| named(def.name).map(|rest| rest.split(" cdp.").next().unwrap_or("").to_owned()))
            };
            let all = told(whole);
            for end in 0..whole.len() {
                let some = told(&whole[..end]);
                for (some, all) in some.iter().zip(&all) {
                    let some = some.as_deref().map(|text| text.split(" at=").next().unwrap_or(text));
                    assert!(some.is_none() || some == all.as_deref(), "{some:?} of {all:?} in {end} bytes");
                }
            }
        }
        let port = b"\x02\xb4\0\0\0\x03\0\x19GigabitEthernet2/0/14";
        let told = datagram(&PROTOCOL, &port[..port.len() - 1]).concat();
        assert!(told.contains("cdp.tlv.unfinished=GigabitEthernet2/0/1 at="), "{told}");
    }

    #[test]
    fn the_checksum_of_an_odd_length() {
        let odd = |sum: u16, tlv: &[u8]| {
            let bytes = [&b"\x02\xb4"[..], &sum.to_be_bytes(), b"\0\x01\0\x13SEP001122334455", tlv].concat();
            let line = brief(&bytes);
            line.split(' ').filter(|f| f.starts_with("checksum.")).map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(odd(0x12b1, b"\0\x12\0\x05\0\0\x0b\0\x05\x01"), "checksum.status=1");
        assert_eq!(odd(0x1a29, b"\0\x0b\0\x05\x01\0\x12\0\x05\x81"), "checksum.status=1");
        assert_eq!(odd(0x1a2a, b"\0\x0b\0\x05\x01\0\x12\0\x05\x80"), "checksum.status=1");
        assert_eq!(odd(0x11b2, b"\0\x12\0\x05\0\0\x0b\0\x05\x01"), "checksum.status=0 checksum.plain=true");
        assert_eq!(odd(0x12b2, b"\0\x12\0\x05\0\0\x0b\0\x05\x01"), "checksum.status=0");
    }

    #[test]
    fn less_common_tlvs() {
        let head = &b"\x01\0\0\0"[..];
        for (tlv, fields) in [
            (&b"\0\x07\0\x08\x0a\0\0\x01"[..], "odr_default_gateway=10.0.0.1"),
            (b"\0\x07\0\x09\x0a\0\0\0\x08", "ip_prefix=10.0.0.0 ip_prefix.length=8"),
            (b"\0\x0e\0\x06\0\x14", "voice_vlan=20"),
            (b"\0\x11\0\x08\0\0\x05\xdc", "mtu=1500"),
            (b"\0\x17\0\x08\0lab", "location.unknown=0 location=lab"),
            (b"\0\x1f\0\x05\x05", "spare_poe_tlv=5 spare_poe_tlv.poe=true spare_poe_tlv.req_spare_pair_poe=true"),
            (
                b"\0\x16\0\x24\0\0\0\x01\x02\x08\xaa\xaa\x03\0\0\0\x86\xdd\0\x10\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
                "number_of_addresses=1 protocol_type=2 protocol_length=8 protocol=aaaa03000000\
                 86dd address_length=16 nrgyz.ipv6_address=fe80::1",
            ),
        ] {
            let line = brief(&[head, tlv].concat());
            assert_eq!(line, format!("cdp.announce version=1 ttl=0 checksum=0 checksum.status=0 {fields}"));
        }
    }

    #[test]
    fn energywise() {
        let table = b"\0\0\0\x09\0\0\0\x0cSEP0\0\0\0\x17\0\0\0\x10\0\x01\xa7\xfc\x0a\0\0\x01";
        let value = [
            &[7; 20][..],
            b"\0\0\0\x01\0\0\0\x02CP-8841\0\0\0\0\0\0\0\0\0\0\0V01FCH0000ABCD\0\0\0\0\0\0\0\0",
            &[0, table.len() as u8, 0, 2],
            table,
        ]
        .concat();
        let line = brief(&[&b"\x02\0\0\0\0\x1d\0"[..], &[value.len() as u8 + 4], &value].concat());
        assert!(
            line.ends_with(
                "seen_sequence=1 sequence_number=2 model_number=CP-8841 hardware_version_id=V01 \
                 system_serial_number=FCH0000ABCD len_tlv_table=28 num_tlvs_table=2 nrgyz.tlv.type=9 nrgyz.tlv.len=12 \
                 nrgyz_reply_to.name=SEP0 nrgyz.tlv.type=23 nrgyz.tlv.len=16 nrgyz_reply_to.port=43004 \
                 nrgyz_reply_to.ip_address=10.0.0.1"
            ),
            "{line}"
        );
    }

    #[test]
    fn a_cut_message_says_so_and_has_no_checksum() {
        use super::super::testing::{Lines, origin};
        use super::super::{Mark, Side, Spare};
        let (mut lines, mut spare, origin) = (Lines::default(), Spare::default(), origin(1, Side::Client, (0, 0), 0));
        let marks = &[Mark { at: 0, frame: 1 }];
        let bytes = &PHONE[..23];
        let segment = Segment { bytes, origin: &origin, marks, side: Side::Client, end: false, cut: 80, flow: 0 };
        Dissector.datagram(&segment, &mut Out::new(&mut lines, &mut spare));
        let line = lines.0.concat();
        assert!(line.contains("cdp.checksum.status=2 "), "{line}");
        assert!(line.ends_with("cdp.deviceid=SEP001122334455 at=23 what=cut by the snap length"), "{line}");
    }

    #[test]
    fn a_bad_tlv_does_not_hide_the_next() {
        check(
            b"\x02\xb4\0\0\0\x0a\0\x05\x01\0\x0b\0\x05\x01",
            "cdp.announce cdp.version=2 cdp.ttl=180 cdp.checksum=0 cdp.checksum.status=0 cdp.tlv.type=10 cdp.tlv.len=5 \
             cdp.tlv.type=11 cdp.tlv.len=5 cdp.duplex=true at=8 what=native VLAN",
        );
        check(
            b"\x02\xb4\0\0\0\x01\0\x13SEP0011",
            "cdp.announce cdp.version=2 cdp.ttl=180 cdp.checksum=0 cdp.checksum.status=0 cdp.tlv.type=1 cdp.tlv.len=19 \
             cdp.tlv.unfinished=SEP0011 at=6 what=length of a TLV beyond the end of the message",
        );
        check(
            b"\x02\xb4\0\0\0\x01\0\x03",
            "cdp.announce cdp.version=2 cdp.ttl=180 cdp.checksum=0 cdp.checksum.status=0 cdp.tlv.type=1 cdp.tlv.len=3 \
             at=6 what=length of a TLV",
        );
        check(b"\x02\xb4\0", "cdp.malformed cdp.version=2 cdp.ttl=180 at=2 what=checksum");
        any_datagram(&PROTOCOL);
    }
}
