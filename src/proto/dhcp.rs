//! DHCP and BOOTP: an address, and where the configuration is (RFC 2131, RFC 2132, RFC 3396, RFC 5859).
//!
//! Read: the fixed part, and the options that phones and their servers use, also in `file` and `sname` (option 52)
//! and in pieces (RFC 3396). Other options are shown as bytes.
//! Said besides what stands there: which TFTP servers the phone will use (option 150, else 66, else the next server)
//! and what makes an offer unusable.

mod fields;
mod offer;

use std::borrow::Cow;

pub use fields::*;

use super::{Dissect, On, Out, Probe, Protocol, Segment};
use crate::bytes::{Malformed, Reader};
use crate::event::{EventDef, FieldDef, Fields, Value};

/// DHCP.
pub static PROTOCOL: Protocol = Protocol {
    name: "dhcp",
    title: "DHCP",
    on: &[On::Udp(67), On::Udp(68)],
    probe,
    new: || Box::new(Dissector),
    fields: FIELDS,
    events: EVENTS,
    samples: SAMPLES,
};

const FIXED: usize = 236;
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];

/// A port alone proves nothing: a request or a reply, or the cookie.
fn probe(bytes: &[u8]) -> Probe {
    if matches!(bytes, [1 | 2, 0..=37, 0..=16, 0..=16, ..]) || cookie(bytes) { Probe::Yes } else { Probe::No }
}

fn cookie(bytes: &[u8]) -> bool {
    bytes.get(FIXED..FIXED + 4) == Some(&COOKIE)
}

/// One option as it stands in the message.
#[derive(Debug, Clone, Copy)]
struct Opt<'a> {
    code: u8,
    at: usize,
    value: &'a [u8],
}

/// The options of a message, in the order of reading.
#[derive(Debug, Default)]
struct Options<'a> {
    list: Vec<Opt<'a>>,
    /// Bit 0: `file` holds options, bit 1: `sname` does.
    overload: u8,
    /// Where reading stopped, and the option whose value is not there.
    stopped: Option<(Malformed, u8)>,
}

impl<'a> Options<'a> {
    fn read(bytes: &'a [u8]) -> Options<'a> {
        let mut options = Options::default();
        let mut r = Reader::new(bytes);
        if cookie(bytes) && r.take(FIXED + 4, "options").is_ok() {
            options.area(r, Some(bytes));
        }
        options
    }

    /// One area of options; `whole` is the message if the area may say that there are more.
    fn area(&mut self, mut r: Reader<'a>, whole: Option<&'a [u8]>) {
        while !r.is_empty() {
            let (at, code) = (r.at(), r.u8("option").unwrap_or(255));
            match code {
                0 => continue,
                255 => break,
                _ => {}
            }
            let len = r.u8("length of an option").map(usize::from);
            let value = match len.and_then(|len| r.take(len, "value of an option")) {
                Ok(value) => value,
                Err(why) => {
                    self.stopped = self.stopped.or(Some((why, code)));
                    return;
                }
            };
            if self.list.is_empty() {
                self.list.reserve(24);
            }
            self.list.push(Opt { code, at: at + 2, value });
            if let (52, Some(bytes), Some(overload)) = (code, whole, value.first()) {
                // An area is read once, however often it is announced.
                let new = overload & !self.overload;
                self.overload |= *overload;
                for (bit, start, len) in [(2, 44, 64), (1, 108, 128)] {
                    let mut area = Reader::new(bytes);
                    if new & bit != 0
                        && area.take(start, "overloaded options").is_ok()
                        && let Ok(area) = area.sub(len, "overloaded options")
                    {
                        self.area(area, None);
                    }
                }
            }
        }
    }

    /// The value of an option, put together from its pieces: first those of the options, then `file`, then `sname`.
    fn get(&self, code: u8) -> Option<Cow<'a, [u8]>> {
        // Nearly always there is one piece.
        let mut own = self.list.iter().filter(|o| o.code == code);
        let only = own.next()?;
        if own.next().is_none() {
            return Some(Cow::Borrowed(only.value));
        }
        let pieces = |areas: std::ops::Range<usize>| {
            self.list.iter().filter(move |o| o.code == code && areas.contains(&o.at)).map(|o| o.value)
        };
        let mut all = pieces(FIXED..usize::MAX).chain(pieces(108..FIXED)).chain(pieces(44..108));
        let first = all.next()?;
        let mut value = Cow::Borrowed(first);
        for more in all {
            value.to_mut().extend_from_slice(more);
        }
        Some(value)
    }

