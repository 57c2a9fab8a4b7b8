//! What a DHCP message means to a Cisco phone: its model, where it will ask for its configuration, and what may keep
//! it from taking an offer (Cisco Unified IP Phone administration guides; RFC 2131 §4.3.1).

use std::net::Ipv4Addr;

use super::{
    ACK, BOOTP, CISCO_PHONE, OFFER, OFFER_PROBLEM, OPTION150_ODD, Options, PHONE_MODEL, TFTP_SERVERS, TFTP_SOURCE,
};
use crate::event::{EventDef, Fields};

/// The vendor class of a Cisco phone; its model follows.
const CISCO_PHONE_CLASS: &str = "Cisco Systems, Inc. IP Phone";

/// Pushes the computed fields.
pub(super) fn derive(bytes: &[u8], op: u8, event: &'static EventDef, options: &Options<'_>, fields: &mut Fields<'_>) {
    if let Some(class) = options.text(60)
        && let Some(model) =
            class.strip_prefix(CISCO_PHONE_CLASS).or_else(|| Some(class.split_once(CISCO_PHONE_CLASS)?.1))
    {
        fields.flag(&CISCO_PHONE, true, 0, 0);
        let model = model.trim();
        if !model.is_empty() {
            fields.str(&PHONE_MODEL, model.to_owned(), 0, 0);
        }
    }
    let option150 = Option150::of(options);
    if op != 2 || ![&OFFER, &ACK, &BOOTP].contains(&event) {
        return;
    }
    if option150.is_odd() {
        fields.flag(&OPTION150_ODD, true, 0, 0);
    }
    tftp_servers(bytes, options, &option150, fields);
    server_problems(options, &option150, fields);
    if event == &OFFER {
        problems(bytes, options, fields);
    }
}

/// What option 150 holds.
enum Option150 {
    Absent,
    Addresses(Vec<[u8; 4]>),
    /// Not a multiple of 4: the whole addresses, and how many bytes there are.
    Uneven(Vec<[u8; 4]>, usize),
    Text,
    Empty,
}

impl Option150 {
    fn of(options: &Options<'_>) -> Option150 {
        let Some(value) = options.get(150) else { return Option150::Absent };
        let text = super::until_nul(&value);
        let addresses = options.addresses(150);
        if value.is_empty() {
            Option150::Empty
        } else if text.len() >= 4 && text.iter().all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(b)) {
            Option150::Text
        } else if value.len().is_multiple_of(4) {
            Option150::Addresses(addresses)
        } else {
            Option150::Uneven(addresses, value.len())
        }
    }

    fn is_odd(&self) -> bool {
        !matches!(self, Option150::Absent | Option150::Addresses(_))
    }
}

/// Option 150, else option 66, else the next server. What cannot be meant as a server is passed over.
fn tftp_servers(bytes: &[u8], options: &Options<'_>, option150: &Option150, fields: &mut Fields<'_>) {
    let next_server = address_at(bytes, 20).filter(|ip| !ip.is_unspecified());
    let name = options.text(66).filter(|name| !name.trim().is_empty() && !name.contains(char::is_control));
    let (servers, source): (Vec<String>, _) = match option150 {
        Option150::Addresses(list) | Option150::Uneven(list, _) if !list.is_empty() => {
            (list.iter().map(|ip| Ipv4Addr::from(*ip).to_string()).collect(), "option 150")
        }
        _ => match (name, next_server) {
            (Some(name), _) => (vec![name.trim().to_owned()], "option 66"),
            (None, Some(ip)) => (vec![ip.to_string()], "next-server"),
            (None, None) => return,
        },
    };
    for server in servers {
        fields.str(&TFTP_SERVERS, server, 0, 0);
    }
    fields.str(&TFTP_SOURCE, source, 0, 0);
}

/// Why what is meant to name the configuration server does not.
fn server_problems(options: &Options<'_>, option150: &Option150, fields: &mut Fields<'_>) {
    let mut problem = |what: String| {
        fields.str(&OFFER_PROBLEM, what, 0, 0);
    };
    match option150 {
        Option150::Text => problem("option 150 is text, not addresses".to_owned()),
        Option150::Empty => problem("option 150 is empty".to_owned()),
        Option150::Uneven(_, len) => {
            problem(format!("option 150 has {len} byte{}, not a multiple of 4", if *len == 1 { "" } else { "s" }));
        }
        Option150::Absent | Option150::Addresses(_) => {}
    }
    if let Some(name) = options.text(66) {
        if name.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            problem("option 66 is not text".to_owned());
        } else if name.trim().contains([' ', ',', ';']) {
            problem("option 66 names more than one server".to_owned());
        }
    }
}

