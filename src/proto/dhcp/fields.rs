//! The fields and events of DHCP, the options that are read, and two good messages.

use crate::event::{FieldDef, bytes, flag, ip, mac, text, uint};
use crate::{events, fields};

events! { EVENTS;
    DISCOVER = "dhcp.discover", "A station asks who can give it an address.";
    OFFER = "dhcp.offer", "A server offers an address.";
    REQUEST = "dhcp.request", "A station wants the address offered, or the one it had.";
    DECLINE = "dhcp.decline", "A station refuses an address that another already uses.";
    ACK = "dhcp.ack", "A server gives the address, and says where the configuration is.";
    NAK = "dhcp.nak", "A server refuses the address.";
    RELEASE = "dhcp.release", "A station gives its address back.";
    INFORM = "dhcp.inform", "A station with an address asks for the options.";
    BOOTP = "dhcp.bootp", "BOOTP without a DHCP message type.";
    OTHER = "dhcp.other", "Another DHCP message.";
    MALFORMED = "dhcp.malformed", "Bytes that are no DHCP message.";
}

fields! { FIELDS;
    TYPE = uint("dhcp.type", "Request or reply").codes(operation);
    HW_TYPE = uint("dhcp.hw.type", "Hardware type; 1 Ethernet");
    HW_LEN = uint("dhcp.hw.len", "Length of the hardware address").unit("bytes");
    HOPS = uint("dhcp.hops", "How many relays passed this on");
    ID = uint("dhcp.id", "Transaction: request and reply share it");
    SECS = uint("dhcp.secs", "How long the client has been trying").unit("s");
    SECS_LE = flag("dhcp.secs_le", "The client sent the seconds little-endian; only present if so");
    FLAGS = uint("dhcp.flags", "Flags");
    FLAGS_BC = flag("dhcp.flags.bc", "The reply is to be broadcast");
    IP_CLIENT = ip("dhcp.ip.client", "Address that the client has");
    IP_YOUR = ip("dhcp.ip.your", "Address that the client is given");
    IP_SERVER = ip("dhcp.ip.server", "Next server: where the boot file is");
    IP_RELAY = ip("dhcp.ip.relay", "Relay that passed this on");
    MAC = mac("dhcp.hw.mac_addr", "Hardware address of the client; a second one comes from option 61");
    HW_ADDR = bytes("dhcp.hw.addr", "Hardware address of the client that is no MAC");
    SERVER = text("dhcp.server", "Name of the server");
    FILE = text("dhcp.file", "Name of the boot file");
    OPTION_TYPE = uint("dhcp.option.type", "Option, once for each in order; padding and end are left out");
    MESSAGE_TYPE = uint("dhcp.option.dhcp", "Which message (53)").codes(message_type);
    SUBNET_MASK = ip("dhcp.option.subnet_mask", "Subnet mask (1)");
    ROUTER = ip("dhcp.option.router", "Default router (3)");
    DNS = ip("dhcp.option.domain_name_server", "Name server (6)");
    HOSTNAME = text("dhcp.option.hostname", "Host name (12)");
    DOMAIN = text("dhcp.option.domain_name", "Domain (15)");
    BROADCAST = ip("dhcp.option.broadcast_address", "Broadcast address (28)");
    ARP_TIMEOUT = uint("dhcp.option.arp_cache_timeout", "How long to keep an ARP entry (35)").unit("s");
    NTP = ip("dhcp.option.ntp_server", "Time server (42)");
    VENDOR = bytes("dhcp.option.vendor.value", "Vendor's own (43)");
    REQUESTED_IP = ip("dhcp.option.requested_ip_address", "Address that the client wants (50)");
    LEASE = uint("dhcp.option.ip_address_lease_time", "How long the address may be used (51); 4294967295 for ever").unit("s");
    OVERLOAD = uint("dhcp.option.option_overload", "Options stand in: 1 the boot file, 2 the server name, 3 both (52)");
    SERVER_ID = ip("dhcp.option.dhcp_server_id", "Server that offers, or that is chosen (54)");
    REQUEST_ITEM = uint("dhcp.option.request_list_item", "Option that the client asks for (55)");
    MESSAGE = text("dhcp.option.message", "Why it was refused (56)");
    MAX_SIZE = uint("dhcp.option.dhcp_max_message_size", "Largest message that the client takes (57)").unit("bytes");
    RENEWAL = uint("dhcp.option.renewal_time_value", "When to ask the server again, T1 (58)").unit("s");
    REBINDING = uint("dhcp.option.rebinding_time_value", "When to ask any server, T2 (59)").unit("s");
    VENDOR_CLASS = text("dhcp.option.vendor_class_id", "Vendor class (60); a Cisco phone names its model in it");
    CLIENT_ID = bytes("dhcp.client_id", "Client id (61)");
    TFTP_NAME = text("dhcp.option.tftp_server_name", "TFTP server, name or address (66)");
    BOOT_FILE = text("dhcp.option.bootfile_name", "Boot file (67)");
    RELAY_SUBOPTION = uint("dhcp.option.agent_information_option.suboption", "Sub-option of the relay (82)");
    RELAY_CIRCUIT = bytes("dhcp.option.agent_information_option.agent_circuit_id", "Port of the switch, as the relay names it (82.1)");
    RELAY_REMOTE = bytes("dhcp.option.agent_information_option.agent_remote_id", "The relay's own id (82.2)");
    RELAY_VALUE = bytes("dhcp.option.agent_information_option.value", "Another sub-option of the relay (82)");
    VENDOR_IDENTIFYING = bytes("dhcp.option.vi.value", "Vendor's own, with its enterprise number (125)");
    TFTP_ADDRESS = ip("dhcp.option.tftp_server_address", "TFTP server (150); phones use the first two");
    OPTION_VALUE = bytes("dhcp.option.value", "Value of an option that is not read");
    TFTP_SERVERS = text("dhcp.tftp_servers", "Where the phone will ask for its configuration, in order: option 150, else 66, else the next server");
    TFTP_SOURCE = text("dhcp.tftp_source", "Which of them that is: option 150, option 66 or next-server");
    OPTION150_ODD = flag("dhcp.option150_odd", "Option 150 is empty, is text, or its length is no multiple of 4; only present if so");
    CISCO_PHONE = flag("dhcp.cisco_phone", "The vendor class is that of a Cisco IP phone; only present if so");
    PHONE_MODEL = text("dhcp.phone_model", "Model in the vendor class, such as CP-7821");
    OFFER_PROBLEM = text("dhcp.offer_problem", "What may keep a phone from taking the offer, or from finding its configuration server by it");
}

