//! LLDP and LLDP-MED: what phone and switch tell each other on the link (IEEE 802.1AB, TIA-1057).
//!
//! Read: all TLVs of 802.1AB; of 802.1 the VLANs, of 802.3 power (with the 802.3at and 802.3bt extensions), speed and
//! frame size; LLDP-MED; Cisco's UPOE. Not read: the data of other organisations' TLVs. A time to live of 0 is the
//! sender's farewell.

mod fields;

pub use fields::*;

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{FieldDef, Fields};

/// LLDP.
pub static PROTOCOL: Protocol = Protocol {
    name: "lldp",
    title: "LLDP",
    on: &[On::EtherType(0x88cc)],
    probe: |_| Probe::Yes,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: &[SWITCH, PHONE],
};

/// A switch's announcement.
const SWITCH: &[u8] = b"\x02\x07\x04\0\xaa\xbb\xcc\xdd\x01\x04\x08\x05Gi1/0/7\x06\x02\0\x78\x0a\x0cSW-ACCESS-01\
    \x0e\x04\0\x14\0\x04\xfe\x06\0\x80\xc2\x01\0\x0a\xfe\x07\0\x12\x0f\x02\x07\x01\x05\xfe\x07\0\x12\xbb\x01\0\x0f\x04\
    \xfe\x08\0\x12\xbb\x02\x01\x40\x29\x6e\xfe\x08\0\x12\xbb\x02\x02\x40\x29\x20\xfe\x07\0\x12\xbb\x04\x13\0\x41\0\0";

/// A phone's (7821).
const PHONE: &[u8] = b"\x02\x06\x05\x01\x0a\x14\0\x32\x04\x10\x07001122334455:P1\x06\x02\0\xb4\x08\x07SW PORT\
    \x0a\x0fSEP001122334455\x0c\x30Cisco IP Phone 7821, V2, sip78xx.12-1-1-12.loads\x0e\x04\0\x24\0\x24\
    \xfe\x07\0\x12\xbb\x01\0\x33\x03\xfe\x08\0\x12\xbb\x02\x01\x80\0\0\xfe\x07\0\x12\xbb\x04\x53\0\x3f\
    \xfe\x05\0\x12\xbb\x052\xfe\x0f\0\x12\xbb\x08FCH0000ABCD\xfe\x17\0\x12\xbb\x09Cisco Systems, Inc.\
    \xfe\x0b\0\x12\xbb\x0aCP-7821\xfe\x05\0\x01\x42\x01\0\0\0";

/// Reads a message into `fields`. What cannot be read of one TLV does not keep the next from being read: the first
/// defect is told, and whether the message was read to its end.
pub fn read<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> (Option<Malformed>, bool) {
    let mut r = Reader::new(bytes);
    let (mut first, mut seen, mut end) = (None, [false; 4], false);
    while !r.is_empty() && !end {
        let at = r.at();
        let head = match r.u16("TLV") {
            Ok(head) => head,
            Err(why) => return (first.or(Some(why)), false),
        };
        let (kind, len) = (head >> 9, usize::from(head & 0x1ff));
        fields.uint(&TLV_TYPE, kind, at, 2).uint(&TLV_LEN, len as u64, at, 2);
        if len > r.left() {
            first = first.or(Some(Malformed { at, what: "length of a TLV beyond the end of the message" }));
        }
        let (since, broken) = (fields.count(), len > r.left());
        let outcome = r.sub(len.min(r.left()), "TLV").and_then(|value| tlv(kind, value, fields));
        if broken {
            fields.break_off(since, bytes.len(), &UNFINISHED);
        }
        first = first.or(outcome.err());
        end = kind == 0;
        // A second one of these spoils the message (802.1AB §9.2.7.7.1): what follows is not to be believed.
        if let Some(seen) = seen.get_mut(usize::from(kind)).filter(|_| kind != 0) {
            if *seen {
                return (first.or(Some(Malformed { at, what: "a mandatory TLV for the second time" })), true);
            }
            *seen = true;
        }
    }
    for (kind, what) in [(1, "no chassis id"), (2, "no port id"), (3, "no time to live")] {
        if seen.get(kind) == Some(&false) {
            first = first.or(Some(Malformed { at: r.at(), what }));
        }
    }
    (first, end)
}

