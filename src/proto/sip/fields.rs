//! What SIP events carry, and what the numbers in them mean.
//!
//! Names are Wireshark's; names that Wireshark does not have: `sip.contact.devicename` and what else Cisco puts
//! into Contact, `sip.reason.*`, `sip.service_control_*`, the flags, `sip.Remote-Party-ID.*`.

use crate::event::{flag, text, uint};
use crate::{events, fields};

fields! {
    FIELDS;
    TRANSPORT = text("sip.transport", "udp or tcp");
    REQUEST_LINE = text("sip.Request-Line", "Request line");
    METHOD = text("sip.Method", "Method of a request");
    R_URI = text("sip.r-uri", "Request-URI");
    R_URI_USER = text("sip.r-uri.user", "User of the Request-URI");
    R_URI_HOST = text("sip.r-uri.host", "Host of the Request-URI");
    R_URI_PORT = text("sip.r-uri.port", "Port of the Request-URI");
    STATUS_LINE = text("sip.Status-Line", "Status line");
    STATUS_CODE = uint("sip.Status-Code", "Status of a response").codes(status);
    VIA = text("sip.Via", "Path of the request");
    VIA_TRANSPORT = text("sip.Via.transport", "Transport of a hop");
    VIA_ADDRESS = text("sip.Via.sent-by.address", "Address of a hop");
    VIA_PORT = uint("sip.Via.sent-by.port", "Port of a hop");
    VIA_BRANCH = text("sip.Via.branch", "Transaction of a hop");
    VIA_RECEIVED = text("sip.Via.received", "Address from which the next hop received the request");
    VIA_RPORT = text("sip.Via.rport", "Port from which the next hop received the request");
    VIA_MADDR = text("sip.Via.maddr", "Multicast address of a hop");
    FROM = text("sip.From", "Who sends the request");
    FROM_DISPLAY = text("sip.from.display.info", "Display name of the sender");
    FROM_ADDR = text("sip.from.addr", "URI of the sender");
    FROM_USER = text("sip.from.user", "User of the sender: a directory number");
    FROM_HOST = text("sip.from.host", "Host of the sender");
    FROM_PORT = text("sip.from.port", "Port of the sender");
    FROM_TAG = text("sip.from.tag", "Dialog, the sender's part");
    TO = text("sip.To", "Whom the request is for");
    TO_DISPLAY = text("sip.to.display.info", "Display name of the one asked");
    TO_ADDR = text("sip.to.addr", "URI of the one asked");
    TO_USER = text("sip.to.user", "User of the one asked");
    TO_HOST = text("sip.to.host", "Host of the one asked");
    TO_PORT = text("sip.to.port", "Port of the one asked");
    TO_TAG = text("sip.to.tag", "Dialog, the part of the one asked");
    CALL_ID = text("sip.Call-ID", "Call or registration");
    CSEQ = text("sip.CSeq", "Number and method of the request");
    CSEQ_SEQ = uint("sip.CSeq.seq", "Number of the request");
    CSEQ_METHOD = text("sip.CSeq.method", "Method of the request, in responses too");
    CONTACT = text("sip.Contact", "Where the sender can be reached");
    CONTACT_DISPLAY = text("sip.contact.display.info", "Display name in Contact");
    CONTACT_URI = text("sip.contact.uri", "URI in Contact");
    CONTACT_USER = text("sip.contact.user", "User in Contact; phones put a UUID of the line there");
    CONTACT_HOST = text("sip.contact.host", "Host in Contact");
    CONTACT_PORT = text("sip.contact.port", "Port in Contact");
    CONTACT_PARAM = text("sip.contact.param", "Parameter of the URI in Contact");
    CONTACT_PARAMETER = text("sip.contact.parameter", "Parameter of Contact");
    CONTACT_EXPIRES = uint("sip.contact.expires", "How long this Contact holds; 0 takes it back").unit("s");
    CONTACT_DEVICENAME = text("sip.contact.devicename", "Cisco device name in Contact: SEP and the MAC");
    CONTACT_MODEL = uint("sip.contact.model", "Cisco model number in Contact").codes(model);
    CONTACT_INSTANCE = text("sip.contact.instance", "Instance in Contact; its last 12 digits are the MAC");
    CONTACT_KEEPALIVE = flag("sip.contact.keepalive", "Contact says that this only keeps a standby CallManager (cisco-keep-alive)");
    EXPIRES = uint("sip.Expires", "How long the request is good for").unit("s");
    MIN_EXPIRES = uint("sip.Min-Expires", "The shortest time the server takes").unit("s");
    MAX_FORWARDS = uint("sip.Max-Forwards", "Hops left");
    RETRY_AFTER = uint("sip.Retry-After", "When to ask again").unit("s");
    EVENT = text("sip.Event", "Subscribed event");
    SUBSCRIPTION_STATE = text("sip.Subscription-State", "State of the subscription");
    USER_AGENT = text("sip.User-Agent", "Software of the one that asks");
    SERVER = text("sip.Server", "Software of the one that answers");
    CISCO_PHONE = flag("sip.cisco_phone", "User-Agent or Server is that of a Cisco IP phone");
    CUCM = flag("sip.cucm", "User-Agent or Server is that of a CUCM");
    DATE = text("sip.Date", "The sender's clock");
    SESSION_ID = text("sip.Session-ID", "End-to-end name of the session");
    REQUIRE = text("sip.Require", "Extensions that must be understood");
    PROXY_REQUIRE = text("sip.Proxy-Require", "Extensions that a proxy must understand");
    SUPPORTED = text("sip.Supported", "Extensions that are understood");
    UNSUPPORTED = text("sip.Unsupported", "Extensions that are not understood");
    ALLOW = text("sip.Allow", "Methods that are understood");
    ALLOW_EVENTS = text("sip.Allow-Events", "Events that are understood");
    ACCEPT = text("sip.Accept", "Bodies that are understood");
    ACCEPT_CONTACT = text("sip.Accept-Contact", "Wishes about whom to reach");
    REJECT_CONTACT = text("sip.Reject-Contact", "Wishes about whom not to reach");
    REQUEST_DISPOSITION = text("sip.Request-Disposition", "Wishes about routing");
    RECV_INFO = text("sip.Recv-Info", "Info packages that are understood");
    INFO_PACKAGE = text("sip.Info-Package", "Info package carried");
    REASON = text("sip.Reason", "Why the request is made");
    REASON_PROTOCOL = text("sip.reason_protocols", "Protocol of the cause: SIP or Q.850");
    REASON_TEXT = text("sip.reason_text", "Text of the cause");
    REASON_CAUSE = uint("sip.reason.cause", "Cause, of whatever protocol");
    Q850_CAUSE = uint("sip.q850.cause", "Cause of Q.850").codes(q850);
    REASON_ALARM = uint("sip.reason.alarm", "cisco-alarm: why the phone registers").codes(alarm);
    REASON_NAME = text("sip.reason.name", "Name= in a cisco-alarm: the device");
    REASON_LOAD = text("sip.reason.load", "ActiveLoad= or Load= in a cisco-alarm: the firmware");
    REASON_LAST = text("sip.reason.last", "Last= in a cisco-alarm: what happened before");
    REFER_TO = text("sip.Refer-To", "Where a REFER points");
    REFER_TO_TOKEN = flag("sip.refer_to_token", "The REFER asks a better CallManager for a registration token");
    REFERRED_BY = text("sip.Referred-by", "Who refers");
    REFER_SUB = text("sip.Refer-Sub", "Whether a REFER subscribes");
    REPLACES = text("sip.Replaces", "Dialog that is replaced");
    JOIN = text("sip.Join", "Dialog that is joined");
    TARGET_DIALOG = text("sip.Target-Dialog", "Dialog that this is about");
    CALL_INFO = text("sip.Call-Info", "More about the call; Cisco: gci, orientation, security");
    ALERT_INFO = text("sip.Alert-Info", "How to ring");
    REMOTE_PARTY_ID = text("sip.Remote-Party-ID", "Identity of a party (Cisco)");
    REMOTE_PARTY_DISPLAY = text("sip.Remote-Party-ID.display", "Display name in Remote-Party-ID");
    REMOTE_PARTY_USER = text("sip.Remote-Party-ID.user", "User in Remote-Party-ID");
    REMOTE_PARTY_HOST = text("sip.Remote-Party-ID.host", "Host in Remote-Party-ID");
    REMOTE_PARTY_PARTY = text("sip.Remote-Party-ID.party", "calling or called");
    REMOTE_PARTY_SCREEN = text("sip.Remote-Party-ID.screen", "Whether the identity was verified");
    REMOTE_PARTY_PRIVACY = text("sip.Remote-Party-ID.privacy", "What is not to be shown");
    PAI = text("sip.P-Asserted-Identity", "Identity as the network asserts it");
    PAI_DISPLAY = text("sip.pai.display.info", "Display name in P-Asserted-Identity");
    PAI_USER = text("sip.pai.user", "User in P-Asserted-Identity");
    PAI_HOST = text("sip.pai.host", "Host in P-Asserted-Identity");
    PPI = text("sip.P-Preferred-Identity", "Identity as the sender wishes it");
    DIVERSION = text("sip.Diversion", "From where the call was diverted");
    PRIVACY = text("sip.Privacy", "What is not to be shown");
    IDENTITY = text("sip.Identity", "Signed identity");
    IDENTITY_INFO = text("sip.Identity-info", "Where the certificate of the identity is");
    ROUTE = text("sip.Route", "Path to take");
    RECORD_ROUTE = text("sip.Record-Route", "Path to take later");
    PATH = text("sip.Path", "Path to the registered phone");
    SERVICE_ROUTE = text("sip.Service-Route", "Path that the registrar wants");
    SESSION_EXPIRES = text("sip.Session-Expires", "How long the session holds without a refresh");
    MIN_SE = text("sip.Min-SE", "The shortest session the server takes");
    RSEQ = uint("sip.RSeq", "Number of a reliable provisional response");
    RACK = text("sip.RAck", "Which provisional response is confirmed");
    TIMESTAMP = text("sip.Timestamp", "When the request was sent");
    SUBJECT = text("sip.Subject", "What the call is about");
    ORGANIZATION = text("sip.Organization", "Whose equipment this is");
    PRIORITY = text("sip.Priority", "Urgency");
    RESOURCE_PRIORITY = text("sip.Resource-Priority", "Precedence");
    REPLY_TO = text("sip.Reply-To", "Whom to call back");
    RX_STAT = text("sip.RTP-RxStat", "What the phone received of a call (Cisco)");
    RX_PACKETS = uint("sip.RTP-RxStat.packets", "RTP packets that the phone received");
    TX_STAT = text("sip.RTP-TxStat", "What the phone sent in a call (Cisco)");
    TX_PACKETS = uint("sip.RTP-TxStat.packets", "RTP packets that the phone sent");
    ETAG = text("sip.ETag", "State that was published");
    IF_MATCH = text("sip.If_Match", "State that is refreshed");
    ERROR_INFO = text("sip.Error-Info", "More about the error");
    WARNING = text("sip.Warning", "Warning, often the cause of an error");
    AUTHORIZATION = text("sip.Authorization", "Answer to a challenge, whole line").secret();
    PROXY_AUTHORIZATION = text("sip.Proxy-Authorization", "Answer to a proxy's challenge, whole line").secret();
    WWW_AUTHENTICATE = text("sip.WWW-Authenticate", "Challenge, whole line").secret();
    PROXY_AUTHENTICATE = text("sip.Proxy-Authenticate", "Challenge of a proxy, whole line").secret();
    AUTHENTICATION_INFO = text("sip.Authentication-Info", "Authentication of the server, whole line").secret();
    AUTH_SCHEME = text("sip.auth.scheme", "Kind of authentication");
    AUTH_USERNAME = text("sip.auth.username", "User that authenticates");
    AUTH_REALM = text("sip.auth.realm", "Realm: who asks for authentication");
    AUTH_NONCE = text("sip.auth.nonce", "Challenge").secret();
    AUTH_RESPONSE = text("sip.auth.digest.response", "Answer to the challenge").secret();
    AUTH_CNONCE = text("sip.auth.cnonce", "The client's own challenge").secret();
    AUTH_NEXTNONCE = text("sip.auth.nextnonce", "The next challenge").secret();
    AUTH_RSPAUTH = text("sip.auth.rspauth", "The server's answer").secret();
    AUTH_OPAQUE = text("sip.auth.opaque", "To be sent back as it is").secret();
    AUTH_URI = text("sip.auth.uri", "URI that is authenticated");
    AUTH_ALGORITHM = text("sip.auth.algorithm", "Digest algorithm");
    AUTH_QOP = text("sip.auth.qop", "Quality of protection");
    AUTH_NC = text("sip.auth.nc", "How often the challenge was used");
    AUTH_STALE = text("sip.auth.stale", "The challenge is too old; the password may be right");
    AUTH_DOMAIN = text("sip.auth.domain", "URIs that the challenge covers");
    MIME_VERSION = text("sip.MIME-Version", "MIME version");
    CONTENT_TYPE = text("sip.Content-Type", "Kind of the body");
    CONTENT_DISPOSITION = text("sip.Content-Disposition", "What the body is for");
    CONTENT_ENCODING = text("sip.Content-Encoding", "How the body is packed");
    CONTENT_LANGUAGE = text("sip.Content-Language", "Language of the body");
    CONTENT_ID = text("sip.Content-Id", "Name of the body");
    CONTENT_LENGTH = uint("sip.Content-Length", "Length of the body as announced").unit("bytes");
    CONTENT_LENGTH_MISSING = flag("sip.content_length_missing", "On TCP without Content-Length: taken as 0");
    HEADER = text("sip.header", "A header line that has no field of its own");
    BODY_LEN = uint("sip.body_len", "Length of the body that is there").unit("bytes");
    PART_TYPE = text("mime_multipart.header.content-type", "Kind of one part of the body");
    ALARM = flag("sip.alarm", "The body is a Cisco alarm");
    SERVICE_CONTROL_ACTION = text("sip.service_control_action", "action= in a service-control body: what the phone is to do");
    SERVICE_CONTROL_CALL_ID = text("sip.service_control_call_id", "RegisterCallId= in a service-control body");
    RETRANSMISSION = flag("sip.retransmission", "The same message was sent before (UDP)");
}

