//! SDP (RFC 8866): what a SIP body offers or answers as media.
//!
//! A pure parser; it has no port of its own. [`parse`] adds the fields to the message that carries the body and
//! names each medium, so that the carrier can announce its flow. Media keys (`a=crypto`, `k=`, `a=key-mgmt`,
//! `a=ice-pwd`) are secret. Attributes that are not taken apart are kept whole.

use std::net::IpAddr;

use super::{Announced, Dissect, Encoding, Probe, Protocol};
use crate::bytes::{Malformed, find, find2};
use crate::event::{FieldDef, Fields, text, uint};
use crate::fields;

/// Only fields: SDP is found inside other protocols.
pub static PROTOCOL: Protocol = Protocol {
    name: "sdp",
    title: "SDP",
    on: &[],
    probe: |_| Probe::No,
    new: || Box::new(Nothing),
    fields: FIELDS,
    events: &[],
    samples: &[],
};

struct Nothing;
impl Dissect for Nothing {}

fields! {
    FIELDS;
    VERSION = text("sdp.version", "Version of the session description");
    OWNER = text("sdp.owner", "Who made the session");
    OWNER_USERNAME = text("sdp.owner.username", "User that made the session");
    OWNER_SESSIONID = text("sdp.owner.sessionid", "Session id");
    OWNER_VERSION = text("sdp.owner.version", "Version of the session; grows with each offer");
    OWNER_NETWORK_TYPE = text("sdp.owner.network_type", "Network of the owner");
    OWNER_ADDRESS_TYPE = text("sdp.owner.address_type", "IP4 or IP6");
    OWNER_ADDRESS = text("sdp.owner.address", "Address of the owner");
    SESSION_NAME = text("sdp.session_name", "Name of the session");
    SESSION_INFO = text("sdp.session_info", "About the session");
    URI = text("sdp.uri", "Where more is said about the session");
    EMAIL = text("sdp.email", "Whom to write to");
    PHONE = text("sdp.phone", "Whom to call");
    CONNECTION = text("sdp.connection_info", "Where media are received");
    CONNECTION_NETWORK_TYPE = text("sdp.connection_info.network_type", "Network of the receiver");
    CONNECTION_ADDRESS_TYPE = text("sdp.connection_info.address_type", "IP4 or IP6");
    CONNECTION_ADDRESS = text("sdp.connection_info.address", "Address where media are received");
    CONNECTION_TTL = text("sdp.connection_info.ttl", "Time to live of a multicast group");
    BANDWIDTH = text("sdp.bandwidth", "Bandwidth");
    BANDWIDTH_MODIFIER = text("sdp.bandwidth.modifier", "What the bandwidth counts: AS, TIAS, CT");
    BANDWIDTH_VALUE = text("sdp.bandwidth.value", "Bandwidth; kbit/s, bit/s for TIAS");
    TIME = text("sdp.time", "When the session is active");
    REPEAT = text("sdp.repeat_time", "When the session comes again");
    TIMEZONE = text("sdp.timezone", "Adjustments of the times");
    KEY = text("sdp.encryption_key", "Key of the session").secret();
    MEDIA = text("sdp.media", "A medium");
    MEDIA_MEDIA = text("sdp.media.media", "audio, video, image, application");
    MEDIA_PORT = uint("sdp.media.port", "Port where the medium is received; 0 refuses it");
    MEDIA_PORTCOUNT = text("sdp.media.portcount", "How many ports");
    MEDIA_PROTO = text("sdp.media.proto", "RTP/AVP, RTP/SAVP …");
    MEDIA_FORMAT = text("sdp.media.format", "Payload types, best first");
    MEDIA_TITLE = text("sdp.media_title", "About the medium");
    SESSION_ATTR = text("sdp.session_attr", "Attribute of the session");
    MEDIA_ATTR = text("sdp.media_attr", "Attribute of the medium");
    MIME_TYPE = text("sdp.mime.type", "Codec of a payload type");
    SAMPLE_RATE = text("sdp.sample_rate", "Clock rate of a payload type").unit("Hz");
    FMTP = text("sdp.fmtp.parameter", "Parameter of a codec");
    PTIME = text("sdp.ptime", "Media in one packet").unit("ms");
    DIRECTION = text("sdp.direction", "sendrecv, sendonly, recvonly or inactive, one for each medium");
    RTCP_PORT = uint("sdp.rtcp.port", "Port of RTCP, where it is not the next one");
    CRYPTO_TAG = uint("sdp.crypto.tag", "Number of an SRTP offer");
    CRYPTO_SUITE = text("sdp.crypto.crypto_suite", "Cipher of an SRTP offer");
    CRYPTO_KEY = text("sdp.crypto.key", "Key of an SRTP offer").secret();
    KEY_MGMT = text("sdp.key_mgmt", "Keys of the session (MIKEY)").secret();
    ICE_PWD = text("sdp.ice_pwd", "Password of ICE").secret();
    CANDIDATE_ADDRESS = text("sdp.ice_candidate.address", "Address of an ICE candidate");
    CANDIDATE_PORT = text("sdp.ice_candidate.port", "Port of an ICE candidate");
    CANDIDATE_TYPE = text("sdp.ice_candidate.type", "Kind of an ICE candidate");
    UNKNOWN = text("sdp.unknown", "A line of another kind");
}