    fn text(&self, code: u8) -> Option<String> {
        self.get(code).map(|value| String::from_utf8_lossy(until_nul(&value)).into_owned())
    }

    fn addresses(&self, code: u8) -> Vec<[u8; 4]> {
        self.get(code).map(|value| value.as_chunks::<4>().0.to_vec()).unwrap_or_default()
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// Reads a message into `fields` and says which one it is.
pub fn read<'a>(bytes: &'a [u8], fields: &mut Fields<'a>) -> (&'static EventDef, Option<Malformed>) {
    let options = Options::read(bytes);
    let op = match fixed(bytes, options.overload, fields) {
        Ok(op) => op,
        Err(why) => return (&MALFORMED, Some(why)),
    };
    let mut defect = None;
    let mut seen = [false; 256];
    for option in &options.list {
        fields.uint(&OPTION_TYPE, option.code, option.at - 2, 1);
        let first = seen.get_mut(usize::from(option.code)).is_some_and(|seen| !std::mem::replace(seen, true));
        defect = defect.or(value(option, &options, first, fields).err());
    }
    if let Some((why, code)) = options.stopped {
        defect = defect.or(Some(why));
        // What is cut off is named; its value is not guessed from a part.
        fields.uint(&OPTION_TYPE, code, 0, 0);
    }
    let kind = options.list.iter().find(|o| o.code == 53).map(|o| o.value.first().copied());
    let event = match kind {
        None => &BOOTP,
        Some(None) => &MALFORMED,
        Some(Some(kind)) => match kind {
            1 => &DISCOVER,
            2 => &OFFER,
            3 => &REQUEST,
            4 => &DECLINE,
            5 => &ACK,
            6 => &NAK,
            7 => &RELEASE,
            8 => &INFORM,
            _ => &OTHER,
        },
    };
    offer::derive(bytes, op, event, &options, fields);
    (event, defect)
}

/// The fixed part; gives the operation.
fn fixed<'a>(bytes: &'a [u8], overload: u8, fields: &mut Fields<'a>) -> Result<u8, Malformed> {
    let mut r = Reader::new(bytes);
    let op = r.u8("operation")?;
    fields.uint(&TYPE, op, 0, 1);
    let (hardware, len) = (r.u8("hardware type")?, r.u8("hardware length")?);
    fields.uint(&HW_TYPE, hardware, 1, 1).uint(&HW_LEN, len, 2, 1);
    fields.uint(&HOPS, r.u8("hops")?, 3, 1);
    fields.uint(&ID, r.u32("transaction")?, 4, 4);
    let secs: [u8; 2] = r.array("seconds")?;
    match secs {
        // Some clients send it little-endian; nobody waits for a multiple of 256 seconds.
        [low, 0] if low != 0 => drop(fields.uint(&SECS, low, 8, 2).flag(&SECS_LE, true, 0, 0)),
        _ => drop(fields.uint(&SECS, u16::from_be_bytes(secs), 8, 2)),
    }
    let bits = r.u16("flags")?;
    fields.uint(&FLAGS, bits, 10, 2).flag(&FLAGS_BC, bits & 0x8000 != 0, 10, 2);
    for def in [&IP_CLIENT, &IP_YOUR, &IP_SERVER, &IP_RELAY] {
        let at = r.at();
        fields.ip(def, r.array::<4>("addresses")?, at, 4);
    }
    let address = r.take(16, "hardware address")?;
    match (hardware, len, address.first_chunk::<6>()) {
        (1 | 6, 6, Some(mac)) => drop(fields.mac(&MAC, *mac, 28)),
        (_, 0, _) => {}
        _ => drop(fields.bytes(&HW_ADDR, address.get(..usize::from(len)).unwrap_or(address), 28)),
    }
    for (def, len, bit, what) in [(&SERVER, 64, 2, "server name"), (&FILE, 128, 1, "boot file")] {
        let at = r.at();
        let text = until_nul(r.take(len, what)?);
        if overload & bit == 0 && !text.is_empty() {
            fields.text(def, text, at);
        }
    }
    Ok(op)
}

