//! A message in a few words: its kind, and what of its fields tells it from others of the kind.

use crate::event::{EventBuf, Value};
use crate::report::events::shown;

/// Fields that tell messages of a kind apart; the first part of an event's name counts where the whole is not listed.
const TELLING: &[(&str, &[&str])] = &[
    ("sip.request", &["sip.Method"]),
    ("sip.response", &["sip.Status-Code", "sip.CSeq.method"]),
    ("http.request", &["http.request.method", "http.request.uri"]),
    ("http.response", &["http.response.code", "http.response.phrase"]),
    ("tftp.read", &["tftp.source_file"]),
    ("tftp.error", &["tftp.error.code", "tftp.error.message"]),
    ("tftp", &["tftp.block"]),
    ("file", &["file.name"]),
    ("cdp", &["cdp.deviceid", "cdp.portid"]),
    ("lldp", &["lldp.tlv.system.name", "lldp.port.id"]),
    ("dhcp", &["dhcp.ip.your", "dhcp.option.requested_ip_address"]),
    ("arp", &["arp.dst.proto_ipv4"]),
    ("dns", &["dns.qry.name"]),
    ("igmp", &["igmp.joined", "igmp.left", "igmp.maddr"]),
    ("rtp.start", &["rtp.codec", "rtp.ssrc"]),
    ("rtp.stop", &["rtp.packets", "rtp.loss_percent"]),
    ("rtp", &["rtp.ssrc"]),
    ("tls.alert", &["tls.alert.name"]),
    ("tcp", &["tcp.attempt"]),
    ("skinny", &["skinny.DeviceName", "skinny.call_state_name"]),
];

/// `sip REGISTER`, `dhcp offer 10.20.0.50`, `tftp read SEP….cnf.xml`.
pub fn of(event: &EventBuf) -> String {
    let name = event.def.name;
    let (proto, kind) = name.split_once('.').unwrap_or((name, ""));
    let telling = TELLING.iter().find(|(of, _)| *of == name).or_else(|| TELLING.iter().find(|(of, _)| *of == proto));
    let mut words: Vec<String> = Vec::new();
    // What a request is called is its method, and an answer its code.
    if !matches!(name, "sip.request" | "sip.response" | "http.request" | "http.response") {
        words.push(kind.replace('_', " "));
    }
    for field in telling.into_iter().flat_map(|(_, fields)| fields.iter()) {
        let value = event.fields.iter().find(|known| known.def.name == *field);
        if let Some(value) = value.filter(|value| !is_nothing(&value.value)) {
            let text = shown(value.def, &value.value, false);
            // Of a path its last part says most.
            let short = if *field == "http.request.uri" { text.rsplit('/').next().unwrap_or(&text) } else { &text };
            words.push(short.chars().take(48).collect());
        }
    }
    let defect = event.defect.map(|defect| format!(" ! {}", defect.what)).unwrap_or_default();
    format!("{proto} {}{defect}", words.join(" "))
}

fn is_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Ip(ip) => ip.is_unspecified(),
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}
