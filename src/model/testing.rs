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
    DISCOVER = "dhcp.discover", "A message.";
    OFFER = "dhcp.offer", "A message.";
    REQUEST = "dhcp.request", "A message.";
    DECLINE = "dhcp.decline", "A message.";
    ACK = "dhcp.ack", "A message.";
    NAK = "dhcp.nak", "A message.";
    RELEASE = "dhcp.release", "A message.";
    ARP_REQUEST = "arp.request", "A message.";
    ARP_REPLY = "arp.reply", "A message.";
    ARP_ANNOUNCEMENT = "arp.announcement", "A message.";
    DNS_QUERY = "dns.query", "A message.";
    DNS_ANSWER = "dns.answer", "A message.";
    UNREACHABLE = "icmp.unreachable", "A message.";
    CONNECT = "tcp.connect", "A message.";
    ACCEPT = "tcp.accept", "A message.";
    REFUSED = "tcp.refused", "A message.";
    CLOSE = "tcp.close", "A message.";
    RESET = "tcp.reset", "A message.";
    FILE_REQUEST = "file.request", "A message.";
    FILE_FOUND = "file.found", "A message.";
    FILE_NOT_FOUND = "file.not_found", "A message.";
    FILE_REFUSED = "file.refused", "A message.";
    FILE_STALLED = "file.stalled", "A message.";
    FILE_COMPLETE = "file.complete", "A message.";
    ITL = "itl.list", "A message.";
    CTL = "ctl.list", "A message.";
    CNF = "cnf.device", "A message.";
    CNF_DEFAULT = "cnf.default", "A message.";
    SIP_REQUEST = "sip.request", "A message.";
    SIP_RESPONSE = "sip.response", "A message.";
    RTP_START = "rtp.start", "A message.";
    RTP_STOP = "rtp.stop", "A message.";
    IGMP_JOIN = "igmp.join", "A message.";
    IGMP_LEAVE = "igmp.leave", "A message.";
    PUSH = "ciscoxml.execute", "A message.";
    PUSHED = "ciscoxml.response", "A message.";
    TLS_ESTABLISHED = "tls.established", "A message.";
    CAPTURE_LIMIT = "capture.limit", "A message.";
}

/// The real names, and after them those that only the sketches use.
pub(super) fn schema() -> Schema {
    crate::pipeline::schema().and(FIELDS, EVENTS)
}