/// One medium, as the sender of the description wants to receive it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media<'a> {
    /// `audio`, `video`, `image` …
    pub kind: &'a [u8],
    /// Its own address, or the session's; `None` for a host name, or if there is none.
    pub ip: Option<IpAddr>,
    /// 0 if the medium is refused.
    pub port: u16,
    /// Whether it is SRTP, and its payload types.
    pub announced: Announced,
}

/// More payload types of a medium than this are not kept.
const MAX_ENCODINGS: usize = 64;

/// Reads a description that begins at offset `at` of its message. Calls `media` at the end of each medium.
pub fn parse<'a>(
    body: &'a [u8],
    at: usize,
    fields: &mut Fields<'a>,
    media: &mut dyn FnMut(Media<'a>),
) -> Option<Malformed> {
    let mut state = State::default();
    let mut from = 0;
    while from < body.len() {
        let rest = body.get(from..).unwrap_or_default();
        let end = find2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        match line {
            [] => {}
            [kind, b'=', ..] => {
                let value = scan_trim(line.get(2..).unwrap_or_default(), at + from + 2);
                state.line(*kind, value, fields, media);
            }
            _ => state.defect(at + from, "sdp line without ="),
        }
        from += end + 1;
    }
    state.end_of_medium(fields, media);
    state.defect
}

#[derive(Default)]
struct State<'a> {
    session_ip: Option<IpAddr>,
    session_direction: Option<&'static str>,
    medium: Option<Media<'a>>,
    direction: Option<&'static str>,
    defect: Option<Malformed>,
}

type Text<'a> = (&'a [u8], usize);

impl<'a> State<'a> {
    fn defect(&mut self, at: usize, what: &'static str) {
        self.defect.get_or_insert(Malformed { at, what });
    }

