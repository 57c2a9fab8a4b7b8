//! Connections: whole, in pieces, broken off, and with holes.

use super::open::MAX_SHOWN;
use super::*;
use crate::event::Side::{Client, Server};
use crate::proto::testing::{self, Feed};

const PORTS: (u16, u16) = (50000, 6970);
const GET: &[u8] = b"GET /SEP001122334455.cnf.xml HTTP/1.1\r\nHost: h:6970\r\n\r\n";
const REQUEST: &str = "http.request http.request.method=GET http.request.uri=/SEP001122334455.cnf.xml \
                       http.request.version=HTTP/1.1 http.host=h:6970";
const ANSWERS: &str = "http.response_for.uri=http://h:6970/SEP001122334455.cnf.xml http.request_in=1 http.time=";
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Without what every line about this file says.
fn short(lines: Vec<String>) -> Vec<String> {
    let said = " file.name=SEP001122334455.cnf.xml file.class=config file.device=SEP001122334455 file.signed=false \
                file.encrypted=false file.transport=http file.server=10.0.0.2 file.client=10.0.0.1 file.attempt=1";
    lines.into_iter().map(|line| line.replace(said, "").replace(ANSWERS, "… ")).collect()
}

fn run(pieces: &[(Side, &[u8])]) -> Vec<String> {
    short(testing::stream(&PROTOCOL, PORTS, pieces))
}

/// On a port where nothing is a file but by its name.
fn web(pieces: &[(Side, &[u8])]) -> Vec<String> {
    testing::stream(&PROTOCOL, (50000, 80), pieces)
}

fn closed(pieces: &[(Side, &[u8])]) -> Vec<String> {
    ended(pieces, Close::Fin)
}

fn ended(pieces: &[(Side, &[u8])], how: Close) -> Vec<String> {
    let mut feed = Feed::new(&PROTOCOL, PORTS);
    pieces.iter().for_each(|(side, bytes)| feed.bytes(*side, bytes));
    feed.close(Server, how);
    short(feed.finish())
}

#[track_caller]
fn check(bytes: &[u8], line: &str) {
    assert_eq!(testing::stream(&PROTOCOL, (50000, 80), &[(Client, bytes)]), [line]);
}

fn fetched(length: &str) -> Vec<String> {
    let found = length.strip_prefix("http.content_length=").map_or(String::new(), |n| format!(" file.size={n}"));
    vec![
        REQUEST.to_owned(),
        "file.request".to_owned(),
        format!("file.found{found} file.code=200"),
        format!(
            "http.response http.response.version=HTTP/1.1 http.response.code=200 http.response.phrase=OK {length} … "
        ),
        format!("file.complete file.bytes=3 file.sha256={ABC}"),
        "FILE SEP001122334455.cnf.xml 3 bytes complete=true".to_owned(),
    ]
}

/// The time differs with the frames; everything else must not.
fn untimed(lines: Vec<String>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| line.split_once("… ").map_or(line.clone(), |(before, _)| format!("{before}… ")))
        .collect()
}

#[test]
fn a_file_comes_whole_however_it_is_cut() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x\r\nbc\r\n0\r\nT: t\r\n\r\n";
    let length = b"HTTP/1.1 200 OK\r\nContent-length: 3\r\n\r\nabc";
    for (answer, says) in [(&chunked[..], "http.transfer_encoding=chunked"), (length, "http.content_length=3")] {
        let whole = fetched(says);
        for at in 0..=answer.len() {
            let (a, b) = answer.split_at(at);
            assert_eq!(untimed(run(&[(Client, GET), (Server, a), (Server, b)])), whole, "split at {at}");
        }
        let single: Vec<(Side, &[u8])> =
            GET.chunks(1).map(|b| (Client, b)).chain(answer.chunks(1).map(|b| (Server, b))).collect();
        let lines = untimed(run(&single));
        assert_eq!(lines.len(), whole.len());
        assert_eq!(lines[4..], whole[4..], "byte by byte");
    }
}

