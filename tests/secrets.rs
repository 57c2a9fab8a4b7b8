//! Secrets are masked in every output unless they are asked for. Each protocol carries some here; every output is
//! searched for them, as text, in hexadecimal, and in the column beside it.
//!
//! Not searched: what `check --phone … -w` writes, for those are the frames as they were captured.

mod common;

use common::wire::{PHONE, Wire};
use common::{Ran, offhook};

/// Every secret begins so, and nothing else does.
const MARK: &str = "Zq7";

fn request(first: &str, headers: &[&str], kind: &str, body: &str) -> Vec<u8> {
    let mut out = format!("{first}\r\n");
    headers.iter().for_each(|line| out.extend([line, "\r\n"]));
    if !kind.is_empty() {
        out.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    format!("{out}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn sip(method: &str, more: &[&str], kind: &str, body: &str) -> Vec<u8> {
    let cseq = format!("CSeq: 1 {method}");
    let mut headers = vec![
        "Via: SIP/2.0/TCP 10.20.0.50:49500;branch=z9hG4bK1",
        "From: <sip:1001@10.1.1.10>;tag=a",
        "To: <sip:1001@10.1.1.10>",
        "Call-ID: c1@10.20.0.50",
        &cseq,
        "Max-Forwards: 70",
        "User-Agent: Cisco-CP7821/12.1.1",
    ];
    headers.extend(more);
    request(&format!("{method} sip:10.1.1.10 SIP/2.0"), &headers, kind, body)
}

fn unauthorised() -> Vec<u8> {
    let headers = [
        "Via: SIP/2.0/TCP 10.20.0.50:49500;branch=z9hG4bK1",
        "From: <sip:1001@10.1.1.10>;tag=a",
        "To: <sip:1001@10.1.1.10>;tag=b",
        "Call-ID: c1@10.20.0.50",
        "CSeq: 1 REGISTER",
        "WWW-Authenticate: Digest realm=\"ccmsipline\", nonce=\"Zq7siNonce\", opaque=\"Zq7siOpaque\", algorithm=MD5",
    ];
    request("SIP/2.0 401 Unauthorized", &headers, "", "")
}

const DIGEST: &str = "Authorization: Digest username=\"1001\", realm=\"ccmsipline\", uri=\"sip:10.1.1.10\", \
                      response=\"Zq7siResponse\", nonce=\"Zq7siNonce\", cnonce=\"Zq7siCnonce\", nc=00000001, algorithm=MD5";

const CONFIG: &str = "<?xml version=\"1.0\"?><device><deviceProtocol>SIP</deviceProtocol><sshUserId>Zq7cfUser</sshUserId>\
    <sshPassword>Zq7cfSsh</sshPassword><phonePassword>Zq7cfPhone</phonePassword><sipProfile><sipLines><line button=\"1\">\
    <featureID>9</featureID><name>1001</name><authName>1001</authName><authPassword>Zq7cfDigest</authPassword></line>\
    </sipLines></sipProfile><capfAuthString>Zq7cfCapf</capfAuthString><vendorConfig><adminPassword>Zq7cfAdmin</adminPassword>\
    <wlanSharedKey>Zq7cfWlan</wlanSharedKey><snmpCommunity>Zq7cfSnmp</snmpCommunity></vendorConfig>\
    <authenticationURL>http://10.1.1.10:8080/ccmcip/authenticate.jsp?UserID=Zq7cfUrl&amp;Password=Zq7cfUrl2</authenticationURL></device>";

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 10.20.0.50\r\ns=-\r\nc=IN IP4 10.20.0.50\r\nk=clear:Zq7sdKey\r\nt=0 0\r\n\
    m=audio 20000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:Zq7sdInline|2^20\r\na=ice-pwd:Zq7sdIce\r\n\
    a=key-mgmt:mikey Zq7sdMikey\r\n";

const LOGIN_FORM: &str = "<CiscoIPPhoneInput><Title>EM</Title><Prompt>x</Prompt>\
    <URL>http://10.1.1.10:8080/emapp/EMAppServlet?device=SEP001122334455&amp;userid=Zq7emUrl&amp;seq=Zq7emSeq</URL>\
    <InputItem><DisplayName>PIN</DisplayName><QueryStringParam>seq</QueryStringParam><InputFlags>NP</InputFlags>\
    <DefaultValue>Zq7emDefault</DefaultValue></InputItem></CiscoIPPhoneInput>";

fn sccp(id: u32, body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 4).to_le_bytes()[..], &[0; 4], &id.to_le_bytes(), body].concat()
}

