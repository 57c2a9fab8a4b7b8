//! Names of TLS: fields, events, and the meanings of numbers (IANA TLS registries).

use crate::event::{bytes, flag, text, uint};
use crate::{events, fields};

events! { EVENTS;
    CLIENT_HELLO = "tls.client_hello", "The client asks for a secured connection.";
    SERVER_HELLO = "tls.server_hello", "The server chooses version and cipher.";
    CERTIFICATE = "tls.certificate", "One side shows its certificates (TLS 1.2 and older).";
    CERTIFICATE_REQUEST = "tls.certificate_request", "The server asks the client for a certificate.";
    HANDSHAKE = "tls.handshake", "Another message of the handshake, or one that is encrypted.";
    CHANGE_CIPHER_SPEC = "tls.change_cipher_spec", "What this side sends from here on is encrypted.";
    ALERT = "tls.alert", "One side ends the connection or warns.";
    ESTABLISHED = "tls.established", "The handshake is over: data flows, or both sides have begun to encrypt.";
    DATA = "tls.data", "A record of encrypted data.";
    MALFORMED = "tls.malformed", "What came in place of a TLS record is none.";
}

fields! { FIELDS;
    CONTENT_TYPE = uint("tls.record.content_type", "Kind of the record").codes(content_type);
    RECORD_VERSION = uint("tls.record.version", "Version in the record's head").codes(version);
    RECORD_LENGTH = uint("tls.record.length", "Length of the record without its head").unit("bytes");
    HANDSHAKE_TYPE = uint("tls.handshake.type", "Kind of the handshake message").codes(handshake_type);
    HANDSHAKE_LENGTH = uint("tls.handshake.length", "Length of the handshake message without its head").unit("bytes");
    HANDSHAKE_ENCRYPTED = flag("tls.handshake.encrypted", "The message is encrypted: its kind cannot be seen");
    HANDSHAKE_VERSION = uint("tls.handshake.version", "Version in the hello; TLS 1.3 says 1.2 here").codes(version);
    CIPHERSUITE = uint("tls.handshake.ciphersuite", "Ciphers that are offered, or the one that is chosen").codes(cipher);
    SERVICE = text("tls.service", "What usually is behind the port that is asked; services that share a port are not told apart inside TLS");
    SERVER_NAME = text("tls.handshake.extensions_server_name", "Name of the server that the client wants (SNI)");
    ALPN = text("tls.handshake.extensions_alpn_str", "Protocols inside, offered or chosen (ALPN)");
    SUPPORTED_VERSION = uint("tls.handshake.extensions.supported_version", "Versions that are offered, or the one that is chosen").codes(version);
    VERSION = text("tls.version", "The highest version offered, or the version chosen: TLS 1.2");
    CIPHER = text("tls.cipher", "The cipher that was chosen");
    NULL_CIPHER = flag("tls.null_cipher", "The cipher authenticates only: data can be read (device security mode authenticated)");
    RESUMED = flag("tls.resumed", "An earlier session goes on: no certificates are shown");
    RETRY = flag("tls.hello_retry", "The server asks for another client hello (TLS 1.3)");
    CERT_COUNT = uint("tls.cert.count", "How many certificates are shown; 0: the side has none");
    CERT_SUBJECT = text("tls.cert.subject", "Subject of each certificate, that of the sender first");
    CERT_ISSUER = text("tls.cert.issuer", "Its issuer");
    CERT_SERIAL = text("tls.cert.serial", "Its serial number, hexadecimal");
    CERT_NOT_BEFORE = text("tls.cert.not_before", "First second of its validity");
    CERT_NOT_AFTER = text("tls.cert.not_after", "Last second of its validity");
    CERT_KEY = text("tls.cert.key", "Kind of its key: RSA or EC");
    CERT_KEY_BITS = uint("tls.cert.key_bits", "Size of its key").unit("bits");
    CERT_DNS = text("tls.cert.dns", "DNS names in the sender's certificate");
    CERT_IP = crate::event::ip("tls.cert.ip", "Addresses in the sender's certificate");
    CERT_EXPIRED = flag("tls.cert.expired", "It had expired when it was shown");
    CERT_MIC = flag("tls.cert.mic", "The sender's certificate is one of a Cisco phone made in the factory (CP-…-SEP…)");
    CERT_LSC = flag("tls.cert.lsc", "The sender's certificate is one that CAPF gave to a phone (SEP…)");
    CERT_DEVICE = text("tls.cert.device", "Device name in the sender's certificate");
    CERTIFICATE_TYPE = uint("tls.handshake.cert_type", "Kinds of certificates that are accepted").codes(certificate_type);
    AUTHORITY = text("tls.handshake.dname", "Names of the authorities that are accepted");
    ALERT_LEVEL = uint("tls.alert_message.level", "Level of the alert").codes(alert_level);
    ALERT_DESC = uint("tls.alert_message.desc", "What the alert says").codes(alert);
    ALERT_NAME = text("tls.alert.name", "What the alert says, by name");
    ALERT_SENDER = text("tls.alert.sender", "Who sent it: client or server");
    ALERT_ENCRYPTED = flag("tls.alert.encrypted", "The alert is encrypted: what it says cannot be seen");
    APP_DATA = bytes("tls.app_data", "Data that are in the clear (a NULL cipher), or may be: what was agreed on was not captured").secret();
    PLAIN_LENGTH = uint("tls.data.plain_length", "Length of the data before encryption, where the cipher tells it").unit("bytes");
}

