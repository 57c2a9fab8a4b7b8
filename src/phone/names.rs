//! The fields that tell who is who, looked up once by name: this room knows no protocol.

use std::net::IpAddr;

use crate::event::{Event, FieldDef, Schema, Value};
use crate::flow::is_station;

/// The fields that tell who is who, looked up once.
#[derive(Debug)]
pub(super) struct Names {
    /// Device names that the sender gives of itself, by protocol.
    pub(super) own_name: Vec<(&'static str, &'static FieldDef)>,
    pub(super) cdp_voip: Option<&'static FieldDef>,
    pub(super) cdp_platform: Option<&'static FieldDef>,
    pub(super) cdp_port: Option<&'static FieldDef>,
    pub(super) cdp_device: Option<&'static FieldDef>,
    pub(super) cdp_load: Option<&'static FieldDef>,
    pub(super) cdp_request: Option<&'static FieldDef>,
    pub(super) lldp_caps: Option<&'static FieldDef>,
    pub(super) lldp_desc: Option<&'static FieldDef>,
    pub(super) lldp_name: Option<&'static FieldDef>,
    pub(super) lldp_port: Option<&'static FieldDef>,
    pub(super) lldp_port_desc: Option<&'static FieldDef>,
    pub(super) lldp_maker: Option<&'static FieldDef>,
    pub(super) lldp_model: Option<&'static FieldDef>,
    pub(super) lldp_software: Option<&'static FieldDef>,
    pub(super) dhcp_id: Option<&'static FieldDef>,
    pub(super) dhcp_mac: Option<&'static FieldDef>,
    pub(super) dhcp_yours: Option<&'static FieldDef>,
    pub(super) dhcp_client: Option<&'static FieldDef>,
    pub(super) dhcp_phone: Option<&'static FieldDef>,
    pub(super) dhcp_model: Option<&'static FieldDef>,
    pub(super) arp_mac: Option<&'static FieldDef>,
    pub(super) arp_ip: Option<&'static FieldDef>,
    pub(super) sip_phone: Option<&'static FieldDef>,
    pub(super) sip_alarm: Option<&'static FieldDef>,
    pub(super) sip_cucm: Option<&'static FieldDef>,
    pub(super) sip_call: Option<&'static FieldDef>,
    pub(super) sip_cseq: Option<&'static FieldDef>,
    pub(super) sip_method: Option<&'static FieldDef>,
    pub(super) sip_cseq_method: Option<&'static FieldDef>,
    pub(super) icmp_src: Option<&'static FieldDef>,
    pub(super) icmp_dst: Option<&'static FieldDef>,
    pub(super) sip_status: Option<&'static FieldDef>,
    pub(super) sip_to_user: Option<&'static FieldDef>,
    pub(super) sip_load: Option<&'static FieldDef>,
    pub(super) sip_agent: Option<&'static FieldDef>,
    pub(super) sip_model: Option<&'static FieldDef>,
    pub(super) http_model: Option<&'static FieldDef>,
    pub(super) http_uri: Option<&'static FieldDef>,
    pub(super) xml_type: Option<&'static FieldDef>,
    pub(super) cdp_camera: Option<&'static FieldDef>,
    pub(super) cdp_switch: Option<&'static FieldDef>,
    pub(super) cnf_line: Option<&'static FieldDef>,
    pub(super) cnf_callmanager: Option<&'static FieldDef>,
    pub(super) skinny_phone: Option<&'static FieldDef>,
    pub(super) skinny_type: Option<&'static FieldDef>,
    pub(super) skinny_load: Option<&'static FieldDef>,
    pub(super) skinny_number: Option<&'static FieldDef>,
    pub(super) file_client: Option<&'static FieldDef>,
    pub(super) file_server: Option<&'static FieldDef>,
}