/// StartMediaTransmission with a key and a salt, and phone XML in UserToDeviceData.
fn sccp_secrets() -> Vec<u8> {
    let word = |n: u32| n.to_le_bytes().to_vec();
    let media = [
        word(1),
        word(2),
        vec![10, 20, 0, 51],
        word(20000),
        word(20),
        word(4),
        word(184),
        word(0),
        word(0),
        word(0),
        word(1),
        word(1),
        vec![16, 0, 16, 0],
        b"Zq7scKey01234567".to_vec(),
        b"Zq7scSalt0123456".to_vec(),
        vec![0; 16],
        word(101),
    ]
    .concat();
    let xml = LOGIN_FORM.as_bytes();
    let data = [word(1), word(1), word(0), word(1), word(xml.len() as u32), xml.to_vec()].concat();
    [sccp(0x8a, &media), sccp(0x11e, &data)].concat()
}

/// A record of TLS with a checksum of 20 bytes behind its content.
fn record(kind: u8, content: &[u8], sum: bool) -> Vec<u8> {
    let sum: &[u8] = if sum { &[0x9c; 20] } else { &[] };
    let length = (content.len() + sum.len()) as u16;
    [&[kind, 3, 3][..], &length.to_be_bytes(), content, sum].concat()
}

/// Hellos that agree on TLS_RSA_WITH_NULL_SHA.
fn hellos() -> (Vec<u8>, Vec<u8>) {
    let client = [&[1, 0, 0, 41, 3, 3][..], &[7; 32], &[0, 0, 2, 0, 2, 1, 0]].concat();
    let server = [&[2, 0, 0, 38, 3, 3][..], &[8; 32], &[0, 0, 2, 0]].concat();
    (record(22, &client, false), record(22, &server, false))
}