/// Why the address that is offered cannot be used.
fn problems(bytes: &[u8], options: &Options<'_>, fields: &mut Fields<'_>) {
    let mut problem = |what: String| {
        fields.str(&OFFER_PROBLEM, what, 0, 0);
    };
    if options.addresses(54).is_empty() {
        problem("no server identifier".to_owned());
    }
    let your = address_at(bytes, 16).unwrap_or(Ipv4Addr::UNSPECIFIED);
    if your.is_unspecified() {
        problem("no address is offered".to_owned());
        return;
    }
    let Some(mask) = options.addresses(1).first().map(|mask| u32::from_be_bytes(*mask)) else {
        problem("no subnet mask".to_owned());
        return;
    };
    if mask.leading_ones() + mask.trailing_zeros() != 32 || mask == 0 {
        problem(format!("{} is no subnet mask", Ipv4Addr::from(mask)));
        return;
    }
    let (address, bits) = (your.to_bits(), mask.leading_ones());
    if bits < 31 && (address & !mask == 0 || address | mask == u32::MAX) {
        problem(format!("{your} is no address of a station in its subnet /{bits}"));
    }
    let routers = options.addresses(3);
    let inside = |router: &[u8; 4]| u32::from_be_bytes(*router) & mask == address & mask;
    if let Some(router) = routers.first().filter(|_| !routers.iter().any(inside)) {
        problem(format!("the router {} is not in the subnet of the address {your}/{bits}", Ipv4Addr::from(*router)));
    }
}

fn address_at(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    bytes.get(at..at + 4)?.first_chunk::<4>().map(|ip| Ipv4Addr::from(*ip))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::datagram;
    use super::super::{PROTOCOL, SAMPLES};

    /// What is computed from an offer of 10.20.0.50 with next server 10.9.9.9 and these options.
    fn derived(options: &[u8]) -> Vec<String> {
        let mut bytes = SAMPLES[1][..240].to_vec();
        bytes[20..24].copy_from_slice(&[10, 9, 9, 9]);
        bytes.extend(b"\x35\x01\x02");
        bytes.extend(options);
        let line = datagram(&PROTOCOL, &bytes).concat();
        let line = line.split(" at=").next().unwrap();
        let own = ["tftp_s", "option150", "offer_problem"];
        line.split(" dhcp.").filter(|f| own.iter().any(|o| f.starts_with(o))).map(str::to_owned).collect()
    }

    const GOOD: &[u8] = b"\x36\x04\x0a\x14\0\x01\x01\x04\xff\xff\xff\0\x03\x04\x0a\x14\0\x01";

    #[track_caller]
    fn check(options: &[u8], said: &[&str]) {
        assert_eq!(derived(&[GOOD, options, b"\xff"].concat()), said);
    }

    #[test]
    fn which_server_wins() {
        check(b"\x96\x04\x0a\x01\x01\x0a\x42\x03abc", &["tftp_servers=10.1.1.10", "tftp_source=option 150"]);
        check(b"\x42\x03abc", &["tftp_servers=abc", "tftp_source=option 66"]);
        check(b"", &["tftp_servers=10.9.9.9", "tftp_source=next-server"]);
    }

    #[test]
    fn an_odd_option_150() {
        check(
            b"\x96\x0810.1.1.1\x42\x0810.1.1.1",
            &[
                "option150_odd=true",
                "tftp_servers=10.1.1.1",
                "tftp_source=option 66",
                "offer_problem=option 150 is text, not addresses",
            ],
        );
        check(
            b"\x96\x05\x0a\x01\x01\x0a\x0a",
            &[
                "option150_odd=true",
                "tftp_servers=10.1.1.10",
                "tftp_source=option 150",
                "offer_problem=option 150 has 5 bytes, not a multiple of 4",
            ],
        );
        check(
            b"\x96\0",
            &[
                "option150_odd=true",
                "tftp_servers=10.9.9.9",
                "tftp_source=next-server",
                "offer_problem=option 150 is empty",
            ],
        );
    }

    #[test]
    fn offers_that_cannot_be_used() {
        let problems = |options: &[u8]| -> Vec<String> {
            derived(options).iter().filter_map(|f| f.strip_prefix("offer_problem=").map(str::to_owned)).collect()
        };
        assert_eq!(problems(GOOD), Vec::<String>::new());
        assert_eq!(problems(b"\x01\x04\xff\xff\xff\0"), ["no server identifier"]);
        assert_eq!(problems(b"\x36\x04\x0a\x14\0\x01"), ["no subnet mask"]);
        assert_eq!(problems(b"\x36\x04\x0a\x14\0\x01\x01\x04\xff\0\xff\0"), ["255.0.255.0 is no subnet mask"]);
        assert_eq!(
            problems(b"\x36\x04\x0a\x14\0\x01\x01\x04\xff\xff\xff\0\x03\x04\x0a\x14\x01\x01"),
            ["the router 10.20.1.1 is not in the subnet of the address 10.20.0.50/24"]
        );
        assert_eq!(
            problems(b"\x36\x04\x0a\x14\0\x01\x01\x04\xff\xff\xff\xfe"),
            Vec::<String>::new(),
            "both addresses of a /31 are stations"
        );
        assert_eq!(problems(&[GOOD, b"\x42\x04\x0a\x01\x01\x0a"].concat()), ["option 66 is not text"]);
        assert_eq!(problems(&[GOOD, b"\x42\x03a,b"].concat()), ["option 66 names more than one server"]);
    }
}