fn tlv<'a>(kind: u16, mut r: Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    match kind {
        1 => return chassis(&mut r, fields),
        2 => return port(&mut r, fields),
        3 => drop(fields.uint(&TTL, r.u16("time to live")?, at, 2)),
        4 => drop(fields.text(&PORT_DESC, r.rest(), at)),
        5 => drop(fields.text(&SYSTEM_NAME, r.rest(), at)),
        6 => drop(fields.text(&SYSTEM_DESC, r.rest(), at)),
        7 => {
            for (def, bits) in [(&SYSTEM_CAP, SYSTEM_CAP_BITS), (&ENABLED_CAP, ENABLED_CAP_BITS)] {
                let at = r.at();
                let value = r.u16("capabilities")?;
                fields.uint(def, value, at, 2);
                flags(u64::from(value), bits, at, 2, fields);
            }
        }
        8 => return management(&mut r, fields),
        127 => return organisation(&mut r, fields),
        _ => {}
    }
    Ok(())
}

fn flags(value: u64, bits: &[(u64, &'static FieldDef)], at: usize, len: usize, fields: &mut Fields<'_>) {
    for (bit, def) in bits {
        fields.flag(def, value & bit != 0, at, len);
    }
}

fn chassis<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    let subtype = r.u8("chassis id")?;
    fields.uint(&CHASSIS_SUBTYPE, subtype, at, 1);
    match subtype {
        4 => drop(fields.mac(&CHASSIS_MAC, r.array("chassis id")?, at + 1)),
        5 => return network_address(r, &CHASSIS_IP4, &CHASSIS_IP6, "chassis id", fields),
        // A name mostly, but some put a number there.
        _ if r.rest().iter().any(u8::is_ascii_control) => {
            let hex: String = r.rest().iter().map(|b| format!("{b:02x}")).collect();
            fields.str(&CHASSIS_ID, hex, at + 1, r.left());
        }
        _ => drop(fields.text(&CHASSIS_ID, r.rest(), at + 1)),
    }
    Ok(())
}

fn port<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    let subtype = r.u8("port id")?;
    fields.uint(&PORT_SUBTYPE, subtype, at, 1);
    match subtype {
        3 => drop(fields.mac(&PORT_MAC, r.array("port id")?, at + 1)),
        4 => return network_address(r, &PORT_IP4, &PORT_IP6, "port id", fields),
        _ => drop(fields.text(&PORT_ID, r.rest(), at + 1)),
    }
    Ok(())
}

fn network_address(
    r: &mut Reader<'_>,
    v4: &'static FieldDef,
    v6: &'static FieldDef,
    what: &'static str,
    fields: &mut Fields<'_>,
) -> Result<(), Malformed> {
    let at = r.at();
    let family = r.u8(what)?;
    fields.uint(&ADDRESS_FAMILY, family, at, 1);
    match family {
        1 => drop(fields.ip(v4, r.array::<4>(what)?, at + 1, 4)),
        2 => drop(fields.ip(v6, r.array::<16>(what)?, at + 1, 16)),
        _ => {}
    }
    Ok(())
}

fn management<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    const WHAT: &str = "management address";
    let len = r.u8(WHAT)?;
    let mut address = r.sub(usize::from(len), WHAT)?;
    let at = address.at();
    let family = address.u8(WHAT)?;
    fields.uint(&MGMT_FAMILY, family, at, 1);
    match (family, address.left()) {
        (1, 4) => drop(fields.ip(&MGMT_IP4, address.array::<4>(WHAT)?, at + 1, 4)),
        (2, 16) => drop(fields.ip(&MGMT_IP6, address.array::<16>(WHAT)?, at + 1, 16)),
        _ => drop(fields.bytes(&MGMT_HEX, address.rest(), at + 1)),
    }
    let at = r.at();
    fields.uint(&MGMT_IF_SUBTYPE, r.u8("interface number")?, at, 1);
    fields.uint(&MGMT_IF_NUMBER, r.u32("interface number")?, at + 1, 4);
    let len = r.u8("object identifier")?;
    let oid = r.take(usize::from(len), "object identifier")?;
    if !oid.is_empty() {
        fields.bytes(&MGMT_OID, oid, at + 6);
    }
    Ok(())
}

/// Reads the data of one organisation's TLV, given its subtype.
type ReadOrg<'a> = fn(u8, &mut Reader<'a>, &mut Fields<'a>) -> Result<(), Malformed>;