/// A capture in which every protocol that may carry a secret does.
fn capture() -> Vec<u8> {
    let mut wire = Wire::default();
    let boot = sip(
        "REGISTER",
        &["Contact: <sip:1001@10.20.0.50:49500>;+u.sip!devicename.ccm.cisco.com=\"SEP001122334455\""],
        "",
        "",
    );
    wire.tcp((49500, 5060), false, &[
        (true, &boot),
        (false, &unauthorised()),
        (true, &sip("REGISTER", &[DIGEST], "", "")),
        (true, &sip("INVITE", &["Proxy-Authorization: Digest username=\"1001\", response=\"Zq7siProxy\", nonce=\"Zq7siPn\""], "application/sdp", SDP)),
        (false, &sip("REFER", &[], "application/x-cisco-remotecc-request+xml",
            "<x-cisco-remotecc-request><userdata><password>Zq7siXml</password></userdata></x-cisco-remotecc-request>")),
    ]);
    wire.udp(true, (49501, 5060), &sip("REGISTER", &[DIGEST], "", ""));
    // A configuration, in blocks of TFTP and over HTTP.
    wire.udp(true, (49152, 69), b"\0\x01SEP001122334455.cnf.xml\0octet\0");
    for (number, block) in CONFIG.as_bytes().chunks(512).enumerate() {
        wire.udp(false, (49152, 40000), &[&[0, 3, 0, number as u8 + 1], block].concat());
        wire.udp(true, (49152, 40000), &[0, 4, 0, number as u8 + 1]);
    }
    wire.tcp(
        (49601, 6970),
        false,
        &[
            (true, &request("GET /SEP001122334455.cnf.xml HTTP/1.1", &["Host: 10.1.1.10:6970"], "", "")),
            (false, &request("HTTP/1.1 200 OK", &[], "text/xml", CONFIG)),
        ],
    );
    // A push, Extension Mobility, and its service for applications.
    wire.tcp((49602, 80), false, &[
        (true, &request("POST /CGI/Execute HTTP/1.1", &["Authorization: Basic Zq7htBasic", "Cookie: JSESSIONID=Zq7htCookie"],
            "application/x-www-form-urlencoded",
            "XML=%3CCiscoIPPhoneExecute%3E%3CExecuteItem%20URL%3D%22http%3A//x/y%3Fuserid%3DZq7htForm%22/%3E%3C/CiscoIPPhoneExecute%3E")),
        (false, &request("HTTP/1.1 401 Unauthorized", &["WWW-Authenticate: Digest realm=\"x\", nonce=\"Zq7htNonce\"", "Set-Cookie: JSESSIONID=Zq7htSet"], "", "")),
        (true, &request("GET /emapp/EMAppServlet?device=SEP001122334455&userid=Zq7emUser&seq=Zq7emPin HTTP/1.1", &["Host: x"], "", "")),
        (false, &request("HTTP/1.1 302 Found", &["Location: http://x/em?userid=Zq7emLoc&seq=Zq7emLocPin"], "text/xml", LOGIN_FORM)),
        (true, &request("POST /emservice/EMServiceServlet HTTP/1.1", &["Host: x"], "text/xml",
            "<request><appInfo><appID>a</appID><appCertificate>Zq7emApp</appCertificate></appInfo><login><userID>Zq7emXml</userID></login></request>")),
        (false, &request("HTTP/1.1 200 OK", &[], "text/xml", "<CiscoIPPhoneText><Text>ok</Text></CiscoIPPhoneText>")),
        (true, &request("GET /authentication.jsp?UserID=Zq7auUser&Password=Zq7auPassword&devicename=SEP001122334455 HTTP/1.1", &["Host: x"], "", "")),
        (false, &request("HTTP/1.1 200 OK", &[], "text/plain", "AUTHORIZED")),
    ]);
    wire.tcp((49603, 2000), false, &[(false, &sccp_secrets())]);
    // The same inside TLS that does not encrypt, from its start and joined in its middle.
    let (client, server) = hellos();
    let change = record(20, &[1], false);
    let inside = sip("REGISTER", &[DIGEST], "", "");
    let long = record(23, &inside, true);
    wire.tcp(
        (49604, 5061),
        false,
        &[(true, &client), (false, &server), (true, &change), (false, &change), (true, &long)],
    );
    wire.tcp((49605, 5061), true, &[(true, &long)]);
    wire.tcp((49606, 2443), true, &[(false, &record(23, &sccp_secrets(), true))]);
    // The quotation in an ICMP error.
    let quoted = sip("REGISTER", &[DIGEST], "", "");
    let udp = [&[0xc1, 0x5d, 0x13, 0xc4][..], &(quoted.len() as u16 + 8).to_be_bytes(), &[0, 0], &quoted].concat();
    let head = [0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0];
    wire.packet(false, 1, &[&[3u8, 3, 0, 0, 0, 0, 0, 0][..], &head, &PHONE.octets(), &[10, 1, 1, 10], &udp].concat());
    wire.pcap()
}

/// What is found of secrets in a text: as they are, in hexadecimal, or as a hex dump shows them.
fn found(text: &str) -> Vec<String> {
    let mut found: Vec<String> =
        text.match_indices(MARK).map(|(at, _)| text[at..].chars().take(16).collect()).collect();
    found.extend(text.lines().filter(|line| line.contains("5a7137")).map(str::to_owned));
    // The rows of a hex dump: place, two blanks, at most sixteen pairs; a secret may go on in the next row.
    let mut dump = String::new();
    for line in text.lines() {
        let row = line.trim_start().split_once("  ").filter(|(place, _)| {
            place.len() == 4 && place.bytes().all(|b| b.is_ascii_hexdigit()) && line.starts_with("     ")
        });
        match row {
            Some((_, pairs)) => dump.extend(pairs.chars().take(48).filter(|c| *c != ' ')),
            None => dump.push('\n'),
        }
    }
    found.extend(dump.match_indices("5a7137").map(|(at, _)| dump[at..].chars().take(32).collect::<String>()));
    found
}