/// The value of an option. Text and lists may come in pieces, which are joined where the first one stands; single
/// numbers and addresses are never split, but may be repeated.
fn value<'a>(option: &Opt<'a>, options: &Options<'a>, first: bool, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let &Opt { code, at, value } = option;
    let Some(&(_, form, def, what)) = TABLE.iter().find(|row| row.0 == code) else {
        fields.bytes(&OPTION_VALUE, value, at);
        return Ok(());
    };
    if matches!(form, Form::Text | Form::Addresses | Form::List) {
        return if first { joined(option, options, form, def, what, fields) } else { Ok(()) };
    }
    let wrong = Malformed { at, what };
    match (form, value) {
        (Form::Address, &[a, b, c, d]) => drop(fields.ip(def, [a, b, c, d], at, 4)),
        (Form::U32, &[a, b, c, d]) => drop(fields.uint(def, u32::from_be_bytes([a, b, c, d]), at, 4)),
        (Form::U16, &[a, b]) => drop(fields.uint(def, u16::from_be_bytes([a, b]), at, 2)),
        (Form::U8, &[number]) => drop(fields.uint(def, number, at, 1)),
        (Form::U8, &[number, ..]) => {
            fields.uint(def, number, at, 1);
            return Err(wrong);
        }
        (Form::Bytes, _) => drop(fields.bytes(def, value, at)),
        (Form::ClientId, _) => {
            fields.bytes(def, value, at);
            if let [1, mac @ ..] = value
                && let Ok(mac) = <[u8; 6]>::try_from(mac)
            {
                fields.mac(&MAC, mac, at + 1);
            }
        }
        (Form::Relay, _) => return relay(value, at, what, fields),
        _ => {
            fields.bytes(&OPTION_VALUE, value, at);
            return Err(wrong);
        }
    }
    Ok(())
}

fn joined<'a>(
    option: &Opt<'a>,
    options: &Options<'a>,
    form: Form,
    def: &'static FieldDef,
    what: &'static str,
    fields: &mut Fields<'a>,
) -> Result<(), Malformed> {
    if form != Form::Addresses && !fields.wants(def) {
        return Ok(());
    }
    let Some(value) = options.get(option.code) else { return Ok(()) };
    // Pieces have no one place in the message.
    let place = |i: usize, len: usize| match value {
        Cow::Borrowed(_) => (option.at + i, len),
        Cow::Owned(_) => (0, 0),
    };
    match (form, &value) {
        (Form::Text, Cow::Borrowed(bytes)) => drop(fields.text(def, until_nul(bytes), option.at)),
        (Form::Text, Cow::Owned(bytes)) => {
            fields.str(def, String::from_utf8_lossy(until_nul(bytes)).into_owned(), 0, 0);
        }
        (Form::Addresses, bytes) => {
            let (whole, rest) = bytes.as_chunks::<4>();
            for (i, address) in whole.iter().enumerate() {
                let (at, len) = place(i * 4, 4);
                fields.ip(def, *address, at, len);
            }
            if !rest.is_empty() {
                return Err(Malformed { at: option.at, what });
            }
        }
        (_, bytes) => {
            for (i, item) in bytes.iter().enumerate() {
                let (at, len) = place(i, 1);
                fields.push(def, Value::Uint(u64::from(*item)), at, len);
            }
        }
    }
    Ok(())
}

/// Option 82, the relay's own words (RFC 3046): its sub-options raw.
fn relay<'a>(value: &'a [u8], at: usize, what: &'static str, fields: &mut Fields<'a>) -> Result<(), Malformed> {
    let mut r = Reader::new(value);
    let place = |why: Malformed| Malformed { at: at + why.at, ..why };
    while !r.is_empty() {
        let code = r.u8(what).map_err(place)?;
        fields.uint(&RELAY_SUBOPTION, code, at + r.at() - 1, 1);
        let len = r.u8(what).map_err(place)?;
        let start = at + r.at();
        let bytes = r.take(usize::from(len), what).map_err(place)?;
        let def = match code {
            1 => &RELAY_CIRCUIT,
            2 => &RELAY_REMOTE,
            _ => &RELAY_VALUE,
        };
        fields.bytes(def, bytes, start);
    }
    Ok(())
}

struct Dissector;

