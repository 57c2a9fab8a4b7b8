//! What every form of the language means, and what its errors say.

use proptest::prelude::*;

use super::*;
use crate::event::{Endpoint, Fields, Origin};
use crate::time::Ts;
use crate::{events, fields};

fields! { SAMPLE;
    METHOD = crate::event::text("x.Method", "a name");
    CODE = crate::event::uint("x.Status-Code", "a number").codes(|c| (c == 404).then_some("Not Found"));
    VIA = crate::event::text("x.via", "several");
    FLAG = crate::event::flag("x.flag", "a flag");
    VALID = crate::event::flag("x.valid", "may be null");
    WHO = crate::event::mac("x.mac", "a MAC");
    RAW = crate::event::bytes("x.raw", "bytes");
    RATE = crate::event::float("x.rate", "a fraction");
}
events! { SAMPLE_EVENTS; HELLO = "x.hello", "hello"; OTHER = "x.other", "other"; }

fn schema() -> Schema {
    Schema::new([SAMPLE], [SAMPLE_EVENTS])
}

/// x.hello from 10.1.1.10:5060 to 10.20.0.50:49500.
fn truth(filter: &str) -> Truth {
    let mut fields = Fields::new();
    fields.str(&METHOD, "REGISTER", 0, 0).uint(&CODE, 404u16, 0, 0).flag(&FLAG, false, 0, 0);
    fields.str(&VIA, "proxy.one", 0, 0).str(&VIA, "two", 0, 0).push(&VALID, Value::Null, 0, 0);
    fields.mac(&WHO, [0, 0x11, 0x22, 0x33, 0x44, 0x55], 0).bytes(&RAW, b"\x0a\xffabc", 0);
    fields.push(&RATE, Value::Float(1.5), 0, 0);
    let mut origin = Origin::at(7, Ts::from_nanos(1_767_600_000_000_000_000));
    origin.src = Some(Endpoint { ip: [10, 1, 1, 10].into(), port: 5060 });
    origin.dst = Some(Endpoint { ip: [10, 20, 0, 50].into(), port: 49500 });
    origin.ip_proto = 6;
    let event = Event { def: &HELLO, origin: &origin, fields: fields.list(), frames: &[7], bytes: &[], defect: None };
    match Expr::filter(filter, &schema()) {
        Ok(expr) => expr.truth(&EventScope { event: &event, more: &[] }),
        Err(error) => panic!("{}", error.render(filter)),
    }
}

#[track_caller]
fn holds(filters: &[&str]) {
    for filter in filters {
        assert_eq!(truth(filter), Truth::True, "{filter}");
        assert_eq!(truth(&format!("not ({filter})")), Truth::False, "not ({filter})");
    }
}

#[track_caller]
fn fails(filters: &[&str]) {
    filters.iter().for_each(|filter| assert_eq!(truth(filter), Truth::False, "{filter}"));
}

#[test]
fn comparisons() {
    holds(&[
        "x.Method == \"REGISTER\"",
        "x.Method eq \"REGISTER\" and x.Status-Code ge 400",
        "x.Status-Code == 0x194",
        "404 == x.Status-Code && 400 < x.Status-Code",
        "x.Status-Code >= 200 + 2 * 100",
        "x.Status-Code - 4 == 400",
        "x.Status-Code > -1",
        "x.rate == 1.5 && x.rate * 2 == 3 && x.rate < 1500ms + 1",
        "frame.number in {1, 5..9}",
        "x.Method in {\"INVITE\", \"REGISTER\"}",
        "ip.addr == 10.20.0.0/16",
        "ip.addr in {192.168.0.0/16, 10.1.1.10}",
        "ip.src == 10.1.1.10 and tcp.port == 49500",
        "x.mac == 00:11:22:33:44:55",
        "x.raw contains \"abc\" and x.raw contains 0a:ff",
        "frame.time >= \"2026-01-05T08:00:00Z\" && frame.time < \"2026-01-06\"",
        "x.flag == 0 and x.flag == false",
        "x.Method contains \"GIST\"",
        "x.Method matches \"^regis\"",
        "x.via matches \"\\.one$\"",
        "lower(x.Method) == \"register\" and len(x.Method) == 8",
        "count(x.via) == 2 and first(x.via) == \"proxy.one\" and last(x.via) == \"two\"",
        "index(\"two\", x.via) == 2",
        "meaning(x.Status-Code) == \"Not Found\"",
        "x.Status-Code not in {200..399}",
        "choose(x.Status-Code >= 500, \"server\", x.Status-Code >= 400, \"client\", \"none\") == \"client\"",
        "(\"a\" + x.Status-Code) == \"a404\"",
    ]);
    fails(&[
        "x.Method == \"register\"",
        "x.Status-Code in {1..3, 500}",
        "ip.addr == 10.20.1.0/24",
        "x.raw contains \"abd\"",
    ]);
}