events! {
    EVENTS;
    REQUEST = "sip.request", "Someone asks: REGISTER, INVITE, REFER, NOTIFY …";
    RESPONSE = "sip.response", "An answer with its status";
    MALFORMED = "sip.malformed", "Bytes on a SIP path that are no SIP message";
}

/// RFC 3261 §21 and the registry of response codes.
fn status(code: u64) -> Option<&'static str> {
    Some(match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Conditional Request Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => return None,
    })
}

/// Cisco's registration reasons: `cisco-alarm:NN`, the same numbers as in CUCM's EndPointUnregistered.
fn alarm(code: u64) -> Option<&'static str> {
    Some(match code {
        0 => "unspecified, or the load was rejected",
        10 => "TCP timeout",
        11 => "TCP bad ACK",
        12 => "CallManager reset the TCP connection",
        13 => "CallManager aborted the TCP connection",
        14 => "CallManager closed the TCP connection",
        15 => "CallManager unreachable (ICMP)",
        16 => "CallManager rejected",
        17 => "keepalive timeout",
        18 => "failback to a CallManager of higher priority",
        19 => "phone diagnostics",
        20 => "reset by keypad",
        21 => "IP address changed",
        22 => "reset by CallManager",
        23 => "restart by CallManager",
        24 => "registration rejected",
        25 => "initialised (power on)",
        26 => "voice VLAN changed",
        30 => "phone aborted",
        31 => "file authentication error",
        32 => "power save",
        100 => "version stamp mismatch",
        101 => "version stamp of the configuration differs",
        102 => "version stamp of the soft keys differs",
        103 => "version stamp of the dial plan differs",
        111 => "application gone",
        _ => return None,
    })
}

