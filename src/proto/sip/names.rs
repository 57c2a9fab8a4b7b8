//! The names of headers, long and compact, and what is done with each (IANA registry of SIP header fields).

use super::fields::*;
use crate::event::FieldDef;

/// What is done with a header.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Its value is a field.
    Text(&'static FieldDef),
    /// Its value begins with a number.
    Number(&'static FieldDef),
    Via,
    Address(&'static Address),
    Contact,
    CallId,
    CSeq,
    Agent(&'static FieldDef),
    Reason,
    /// What a phone says of its media, and how many packets of it.
    Media(&'static FieldDef, &'static FieldDef),
    ReferTo,
    RemoteParty,
    Digest(&'static FieldDef),
    ContentType,
    ContentEncoding,
    ContentLength,
}

/// The fields of a header that holds one address.
#[derive(Debug)]
pub struct Address {
    pub whole: &'static FieldDef,
    pub display: &'static FieldDef,
    pub uri: Option<&'static FieldDef>,
    pub user: &'static FieldDef,
    pub host: &'static FieldDef,
    pub port: Option<&'static FieldDef>,
    pub tag: Option<&'static FieldDef>,
}

static FROM_ADDRESS: Address = Address {
    whole: &FROM,
    display: &FROM_DISPLAY,
    uri: Some(&FROM_ADDR),
    user: &FROM_USER,
    host: &FROM_HOST,
    port: Some(&FROM_PORT),
    tag: Some(&FROM_TAG),
};
static TO_ADDRESS: Address = Address {
    whole: &TO,
    display: &TO_DISPLAY,
    uri: Some(&TO_ADDR),
    user: &TO_USER,
    host: &TO_HOST,
    port: Some(&TO_PORT),
    tag: Some(&TO_TAG),
};
static PAI_ADDRESS: Address =
    Address { whole: &PAI, display: &PAI_DISPLAY, uri: None, user: &PAI_USER, host: &PAI_HOST, port: None, tag: None };

type Row = (&'static str, Rule);

/// The compact forms (IANA "SIP Header Field" registry).
static COMPACT: &[(u8, Rule)] = &[
    (b'a', Rule::Text(&ACCEPT_CONTACT)),
    (b'b', Rule::Text(&REFERRED_BY)),
    (b'c', Rule::ContentType),
    (b'd', Rule::Text(&REQUEST_DISPOSITION)),
    (b'e', Rule::ContentEncoding),
    (b'f', Rule::Address(&FROM_ADDRESS)),
    (b'i', Rule::CallId),
    (b'j', Rule::Text(&REJECT_CONTACT)),
    (b'k', Rule::Text(&SUPPORTED)),
    (b'l', Rule::ContentLength),
    (b'm', Rule::Contact),
    (b'n', Rule::Text(&IDENTITY_INFO)),
    (b'o', Rule::Text(&EVENT)),
    (b'r', Rule::ReferTo),
    (b's', Rule::Text(&SUBJECT)),
    (b't', Rule::Address(&TO_ADDRESS)),
    (b'u', Rule::Text(&ALLOW_EVENTS)),
    (b'v', Rule::Via),
    (b'x', Rule::Text(&SESSION_EXPIRES)),
    (b'y', Rule::Text(&IDENTITY)),
];

/// All known headers, in a room for each length of name: a lookup compares with a few names at most.
static KNOWN: [&[Row]; 22] = [
    &[],
    &[],
    &[("To", Rule::Address(&TO_ADDRESS))],
    &[("Via", Rule::Via)],
    &[
        ("From", Rule::Address(&FROM_ADDRESS)),
        ("CSeq", Rule::CSeq),
        ("Date", Rule::Text(&DATE)),
        ("RSeq", Rule::Number(&RSEQ)),
        ("RAck", Rule::Text(&RACK)),
        ("Path", Rule::Text(&PATH)),
        ("Join", Rule::Text(&JOIN)),
    ],
    &[("Allow", Rule::Text(&ALLOW)), ("Event", Rule::Text(&EVENT)), ("Route", Rule::Text(&ROUTE))],
    &[
        ("Server", Rule::Agent(&SERVER)),
        ("Reason", Rule::Reason),
        ("Accept", Rule::Text(&ACCEPT)),
        ("Min-SE", Rule::Text(&MIN_SE)),
    ],
    &[
        ("Contact", Rule::Contact),
        ("Call-ID", Rule::CallId),
        ("Expires", Rule::Number(&EXPIRES)),
        ("Require", Rule::Text(&REQUIRE)),
        ("Warning", Rule::Text(&WARNING)),
        ("Privacy", Rule::Text(&PRIVACY)),
        ("Subject", Rule::Text(&SUBJECT)),
    ],
    &[
        ("Refer-To", Rule::ReferTo),
        ("Replaces", Rule::Text(&REPLACES)),
        ("Identity", Rule::Text(&IDENTITY)),
        ("Priority", Rule::Text(&PRIORITY)),
        ("Reply-To", Rule::Text(&REPLY_TO)),
        ("SIP-ETag", Rule::Text(&ETAG)),
    ],
    &[
        ("Supported", Rule::Text(&SUPPORTED)),
        ("Call-Info", Rule::Text(&CALL_INFO)),
        ("Refer-Sub", Rule::Text(&REFER_SUB)),
        ("Diversion", Rule::Text(&DIVERSION)),
        ("Timestamp", Rule::Text(&TIMESTAMP)),
        ("Recv-Info", Rule::Text(&RECV_INFO)),
    ],
    &[
        ("User-Agent", Rule::Agent(&USER_AGENT)),
        ("Session-ID", Rule::Text(&SESSION_ID)),
        ("RTP-RxStat", Rule::Media(&RX_STAT, &RX_PACKETS)),
        ("RTP-TxStat", Rule::Media(&TX_STAT, &TX_PACKETS)),
        ("Alert-Info", Rule::Text(&ALERT_INFO)),
        ("Error-Info", Rule::Text(&ERROR_INFO)),
        ("Content-Id", Rule::Text(&CONTENT_ID)),
    ],
    &[
        ("Min-Expires", Rule::Number(&MIN_EXPIRES)),
        ("Retry-After", Rule::Number(&RETRY_AFTER)),
        ("Referred-By", Rule::Text(&REFERRED_BY)),
        ("Unsupported", Rule::Text(&UNSUPPORTED)),
    ],
    &[
        ("Content-Type", Rule::ContentType),
        ("Max-Forwards", Rule::Number(&MAX_FORWARDS)),
        ("Allow-Events", Rule::Text(&ALLOW_EVENTS)),
        ("Record-Route", Rule::Text(&RECORD_ROUTE)),
        ("MIME-Version", Rule::Text(&MIME_VERSION)),
        ("Organization", Rule::Text(&ORGANIZATION)),
        ("SIP-If-Match", Rule::Text(&IF_MATCH)),
        ("Info-Package", Rule::Text(&INFO_PACKAGE)),
    ],
    &[
        ("Authorization", Rule::Digest(&AUTHORIZATION)),
        ("Proxy-Require", Rule::Text(&PROXY_REQUIRE)),
        ("Identity-Info", Rule::Text(&IDENTITY_INFO)),
        ("Service-Route", Rule::Text(&SERVICE_ROUTE)),
        ("Target-Dialog", Rule::Text(&TARGET_DIALOG)),
    ],
    &[
        ("Content-Length", Rule::ContentLength),
        ("Accept-Contact", Rule::Text(&ACCEPT_CONTACT)),
        ("Reject-Contact", Rule::Text(&REJECT_CONTACT)),
    ],
    &[("Remote-Party-ID", Rule::RemoteParty), ("Session-Expires", Rule::Text(&SESSION_EXPIRES))],
    &[
        ("WWW-Authenticate", Rule::Digest(&WWW_AUTHENTICATE)),
        ("Content-Encoding", Rule::ContentEncoding),
        ("Content-Language", Rule::Text(&CONTENT_LANGUAGE)),
    ],
    &[("Resource-Priority", Rule::Text(&RESOURCE_PRIORITY))],
    &[
        ("Subscription-State", Rule::Text(&SUBSCRIPTION_STATE)),
        ("Proxy-Authenticate", Rule::Digest(&PROXY_AUTHENTICATE)),
    ],
    &[
        ("Content-Disposition", Rule::Text(&CONTENT_DISPOSITION)),
        ("P-Asserted-Identity", Rule::Address(&PAI_ADDRESS)),
        ("Proxy-Authorization", Rule::Digest(&PROXY_AUTHORIZATION)),
        ("Authentication-Info", Rule::Digest(&AUTHENTICATION_INFO)),
        ("Request-Disposition", Rule::Text(&REQUEST_DISPOSITION)),
    ],
    &[("P-Preferred-Identity", Rule::Text(&PPI))],
    &[],
];

/// What is done with the header of that name, long or compact, in any case.
#[inline]
pub fn rule(name: &[u8]) -> Option<Rule> {
    if let [letter] = name {
        let letter = letter.to_ascii_lowercase();
        return COMPACT.iter().find(|row| row.0 == letter).map(|row| row.1);
    }
    // The case of a letter is one bit: most names differ in the first byte already.
    let first = name.first()? | 0x20;
    let same = |known: &[u8]| {
        // Nearly all write them as the registry does.
        known.first().is_some_and(|b| b | 0x20 == first) && (known == name || known.eq_ignore_ascii_case(name))
    };
    KNOWN.get(name.len())?.iter().find(|row| same(row.0.as_bytes())).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_the_room_of_its_length() {
        for (len, room) in KNOWN.iter().enumerate() {
            for (name, _) in *room {
                assert_eq!(name.len(), len, "{name}");
                assert!(rule(name.to_ascii_uppercase().as_bytes()).is_some());
            }
        }
        assert_eq!(COMPACT.len(), 20);
        assert!(rule(b"X-Unknown").is_none() && rule(b"q").is_none() && rule(&[b'a'; 99]).is_none());
    }
}