#[test]
fn any_of_several_values_and_all_of_them_for_not_equal() {
    holds(&["x.via == \"two\"", "x.via != \"three\"", "!(x.via == \"three\")", "!!x.via"]);
    fails(&["x.via != \"two\"", "ip.addr != 10.1.1.10"]);
}

#[test]
fn what_is_not_there_compares_false() {
    fails(&["vlan.id", "vlan.id == 1", "vlan.id != 1", "vlan.id < 9", "udp.port", "vlan.id in {0..4095}", "udp"]);
    holds(&["not vlan.id", "not vlan.id == 1"]);
}

#[test]
fn presence_and_names_of_events_and_protocols() {
    holds(&["x.Method", "x.flag", "x.valid", "x.hello", "x", "tcp", "ip and not eth", "event == \"x.hello\""]);
    fails(&["x.other", "udp || vlan"]);
}

#[test]
fn unknown_is_neither() {
    let unknown = |filter: &str| assert_eq!(truth(filter), Truth::Unknown, "{filter}");
    unknown("x.valid == true");
    unknown("not x.valid == true");
    unknown("x.valid != true");
    unknown("x.valid == true and x.Method");
    unknown("x.valid == true or vlan.id");
    unknown("x.rate / 0 == 1");
    fails(&["x.valid == true and vlan.id", "known(x.valid)"]);
    holds(&["x.valid == true or x.Method", "known(x.Method)"]);
}

#[test]
fn precedence() {
    holds(&["x.Method or x.Method and vlan.id", "not vlan.id and x.Method", "2 + 3 * 2 == 8 and (2 + 3) * 2 == 10"]);
    fails(&["(x.Method or x.Method) and vlan.id"]);
}

#[track_caller]
fn wrong(filter: &str, rendered: &str) {
    let error = Expr::filter(filter, &schema()).expect_err(filter);
    assert_eq!(error.render(filter), rendered.trim_start_matches('\n'), "{filter}");
}