fn organisation<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    let oui = r.u24("organisation")?;
    fields.uint(&ORG_OUI, oui, at, 3);
    let subtype = r.u8("subtype of an organisation")?;
    let (def, reader): (_, ReadOrg<'a>) = match oui {
        0x0080c2 => (&DOT1_SUBTYPE, dot1),
        0x00120f => (&DOT3_SUBTYPE, dot3),
        0x0012bb => (&MED_SUBTYPE, med),
        0x000142 => (&CISCO_SUBTYPE, cisco),
        _ => (&UNKNOWN_SUBTYPE, |_, r, fields| {
            fields.bytes(&UNKNOWN_CONTENT, r.rest(), r.at());
            Ok(())
        }),
    };
    fields.uint(def, subtype, at + 3, 1);
    reader(subtype, r, fields)
}

/// IEEE 802.1: VLANs.
fn dot1<'a>(subtype: u8, r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    match subtype {
        1 => drop(fields.uint(&PORT_VLAN, r.u16("port VLAN")?, at, 2)),
        2 => {
            fields.uint(&PROTO_VLAN_FLAGS, r.u8("protocol VLAN")?, at, 1);
            fields.uint(&PROTO_VLAN, r.u16("protocol VLAN")?, at + 1, 2);
        }
        3 => {
            fields.uint(&VLAN_ID, r.u16("VLAN name")?, at, 2);
            let len = r.u8("VLAN name")?;
            fields.text(&VLAN_NAME, r.take(usize::from(len), "VLAN name")?, at + 3);
        }
        _ => {}
    }
    Ok(())
}

/// IEEE 802.3: speed, power, frame size.
fn dot3<'a>(subtype: u8, r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    match subtype {
        1 => {
            let status = r.u8("speed and duplex")?;
            fields.uint(&AUTONEG, status, at, 1);
            flags(u64::from(status), AUTONEG_BITS, at, 1, fields);
            fields.uint(&AUTONEG_CAPS, r.u16("speed and duplex")?, at + 1, 2);
            fields.uint(&MAU_TYPE, r.u16("speed and duplex")?, at + 3, 2);
        }
        2 => return power(r, fields),
        4 => drop(fields.uint(&MAX_FRAME, r.u16("maximum frame size")?, at, 2)),
        _ => {}
    }
    Ok(())
}

/// Power via MDI: 3 bytes (802.3af), 8 (802.3at) or 25 (802.3bt, clause 79.3.2).
fn power(r: &mut Reader<'_>, fields: &mut Fields<'_>) -> Result<(), Malformed> {
    const WHAT: &str = "power via MDI";
    let at = r.at();
    let support = r.u8(WHAT)?;
    fields.uint(&POWER_SUPPORT, support, at, 1);
    flags(u64::from(support), POWER_SUPPORT_BITS, at, 1, fields);
    fields.uint(&POWER_PAIR, r.u8(WHAT)?, at + 1, 1);
    fields.uint(&POWER_CLASS, r.u8(WHAT)?, at + 2, 1);
    if r.is_empty() {
        return Ok(());
    }
    let at = r.at();
    let bits = r.u8(WHAT)?;
    fields.uint(&POWER_TYPE, bits >> 6, at, 1);
    fields.uint(&POWER_SOURCE, bits >> 4 & 3, at, 1);
    fields.uint(&POWER_PRIORITY, bits & 3, at, 1);
    fields.uint(&POWER_REQUESTED, r.u16(WHAT)?, at + 1, 2);
    fields.uint(&POWER_ALLOCATED, r.u16(WHAT)?, at + 3, 2);
    if r.is_empty() {
        return Ok(());
    }
    for def in [&BT_REQUESTED_A, &BT_REQUESTED_B, &BT_ALLOCATED_A, &BT_ALLOCATED_B] {
        let at = r.at();
        fields.uint(def, r.u16(WHAT)?, at, 2);
    }
    let at = r.at();
    let status = r.u16(WHAT)?;
    fields.uint(&BT_STATUS, status, at, 2);
    for (def, shift, mask) in BT_STATUS_PARTS {
        fields.uint(def, status >> shift & mask, at, 2);
    }
    let at = r.at();
    let setup = r.u8(WHAT)?;
    fields.uint(&BT_SETUP, setup, at, 1).uint(&BT_TYPE_EXT, setup >> 1 & 7, at, 1);
    fields.uint(&BT_MAX_AVAILABLE, r.u16(WHAT)?, at + 1, 2);
    fields.uint(&BT_AUTOCLASS, r.u8(WHAT)?, at + 3, 1);
    fields.uint(&BT_POWER_DOWN, r.u24(WHAT)?, at + 4, 3);
    Ok(())
}