impl Dissect for Dissector {
    fn datagram(&mut self, segment: &Segment<'_>, out: &mut Out<'_>) {
        let mut fields = out.wanted_fields();
        let (event, defect) = read(segment.bytes, &mut fields);
        out.event(event, fields, segment, segment.defect(defect));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{any_datagram, datagram};
    use super::*;

    /// A message without addresses: what is said after the hardware address.
    #[track_caller]
    fn check(op: u8, options: &[u8], event: &str, said: &str) {
        let mut bytes = vec![0; FIXED];
        bytes[..4].copy_from_slice(&[op, 1, 6, 0]);
        bytes.extend(COOKIE);
        bytes.extend(options);
        check_bytes(&bytes, event, said);
    }

    #[track_caller]
    fn check_bytes(bytes: &[u8], event: &str, said: &str) {
        let line = datagram(&PROTOCOL, bytes).concat();
        let (head, rest) = line.split_once(" dhcp.hw.mac_addr=").unwrap();
        let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
        let rest = format!(" {rest}");
        let rest = rest.split(" dhcp.").map(|f| match f.strip_prefix("option.type=") {
            Some(code) => code.split_once(' ').map_or("", |(_, defect)| defect),
            None => f.trim_start(),
        });
        let rest: Vec<&str> = rest.filter(|f| !f.is_empty()).collect();
        assert_eq!(rest.join(" "), said);
        assert!(head.starts_with(event), "{head}");
    }

    #[test]
    fn discover() {
        assert_eq!(
            datagram(&PROTOCOL, SAMPLES[0]).concat(),
            "dhcp.discover dhcp.type=1 dhcp.hw.type=1 dhcp.hw.len=6 dhcp.hops=0 dhcp.id=1011703407 dhcp.secs=0 \
             dhcp.flags=32768 dhcp.flags.bc=true dhcp.ip.client=0.0.0.0 dhcp.ip.your=0.0.0.0 dhcp.ip.server=0.0.0.0 \
             dhcp.ip.relay=0.0.0.0 dhcp.hw.mac_addr=00:11:22:33:44:55 dhcp.option.type=53 dhcp.option.dhcp=1 \
             dhcp.option.type=61 dhcp.client_id=01001122334455 dhcp.hw.mac_addr=00:11:22:33:44:55 \
             dhcp.option.type=12 dhcp.option.hostname=SEP001122334455 dhcp.option.type=60 \
             dhcp.option.vendor_class_id=Cisco Systems, Inc. IP Phone CP-7821 dhcp.option.type=55 \
             dhcp.option.request_list_item=1 dhcp.option.request_list_item=66 dhcp.option.request_list_item=6 \
             dhcp.option.request_list_item=3 dhcp.option.request_list_item=15 dhcp.option.request_list_item=150 \
             dhcp.option.request_list_item=35 dhcp.cisco_phone=true dhcp.phone_model=CP-7821"
        );
    }

    #[test]
    fn ack() {
        check_bytes(
            SAMPLES[1],
            "dhcp.ack dhcp.type=2",
            "option.dhcp=5 option.dhcp_server_id=10.20.0.1 option.ip_address_lease_time=86400 \
             option.renewal_time_value=43200 option.rebinding_time_value=75600 option.subnet_mask=255.255.255.0 \
             option.router=10.20.0.1 option.domain_name_server=10.1.1.53 option.domain_name=lab.example \
             option.tftp_server_name=10.1.1.99 option.tftp_server_address=10.1.1.10 \
             option.tftp_server_address=10.1.1.11 tftp_servers=10.1.1.10 tftp_servers=10.1.1.11 \
             tftp_source=option 150",
        );
    }

    #[test]
    fn an_area_is_read_once_however_often_it_is_announced() {
        let mut bytes = vec![0; FIXED];
        bytes[..4].copy_from_slice(&[1, 1, 6, 0]);
        bytes[44..48].copy_from_slice(b"\x0c\x02ab");
        bytes.extend(COOKIE);
        bytes.extend([52, 1, 2].repeat(1000));
        assert_eq!(Options::read(&bytes).list.iter().filter(|o| o.code == 12).count(), 1);
    }

    #[test]
    fn pieces_are_joined() {
        check(
            2,
            b"\x35\x01\x05\x96\x02\x0a\x01\x0f\x04lab.\x96\x06\x01\x0a\x0a\x01\x01\x0b\x0f\x07example\xff",
            "dhcp.ack",
            "option.dhcp=5 option.tftp_server_address=10.1.1.10 option.tftp_server_address=10.1.1.11 \
             option.domain_name=lab.example tftp_servers=10.1.1.10 tftp_servers=10.1.1.11 tftp_source=option 150",
        );
    }

    #[test]
    fn options_in_file_and_name() {
        let mut bytes = SAMPLES[1][..FIXED + 4].to_vec();
        bytes[44..55].copy_from_slice(b"\x42\x08tftp.lab\xff");
        bytes[108..115].copy_from_slice(b"\x96\x04\x0a\x01\x01\x0a\xff");
        bytes.extend(b"\x35\x01\x05\x34\x01\x03\xff");
        check_bytes(
            &bytes,
            "dhcp.ack",
            "option.dhcp=5 option.option_overload=3 option.tftp_server_name=tftp.lab \
             option.tftp_server_address=10.1.1.10 tftp_servers=10.1.1.10 tftp_source=option 150",
        );
    }

    #[test]
    fn relay_vendor_and_unknown() {
        check(
            1,
            b"\x35\x01\x01\x52\x0a\x01\x02ab\x02\x01x\x09\x01y\x2b\x02\x01\0\x7d\x05\0\0\0\x09\0\xfa\x01\x07\xff",
            "dhcp.discover",
            "option.dhcp=1 option.agent_information_option.suboption=1 \
             option.agent_information_option.agent_circuit_id=6162 option.agent_information_option.suboption=2 \
             option.agent_information_option.agent_remote_id=78 option.agent_information_option.suboption=9 \
             option.agent_information_option.value=79 option.vendor.value=0100 option.vi.value=0000000900 \
             option.value=07",
        );
    }

    #[test]
    fn old_phones_end_their_class_with_nul() {
        let class = b"Cisco Systems, Inc. IP Phone CP-7960G\0";
        let options = [&b"\x35\x01\x01\x3c"[..], &[class.len() as u8], class, b"\xff"].concat();
        let text = "Cisco Systems, Inc. IP Phone CP-7960G";
        check(
            1,
            &options,
            "dhcp.discover",
            &format!("option.dhcp=1 option.vendor_class_id={text} cisco_phone=true phone_model=CP-7960G"),
        );
    }

    #[test]
    fn messages_by_type() {
        let names = ["bootp", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform", "other"];
        for (kind, name) in names.iter().enumerate() {
            let mut bytes = SAMPLES[1][..FIXED + 4].to_vec();
            if kind > 0 {
                bytes.extend([53, 1, kind as u8, 255]);
            }
            let line = datagram(&PROTOCOL, &bytes).concat();
            assert!(line.starts_with(&format!("dhcp.{name} ")), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        check(1, b"\x35\x01\x01\x0f\x20lab", "dhcp.discover", "option.dhcp=1 at=245 what=value of an option");
        check(
            1,
            b"\x35\x01\x01\x36\x02\x0a\x0b\x0c\x01a\xff",
            "dhcp.discover",
            "option.dhcp=1 option.value=0a0b option.hostname=a at=245 what=option 54 (server)",
        );
        check(
            2,
            b"\x35\x01\x05\x03\x05\x0a\0\0\x01\x0a\xff",
            "dhcp.ack",
            "option.dhcp=5 option.router=10.0.0.1 at=245 what=option 3 (routers)",
        );
        check(1, b"\x35\0\xff", "dhcp.malformed", "option.value= at=242 what=option 53 (message type)");
        let line = datagram(&PROTOCOL, &SAMPLES[0][..100]).concat();
        assert!(line.starts_with("dhcp.malformed dhcp.type=1") && line.ends_with("at=44 what=server name"), "{line}");
        any_datagram(&PROTOCOL);
    }

    #[test]
    fn seconds_of_either_order() {
        for (secs, said) in [([5, 0], "secs=5 dhcp.secs_le=true"), ([0, 5], "secs=5 dhcp.flags"), ([1, 5], "secs=261")]
        {
            let mut bytes = SAMPLES[0].to_vec();
            bytes[8..10].copy_from_slice(&secs);
            assert!(datagram(&PROTOCOL, &bytes).concat().contains(said));
        }
    }

    #[test]
    fn probing() {
        assert_eq!(probe(SAMPLES[0]), Probe::Yes);
        assert_eq!(probe(b"INVITE sip:"), Probe::No);
    }
}
