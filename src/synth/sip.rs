//! SIP as a Cisco phone and Unified CM speak it (RFC 3261, RFC 3515; headers after Cisco's published traces).

use std::fmt::Write;
use std::net::Ipv4Addr;

use crate::time::Ts;

/// A phone's side of its signalling with one CallManager.
#[derive(Debug, Clone)]
pub struct Line {
    /// `SEP001122334455`
    pub name: String,
    /// The phone.
    pub ip: Ipv4Addr,
    /// Its port.
    pub port: u16,
    /// The CallManager.
    pub server: Ipv4Addr,
    /// `TCP`, `UDP` or `TLS`.
    pub transport: &'static str,
    /// Number, or `AUTO-REG`.
    pub user: String,
    /// `sip78xx.12-1-1-12`
    pub load: String,
    /// Counts the connections of this phone: makes tags and Call-IDs differ.
    pub dialog: u32,
    /// CSeq of the last REGISTER.
    pub cseq: u32,
    /// Counts the messages: makes branches differ.
    pub message: u32,
}

/// What a REGISTER is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first one: says why.
    First(&'static str),
    /// Keeps the registration alive.
    Refresh,
    /// Keeps a standby CallManager warm: Expires 0 and `cisco-keep-alive`.
    Standby,
    /// Expires 0 without the flag, at regular intervals, as some captures show on the active CallManager.
    ZeroRefresh,
    /// Ends the registration, and says why.
    Leave(&'static str),
}

impl Line {
    /// The Call-ID of this registration.
    pub fn call_id(&self) -> String {
        let (a, b) = self.mac().split_at_checked(8).map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
        format!("{a}-{b}{:04}-0a0b-0c0d@{}", self.dialog, self.ip)
    }

    fn mac(&self) -> String {
        self.name.trim_start_matches("SEP").to_ascii_lowercase()
    }

    fn start(&mut self, method: &str, from_tag: &str) -> String {
        self.message += 1;
        let Line { ip, port, server, transport, user, dialog, message, .. } = self;
        format!(
            "{method} sip:{server} SIP/2.0\r\nVia: SIP/2.0/{transport} {ip}:{port};branch=z9hG4bK{dialog:04x}{message:04x}\r\nFrom: <sip:{user}@{server}>;tag={from_tag}\r\n"
        )
    }

    fn tag(&self) -> String {
        format!("{}{:04x}", self.mac(), self.dialog)
    }

    fn contact(&self) -> String {
        let Line { ip, port, name, .. } = self;
        let (transport, mac) = (self.transport.to_ascii_lowercase(), self.mac());
        format!(
            "<sip:11111111-2222-3333-4444-{mac}@{ip}:{port};transport={transport}>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-{mac}>\";+u.sip!devicename.ccm.cisco.com=\"{name}\";+u.sip!model.ccm.cisco.com=\"621\""
        )
    }

    /// A REGISTER; `digest` adds credentials.
    pub fn register(&mut self, purpose: Purpose, digest: bool) -> String {
        self.cseq += 1;
        let tag = self.tag();
        let mut out = self.start("REGISTER", &tag);
        let Line { server, user, cseq, name, load, .. } = &*self;
        let _ = write!(out, "To: <sip:{user}@{server}>\r\nCall-ID: {}\r\n", self.call_id());
        let _ = write!(out, "Max-Forwards: 70\r\nCSeq: {cseq} REGISTER\r\nUser-Agent: Cisco-CP7821/12.1.1\r\n");
        let (expires, flags) = match purpose {
            Purpose::First(_) | Purpose::Refresh => (3600, ""),
            Purpose::Standby => (0, ";expires=0;cisco-keep-alive"),
            Purpose::ZeroRefresh => (0, ""),
            Purpose::Leave(_) => (0, ";expires=0"),
        };
        let _ = write!(out, "Contact: {}{flags}\r\n", self.contact());
        if digest {
            let _ = write!(
                out,
                "Authorization: Digest username=\"{user}\",realm=\"ccmsipline\",uri=\"sip:{server}\",response=\"00112233445566778899aabbccddeeff\",nonce=\"k3Vt0lUBu0\",algorithm=MD5\r\n"
            );
        }
        if let Purpose::First(last) | Purpose::Leave(last) = purpose {
            out.push_str("Supported: replaces,join,norefersub,extended-refer,X-cisco-callinfo,X-cisco-service-control,X-cisco-srtp-fallback,X-cisco-config,X-cisco-sis-9.0.0\r\n");
            let number = match last {
                "initialized" => 25,
                "reset-restart" => 23,
                _ => 22,
            };
            let _ = write!(
                out,
                "Reason: SIP;cause=200;text=\"cisco-alarm:{number} Name={name} ActiveLoad={load} Last={last}\"\r\n"
            );
        }
        let _ = write!(out, "Expires: {expires}\r\nContent-Length: 0\r\n\r\n");
        out
    }

    /// The alarm that opens a connection; `long` tells everything, which takes more than one segment.
    pub fn refer(&mut self, long: bool) -> String {
        let tag = self.tag();
        let mut out = self.start("REFER", &tag);
        let Line { ip, server, user, dialog, name, .. } = &*self;
        let body = alarm(name, *ip, *server, long);
        let cid = format!("{dialog:04}@{ip}");
        let _ = write!(
            out,
            "To: <sip:{server}>\r\nCall-ID: {}\r\nCSeq: 1000 REFER\r\nMax-Forwards: 70\r\nUser-Agent: Cisco-CP7821/12.1.1\r\nContact: {}\r\nExpires: 10\r\nRequire: norefersub\r\nRefer-To: cid:{cid}\r\nReferred-By: <sip:{user}@{ip}>\r\nContent-Id: <{cid}>\r\nContent-Type: application/x-cisco-alarm+xml\r\nContent-Disposition: session;handling=required\r\nContent-Length: {}\r\n\r\n{body}",
            self.call_id().replacen("-0a0b", "-0000", 1),
            self.contact(),
            body.len()
        );
        out
    }

    /// The INVITE of a call to a number.
    pub fn invite(&mut self, number: &str) -> String {
        let tag = self.tag();
        let out = self.start("INVITE", &tag);
        let Line { ip, server, message, .. } = &*self;
        let body = format!(
            "v=0\r\no=Cisco-SIPUA 1 0 IN IP4 {ip}\r\ns=SIP Call\r\nt=0 0\r\nm=audio 16384 RTP/AVP 0 101\r\nc=IN IP4 {ip}\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
        );
        let out = out.replacen(&format!("INVITE sip:{server}"), &format!("INVITE sip:{number}@{server};user=phone"), 1);
        format!(
            "{out}To: <sip:{number}@{server}>\r\nCall-ID: {}\r\nCSeq: 101 INVITE\r\nMax-Forwards: 70\r\nUser-Agent: Cisco-CP7821/12.1.1\r\nContact: {}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            self.call_id().replacen("-0a0b", &format!("-{message:04x}"), 1),
            self.contact(),
            body.len()
        )
    }

    /// NOTIFY `service-control` of the CallManager; `call_id` is the registration it means.
    pub fn notify(&mut self, action: &str, call_id: &str, load: Option<&str>) -> String {
        self.message += 1;
        let Line { ip, port, server, transport, user, dialog, message, .. } = self;
        let mut body = format!(
            "action={action}\r\nRegisterCallId={{{call_id}}}\r\nConfigVersionStamp={{1767600000-00000000-0000-0000-0000-000000000001}}\r\nDialplanVersionStamp={{}}\r\nSoftkeyVersionStamp={{}}\r\n"
        );
        if let Some(load) = load {
            let _ = write!(body, "LoadId={load}\r\n");
        }
        format!(
            "NOTIFY sip:{user}@{ip}:{port} SIP/2.0\r\nVia: SIP/2.0/{transport} {server}:5060;branch=z9hG4bKcm{dialog:04x}{message:04x}\r\nFrom: <sip:{server}>;tag=cm{dialog:04x}{message:04x}\r\nTo: <sip:{user}@{ip}>\r\nCall-ID: {dialog:08x}-{message:04x}@{server}\r\nCSeq: 101 NOTIFY\r\nMax-Forwards: 70\r\nEvent: service-control\r\nSubscription-State: active\r\nContact: <sip:{server}:5060>\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// OPTIONS of the CallManager.
    pub fn options(&mut self) -> String {
        self.message += 1;
        let Line { ip, port, server, transport, user, dialog, message, .. } = self;
        format!(
            "OPTIONS sip:{user}@{ip}:{port} SIP/2.0\r\nVia: SIP/2.0/{transport} {server}:5060;branch=z9hG4bKcm{dialog:04x}{message:04x}\r\nFrom: <sip:{server}>;tag=cm{dialog:04x}{message:04x}\r\nTo: <sip:{user}@{ip}>\r\nCall-ID: {dialog:08x}-{message:04x}@{server}\r\nCSeq: 101 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    }
}

impl Line {
    /// The INVITE of a call, with an offer.
    pub fn call(&mut self, number: &str, offer: &str) -> String {
        let tag = self.tag();
        let out = self.start("INVITE", &tag);
        let Line { server, message, .. } = &*self;
        let out = out.replacen(&format!("INVITE sip:{server}"), &format!("INVITE sip:{number}@{server};user=phone"), 1);
        format!(
            "{out}To: <sip:{number}@{server}>\r\nCall-ID: {}\r\nCSeq: 101 INVITE\r\nMax-Forwards: 70\r\nUser-Agent: Cisco-CP7821/12.1.1\r\nContact: {}\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{offer}",
            self.call_id().replacen("-0a0b", &format!("-{message:04x}"), 1),
            self.contact(),
            offer.len()
        )
    }

    /// What follows an INVITE in its dialog: ACK, or so many requests later BYE.
    pub fn follow(&mut self, method: &str, invite: &str, later: u32) -> String {
        self.message += 1;
        let mut lines = invite.lines();
        let first = lines.next().unwrap_or_default().replacen("INVITE", method, 1);
        let mut out = format!("{first}\r\n");
        for line in lines {
            match line.split(':').next().unwrap_or_default() {
                "Via" => {
                    let branch = format!("z9hG4bKf{:04x}{:04x}", self.dialog, self.message);
                    let _ = write!(out, "{};branch={branch}\r\n", line.split(";branch").next().unwrap_or_default());
                }
                "From" | "Call-ID" => {
                    let _ = write!(out, "{line}\r\n");
                }
                "To" => {
                    let _ = write!(out, "{line};tag=ans200\r\n");
                }
                _ => {}
            }
        }
        let _ = write!(
            out,
            "CSeq: {} {method}\r\nMax-Forwards: 70\r\nUser-Agent: Cisco-CP7821/12.1.1\r\nContent-Length: 0\r\n\r\n",
            101 + later
        );
        out
    }

    /// The REFER that asks a better CallManager whether the phone may come back.
    pub fn token(&mut self) -> String {
        let tag = self.tag();
        let out = self.start("REFER", &tag);
        let Line { ip, server, user, message, .. } = &*self;
        format!(
            "{out}To: <sip:{server}>\r\nCall-ID: {}\r\nCSeq: 1000 REFER\r\nMax-Forwards: 70\r\nUser-Agent: Cisco-CP7821/12.1.1\r\nContact: {}\r\nExpires: 10\r\nRefer-To: <urn:X-cisco-remotecc:token-registration>\r\nReferred-By: <sip:{user}@{ip}>\r\nContent-Length: 0\r\n\r\n",
            self.call_id().replacen("-0a0b", &format!("-7{message:03x}"), 1),
            self.contact()
        )
    }
}

/// An answer with a session description, or with a cause.
pub fn answer_with(request: &str, code: u16, at: Ts, cause: u16, body: Option<&str>) -> String {
    let text = answer(request, code, at);
    let head = text.trim_end_matches("Content-Length: 0\r\n\r\n");
    let reason = if cause > 0 { format!("Reason: Q.850;cause={cause}\r\n") } else { String::new() };
    match body {
        Some(body) => {
            format!("{head}{reason}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        }
        None => format!("{head}{reason}Content-Length: 0\r\n\r\n"),
    }
}

/// An answer to `request`, with the headers that must be repeated.
pub fn answer(request: &str, code: u16, at: Ts) -> String {
    let mut out = format!("SIP/2.0 {code} {}\r\n", phrase(code));
    for line in request.lines() {
        match line.split(':').next().unwrap_or_default() {
            "Via" | "From" | "Call-ID" | "CSeq" => {
                let _ = write!(out, "{line}\r\n");
            }
            "To" if code > 100 => {
                let _ = write!(out, "{line};tag=ans{code}\r\n");
            }
            "To" => {
                let _ = write!(out, "{line}\r\n");
            }
            "Contact" if code == 200 && request.starts_with("REGISTER") => {
                let _ = write!(out, "{line};x-cisco-newreg\r\nExpires: 120\r\n");
            }
            _ => {}
        }
    }
    if !request.starts_with("NOTIFY") && !request.starts_with("OPTIONS") && code > 100 {
        let _ = write!(out, "Date: {}\r\nServer: Cisco-CUCM12.5\r\n", date(at));
    }
    if code == 401 {
        out.push_str("WWW-Authenticate: Digest realm=\"ccmsipline\",nonce=\"k3Vt0lUBu0\",algorithm=MD5\r\n");
    }
    if code == 503 {
        out.push_str("Retry-After: 120\r\n");
    }
    out.push_str("Content-Length: 0\r\n\r\n");
    out
}

/// A request of the CallManager with a line that is no header and a length that is no number.
pub fn damaged(phone: Ipv4Addr, server: Ipv4Addr) -> Vec<u8> {
    let text = format!(
        "OPTIONS sip:1001@{phone}:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {server}:5060;branch=z9hG4bKbad\r\nthis line is no header\r\nFrom: <sip:{server}>;tag=bad\r\nTo: <sip:1001@{phone}>\r\nCall-ID: bad@{server}\r\nCSeq: many OPTIONS\r\nContent-Length: many\r\n\r\n"
    );
    text.into_bytes()
}

fn alarm(name: &str, ip: Ipv4Addr, server: Ipv4Addr, long: bool) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-alarm>\n<Alarm Name=\"");
    out.push_str(if long { "LastOutOfServiceInformation" } else { "DeviceTLInfo" });
    let _ = write!(out, "\">\n<ParameterList>\n<String name=\"DeviceName\">{name}</String>\n");
    if long {
        let _ = write!(
            out,
            "<String name=\"DeviceIPv4Address\">{ip}/24</String>\n<String name=\"IPv4DefaultGateway\">10.20.0.1</String>\n<String name=\"DeviceIPv6Address\"></String>\n<String name=\"ModelNumber\">CP-7821</String>\n<String name=\"NeighborIPv4Address\">10.20.0.2</String>\n<String name=\"NeighborDeviceID\">sw-access-1</String>\n<String name=\"NeighborPortID\">GigabitEthernet1/0/7</String>\n<Enum name=\"DHCPv4Status\">1</Enum>\n<Enum name=\"TFTPCfgStatus\">1</Enum>\n<Enum name=\"DNSStatusUnifiedCM1\">4</Enum>\n<Enum name=\"DNSStatusUnifiedCM2\">4</Enum>\n<String name=\"VoiceVLAN\">110</String>\n<String name=\"UnifiedCMIPAddress\">{server}</String>\n<String name=\"LocalPort\">49500</String>\n<Enum name=\"ReasonForOutOfService\">25</Enum>\n<String name=\"LastProtocolEventSent\">Sent: REGISTER sip:{server} SIP/2.0  Cseq:101 REGISTER</String>\n<String name=\"LastProtocolEventReceived\">Rcvd: SIP/2.0 200 OK  Cseq:101 REGISTER</String>\n"
        );
    } else {
        let _ = write!(
            out,
            "<String name=\"IPv4Address\">{ip}</String>\n<String name=\"IPv6Address\"></String>\n<String name=\"CTL_Signature\">Not Installed</String>\n<String name=\"CTL_TFTP_Server\">N/A</String>\n<String name=\"ITL_TFTP_Server\">{server}</String>\n<Enum name=\"StatusCode\">1</Enum>\n"
        );
    }
    out.push_str("</ParameterList>\n</Alarm>\n</x-cisco-alarm>\n");
    out
}

fn phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        200 => "OK",
        180 => "Ringing",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        488 => "Not Acceptable Here",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

/// `Mon, 05 Jan 2026 08:00:31 GMT`
fn date(at: Ts) -> String {
    const FORM: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.nanos()))
        .ok()
        .and_then(|it| it.format(FORM).ok())
        .unwrap_or_default()
}