/// LLDP-MED (TIA-1057).
fn med<'a>(subtype: u8, r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    // Padded with NULs by some.
    let text = r.rest().split(|b| *b == 0).next().unwrap_or_default();
    let some = !r.is_empty();
    let inventory = |def, fields: &mut Fields<'a>| {
        if some {
            fields.text(def, text, at);
        }
    };
    match subtype {
        1 => {
            let caps = r.u16("LLDP-MED capabilities")?;
            fields.uint(&MED_CAPS, caps, at, 2);
            flags(u64::from(caps), MED_CAP_BITS, at, 2, fields);
            fields.uint(&MED_CLASS, r.u8("LLDP-MED class")?, at + 2, 1);
        }
        2 => {
            let application = r.u8("network policy")?;
            fields.uint(&MED_APP, application, at, 1);
            let policy = r.u24("network policy")?;
            fields.flag(&MED_UNKNOWN, policy & 0x80_0000 != 0, at + 1, 3);
            fields.flag(&MED_TAGGED, policy & 0x40_0000 != 0, at + 1, 3);
            fields.uint(&MED_VLAN, policy >> 9 & 0xfff, at + 1, 3);
            fields.uint(&MED_PRIORITY, policy >> 6 & 7, at + 1, 3);
            fields.uint(&MED_DSCP, policy & 0x3f, at + 1, 3);
            let (known_and_tagged, vlan) = (policy >> 22 == 1, policy >> 9 & 0xfff);
            if application == 1 && known_and_tagged && (1..=4094).contains(&vlan) {
                fields.uint(&VOICE_VLAN, vlan, at + 1, 3);
            }
        }
        3 => return location(r, fields),
        4 => {
            let bits = r.u8("extended power")?;
            fields.uint(&MED_POWER_TYPE, bits >> 6, at, 1);
            fields.uint(&MED_POWER_SOURCE, bits >> 4 & 3, at, 1);
            fields.uint(&MED_POWER_PRIORITY, bits & 15, at, 1);
            fields.uint(&MED_POWER_VALUE, r.u16("extended power")?, at + 1, 2);
        }
        5 => inventory(&MED_HARDWARE, fields),
        6 => inventory(&MED_FIRMWARE, fields),
        7 => inventory(&MED_SOFTWARE, fields),
        8 => inventory(&MED_SERIAL, fields),
        9 => inventory(&MED_MANUFACTURER, fields),
        10 => inventory(&MED_MODEL, fields),
        11 => inventory(&MED_ASSET, fields),
        _ => {}
    }
    Ok(())
}

/// Where the phone is: coordinates (RFC 3825), a postal address (RFC 4776) or the number for emergency calls.
fn location<'a>(r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    const WHAT: &str = "location";
    let at = r.at();
    let format = r.u8(WHAT)?;
    fields.uint(&LOC_FORMAT, format, at, 1);
    match format {
        1 => {
            // Each is 6 bits of resolution and a signed number of 34 bits, 25 of them a fraction.
            for (def, at) in [(&LOC_LATITUDE, at + 1), (&LOC_LONGITUDE, at + 6)] {
                let [a, b, c, d, e] = r.array::<5>(WHAT)?;
                let raw = i64::from_be_bytes([a, b, c, d, e, 0, 0, 0]) << 6 >> 30;
                fields.push(def, crate::event::Value::Float(raw as f64 / f64::from(1u32 << 25)), at, 5);
            }
            r.take(6, WHAT)?;
        }
        2 => {
            let len = r.u8(WHAT)?;
            let mut civic = r.sub(usize::from(len), WHAT)?;
            let at = civic.at();
            fields.uint(&CIVIC_WHAT, civic.u8(WHAT)?, at, 1);
            fields.text(&CIVIC_COUNTRY, civic.take(2, WHAT)?, at + 1);
            while !civic.is_empty() {
                let at = civic.at();
                fields.uint(&CIVIC_TYPE, civic.u8(WHAT)?, at, 1);
                let len = civic.u8(WHAT)?;
                fields.text(&CIVIC_VALUE, civic.take(usize::from(len), WHAT)?, at + 2);
            }
        }
        3 => drop(fields.text(&ELIN, r.rest(), at + 1)),
        _ => {}
    }
    Ok(())
}

