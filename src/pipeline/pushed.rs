//! Streams that phone XML starts (`RTPRx`, `RTPTx`, `RTPMRx`, `RTPMTx`): where media is to be expected.

use std::net::IpAddr;

use crate::content::phone_xml::{RTP_ADDRESS, RTP_KIND, RTP_PORT, RTP_STOP};
use crate::event::{Event, Value};
use crate::proto::Expect;

/// Where phones listen and send when the URI names no port (Cisco IP Phone Services SDK).
const USUAL_PORT: u16 = 20480;

/// Calls `found` for each stream that the object starts; the phone is who receives the object.
pub(super) fn streams(event: &Event<'_>, found: &mut dyn FnMut(Expect)) {
    let Some(phone) = event.origin.dst else { return };
    let mut kinds = event.values(&RTP_KIND).filter_map(Value::as_text);
    let (mut addresses, mut ports, mut stops) =
        (event.values(&RTP_ADDRESS), event.values(&RTP_PORT), event.values(&RTP_STOP));
    while let (Some(kind), Some(address), Some(port), Some(stop)) =
        (kinds.next(), addresses.next(), ports.next(), stops.next())
    {
        let named: Option<IpAddr> = if let Value::Ip(ip) = address { Some(*ip) } else { None };
        // What a phone is to receive comes to itself, unless it is a group.
        let ip = if kind == "RTPRx" { Some(phone.ip) } else { named };
        let port = port.as_uint().and_then(|port| u16::try_from(port).ok()).unwrap_or(USUAL_PORT);
        if let Some(ip) = ip.filter(|ip| !ip.is_unspecified() && port != 0 && *stop == Value::Bool(false)) {
            found(Expect { ip, port, peer: None, ip_proto: 17, proto: "rtp", media: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::phone_xml::OBJECT;
    use crate::event::{Endpoint, Fields, Origin};
    use crate::time::Ts;

    #[test]
    fn what_is_started_is_expected() {
        let mut origin = Origin::at(1, Ts::ZERO);
        origin.dst = Some(Endpoint { ip: [10, 0, 0, 1].into(), port: 80 });
        let group = Value::Ip([239, 0, 1, 2].into());
        let mut fields = Fields::new();
        for (kind, address, port, stop) in [
            ("RTPMRx", group.clone(), Value::Uint(20500), false),
            ("RTPRx", Value::Null, Value::Null, false),
            ("RTPTx", Value::Null, Value::Uint(20500), false),
            ("RTPMTx", group, Value::Uint(20600), true),
        ] {
            fields.str(&RTP_KIND, kind, 0, 0).push(&RTP_ADDRESS, address, 0, 0).push(&RTP_PORT, port, 0, 0);
            fields.flag(&RTP_STOP, stop, 0, 0);
        }
        let event =
            Event { def: &OBJECT, origin: &origin, fields: fields.list(), frames: &[1], bytes: &[], defect: None };
        let mut found = Vec::new();
        streams(&event, &mut |expect| found.push(format!("{}:{}", expect.ip, expect.port)));
        assert_eq!(found, ["239.0.1.2:20500", "10.0.0.1:20480"]);
    }
}