impl Names {
    /// Notes in `wanted` what it finds.
    pub(super) fn new(schema: &Schema, wanted: &mut Vec<&'static FieldDef>) -> Names {
        let mut f = |name: &str| schema.field(name).inspect(|def| wanted.push(def));
        Names {
            own_name: [
                ("cdp", "cdp.deviceid"),
                ("lldp", "lldp.tlv.system.name"),
                ("dhcp", "dhcp.option.hostname"),
                ("file", "file.device"),
                ("sip", "sip.contact.devicename"),
                ("ciscoalarm", "ciscoalarm.device_name"),
                ("skinny", "skinny.DeviceName"),
                ("http", "http.devicename"),
            ]
            .into_iter()
            .filter_map(|(proto, name)| Some((proto, f(name)?)))
            .collect(),
            cdp_voip: f("cdp.capabilities.voip_phone"),
            cdp_platform: f("cdp.platform"),
            cdp_port: f("cdp.portid"),
            cdp_device: f("cdp.deviceid"),
            cdp_load: f("cdp.software_version"),
            cdp_request: f("cdp.request_id"),
            lldp_caps: f("lldp.tlv.enable_system_cap"),
            lldp_desc: f("lldp.tlv.system.desc"),
            lldp_name: f("lldp.tlv.system.name"),
            lldp_port: f("lldp.port.id"),
            lldp_port_desc: f("lldp.port.desc"),
            lldp_maker: f("lldp.media.manufacturer"),
            lldp_model: f("lldp.media.model"),
            lldp_software: f("lldp.media.software"),
            dhcp_id: f("dhcp.id"),
            dhcp_mac: f("dhcp.hw.mac_addr"),
            dhcp_yours: f("dhcp.ip.your"),
            dhcp_client: f("dhcp.ip.client"),
            dhcp_phone: f("dhcp.cisco_phone"),
            dhcp_model: f("dhcp.phone_model"),
            arp_mac: f("arp.src.hw_mac"),
            arp_ip: f("arp.src.proto_ipv4"),
            sip_phone: f("sip.cisco_phone"),
            sip_alarm: f("sip.alarm"),
            sip_cucm: f("sip.cucm"),
            sip_call: f("sip.Call-ID"),
            sip_cseq: f("sip.CSeq.seq"),
            sip_method: f("sip.Method"),
            sip_cseq_method: f("sip.CSeq.method"),
            icmp_src: f("icmp.quoted.src"),
            icmp_dst: f("icmp.quoted.dst"),
            sip_status: f("sip.Status-Code"),
            sip_to_user: f("sip.to.user"),
            sip_load: f("sip.reason.load"),
            sip_agent: f("sip.User-Agent"),
            sip_model: f("sip.contact.model"),
            http_model: f("http.x_ciscoipphonemodelname"),
            http_uri: f("http.request.uri"),
            xml_type: f("ciscoxml.type"),
            cdp_camera: f("cdp.capabilities.cvta"),
            cdp_switch: f("cdp.capabilities.switch"),
            cnf_line: f("cnf.line.name"),
            cnf_callmanager: f("cnf.callmanager"),
            skinny_phone: f("skinny.phone"),
            skinny_type: f("skinny.deviceType"),
            skinny_load: f("skinny.firmwareLoadName"),
            skinny_number: f("skinny.lineDirNumber"),
            file_client: f("file.client"),
            file_server: f("file.server"),
        }
    }
}

pub(super) fn value<'e>(event: &Event<'e>, def: Option<&'static FieldDef>) -> Option<&'e Value<'e>> {
    event.get(def?)
}

pub(super) fn text_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<String> {
    value(event, def).and_then(Value::as_text).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// The model that a device type stands for, as Cisco orders it: 683 and 30018 give CP-8841 and CP-7961G.
pub(super) fn model_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<String> {
    let number = value(event, def).and_then(Value::as_uint)?;
    let named = def?.codes.and_then(|codes| codes(number))?;
    ordered(named)
}

/// A model by what CDP or a table calls it: the word in it that begins with the number.
pub(super) fn ordered(named: &str) -> Option<String> {
    let mut words = named.split_whitespace().map(|word| word.trim_start_matches("CP-"));
    let model = words.find(|word| word.bytes().take_while(u8::is_ascii_digit).count() >= 4)?;
    Some(format!("CP-{model}"))
}

pub(super) fn flag(event: &Event<'_>, def: Option<&'static FieldDef>) -> bool {
    value(event, def).and_then(Value::as_uint).is_some_and(|v| v != 0)
}

pub(super) fn mac_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<[u8; 6]> {
    match value(event, def)? {
        Value::Mac(mac) => Some(*mac),
        _ => None,
    }
}

pub(super) fn ip_of(event: &Event<'_>, def: Option<&'static FieldDef>) -> Option<IpAddr> {
    match value(event, def)? {
        Value::Ip(ip) if is_station(*ip) => Some(*ip),
        _ => None,
    }
}