#[test]
fn a_response_without_a_length_ends_with_the_close() {
    let pieces: [(Side, &[u8]); 3] = [(Client, GET), (Server, b"HTTP/1.1 200 OK\r\n\r\na"), (Server, b"bc")];
    let lines = untimed(closed(&pieces));
    let end = format!("file.complete file.bytes=3 file.sha256={ABC}");
    assert_eq!(lines[4], end);
    // What an abort left behind is not the whole.
    assert_eq!(ended(&pieces, Close::Reset)[4..], ["file.stalled file.bytes=3"]);
    // The end of the capture is no close: nothing is complete, and nothing failed.
    let lines = run(&pieces);
    assert!(lines[3].ends_with("http.body_bytes=3 at=22 what=rest of the body"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn a_transfer_broken_off_is_told_only_where_it_was_seen() {
    let pieces: [(Side, &[u8]); 2] = [(Client, GET), (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")];
    assert_eq!(closed(&pieces)[4..], ["file.stalled file.bytes=3"]);
    assert_eq!(run(&pieces).len(), 4);
}

#[test]
fn answers_without_the_file() {
    for (line, want) in [
        ("404 Not Found", "file.not_found file.code=404 file.message=Not Found"),
        ("503 Service Unavailable", "file.not_found file.code=503 file.message=Service Unavailable"),
        ("403 Forbidden", "file.refused file.code=403 file.message=Forbidden"),
        ("302", "file.refused file.code=302"),
        ("304 Not Modified", "file.found file.code=304"),
    ] {
        let answer = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
        let lines = run(&[(Client, GET), (Server, answer.as_bytes())]);
        assert_eq!((lines[2].as_str(), lines.len()), (want, 4), "{line}");
    }
}

#[test]
fn several_on_one_connection() {
    let one = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    let two = [GET, GET].concat();
    let both = [&b"HTTP/1.1 100 Continue\r\n\r\n"[..], one, one].concat();
    for at in 0..both.len() {
        let (a, b) = both.split_at(at);
        let lines = run(&[(Client, &two), (Server, a), (Server, b)]);
        let names: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
        let response = ["file.found", "http.response", "file.complete", "FILE"];
        let want = [
            &["http.request", "file.request", "http.request", "file.request", "http.response"][..],
            &response,
            &response,
        ];
        assert_eq!(names, want.concat(), "split at {at}");
    }
    let again = testing::stream(&PROTOCOL, PORTS, &[(Client, &two)]);
    assert!(again[3].ends_with("file.attempt=2"), "{}", again[3]);
}

#[test]
fn responses_without_a_body() {
    let lines = web(&[
        (Client, b"HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"),
        (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
    ]);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[2].contains("response_for.uri=/a") && lines[3].contains("response_for.uri=/b"), "{lines:?}");
}

#[test]
fn what_is_no_http_any_more_is_left_alone() {
    let lines = web(&[
        (Client, b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\n\r\n"),
        (Server, b"HTTP/1.1 200 OK\r\n\r\n\x16\x03\x01"),
        (Client, b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n"),
    ]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let lines =
        web(&[(Client, b"GET /x HTTP/1.1\r\n\r\n"), (Server, b"HTTP/1.1 101 S\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")]);
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_keep_alive_before_the_first_message_is_no_junk() {
    assert_eq!(head::probe(b"\0"), Probe::NeedMore);
    let lines = run(&[(Client, b"\0"), (Client, GET)]);
    assert_eq!(lines.first().map(String::as_str), Some(REQUEST));
    let lines = web(&[(Client, b"RPC_IN_DATA /rpc HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n\x05")]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains("what="), "{lines:?}");
}

#[test]
fn junk_is_told_and_reading_goes_on_at_the_next_message() {
    let lines =
        run(&[(Client, GET), (Server, b"\x01\x02junk"), (Server, b"more"), (Server, b"HTTP/1.1 404 x\r\n\r\n")]);
    assert_eq!(lines[2], "http.malformed at=0 what=start line");
    assert!(lines[3].starts_with("file.not_found"), "{lines:?}");
    // A connection that began before the capture: the first bytes are the rest of something.
    let lines =
        run(&[(Server, b"\x01\x02junk"), (Server, b"HT"), (Server, b"TP/1.1 404 x\r\nContent-Length: 0\r\n\r\n")]);
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn what_cannot_be_read_has_a_place() {
    check(
        b"GET /a HTTP/1.1\r\nHost: h",
        "http.request http.request.method=GET http.request.uri=/a http.request.version=HTTP/1.1 http.host=h \
         at=24 what=end of the headers",
    );
    check(
        b"FROB /a HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "http.request http.request.method=FROB http.request.uri=/a http.request.version=HTTP/1.1 at=0 what=method",
    );
    check(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        "http.response http.response.version=HTTP/1.1 http.response.code=200 http.response.phrase=OK \
         http.transfer_encoding=chunked http.body_bytes=1 at=51 what=end of a chunk",
    );
    testing::any_stream(&PROTOCOL, (50000, 80));
}

#[test]
fn headers_of_a_phone() {
    check(
        b"GET /services HTTP/1.1\nAccept: x-CiscoIPPhone/*\nx-CiscoIPPhoneModelName: CP-7975G\n\
          x-CiscoIPPhoneDisplay: 396,162,8,G\nX-CISCOIPPHONESDKVersion: 8.5.3\nx-CiscoIPPhoneFoo: 1\n\n",
        "http.request http.request.method=GET http.request.uri=/services http.request.version=HTTP/1.1 \
         http.accept=x-CiscoIPPhone/* http.x_ciscoipphonemodelname=CP-7975G \
         http.x_ciscoipphonedisplay=396,162,8,G http.x_ciscoipphonesdkversion=8.5.3 \
         http.x_ciscoipphone=x-CiscoIPPhoneFoo: 1",
    );
}

#[test]
fn secrets_lie_in_secret_fields_only() {
    for (bytes, secrets) in [
        (&b"GET /a?UserID=u5er&Password=s3cret HTTP/1.1\r\nHost: h\r\n\r\n"[..], &["u5er", "s3cret"][..]),
        (b"GET /a HTTP/1.1\r\nAuthorization: Digest username=\"x\", nonce=\"s3cret\"\r\nCookie: s3cret\r\n\r\n", &["s3cret"]),
        (b"POST /CGI/Execute HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nXML=s3cret", &["s3cret"]),
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"s3cret\"\r\nLocation: /?pin=s3cret\r\nSet-Cookie: s3cret\r\n\r\n", &["s3cret"]),
    ] {
        let lines = testing::stream(&PROTOCOL, (50000, 80), &[(Client, bytes)]);
        let mut open = lines.concat();
        for def in FIELDS.iter().filter(|def| def.secret) {
            // A value ends where the next field begins.
            if let Some((before, after)) = open.clone().split_once(&format!(" {}=", def.name)) {
                open = before.to_owned() + after.find(" http.").and_then(|at| after.get(at..)).unwrap_or_default();
            }
        }
        for secret in secrets {
            assert!(lines.concat().contains(secret) && !open.contains(secret), "{open}");
        }
    }
}

#[test]
fn small_texts_are_shown() {
    let answer = |kind: &str, body: &str| {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        // What the body says follows.
        testing::stream(&PROTOCOL, (50000, 80), &[(Server, text.as_bytes())]).swap_remove(0)
    };
    assert!(answer("text/xml; charset=utf-8", "<a/>").ends_with("http.body_bytes=4 http.file_data=<a/>"));
    assert!(answer("text/plain", "AUTHORIZED").contains("http.file_data=AUTHORIZED"));
    assert!(answer("text/html", "<?xml ?>").ends_with("http.file_data=<?xml ?>"));
    assert!(answer("text/html", "<html>").ends_with("http.body_bytes=6"));
    assert!(answer("image/png", "<?xml ?>").ends_with("http.body_bytes=8"));
    assert!(answer("text/plain", &"x".repeat(MAX_SHOWN + 1)).ends_with("http.body_bytes=65537"));
}

#[test]
fn a_gap_inside_a_body_is_counted_through() {
    let mut feed = Feed::new(&PROTOCOL, PORTS);
    feed.bytes(Client, GET);
    feed.bytes(Server, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    feed.gap(Server, 5);
    feed.bytes(Server, b"ijHTTP/1.1 100 Continue\r\n\r\n");
    let lines = short(feed.finish());
    // All of it went by, but what it was is not known: no sum, and no file to read.
    assert_eq!((lines[4].as_str(), lines.len()), ("file.complete file.bytes=10", 6), "{lines:?}");
}

#[test]
fn after_a_gap_reading_goes_on_at_the_next_message() {
    let mut feed = Feed::new(&PROTOCOL, PORTS);
    feed.bytes(Client, GET);
    feed.bytes(Server, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc");
    feed.gap(Server, 100);
    feed.bytes(Server, b"rest of something");
    feed.bytes(Server, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    feed.close(Server, Close::Fin);
    let lines = short(feed.finish());
    assert!(lines[3].ends_with("what=body (not wholly in the capture)"), "{lines:?}");
    assert!(lines[4].starts_with("http.response ") && lines.len() == 5, "{lines:?}");
}

#[test]
fn bounds_hold_and_are_told() {
    let mut feed = Feed::new(&PROTOCOL, PORTS);
    feed.bytes(Client, GET);
    feed.bytes(Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2097153\r\n\r\n");
    (0..33).for_each(|i| feed.bytes(Server, &vec![b'x'; if i < 32 { 65536 } else { 1 }]));
    let lines = short(feed.finish());
    assert_eq!(lines[3], "LIMIT max-file-bytes");
    assert_eq!(lines[5..], ["file.complete file.bytes=2097153"]);

    let mut endless = b"GET /a HTTP/1.1\r\nA: ".to_vec();
    endless.resize((64 << 10) + 10, b'a');
    let lines = testing::stream(&PROTOCOL, (50000, 80), &[(Client, &endless)]);
    assert_eq!(lines[0], "LIMIT max-http-head");
    assert!(lines[1].ends_with("what=end of the headers") && lines.len() == 2);

    let many = b"GET / HTTP/1.1\r\n\r\n".repeat(65);
    let lines = testing::stream(&PROTOCOL, (50000, 80), &[(Client, &many)]);
    assert_eq!(lines.iter().filter(|line| line.starts_with("LIMIT")).count(), 1);
}