/// How the value of an option is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, up to a NUL.
    Text,
    /// One IPv4 address.
    Address,
    /// Several.
    Addresses,
    /// One number.
    U8,
    /// One number.
    U16,
    /// One number.
    U32,
    /// A number in each byte.
    List,
    /// Bytes.
    Bytes,
    /// Bytes that may be a hardware address.
    ClientId,
    /// Sub-options of the relay.
    Relay,
}

/// The options that are read.
pub(super) static TABLE: &[(u8, Form, &FieldDef, &str)] = &[
    (1, Form::Address, &SUBNET_MASK, "option 1 (subnet mask)"),
    (3, Form::Addresses, &ROUTER, "option 3 (routers)"),
    (6, Form::Addresses, &DNS, "option 6 (name servers)"),
    (12, Form::Text, &HOSTNAME, "option 12 (host name)"),
    (15, Form::Text, &DOMAIN, "option 15 (domain)"),
    (28, Form::Address, &BROADCAST, "option 28 (broadcast address)"),
    (35, Form::U32, &ARP_TIMEOUT, "option 35 (ARP timeout)"),
    (42, Form::Addresses, &NTP, "option 42 (time servers)"),
    (43, Form::Bytes, &VENDOR, "option 43 (vendor's own)"),
    (50, Form::Address, &REQUESTED_IP, "option 50 (requested address)"),
    (51, Form::U32, &LEASE, "option 51 (lease)"),
    (52, Form::U8, &OVERLOAD, "option 52 (overload)"),
    (53, Form::U8, &MESSAGE_TYPE, "option 53 (message type)"),
    (54, Form::Address, &SERVER_ID, "option 54 (server)"),
    (55, Form::List, &REQUEST_ITEM, "option 55 (options wanted)"),
    (56, Form::Text, &MESSAGE, "option 56 (message)"),
    (57, Form::U16, &MAX_SIZE, "option 57 (largest message)"),
    (58, Form::U32, &RENEWAL, "option 58 (renewal)"),
    (59, Form::U32, &REBINDING, "option 59 (rebinding)"),
    (60, Form::Text, &VENDOR_CLASS, "option 60 (vendor class)"),
    (61, Form::ClientId, &CLIENT_ID, "option 61 (client id)"),
    (66, Form::Text, &TFTP_NAME, "option 66 (TFTP server)"),
    (67, Form::Text, &BOOT_FILE, "option 67 (boot file)"),
    (82, Form::Relay, &RELAY_VALUE, "option 82 (relay)"),
    (125, Form::Bytes, &VENDOR_IDENTIFYING, "option 125 (vendor's own)"),
    (150, Form::Addresses, &TFTP_ADDRESS, "option 150 (TFTP servers)"),
];

fn operation(code: u64) -> Option<&'static str> {
    match code {
        1 => Some("request"),
        2 => Some("reply"),
        _ => None,
    }
}

fn message_type(code: u64) -> Option<&'static str> {
    Some(match code {
        1 => "discover",
        2 => "offer",
        3 => "request",
        4 => "decline",
        5 => "ack",
        6 => "nak",
        7 => "release",
        8 => "inform",
        9 => "force renew",
        10 => "lease query",
        11 => "lease unassigned",
        12 => "lease unknown",
        13 => "lease active",
        _ => return None,
    })
}

/// A discover of a 7821, and the acknowledgement.
pub(super) const SAMPLES: &[&[u8]] = &[DISCOVER_SAMPLE, ACK_SAMPLE];

const DISCOVER_SAMPLE: &[u8] =
    b"\x01\x01\x06\0\x3c\x4d\x5e\x6f\0\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\x22\x33\x44\x55\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\
    c\x82Sc\
    \x35\x01\x01\x3d\x07\x01\0\x11\x22\x33\x44\x55\x0c\x0fSEP001122334455\
    \x3c\x25Cisco Systems, Inc. IP Phone CP-7821\0\x37\x07\x01\x42\x06\x03\x0f\x96\x23\xff";

const ACK_SAMPLE: &[u8] =
    b"\x02\x01\x06\0\x3c\x4d\x5e\x6f\0\0\x80\0\0\0\0\0\x0a\x14\0\x32\0\0\0\0\0\0\0\0\0\x11\x22\x33\x44\x55\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
    \0\0\0\0\0\0\0\0\0\0\
    c\x82Sc\
    \x35\x01\x05\x36\x04\x0a\x14\0\x01\x33\x04\0\x01\x51\x80\x3a\x04\0\0\xa8\xc0\x3b\x04\0\x01\x27\x50\
    \x01\x04\xff\xff\xff\0\x03\x04\x0a\x14\0\x01\x06\x04\x0a\x01\x01\x35\x0f\x0blab.example\x42\x0910.1.1.99\
    \x96\x08\x0a\x01\x01\x0a\x0a\x01\x01\x0b\xff";