#[test]
fn errors_mark_the_place_and_help() {
    wrong("x.Methd == \"A\"", "there is no `x.Methd`\n  x.Methd == \"A\"\n  ^^^^^^^\ndid you mean `x.Method`?");
    wrong(
        "x.flag and x.Method == 5",
        "text is compared with a number\n  x.flag and x.Method == 5\n                         ^\nwrite \"5\"",
    );
    wrong("x.Method = \"A\"", "`=` is not expected here\n  x.Method = \"A\"\n           ^\nwrite `==` to compare");
    wrong("x.Method ==", "a field, a value or `(` is missing here\n  x.Method ==\n             ^");
    wrong("", "a field, a value or `(` is missing here\n  \n  ^");
    wrong("(x.Method", "`)` is missing here\n  (x.Method\n           ^");
    wrong("x.Method == \"A", "the text has no closing quote\n  x.Method == \"A\n              ^");
    wrong(
        "x.Status-Code contains 4",
        "`contains` wants text or bytes, this is a number\n  x.Status-Code contains 4\n  ^^^^^^^^^^^^^",
    );
    wrong(
        "x.via matches \"(\"",
        "the regular expression is wrong: unclosed group\n  x.via matches \"(\"\n                ^^^",
    );
    wrong(
        "x.Status-Code == 1 == 2",
        "a comparison cannot be compared again: join two with `and`\n  x.Status-Code == 1 == 2\n                     ^",
    );
    wrong("ip.src == 10.0.0.300", "this is no IPv4 address\n  ip.src == 10.0.0.300\n            ^");
    wrong(
        "ip.src == 10.0.0.0/33",
        "the length of the network is too large\n  ip.src == 10.0.0.0/33\n                    ^",
    );
    wrong("x.via in {\"a\" \"b\"}", "`,` or `}` is missing here\n  x.via in {\"a\" \"b\"}\n                ^");
    wrong(
        "frame.time > \"noon\"",
        "this is no time\n  frame.time > \"noon\"\n               ^^^^^^\nwrite it as \"2026-01-05T08:00:00Z\", in UTC",
    );
    wrong("7", "a number is no condition\n  7\n  ^");
    wrong("x.flag and 7", "a number is no condition\n  x.flag and 7\n             ^\ncompare it with something");
    wrong("lower(7) == \"a\"", "`lower` wants text, this is a number\n  lower(7) == \"a\"\n        ^");
    wrong(
        "lowr(x.via) == \"a\"",
        "there is no function `lowr`\n  lowr(x.via) == \"a\"\n  ^^^^^^^^^^^\ndid you mean `lower`?",
    );
    wrong(
        "x.Status-Code == 5 parsecs",
        "`parsecs` is not expected here\n  x.Status-Code == 5 parsecs\n                     ^^^^^^^\nan operator such as `==`, `and`, `or` was due",
    );
}

#[test]
fn a_place_in_a_later_line_is_marked_there() {
    wrong("x.Method and\n  vlan.idd", "there is no `vlan.idd`\n    vlan.idd\n    ^^^^^^^^\ndid you mean `vlan.id`?");
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    let deep = format!("{}x.via{}", "(".repeat(4000), ")".repeat(4000));
    assert_eq!(Expr::filter(&deep, &schema()).expect_err("deep").what, "nested too deeply");
    assert!(Expr::filter(&"!".repeat(60_000), &schema()).is_err());
    assert!(Expr::filter(&format!("{}x.via", "!".repeat(60_001)), &schema()).is_ok());
    assert!(Expr::filter(&"-1".repeat(30_000), &schema()).is_err());
    let long = vec!["vlan.id"; 5000].join(" or ");
    assert_eq!(truth(&long), Truth::False);
    assert!(Expr::filter(&" ".repeat(70_000), &schema()).is_err());
}

proptest! {
    #[test]
    fn any_text_is_refused_or_read_but_never_panics(text in "\\PC{0,60}") {
        if let Err(error) = Expr::filter(&text, &schema()) {
            prop_assert!(error.at <= text.len());
            error.render(&text);
        }
    }

    #[test]
    fn any_words_are_refused_or_read(words in proptest::collection::vec(prop_oneof![
        Just("x.via"), Just("x.Status-Code"), Just("=="), Just("and"), Just("("), Just(")"), Just("{"), Just("}"),
        Just("in"), Just("5"), Just("\"a\""), Just("10.0.0.0/8"), Just("not"), Just(","), Just(".."), Just("-"), Just("count("),
    ], 0..14)) {
        let text = words.join(" ");
        if let Ok(expr) = Expr::filter(&text, &schema()) {
            let origin = Origin::at(1, Ts::ZERO);
            let event = Event { def: &OTHER, origin: &origin, fields: &[], frames: &[1], bytes: &[], defect: None };
            let _ = expr.passes(&event, &[]);
        }
    }
}