macro_rules! meanings {
    ($($(#[$doc:meta])* $name:ident: $($number:literal $text:literal),* $(,)?;)*) => { $(
        $(#[$doc])*
        pub fn $name(number: u64) -> Option<&'static str> {
            match number { $($number => Some($text),)* _ => None }
        }
    )* };
}
meanings! {
    /// Content types of records.
    content_type: 20 "change cipher spec", 21 "alert", 22 "handshake", 23 "application data";
    /// Versions.
    version: 0x0300 "SSL 3.0", 0x0301 "TLS 1.0", 0x0302 "TLS 1.1", 0x0303 "TLS 1.2", 0x0304 "TLS 1.3";
    /// Handshake messages.
    handshake_type: 0 "hello request", 1 "client hello", 2 "server hello", 4 "new session ticket", 5 "end of early data",
        6 "hello retry request", 8 "encrypted extensions", 11 "certificate", 12 "server key exchange",
        13 "certificate request", 14 "server hello done", 15 "certificate verify", 16 "client key exchange",
        20 "finished", 21 "certificate URL", 22 "certificate status", 23 "supplemental data", 24 "key update",
        25 "compressed certificate", 67 "next protocol";
    /// Client certificate types.
    certificate_type: 1 "RSA sign", 2 "DSS sign", 3 "RSA fixed DH", 4 "DSS fixed DH", 64 "ECDSA sign";
    /// Alert levels.
    alert_level: 1 "warning", 2 "fatal";
    /// Alerts.
    alert: 0 "close_notify", 10 "unexpected_message", 20 "bad_record_mac", 21 "decryption_failed", 22 "record_overflow",
        30 "decompression_failure", 40 "handshake_failure", 41 "no_certificate", 42 "bad_certificate",
        43 "unsupported_certificate", 44 "certificate_revoked", 45 "certificate_expired", 46 "certificate_unknown",
        47 "illegal_parameter", 48 "unknown_ca", 49 "access_denied", 50 "decode_error", 51 "decrypt_error",
        60 "export_restriction", 70 "protocol_version", 71 "insufficient_security", 80 "internal_error",
        86 "inappropriate_fallback", 90 "user_canceled", 100 "no_renegotiation", 109 "missing_extension",
        110 "unsupported_extension", 111 "certificate_unobtainable", 112 "unrecognized_name",
        113 "bad_certificate_status_response", 114 "bad_certificate_hash_value", 115 "unknown_psk_identity",
        116 "certificate_required", 120 "no_application_protocol";
}

/// The name of a cipher suite.
pub fn cipher(number: u64) -> Option<&'static str> {
    let at = CIPHERS.binary_search_by_key(&number, |(number, _)| u64::from(*number)).ok()?;
    CIPHERS.get(at).map(|(_, name)| *name)
}

/// What usually is behind a port (CUCM TCP and UDP port usage guide).
pub fn service(port: u16) -> Option<&'static str> {
    Some(match port {
        443 => "web",
        636 | 3269 => "directory (LDAP)",
        2443 => "SCCP",
        2445 => "TVS",
        2749 => "CTI",
        3804 => "CAPF",
        5061 => "SIP",
        6971 | 6972 => "configuration",
        8443 => "Tomcat (AXL, WebDialer, Extension Mobility, phone services)",
        _ => return None,
    })
}

/// How many bytes encryption adds to a record of data; `None` if that depends on the data (CBC) or is unknown.
pub fn overhead(version: u16, cipher_number: u16) -> Option<u16> {
    let name = cipher(u64::from(cipher_number))?;
    let tag = if name.contains("_CCM_8") { 8 } else { 16 };
    if version >= 0x0304 {
        // The tag, and the true content type.
        return Some(tag + 1);
    }
    match () {
        () if name.contains("_GCM_") || name.contains("_CCM") => Some(tag + 8),
        () if name.contains("_CHACHA20_") => Some(16),
        () if name.ends_with("_NULL_SHA256") => Some(32),
        () if name.ends_with("_NULL_SHA") || name.contains("_RC4_128_SHA") => Some(20),
        () if name.ends_with("_NULL_MD5") || name.contains("_RC4_128_MD5") => Some(16),
        () => None,
    }
}

/// Cipher suites that phones, CallManager and their clients offer, ascending.
static CIPHERS: &[(u16, &str)] = &[
    (0x0001, "TLS_RSA_WITH_NULL_MD5"),
    (0x0002, "TLS_RSA_WITH_NULL_SHA"),
    (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"),
    (0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x003b, "TLS_RSA_WITH_NULL_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0x5600, "TLS_FALLBACK_SCSV"),
    (0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc09c, "TLS_RSA_WITH_AES_128_CCM"),
    (0xc09d, "TLS_RSA_WITH_AES_256_CCM"),
    (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM"),
    (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM"),
    (0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8"),
    (0xc0a1, "TLS_RSA_WITH_AES_256_CCM_8"),
    (0xc0a2, "TLS_DHE_RSA_WITH_AES_128_CCM_8"),
    (0xc0a3, "TLS_DHE_RSA_WITH_AES_256_CCM_8"),
    (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_are_found() {
        assert!(CIPHERS.windows(2).all(|w| w[0].0 < w[1].0));
        assert_eq!(cipher(0x0002), Some("TLS_RSA_WITH_NULL_SHA"));
        assert_eq!(cipher(0xc030), Some("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"));
        assert_eq!(
            (overhead(0x0304, 0x1302), overhead(0x0303, 0xc030), overhead(0x0303, 0x002f)),
            (Some(17), Some(24), None)
        );
    }
}
