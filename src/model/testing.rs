//! What the tests of models name: a small schema with the names that dissectors declare.

use crate::event::{Schema, bytes, flag, ip, mac, text, time, uint};
use crate::{events, fields};

fields! { FIELDS;
    DHCP_CLIENT = ip("dhcp.ip.client", "");
    DHCP_YOUR = ip("dhcp.ip.your", "");
    DHCP_SERVER = ip("dhcp.ip.server", "");
    DHCP_MAC = mac("dhcp.hw.mac_addr", "");
    DHCP_ID = uint("dhcp.id", "");
    DHCP_SERVER_ID = ip("dhcp.option.dhcp_server_id", "");
    DHCP_REQUESTED = ip("dhcp.option.requested_ip_address", "");
    DHCP_ROUTER = ip("dhcp.option.router", "");
    DHCP_MESSAGE = text("dhcp.option.message", "");
    DHCP_NAME = text("dhcp.option.tftp_server_name", "");
    DHCP_150 = ip("dhcp.option.tftp_server_address", "");
    DHCP_TFTP = text("dhcp.tftp_servers", "");
    DHCP_SOURCE = text("dhcp.tftp_source", "");
    DHCP_PROBLEM = text("dhcp.offer_problem", "");
    ARP_MAC = mac("arp.src.hw_mac", "");
    ARP_IP = ip("arp.src.proto_ipv4", "");
    DNS_NAME = text("dns.qry.name", "");
    DNS_RCODE = uint("dns.flags.rcode", "").codes(|code| (code == 3).then_some("No such name"));
    DNS_A = ip("dns.a", "");
    FILE_NAME = text("file.name", "");
    FILE_CLASS = text("file.class", "");
    FILE_DEVICE = text("file.device", "");
    FILE_TRANSPORT = text("file.transport", "");
    FILE_SERVER = ip("file.server", "");
    FILE_ATTEMPT = uint("file.attempt", "");
    FILE_BYTES = uint("file.bytes", "");
    TCP_ATTEMPT = uint("tcp.attempt", "");
    SIP_METHOD = text("sip.Method", "");
    SIP_STATUS = uint("sip.Status-Code", "");
    SIP_CALL_ID = text("sip.Call-ID", "");
    SIP_FROM = text("sip.from.user", "");
    SIP_TO = text("sip.to.user", "");
    SIP_CSEQ = text("sip.CSeq.method", "");
    SIP_EXPIRES = uint("sip.Expires", "");
    SIP_KEEPALIVE = flag("sip.contact.keepalive", "");
    SIP_EVENT = text("sip.Event", "");
    SIP_RETRY = uint("sip.Retry-After", "");
    SDP_PT = uint("sdp.media.pt", "");
    ITL_ROLE = text("itl.role", "");
    ITL_SIGNER = text("itl.signer.subject", "");
    ITL_SUBJECT = text("itl.subject", "");
    ITL_VALID = flag("itl.signature.valid", "");
    ITL_EXPIRED = flag("itl.certificate.expired", "");
    ITL_TIME = time("itl.time", "");
    CNF_AUTO = text("cnf.auto_registration", "");
    CNF_AUTO_NAME = text("cnf.auto_registration_name", "");
    CNF_CM = text("cnf.callmanager", "");
    CNF_LINE = text("cnf.line.name", "");
    CNF_SRST = text("cnf.srst", "");
    RTP_PT = uint("rtp.p_type", "");
    RTP_SSRC = uint("rtp.ssrc", "");
    IGMP_GROUP = ip("igmp.maddr", "");
    PUSH_GROUP = ip("ciscoxml.multicast", "");
    PUSH_ACTION = text("ciscoxml.action", "");
    PUSH_STATUS = uint("ciscoxml.status", "");
    RAW = bytes("x.raw", "");
}

events! { EVENTS;
    DISCOVER = "dhcp.discover", "";
    OFFER = "dhcp.offer", "";
    REQUEST = "dhcp.request", "";
    DECLINE = "dhcp.decline", "";
    ACK = "dhcp.ack", "";
    NAK = "dhcp.nak", "";
    RELEASE = "dhcp.release", "";
    ARP_REQUEST = "arp.request", "";
    ARP_REPLY = "arp.reply", "";
    ARP_ANNOUNCEMENT = "arp.announcement", "";
    DNS_QUERY = "dns.query", "";
    DNS_ANSWER = "dns.answer", "";
    UNREACHABLE = "icmp.unreachable", "";
    CONNECT = "tcp.connect", "";
    ACCEPT = "tcp.accept", "";
    REFUSED = "tcp.refused", "";
    CLOSE = "tcp.close", "";
    RESET = "tcp.reset", "";
    FILE_REQUEST = "file.request", "";
    FILE_FOUND = "file.found", "";
    FILE_NOT_FOUND = "file.not_found", "";
    FILE_REFUSED = "file.refused", "";
    FILE_STALLED = "file.stalled", "";
    FILE_COMPLETE = "file.complete", "";
    ITL = "itl.list", "";
    CTL = "ctl.list", "";
    CNF = "cnf.device", "";
    CNF_DEFAULT = "cnf.default", "";
    SIP_REQUEST = "sip.request", "";
    SIP_RESPONSE = "sip.response", "";
    RTP_START = "rtp.start", "";
    RTP_STOP = "rtp.stop", "";
    IGMP_JOIN = "igmp.join", "";
    IGMP_LEAVE = "igmp.leave", "";
    PUSH = "ciscoxml.execute", "";
    PUSHED = "ciscoxml.response", "";
    TLS_ESTABLISHED = "tls.established", "";
    CAPTURE_LIMIT = "capture.limit", "";
}

/// The real names, and after them those that only the sketches use.
pub(super) fn schema() -> Schema {
    crate::pipeline::schema().and(FIELDS, EVENTS)
}