    fn line(&mut self, kind: u8, value: Text<'a>, fields: &mut Fields<'a>, media: &mut dyn FnMut(Media<'a>)) {
        let (bytes, at) = value;
        match kind {
            b'v' => some(fields, &VERSION, value),
            b'o' => {
                some(fields, &OWNER, value);
                let parts = [
                    &OWNER_USERNAME,
                    &OWNER_SESSIONID,
                    &OWNER_VERSION,
                    &OWNER_NETWORK_TYPE,
                    &OWNER_ADDRESS_TYPE,
                    &OWNER_ADDRESS,
                ];
                words(bytes, at).zip(parts).for_each(|(word, def)| some(fields, def, word));
            }
            b's' => some(fields, &SESSION_NAME, value),
            b'i' if self.medium.is_some() => some(fields, &MEDIA_TITLE, value),
            b'i' => some(fields, &SESSION_INFO, value),
            b'c' => self.connection(value, fields),
            b'b' => {
                some(fields, &BANDWIDTH, value);
                let (modifier, amount) = split(bytes, at, b':');
                some(fields, &BANDWIDTH_MODIFIER, modifier);
                some(fields, &BANDWIDTH_VALUE, amount);
            }
            b'u' => some(fields, &URI, value),
            b'e' => some(fields, &EMAIL, value),
            b'p' => some(fields, &PHONE, value),
            b'r' => some(fields, &REPEAT, value),
            b'z' => some(fields, &TIMEZONE, value),
            b't' => some(fields, &TIME, value),
            b'k' => some(fields, &KEY, value),
            b'm' => {
                self.end_of_medium(fields, media);
                self.media(value, fields);
            }
            b'a' => self.attribute(value, fields),
            _ => some(fields, &UNKNOWN, value),
        }
    }

    fn connection(&mut self, (bytes, at): Text<'a>, fields: &mut Fields<'a>) {
        some(fields, &CONNECTION, (bytes, at));
        let mut parts = words(bytes, at);
        let (network, kind, address) = (parts.next(), parts.next(), parts.next());
        let (Some(network), Some(kind), Some(address)) = (network, kind, address) else {
            self.defect(at, "sdp connection");
            return;
        };
        some(fields, &CONNECTION_NETWORK_TYPE, network);
        some(fields, &CONNECTION_ADDRESS_TYPE, kind);
        let (address, ttl) = split(address.0, address.1, b'/');
        some(fields, &CONNECTION_ADDRESS, address);
        some(fields, &CONNECTION_TTL, ttl);
        let ip = std::str::from_utf8(address.0).ok().and_then(|text| text.parse().ok());
        match &mut self.medium {
            Some(medium) => medium.ip = ip,
            None => self.session_ip = ip,
        }
    }

    fn media(&mut self, (bytes, at): Text<'a>, fields: &mut Fields<'a>) {
        some(fields, &MEDIA, (bytes, at));
        let mut parts = words(bytes, at);
        let Some(kind) = parts.next() else {
            self.defect(at, "sdp media");
            return;
        };
        some(fields, &MEDIA_MEDIA, kind);
        let mut medium = Media { kind: kind.0, ip: self.session_ip, port: 0, announced: Announced::default() };
        match parts.next().map(|(bytes, at)| split(bytes, at, b'/')) {
            Some((port, count)) => {
                match number(port.0) {
                    Some(n) => {
                        medium.port = n;
                        fields.uint(&MEDIA_PORT, n, port.1, port.0.len());
                    }
                    None => self.defect(port.1, "sdp media port"),
                }
                some(fields, &MEDIA_PORTCOUNT, count);
            }
            None => self.defect(at, "sdp media port"),
        }
        if let Some(proto) = parts.next() {
            medium.announced.secured = memchr::memmem::find(proto.0, b"SAVP").is_some();
            some(fields, &MEDIA_PROTO, proto);
        }
        parts.for_each(|format| some(fields, &MEDIA_FORMAT, format));
        self.medium = Some(medium);
    }

    fn attribute(&mut self, (bytes, at): Text<'a>, fields: &mut Fields<'a>) {
        let whole = if self.medium.is_some() { &MEDIA_ATTR } else { &SESSION_ATTR };
        let (name, value) = split(bytes, at, b':');
        match name.0 {
            b"crypto" => return self.crypto((bytes, at), value, whole, fields),
            b"key-mgmt" => return some(fields, &KEY_MGMT, value),
            b"ice-pwd" => return some(fields, &ICE_PWD, value),
            _ => some(fields, whole, (bytes, at)),
        }
        match name.0 {
            b"rtpmap" => {
                let mut parts = words(value.0, value.1);
                if let Some((kind, codec)) = parts.next().zip(parts.next()) {
                    let (codec, rate) = split(codec.0, codec.1, b'/');
                    let rate = split(rate.0, rate.1, b'/').0;
                    some(fields, &MIME_TYPE, codec);
                    some(fields, &SAMPLE_RATE, rate);
                    self.encoding(kind.0, codec.0, rate.0);
                }
            }
            b"fmtp" => {
                let (_, params) = split(value.0, value.1, b' ');
                let (mut rest, mut rest_at) = params;
                while !rest.is_empty() {
                    let cut = find(b';', rest).unwrap_or(rest.len());
                    some(fields, &FMTP, scan_trim(rest.get(..cut).unwrap_or_default(), rest_at));
                    rest = rest.get(cut + 1..).unwrap_or_default();
                    rest_at += cut + 1;
                }
            }
            b"ptime" => some(fields, &PTIME, value),
            b"rtcp" => {
                if let Some((port, at)) = words(value.0, value.1).next()
                    && let Some(n) = number(port)
                {
                    fields.uint(&RTCP_PORT, n, at, port.len());
                }
            }
            b"candidate" => {
                let mut parts = words(value.0, value.1).skip(4);
                for def in [&CANDIDATE_ADDRESS, &CANDIDATE_PORT] {
                    parts.next().into_iter().for_each(|word| some(fields, def, word));
                }
                parts.nth(1).into_iter().for_each(|word| some(fields, &CANDIDATE_TYPE, word));
            }
            _ => {
                const DIRECTIONS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];
                let found = DIRECTIONS.iter().find(|d| d.as_bytes().eq_ignore_ascii_case(name.0)).copied();
                match self.medium {
                    Some(_) => self.direction = found.or(self.direction),
                    None => self.session_direction = found.or(self.session_direction),
                }
            }
        }
    }