/// ITU-T Q.850 causes that calls end with.
fn q850(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "unallocated number",
        3 => "no route to destination",
        16 => "normal call clearing",
        17 => "user busy",
        18 => "no user responding",
        19 => "no answer",
        20 => "subscriber absent",
        21 => "call rejected",
        27 => "destination out of order",
        28 => "invalid number format",
        31 => "normal, unspecified",
        34 => "no circuit available",
        38 => "network out of order",
        41 => "temporary failure",
        42 => "switching equipment congestion",
        44 => "requested circuit not available",
        47 => "resource unavailable",
        57 => "bearer capability not authorised",
        63 => "service not available",
        65 => "bearer capability not implemented",
        79 => "service not implemented",
        88 => "incompatible destination",
        102 => "recovery on timer expiry",
        111 => "protocol error",
        127 => "interworking",
        _ => return None,
    })
}

/// Cisco device types as phones give them in Contact; SCCP uses the same numbers.
fn model(code: u64) -> Option<&'static str> {
    Some(match code {
        7 => "7960",
        8 => "7940",
        115 => "7941",
        119 => "7971",
        302 => "7985",
        307 => "7911",
        308 => "7961G-GE",
        309 => "7941G-GE",
        365 => "7921",
        369 => "7906",
        404 => "7962",
        434 => "7942",
        435 => "7945",
        436 => "7965",
        437 => "7975",
        484 => "7925",
        493 => "9971",
        495 => "6921",
        496 => "6941",
        497 => "6961",
        503 => "Jabber (CSF)",
        547 => "6901",
        548 => "6911",
        564 => "6945",
        585 => "8945",
        586 => "8941",
        621 => "7821",
        622 => "7841",
        623 => "7861",
        683 => "8841",
        684 => "8851",
        685 => "8861",
        30006 => "7970",
        30007 => "7912",
        30008 => "7902",
        30016 => "IP Communicator",
        30018 => "7961G",
        36213 => "7811",
        36217 => "8811",
        36224 => "8845",
        36225 => "8865",
        36247 => "7832",
        36258 => "8832",
        _ => return None,
    })
}