/// Every way to see the capture; the ones that write files give what they wrote as output.
fn outputs(path: &str, dir: &std::path::Path, more: &[&str]) -> Vec<(String, Ran)> {
    let mut all = Vec::new();
    let mut run = |arguments: &[&str]| {
        let arguments = [arguments, more, &[path]].concat();
        all.push((arguments.join(" "), offhook(&arguments)));
    };
    for format in ["text", "json", "ndjson", "junit"] {
        run(&["check", "--format", format]);
    }
    for arguments in [
        &["decode"][..],
        &["decode", "-V"],
        &["decode", "-x"],
        &["decode", "-V", "-x"],
        &["decode", "-T", "ndjson"],
        &["decode", "-T", "ndjson", "-Y", "http or sip or tls or skinny or cnf"],
        &["decode", "-V", "-Y", "sip.auth.nonce contains \"Zq7\""],
    ] {
        run(arguments);
    }
    // Every text field there is, by name.
    let fields = offhook(&["fields"]).out;
    let names: Vec<&str> = fields
        .lines()
        .filter_map(|line| line.split('\t').next().zip(line.split('\t').nth(1)))
        .filter(|(_, kind)| ["text", "bytes"].contains(kind))
        .flat_map(|(name, _)| ["-e", name])
        .collect();
    assert!(names.len() > 400, "{}", names.len());
    run(&[&["decode", "-T", "fields"][..], &names].concat());
    if more.is_empty() {
        let golden = dir.join("golden");
        let ran = offhook(&["golden", "record", path, &golden.to_string_lossy()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let mut written = String::new();
        for entry in std::fs::read_dir(&golden).expect("it was made") {
            written += &std::fs::read_to_string(entry.expect("readable").path()).expect("text");
        }
        assert!(!written.is_empty());
        all.push(("golden record".to_owned(), Ran { code: 0, out: written, err: ran.err }));
    }
    all
}

fn written(dir: &std::path::Path) -> String {
    let path = dir.join("secrets.pcap");
    std::fs::write(&path, capture()).expect("it can be written");
    path.to_string_lossy().into_owned()
}

#[test]
fn no_output_shows_a_secret() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = written(dir.path());
    for (what, ran) in outputs(&path, dir.path(), &[]) {
        assert!(!ran.out.is_empty(), "{what} says nothing: {}", ran.err);
        let leaks = [found(&ran.out), found(&ran.err)].concat();
        assert!(leaks.is_empty(), "{what}: {} leaks\n{}", leaks.len(), leaks.join("\n"));
    }
}

#[test]
fn who_asks_for_them_gets_them_and_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = written(dir.path());
    let mut shown = String::new();
    for (what, ran) in outputs(&path, dir.path(), &["--show-secrets"]) {
        assert!(ran.err.contains("secrets are shown"), "{what}: {}", ran.err);
        shown += &ran.out;
    }
    // Every one of them was read, or it would prove nothing that it is not shown above.
    let capture = capture();
    let text = String::from_utf8_lossy(&capture).into_owned();
    let planted: std::collections::BTreeSet<String> = text
        .match_indices(MARK)
        .map(|(at, _)| {
            let length = text[at + 3..].find(MARK).unwrap_or(30) + 3;
            text[at..].chars().take(length.min(30)).take_while(|c| c.is_ascii_alphanumeric()).collect()
        })
        .collect();
    assert!(planted.len() > 35, "{planted:?}");
    let missing: Vec<_> = planted
        .iter()
        .filter(|secret| {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            !shown.contains(secret.as_str()) && !shown.contains(&hex)
        })
        .collect();
    assert!(missing.is_empty(), "never read: {missing:?}");
}