    /// `a=rtpmap:114 opus/48000/2`
    fn encoding(&mut self, kind: &[u8], name: &[u8], clock: &[u8]) {
        let kept = self.medium.as_mut().map(|medium| &mut medium.announced.encodings);
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let number = |bytes| text(bytes).and_then(|text| text.parse::<u32>().ok());
        if let (Some(kept), Some(kind @ 0..=127), Some(name)) = (kept, number(kind), text(name))
            && kept.len() < MAX_ENCODINGS
        {
            let clock = number(clock).unwrap_or(0);
            kept.push(Encoding { payload_type: kind as u8, name: name.to_owned(), clock });
        }
    }

    /// `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:32`: the attribute is shown up to the key.
    fn crypto(&mut self, (bytes, at): Text<'a>, value: Text<'a>, whole: &'static FieldDef, fields: &mut Fields<'a>) {
        let key = memchr::memmem::find(bytes, b"inline:").map_or(bytes.len(), |n| n + b"inline:".len());
        some(fields, whole, (bytes.get(..key).unwrap_or_default(), at));
        let mut parts = words(value.0, value.1);
        if let Some((tag, tag_at)) = parts.next() {
            match number(tag) {
                Some(n) => drop(fields.uint(&CRYPTO_TAG, n, tag_at, tag.len())),
                None => self.defect(tag_at, "sdp crypto tag"),
            }
        }
        parts.next().into_iter().for_each(|suite| some(fields, &CRYPTO_SUITE, suite));
        some(fields, &CRYPTO_KEY, (bytes.get(key..).unwrap_or_default(), at + key));
    }

    fn end_of_medium(&mut self, fields: &mut Fields<'a>, media: &mut dyn FnMut(Media<'a>)) {
        let Some(medium) = self.medium.take() else { return };
        let direction = self.direction.take().or(self.session_direction).unwrap_or("sendrecv");
        fields.str(&DIRECTION, direction, 0, 0);
        media(medium);
    }
}

fn some<'a>(fields: &mut Fields<'a>, def: &'static FieldDef, (value, at): Text<'a>) {
    if !value.is_empty() {
        fields.text(def, value, at);
    }
}

fn number(bytes: &[u8]) -> Option<u16> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn scan_trim(value: &[u8], at: usize) -> Text<'_> {
    let front = value.len() - value.trim_ascii_start().len();
    (value.trim_ascii(), at + front)
}

/// Before and after the first `separator`; the second is empty without one.
fn split(bytes: &[u8], at: usize, separator: u8) -> (Text<'_>, Text<'_>) {
    let n = find(separator, bytes).unwrap_or(bytes.len());
    let after = bytes.get(n + 1..).unwrap_or_default();
    ((bytes.get(..n).unwrap_or_default(), at), (after, at + bytes.len() - after.len()))
}

