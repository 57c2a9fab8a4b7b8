//! Who is who: names, MACs and addresses as they come and go.

use super::*;
use crate::event::{Endpoint, Event, Field, FieldDef, Origin, Schema, Side};
use crate::pipeline::schema;

struct Room {
    schema: Schema,
    phones: Phones,
    frame: u64,
    vlan: Option<u16>,
}

const A: [u8; 6] = [0, 0x11, 0x22, 0x33, 0x44, 0x55];
const B: [u8; 6] = [0, 0x11, 0x22, 0x33, 0x44, 0x66];
const ROUTER: [u8; 6] = [0, 0xaa, 0, 0, 0, 1];

fn address(last: u8) -> IpAddr {
    [10, 20, 0, last].into()
}

impl Room {
    fn new() -> Room {
        let schema = schema();
        let phones = Phones::new(&schema, Limits::default());
        Room { schema, phones, frame: 0, vlan: None }
    }

    /// An event from one station to a server, with fields by name; gives the labels of the phones it concerns.
    fn event(
        &mut self,
        name: &str,
        mac: [u8; 6],
        ip: Option<IpAddr>,
        fields: &[(&str, Value<'static>)],
    ) -> Vec<String> {
        self.frame += 1;
        let mut origin = Origin::at(self.frame, Ts::from_nanos(self.frame as i64 * 1_000_000_000));
        origin.eth_src = Some(mac);
        self.vlan.into_iter().for_each(|vlan| origin.vlans.push(vlan));
        if let Some(ip) = ip {
            origin.src = Some(Endpoint { ip, port: 50_000 + self.frame as u16 });
            origin.dst = Some(Endpoint { ip: [10, 1, 1, 10].into(), port: 6970 });
            origin.ip_proto = 6;
            origin.sender = Some(Side::Client);
        }
        let field = |name: &str| -> &'static FieldDef { self.schema.field(name).unwrap_or_else(|| panic!("{name}")) };
        let fields: Vec<Field<'static>> =
            fields.iter().map(|(n, v)| Field { def: field(n), value: v.clone(), at: 0, len: 0 }).collect();
        let def = self.schema.event(name).unwrap();
        let frames = [self.frame];
        let event = Event { def, origin: &origin, fields: &fields, frames: &frames, bytes: &[], defect: None };
        let concerned = self.phones.observe(&event, true).concerned.clone();
        concerned.iter().map(|c| self.phones.get(c.phone).unwrap().label()).collect()
    }

    fn asks(&mut self, mac: [u8; 6], ip: IpAddr, device: &'static str) -> Vec<String> {
        let fields = [("file.device", Value::Text(device.into())), ("file.client", Value::Ip(ip))];
        self.event("file.request", mac, Some(ip), &fields)
    }

    fn leased(&mut self, mac: [u8; 6], ip: IpAddr) {
        let fields = [
            ("dhcp.hw.mac_addr", Value::Mac(mac)),
            ("dhcp.ip.your", Value::Ip(ip)),
            ("dhcp.cisco_phone", Value::Bool(true)),
        ];
        self.event("dhcp.ack", ROUTER, None, &fields);
    }

    fn all(&self) -> Vec<String> {
        self.phones.all().map(|(_, phone)| phone.label()).collect()
    }
}

#[test]
fn a_device_name_carries_the_mac() {
    assert_eq!(device_mac("SEP001122334455"), Some(A));
    assert_eq!(device_mac("sep001122334455.example.com"), Some(A));
    assert_eq!(device_mac("SEP0011223344556"), None);
    assert_eq!(device_mac("CSF001122334455"), None);
    assert_eq!(device_mac("SEP00112233445"), None);
}

#[test]
fn one_phone_across_dhcp_and_files() {
    let mut room = Room::new();
    room.leased(A, address(50));
    assert_eq!(room.asks(A, address(50), "SEP001122334455"), ["SEP001122334455"]);
    assert_eq!(room.all(), ["SEP001122334455"]);
    let (_, phone) = room.phones.all().next().unwrap();
    assert_eq!((phone.mac, phone.addresses.len()), (Some(A), 1));
}

#[test]
fn two_phones_that_swap_an_address_stay_two() {
    let mut room = Room::new();
    room.leased(A, address(50));
    room.leased(B, address(51));
    room.asks(A, address(50), "SEP001122334455");
    room.asks(B, address(51), "SEP001122334466");
    room.leased(B, address(50));
    room.leased(A, address(51));
    assert_eq!(room.event("tcp.connect", B, Some(address(50)), &[]), ["SEP001122334466"]);
    assert_eq!(room.event("tcp.connect", A, Some(address(51)), &[]), ["SEP001122334455"]);
    assert_eq!(room.all().len(), 2);
    let first = room.phones.all().find(|(_, p)| p.is("SEP001122334455")).unwrap().1;
    let had: Vec<(IpAddr, bool)> = first.addresses.iter().map(|a| (a.ip, a.until.is_some())).collect();
    assert_eq!(had, [(address(50), true), (address(51), false)]);
}

#[test]
fn behind_a_router_the_name_is_the_key() {
    let mut room = Room::new();
    assert_eq!(room.asks(ROUTER, address(50), "SEP001122334455"), ["SEP001122334455"]);
    assert_eq!(room.asks(ROUTER, address(51), "SEP001122334466"), ["SEP001122334466"]);
    assert_eq!(room.event("tcp.connect", ROUTER, Some(address(50)), &[]), ["SEP001122334455"]);
}

#[test]
fn several_names_behind_one_address_are_told_apart_by_flow() {
    let mut room = Room::new();
    room.asks(ROUTER, address(9), "SEP001122334455");
    room.asks(ROUTER, address(9), "SEP001122334466");
    // The first name comes back: it is a NAT or a tool, and no phone had its address taken.
    assert_eq!(room.asks(ROUTER, address(9), "SEP001122334455"), ["SEP001122334455"]);
    assert_eq!(room.asks(ROUTER, address(9), "SEP001122334466"), ["SEP001122334466"]);
    assert_eq!(room.event("tcp.connect", ROUTER, Some(address(9)), &[]), [""; 0]);
}

#[test]
fn events_wait_until_their_station_is_a_phone() {
    let mut room = Room::new();
    assert_eq!(room.event("tcp.connect", A, Some(address(50)), &[]), [""; 0]);
    assert!(room.all().is_empty());
    room.asks(A, address(50), "SEP001122334455");
    assert_eq!(room.phones.observed_for_test(), [("SEP001122334455".to_owned(), vec![1])]);
}

#[test]
fn strangers_make_room_for_who_comes_later() {
    let mut room = Room::new();
    room.phones = Phones::new(&room.schema, Limits { stations: 6, waiting: (3, 8) });
    for round in 0..4 {
        for last in 100..200 {
            room.event("tcp.connect", ROUTER, Some(address(last)), &[]);
            assert!(room.phones.waiting <= 8 && room.phones.stations.len() <= 6, "round {round}");
        }
    }
    assert!(room.phones.by_ip.len() <= 6);
    room.event("tcp.connect", ROUTER, Some(address(50)), &[]);
    assert_eq!(room.asks(ROUTER, address(50), "SEP001122334455"), ["SEP001122334455"]);
    assert_eq!(room.phones.observed_for_test(), [("SEP001122334455".to_owned(), vec![401])]);
    // Of those that were forgotten nothing is left that could be taken for a phone's.
    assert_eq!(room.asks(ROUTER, address(100), "SEP001122334466"), ["SEP001122334466"]);
    // But what it said before is gone, and so is told.
    assert_eq!(room.all().len(), 2);
    assert_eq!(room.phones.limits_hit().collect::<Vec<_>>(), ["max-stations"]);
}

#[test]
fn a_long_event_waits_as_several() {
    let mut room = Room::new();
    room.phones = Phones::new(&room.schema, Limits { stations: 6, waiting: (3, 8) });
    let long = vec![("sip.Method", Value::Text("OPTIONS".into())); 640];
    room.event("sip.request", ROUTER, Some(address(100)), &long);
    assert_eq!(room.phones.waiting, 0);
    room.event("sip.request", ROUTER, Some(address(100)), &long[..320]);
    assert_eq!(room.phones.waiting, 6);
}

#[test]
fn a_port_a_register_or_a_name_of_another_make_no_phone() {
    let mut room = Room::new();
    let register = [("sip.Method", Value::Text("REGISTER".into()))];
    room.event("sip.request", A, Some(address(50)), &register);
    room.event("tcp.connect", A, Some(address(50)), &[]);
    assert!(room.all().is_empty());
    let cucm = [
        ("sip.Method", Value::Text("INVITE".into())),
        ("sip.contact.devicename", Value::Text("SEP001122334455".into())),
        ("sip.cucm", Value::Bool(true)),
    ];
    room.event("sip.request", ROUTER, Some(address(99)), &cucm);
    assert!(room.all().is_empty());
}

#[test]
fn wanted_by_name_mac_or_address() {
    let mut room = Room::new();
    room.leased(A, address(50));
    room.asks(A, address(50), "SEP001122334455");
    let (_, phone) = room.phones.all().next().unwrap();
    for wanted in ["sep001122334455", "00:11:22:33:44:55", "0011.2233.4455", "10.20.0.50"] {
        assert!(phone.is(wanted), "{wanted}");
    }
    assert!(!phone.is("10.20.0.51"));
}

/// An event between any two ends.
fn between(
    room: &mut Room,
    name: &str,
    ends: [(IpAddr, u16); 2],
    sender: Side,
    fields: &[(&str, &'static str)],
) -> usize {
    room.frame += 1;
    let mut origin = Origin::at(room.frame, Ts::from_nanos(room.frame as i64 * 1_000_000_000));
    let [src, dst] = ends.map(|(ip, port)| Some(Endpoint { ip, port }));
    (origin.src, origin.dst, origin.ip_proto, origin.sender) = (src, dst, 6, Some(sender));
    let fields: Vec<Field<'static>> = fields
        .iter()
        .map(|(name, value)| Field {
            def: room.schema.field(name).unwrap(),
            value: Value::Text((*value).into()),
            at: 0,
            len: 0,
        })
        .collect();
    let def = room.schema.event(name).unwrap();
    let frames = [room.frame];
    let event = Event { def, origin: &origin, fields: &fields, frames: &frames, bytes: &[], defect: None };
    room.phones.observe(&event, true).concerned.len()
}

#[test]
fn who_answers_a_push_is_a_phone_and_the_push_waited_for_it() {
    let mut room = Room::new();
    let (pusher, phone) = ((address(9), 40_000), (address(50), 80));
    let push = [("http.request.uri", "/CGI/Execute")];
    assert_eq!(between(&mut room, "http.request", [pusher, phone], Side::Client, &push), 0);
    // Any web server may send XML; a phone's answer is its own.
    let menu = [("ciscoxml.type", "CiscoIPPhoneMenu")];
    assert_eq!(between(&mut room, "ciscoxml.object", [phone, pusher], Side::Server, &menu), 0);
    let answer = [("ciscoxml.type", "CiscoIPPhoneResponse")];
    assert_eq!(between(&mut room, "ciscoxml.object", [phone, pusher], Side::Server, &answer), 1);
    let waited = room.phones.observed_for_test();
    assert_eq!(waited.len(), 1);
    assert_eq!(waited.first().map(|(_, frames)| frames.first().copied()), Some(Some(1)));
}

#[test]
fn a_refused_web_port_makes_a_phone_of_a_phones_hardware_address_where_nobody_else_is_one() {
    let refused = |mac: [u8; 6], port: u16, other_phone: bool| {
        let mut room = Room::new();
        if other_phone {
            room.asks(A, address(77), "SEP001122334455");
        }
        let arp = [("arp.src.hw_mac", Value::Mac(mac)), ("arp.src.proto_ipv4", Value::Ip(address(50)))];
        room.event("arp.reply", mac, None, &arp);
        let (asks, asked) = ((address(9), 40_000), (address(50), port));
        between(&mut room, "tcp.connect", [asks, asked], Side::Client, &[]);
        between(&mut room, "tcp.refused", [asked, asks], Side::Server, &[]);
        room.phones.finish().len()
    };
    const PHONE: [u8; 6] = [0x00, 0x1b, 0x54, 1, 2, 3];
    assert_eq!(refused(PHONE, 80, false), 1);
    assert_eq!(refused(PHONE, 22, false), 0, "no port of a phone's web server");
    assert_eq!(refused(ROUTER, 80, false), 0, "no hardware address of a phone");
    assert_eq!(refused(PHONE, 80, true), 0, "another phone is there");
}

#[test]
fn the_model_is_learnt_from_whatever_names_it() {
    let model = |name: &str, fields: &[(&str, Value<'static>)]| {
        let mut room = Room::new();
        let mut all = vec![
            ("sip.contact.devicename", Value::Text("SEP001122334455".into())),
            ("sip.Method", Value::Text("REGISTER".into())),
        ];
        if name == "skinny.register" {
            all = vec![("skinny.DeviceName", Value::Text("SEP001122334455".into()))];
        }
        if name == "cdp.announce" {
            all = vec![
                ("cdp.deviceid", Value::Text("SEP001122334455".into())),
                ("cdp.capabilities.voip_phone", Value::Bool(true)),
            ];
        }
        all.extend(fields.iter().cloned());
        room.event(name, A, Some(address(50)), &all);
        let (_, phone) = room.phones.all().next().unwrap();
        phone.model.as_deref().map(str::to_owned)
    };
    let text = |text: &'static str| Value::Text(text.into());
    let by = |model: &str| Some(model.to_owned());
    assert_eq!(model("sip.request", &[("sip.User-Agent", text("Cisco-CP7945G/9.4.2"))]), by("CP-7945G"));
    assert_eq!(model("sip.request", &[("sip.contact.model", Value::Uint(683))]), by("CP-8841"));
    assert_eq!(model("sip.request", &[("sip.User-Agent", text("Cisco-CUCM12.5"))]), None);
    assert_eq!(model("sip.request", &[("sip.contact.model", Value::Uint(503))]), None, "a soft client has no number");
    assert_eq!(model("skinny.register", &[("skinny.deviceType", Value::Uint(7))]), by("CP-7960"));
    assert_eq!(model("cdp.announce", &[("cdp.platform", text("Cisco IP Conference Phone 7832"))]), by("CP-7832"));
    assert_eq!(model("cdp.announce", &[("cdp.platform", text("Cisco IP Phone CP-8841"))]), by("CP-8841"));
}

#[test]
fn sccp_tells_the_number_and_the_callmanager() {
    let mut room = Room::new();
    let (station, server) = ((address(50), 50_000), (address(10), 2000));
    let name = [("skinny.DeviceName", "SEP001122334455")];
    between(&mut room, "skinny.register", [station, server], Side::Client, &name);
    between(&mut room, "skinny.register_ack", [server, station], Side::Server, &[]);
    between(&mut room, "skinny.keepalive_ack", [server, station], Side::Server, &[]);
    between(&mut room, "skinny.line_stat", [server, station], Side::Server, &[("skinny.lineDirNumber", "1003")]);
    let (_, phone) = room.phones.all().next().unwrap();
    assert_eq!(
        (phone.dn.clone(), phone.callmanagers.clone()),
        (vec!["1003".to_owned()], vec!["10.20.0.10".to_owned()])
    );
}

#[test]
fn what_a_relay_or_router_passes_on_is_in_another_vlan() {
    let mut room = Room::new();
    let asks = [("dhcp.hw.mac_addr", Value::Mac(A)), ("dhcp.cisco_phone", Value::Bool(true))];
    let vlan = |room: &Room| room.phones.all().next().and_then(|(_, phone)| phone.vlan);
    room.vlan = Some(50);
    room.event("dhcp.discover", ROUTER, None, &asks);
    assert_eq!(vlan(&room), None, "the relay's VLAN");
    room.vlan = Some(110);
    room.event("dhcp.discover", A, None, &asks);
    room.leased(A, address(50));
    assert_eq!(vlan(&room), Some(110));
    room.vlan = Some(50);
    room.asks(ROUTER, address(50), "SEP001122334455");
    assert_eq!(vlan(&room), Some(110), "behind the router");
}
