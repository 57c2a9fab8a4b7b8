//! Configurations as XML: `SEP<mac>.cnf.xml` and `XMLDefault.cnf.xml`, in the form Unified CM writes.

use std::fmt::Write;
use std::net::Ipv4Addr;

/// The configuration of a known phone.
#[derive(Debug, Clone, Copy)]
pub struct Device {
    /// `deviceSecurityMode`: 1 non-secure, 2 authenticated, 3 encrypted.
    pub mode: u8,
    /// `transportLayerProtocol`: 1 TCP, 2 UDP, 3 TLS, 4 TCP and UDP.
    pub transport: u8,
    /// The directory number of the first phone; the next phone has the next number. `None`: no line.
    pub dn: Option<u32>,
    /// CallManagers, the preferred one first.
    pub members: &'static [Ipv4Addr],
    /// `loadInformation`.
    pub load: &'static str,
    /// Whether a locale is named.
    pub locale: bool,
    /// `false`: the small file beside an encrypted one.
    pub full: bool,
    /// Cut in the middle: not well-formed.
    pub cut: bool,
    /// It speaks SCCP.
    pub sccp: bool,
    /// The SRST gateway.
    pub srst: Option<Ipv4Addr>,
    /// Other settings, as XML.
    pub more: &'static str,
}

/// The default configuration.
#[derive(Debug, Clone, Copy)]
pub struct Default {
    /// Whether unknown phones may register.
    pub auto_registration: bool,
    /// CallManagers, the preferred one first.
    pub members: &'static [Ipv4Addr],
    /// The load for the model of the phone.
    pub load: &'static str,
}

/// A configuration of a phone; `index` counts the phones of the site.
pub fn device(it: &Device, index: u32) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device xsi:type=\"axl:XIPPhone\" ctiid=\"42\">\n");
    let _ = writeln!(
        out,
        "<fullConfig>{}</fullConfig>\n<deviceProtocol>{}</deviceProtocol>",
        it.full,
        if it.sccp { "SCCP" } else { "SIP" }
    );
    out.push_str("<ipAddressMode>0</ipAddressMode>\n");
    if it.full {
        out.push_str("<devicePool>\n<dateTimeSetting><dateTemplate>D/M/Y</dateTemplate><timeZone>W. Europe Standard/Daylight Time</timeZone></dateTimeSetting>\n");
        group(&mut out, it.members);
        match it.srst {
            None => out.push_str("<srstInfo><srstOption>Disable</srstOption></srstInfo>\n"),
            Some(ip) => drop(writeln!(
                out,
                "<srstInfo><srstOption>User Specific</srstOption><ipAddr1>{ip}</ipAddr1><port1>2000</port1><sipIpAddr1>{ip}</sipIpAddr1><sipPort1>5060</sipPort1></srstInfo>"
            )),
        }
        out.push_str("<connectionMonitorDuration>120</connectionMonitorDuration>\n</devicePool>\n");
        tvs(&mut out, it.members);
        out.push_str("<sipProfile>\n<sipStack><timerRegisterExpires>3600</timerRegisterExpires><timerRegisterDelta>5</timerRegisterDelta><timerKeepAliveExpires>120</timerKeepAliveExpires></sipStack>\n");
        if let Some(first) = it.dn {
            let dn = first + index;
            let _ = writeln!(
                out,
                "<sipLines><line button=\"1\" lineIndex=\"1\"><featureID>9</featureID><name>{dn}</name><displayName>Line {dn}</displayName><contact>{dn}</contact><proxy>USECALLMANAGER</proxy><port>5060</port></line></sipLines>"
            );
        }
        out.push_str("<voipControlPort>5060</voipControlPort><startMediaPort>16384</startMediaPort><stopMediaPort>32766</stopMediaPort>\n</sipProfile>\n");
    }
    let _ = writeln!(out, "<loadInformation>{}</loadInformation>", it.load);
    out.push_str("<versionStamp>1767600000-00000000-0000-0000-0000-000000000001</versionStamp>\n");
    if it.cut {
        return out;
    }
    if it.locale {
        out.push_str("<userLocale><name>Norwegian_Norway</name><langCode>no_NO</langCode></userLocale>\n<networkLocale>Norway</networkLocale>\n");
    }
    let _ = writeln!(out, "<deviceSecurityMode>{}</deviceSecurityMode>", it.mode);
    let _ = writeln!(out, "<transportLayerProtocol>{}</transportLayerProtocol>", it.transport);
    out.push_str(it.more);
    let _ = writeln!(out, "<capfAuthMode>0</capfAuthMode>\n<encrConfig>{}</encrConfig>\n</device>", !it.full);
    out
}

/// The default configuration.
pub fn default(it: &Default) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Default>\n");
    let word = if it.auto_registration { "enabled" } else { "disabled" };
    let _ = writeln!(
        out,
        "<autoRegistrationName>AUTO-REG</autoRegistrationName>\n<autoRegistration>{word}</autoRegistration>"
    );
    out.push_str("<ipAddressMode>0</ipAddressMode>\n");
    group(&mut out, it.members);
    tvs(&mut out, it.members);
    let _ = writeln!(out, "<loadInformation621 model=\"Cisco 7821\">{}</loadInformation621>\n</Default>", it.load);
    out
}

fn group(out: &mut String, members: &[Ipv4Addr]) {
    out.push_str("<callManagerGroup><name>Default</name><tftpDefault>true</tftpDefault><members>\n");
    for (priority, ip) in members.iter().enumerate() {
        let node = priority + 1;
        let _ = writeln!(
            out,
            "<member priority=\"{priority}\"><callManager><name>cucm{node}</name><ports><ethernetPhonePort>2000</ethernetPhonePort><sipPort>5060</sipPort><securedSipPort>5061</securedSipPort></ports><processNodeName>{ip}</processNodeName></callManager></member>"
        );
    }
    out.push_str("</members></callManagerGroup>\n");
}

fn tvs(out: &mut String, members: &[Ipv4Addr]) {
    out.push_str("<TVS><members>");
    for (priority, ip) in members.iter().enumerate() {
        let _ = write!(out, "<member priority=\"{priority}\"><port>2445</port><address>{ip}</address></member>");
    }
    out.push_str("</members></TVS>\n");
}