/// Cisco: power over all four pairs.
fn cisco<'a>(subtype: u8, r: &mut Reader<'a>, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let at = r.at();
    if subtype == 1 {
        let bits = r.u8("UPOE")?;
        fields.uint(&UPOE, bits, at, 1);
        flags(u64::from(bits), UPOE_BITS, at, 1, fields);
    }
    Ok(())
}

struct Dissector;

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.fields();
        let (defect, end) = read(segment.bytes, &mut fields);
        // Behind the end there is but padding: it may be cut.
        let defect = if end { defect } else { segment.defect(defect) };
        let event = if fields.list().is_empty() { &MALFORMED } else { &ANNOUNCE };
        out.event(event, fields, segment, defect);
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

    /// The event without TLV headers and bits that are not set.
    fn brief(bytes: &[u8]) -> String {
        let line = datagram(&PROTOCOL, bytes).concat();
        let fields = line.split(" lldp.").filter(|f| {
            !f.starts_with("tlv.type")
                && !f.starts_with("tlv.len")
                && !f.starts_with("orgtlv")
                && !f.ends_with("=false")
        });
        fields.collect::<Vec<_>>().join(" ")
    }

    /// A text that breaks off is never told as what it begins like.
    #[test]
    fn what_breaks_off_is_not_the_value() {
        let port = b"\x02\x07\x04\0\xaa\xbb\xcc\xdd\x01\x04\x09\x05Gi1/0/14";
        assert!(datagram(&PROTOCOL, port).concat().contains(" lldp.port.id=Gi1/0/14 "));
        let told = datagram(&PROTOCOL, &port[..port.len() - 1]).concat();
        assert!(told.contains(" lldp.tlv.unfinished=Gi1/0/1 ") && !told.contains("lldp.port.id"), "{told}");
    }

    #[test]
    fn a_switch() {
        assert_eq!(
            brief(SWITCH),
            "lldp.announce chassis.subtype=4 chassis.id.mac=00:aa:bb:cc:dd:01 port.subtype=5 port.id=Gi1/0/7 \
             time_to_live=120 tlv.system.name=SW-ACCESS-01 tlv.system_cap=20 tlv.system_cap.bridge=true \
             tlv.system_cap.router=true tlv.enable_system_cap=4 tlv.enable_system_cap.bridge=true \
             ieee.802_1.subtype=1 ieee.802_1.port_vlan.id=10 ieee.802_3.subtype=2 ieee.802_3.mdi_power_support=7 \
             ieee.802_3.mdi_power_support.port_class=true ieee.802_3.mdi_power_support.supported=true \
             ieee.802_3.mdi_power_support.enabled=true ieee.802_3.mdi_pse_pair=1 ieee.802_3.mdi_power_class=5 \
             media.subtype=1 media.subtype.caps=15 media.subtype.caps.llpd=true \
             media.subtype.caps.network_policy=true media.subtype.caps.location_id=true \
             media.subtype.caps.mdi_pse=true media.subtype.class=4 media.subtype=2 media.app_type=1 \
             media.tag_flag=true media.vlan_id=20 media.l2_prio=5 media.dscp=46 voice_vlan=20 media.subtype=2 media.app_type=2 \
             media.tag_flag=true media.vlan_id=20 media.l2_prio=4 media.dscp=32 media.subtype=4 media.power.type=0 \
             media.power.source=1 media.power.prio=3 media.power.value=65"
        );
    }

    #[test]
    fn a_phone() {
        assert_eq!(
            brief(PHONE),
            "lldp.announce chassis.subtype=5 network_address.subtype=1 chassis.id.ip4=10.20.0.50 port.subtype=7 \
             port.id=001122334455:P1 time_to_live=180 port.desc=SW PORT tlv.system.name=SEP001122334455 \
             tlv.system.desc=Cisco IP Phone 7821, V2, sip78xx.12-1-1-12.loads tlv.system_cap=36 \
             tlv.system_cap.bridge=true tlv.system_cap.telephone=true tlv.enable_system_cap=36 \
             tlv.enable_system_cap.bridge=true tlv.enable_system_cap.telephone=true media.subtype=1 \
             media.subtype.caps=51 media.subtype.caps.llpd=true media.subtype.caps.network_policy=true \
             media.subtype.caps.mid_pd=true media.subtype.caps.inventory=true media.subtype.class=3 media.subtype=2 \
             media.app_type=1 media.policy_flag=true media.vlan_id=0 media.l2_prio=0 media.dscp=0 media.subtype=4 \
             media.power.type=1 media.power.source=1 media.power.prio=3 media.power.value=63 media.subtype=5 \
             media.hardware=2 media.subtype=8 media.sn=FCH0000ABCD media.subtype=9 \
             media.manufacturer=Cisco Systems, Inc. media.subtype=10 media.model=CP-7821 cisco.subtype=1 cisco.upoe=0"
        );
    }

    #[test]
    fn less_common_tlvs() {
        let head = b"\x02\x07\x04\0\xaa\xbb\xcc\xdd\x01\x04\x03\x0712\x06\x02\0\0";
        let before = "lldp.announce chassis.subtype=4 chassis.id.mac=00:aa:bb:cc:dd:01 port.subtype=7 port.id=12 \
                      time_to_live=0 ";
        for (tlv, fields) in [
            (
                &b"\x10\x0c\x05\x01\x0a\0\0\x02\x02\0\0\0\x07\0"[..],
                "mgn.address.subtype=1 mgn.addr.ip4=10.0.0.2 mgn.interface.subtype=2 mgn.interface.number=7",
            ),
            (
                b"\xfe\x0c\0\x12\x0f\x02\x07\x01\x05\x53\0\x82\0\x80",
                "ieee.802_3.subtype=2 ieee.802_3.mdi_power_support=7 ieee.802_3.mdi_power_support.port_class=true \
                 ieee.802_3.mdi_power_support.supported=true ieee.802_3.mdi_power_support.enabled=true \
                 ieee.802_3.mdi_pse_pair=1 ieee.802_3.mdi_power_class=5 ieee.802_3.mdi_power_type=1 \
                 ieee.802_3.mdi_power_source=1 ieee.802_3.mdi_power_priority=3 ieee.802_3.mdi_pde_requested=130 \
                 ieee.802_3.mdi_pse_allocated=128",
            ),
            (b"\xfe\x06\0\x12\x0f\x04\x05\xf2", "ieee.802_3.subtype=4 ieee.802_3.max_frame_size=1522"),
            (
                b"\xfe\x0b\0\x80\xc2\x03\0\x14\x04data",
                "ieee.802_1.subtype=3 ieee.802_1.vlan.id=20 ieee.802_1.vlan.name=data",
            ),
            (b"\xfe\x09\0\x12\xbb\x03\x031001", "media.subtype=3 media.loc.data_format=3 media.ecs=1001"),
            (
                b"\xfe\x0f\0\x12\xbb\x03\x02\x09\x02DE\x03\x04Bonn",
                "media.subtype=3 media.loc.data_format=2 media.civic.what=2 media.civic.country=DE media.civic.type=3 \
                 media.civic.value=Bonn",
            ),
            (
                // 38.5° north, 77.25° west: the resolution is above the number.
                b"\xfe\x15\0\x12\xbb\x03\x01\x48\x4d\0\0\0\x4b\x65\x80\0\0\0\0\0\0\0\x01",
                "media.subtype=3 media.loc.data_format=1 media.loc.latitude=38.5 media.loc.longitude=-77.25",
            ),
            (
                b"\xfe\x05\0\x01\x42\x01\x05",
                "cisco.subtype=1 cisco.upoe=5 cisco.upoe.supported=true cisco.upoe.pd_altb_desired=true",
            ),
            (b"\xfe\x05\0\0\x5e\x01\x05", "unknown_subtype=1 unknown_subtype.content=05"),
        ] {
            assert_eq!(brief(&[head, tlv, b"\0\0pad"].concat()), format!("{before}{fields}"));
        }
    }

    #[test]
    fn what_is_missing_or_too_much() {
        check(b"", "lldp.malformed at=0 what=no chassis id");
        check(b"\x02", "lldp.malformed at=0 what=TLV");
        check(
            b"\x02\x09\x07abc",
            "lldp.announce lldp.tlv.type=1 lldp.tlv.len=9 lldp.chassis.subtype=7 lldp.tlv.unfinished=abc at=0 \
             what=length of a TLV beyond the end of the message",
        );
        let twice = b"\x02\x02\x071\x04\x02\x071\x06\x02\0\x78\x06\x02\0\x01\0\0";
        assert!(datagram(&PROTOCOL, twice).concat().ends_with("at=12 what=a mandatory TLV for the second time"));
        assert!(datagram(&PROTOCOL, b"\x02\x02\x071\x04\x02\x071\0\0").concat().ends_with("what=no time to live"));
        any_datagram(&PROTOCOL);
    }
}