fn words(bytes: &[u8], at: usize) -> impl Iterator<Item = Text<'_>> {
    let mut from = 0;
    bytes
        .split(|b| *b == b' ' || *b == b'\t')
        .map(move |word| {
            let start = from;
            from += word.len() + 1;
            (word, at + start)
        })
        .filter(|(word, _)| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn show(body: &str) -> String {
        let (mut fields, mut out) = (Fields::new(), String::new());
        let defect = parse(body.as_bytes(), 0, &mut fields, &mut |m| {
            let _ = write!(out, "[{} {:?} {}]", String::from_utf8_lossy(m.kind), m.ip, m.port);
        });
        for f in fields.list() {
            let _ = write!(out, " {}={}", f.def.name.trim_start_matches("sdp."), f.value);
            assert!(f.at as usize + f.len as usize <= body.len());
        }
        if let Some(d) = defect {
            let _ = write!(out, " at={} what={}", d.at, d.what);
        }
        out
    }

    #[test]
    fn the_offer_of_a_phone() {
        let out = show(
            "v=0\r\no=Cisco-SIPUA 24 0 IN IP4 10.20.0.50\r\ns=SIP Call\r\nb=AS:4064\r\nt=0 0\r\n\
             m=audio 24580 RTP/AVP 114 0 101\r\nc=IN IP4 10.20.0.50\r\na=rtpmap:114 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n\
             a=fmtp:101 0-15\r\na=ptime:20\r\na=sendonly\r\nm=video 0 RTP/AVP 97\r\nc=IN IP6 2001:db8::1\r\n",
        );
        for part in [
            "[audio Some(10.20.0.50) 24580][video Some(2001:db8::1) 0]",
            " owner.username=Cisco-SIPUA owner.sessionid=24 owner.version=0 owner.network_type=IN",
            " bandwidth.modifier=AS bandwidth.value=4064",
            " media.media=audio media.port=24580 media.proto=RTP/AVP media.format=114 media.format=0 media.format=101",
            " mime.type=opus sample_rate=48000 ",
            " fmtp.parameter=0-15",
            " ptime=20 media_attr=sendonly direction=sendonly media=video",
        ] {
            assert!(out.contains(part), "{part} in {out}");
        }
        assert!(out.ends_with("direction=sendrecv"), "{out}");
    }

    #[test]
    fn level_of_session_and_medium() {
        let out = show(
            "c=IN IP4 1.2.3.4/127\na=inactive\nm=audio 10/2 RTP/AVP 0\nm=audio 12 RTP/AVP 0\nc=IN IP4 host.x\na=recvonly\n",
        );
        assert!(out.starts_with("[audio Some(1.2.3.4) 10][audio None 12]"), "{out}");
        assert!(out.contains("connection_info.address=1.2.3.4 connection_info.ttl=127"), "{out}");
        assert!(out.contains("direction=inactive media=audio 12"), "{out}");
        assert!(out.ends_with("direction=recvonly"), "{out}");
    }

    #[test]
    fn keys_are_secret() {
        let body = "m=audio 1 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRETKEY|2^20\r\na=ice-pwd:SECRETPWD\r\n\
                    k=clear:SECRETK\r\na=key-mgmt:mikey SECRETM\r\na=candidate:1 1 UDP 213 10.0.0.9 4000 typ host\r\na=rtcp:4001\r\n";
        let mut fields = Fields::new();
        parse(body.as_bytes(), 0, &mut fields, &mut |_| {});
        let (secret, open): (Vec<_>, Vec<_>) = fields.list().iter().partition(|f| f.def.secret);
        assert_eq!(secret.len(), 4);
        assert!(open.iter().all(|f| !f.value.to_string().contains("SECRET")));
        let out = show(body);
        assert!(out.contains("crypto.tag=1 crypto.crypto_suite=AES_CM_128_HMAC_SHA1_80"), "{out}");
        assert!(
            out.contains("ice_candidate.address=10.0.0.9 ice_candidate.port=4000 ice_candidate.type=host"),
            "{out}"
        );
        assert!(out.contains("rtcp.port=4001"), "{out}");
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        assert_eq!(
            show("m=audio x RTP/AVP 0\nfoo\n"),
            "[audio None 0] media=audio x RTP/AVP 0 media.media=audio media.proto=RTP/AVP media.format=0 direction=sendrecv at=8 what=sdp media port"
        );
        assert_eq!(show("foo\nv=0"), " version=0 at=0 what=sdp line without =");
        assert_eq!(show("c=IN IP4"), " connection_info=IN IP4 at=2 what=sdp connection");
    }
}
