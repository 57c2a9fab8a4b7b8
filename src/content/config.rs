//! Phone configurations: `SEP<mac>.cnf.xml` (root `device`) and `XMLDefault.cnf.xml` (root `Default`).
//!
//! Read: what decides a boot (CallManagers, TVS, CAPF, SRST, security, lines, URLs, timers, loads); every other
//! setting is kept as `path=value`. Tags are compared without case, for writers differ. An empty tag says
//! nothing. Sources: usecallmanagernz configuration reference, files as CUCM writes them.

mod names;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
pub use names::*;

use super::Emit;
use super::xml::Node;
use crate::bytes::Malformed;
use crate::event::{FieldDef, Fields, Kind, Value};
use crate::secret;

/// The rest of a longer tag is not shown.
const LONGEST_TAG: usize = 64;
/// More settings without a field of their own than this are not kept.
const MAX_OTHER: usize = 400;
/// More lines, services, members or loads than this are not kept.
const MAX_REPEATED: usize = 500;

/// Whether this is the outermost element of a configuration.
pub fn is(root: &Node) -> bool {
    root.is("device") || root.is("Default")
}

/// Says what a configuration says; false if `root` is none.
pub fn emit(root: &Node, defect: Option<Malformed>, emit: &mut Emit<'_>) -> bool {
    let def = if root.is("device") {
        &DEVICE
    } else if root.is("Default") {
        &DEFAULT
    } else {
        return false;
    };
    let mut settings = Settings { fields: emit.wanted_fields(), other: 0, path: String::new(), had: 0 };
    settings.inside(root);
    // The same settings for all phones of a profile or of the cluster: only where the phone has none of its own.
    for general in ["commonConfig", "enterpriseConfig"] {
        for group in root.children.iter().filter(|c| c.is(general)) {
            settings.general(group);
        }
    }
    emit.say(def, settings.fields, defect);
    true
}

/// Says that a configuration is encrypted, with `length` bytes of payload.
pub fn encrypted(length: usize, emit: &mut Emit<'_>) {
    let mut fields = emit.wanted_fields();
    fields.uint(&PAYLOAD_LENGTH, length as u64, 0, 0);
    emit.say(&ENCRYPTED, fields, None);
}

struct Settings<'a> {
    fields: Fields<'a>,
    other: usize,
    path: String,
    /// Which of [`LEAVES`] it has, one bit each.
    had: u128,
}

impl<'a> Settings<'a> {
    fn inside(&mut self, node: &'a Node) {
        for child in &node.children {
            let before = self.path.len();
            if !self.path.is_empty() {
                self.path.push('/');
            }
            self.path.push_str(tag(&child.name));
            self.setting(child);
            self.path.truncate(before);
        }
    }

    fn setting(&mut self, node: &'a Node) {
        let name = Lower::of(&node.name);
        match name.bytes() {
            b"callmanagergroup" => self.callmanagers(node),
            b"tvs" => self.tvs(node),
            b"srstinfo" => self.srst(node),
            b"siplines" => self.lines(node),
            b"capflist" => self.capf(node),
            b"phoneservices" => self.services(node),
            b"ntps" => node.children.iter().take(MAX_REPEATED).for_each(|ntp| self.text(&NTP, ntp.value("name"))),
            b"userlocale" => self.text(&USER_LOCALE, node.own().or_else(|| node.value("name"))),
            b"networklocaleinfo" => self.text(&NETWORK_LOCALE_INFO, node.own().or_else(|| node.value("name"))),
            b"commonconfig" | b"enterpriseconfig" => {}
            name if name.starts_with(b"loadinformation") => self.load(node),
            _ if !node.children.is_empty() => self.inside(node),
            name => self.leaf(leaf_named(name), node),
        }
    }

    fn general(&mut self, group: &'a Node) {
        for node in group.children.iter().filter(|c| c.children.is_empty()) {
            let known = leaf_named(Lower::of(&node.name).bytes());
            if known.is_none_or(|(at, _)| self.had & 1 << at == 0) {
                self.path.clear();
                self.path.extend([tag(&group.name), "/", tag(&node.name)]);
                self.leaf(known, node);
            }
        }
        self.path.clear();
    }

    fn leaf(&mut self, known: Option<(usize, &'static FieldDef)>, node: &'a Node) {
        let Some(value) = node.own() else { return };
        let Some((at, def)) = known else { return self.other(value) };
        let typed = match def.kind {
            Kind::Uint => number(value).map(Value::Uint),
            Kind::Bool => truth(value).map(Value::Bool),
            _ if *def == AUTO_REGISTRATION => Some(Value::Text(
                match truth(value) {
                    Some(true) => "enabled",
                    Some(false) => "disabled",
                    None => value,
                }
                .into(),
            )),
            _ => Some(Value::Text(value.into())),
        };
        match typed {
            Some(typed) => {
                self.had |= 1 << at;
                self.fields.push(def, typed, 0, 0);
            }
            None => self.other(value),
        }
    }

    fn other(&mut self, value: &str) {
        self.other += 1;
        if self.other > MAX_OTHER || !self.fields.wants_any(&[&OTHER, &OTHER_SECRET]) {
            return;
        }
        let secret = self.path.rsplit('/').next().is_some_and(secret::is_tag);
        let value: String = value.chars().take(256).collect();
        self.fields.str(if secret { &OTHER_SECRET } else { &OTHER }, format!("{}={value}", self.path), 0, 0);
    }

    fn text(&mut self, def: &'static FieldDef, value: Option<&'a str>) {
        if let Some(value) = value {
            self.fields.str(def, value, 0, 0);
        }
    }

    /// For lists that line up: null where there is nothing.
    fn text_or_null(&mut self, def: &'static FieldDef, value: Option<impl Into<Cow<'a, str>>>) {
        self.fields.push(def, value.map_or(Value::Null, |v| Value::Text(v.into())), 0, 0);
    }

    fn number_or_null(&mut self, def: &'static FieldDef, value: Option<&str>) {
        self.fields.push(def, value.and_then(number).map_or(Value::Null, Value::Uint), 0, 0);
    }

    fn callmanagers(&mut self, group: &'a Node) {
        self.text(&CALLMANAGER_GROUP, group.value("name"));
        for (place, (priority, member)) in members(group).into_iter().enumerate() {
            let node = member.child("callManager").unwrap_or(member);
            if place == 0 {
                let names = ["processNodeName", "name"].into_iter().filter_map(|tag| node.value(tag));
                let mut aliases: Vec<String> = names.flat_map(super::aliases).collect();
                aliases.sort();
                aliases.dedup();
                for alias in aliases {
                    self.fields.str(&CALLMANAGER_ALIAS, alias, 0, 0);
                }
            }
            let Some(host) = node.value("processNodeName").or_else(|| node.value("name")) else { continue };
            let port = |name: &str| node.child("ports").and_then(|ports| ports.value(name));
            self.fields.str(&CALLMANAGER, host, 0, 0);
            self.fields.push(&CALLMANAGER_PRIORITY, priority.map_or(Value::Null, Value::Uint), 0, 0);
            self.number_or_null(&CALLMANAGER_SIP_PORT, port("sipPort"));
            self.number_or_null(&CALLMANAGER_SECURED_SIP_PORT, port("securedSipPort"));
            self.number_or_null(&CALLMANAGER_SCCP_PORT, port("ethernetPhonePort"));
        }
    }

    fn tvs(&mut self, node: &'a Node) {
        for (_, member) in members(node) {
            if let Some(address) = member.value("address").or_else(|| member.value("addresss")) {
                self.fields.str(&TVS, address, 0, 0);
                self.number_or_null(&TVS_PORT, member.value("port"));
            }
        }
    }

    fn srst(&mut self, node: &'a Node) {
        self.text(&SRST_OPTION, node.value("srstOption"));
        if let Some(secure) = node.value("isSecure").and_then(truth) {
            self.fields.flag(&SRST_SECURE, secure, 0, 0);
        }
        for (address, port, host, number) in [
            (&SRST, &SRST_PORT, ["ipAddr1", "ipAddr2", "ipAddr3"], ["port1", "port2", "port3"]),
            (
                &SRST_SIP,
                &SRST_SIP_PORT,
                ["sipIpAddr1", "sipIpAddr2", "sipIpAddr3"],
                ["sipPort1", "sipPort2", "sipPort3"],
            ),
        ] {
            for (host, number) in host.iter().zip(number) {
                if let Some(value) = node.value(host) {
                    self.fields.str(address, value, 0, 0);
                    self.number_or_null(port, node.value(number));
                }
            }
        }
    }

    fn lines(&mut self, node: &'a Node) {
        for line in node.children.iter().filter(|c| c.is("line")).take(MAX_REPEATED) {
            let feature = line.value("featureID");
            let Some(name) = line.value("name").filter(|_| feature.is_none_or(|f| f == "9")) else {
                if let Some(feature) = feature.filter(|f| *f != "9") {
                    let target = line.value("speedDialNumber").or_else(|| line.value("name")).unwrap_or_default();
                    let label = line.value("featureLabel").unwrap_or_default();
                    self.fields.str(&BUTTON, format!("{feature} {label} {target}").trim().to_owned(), 0, 0);
                }
                continue;
            };
            self.fields.str(&LINE_NAME, name, 0, 0);
            self.text_or_null(&LINE_DISPLAY_NAME, line.value("displayName"));
            self.text_or_null(&LINE_CONTACT, line.value("contact"));
            self.text_or_null(&LINE_PROXY, line.value("proxy"));
            self.text(&AUTH_NAME, line.value("authName"));
            self.text(&AUTH_PASSWORD, line.value("authPassword"));
        }
    }

    fn capf(&mut self, node: &'a Node) {
        for capf in node.children.iter().filter(|c| c.is("capf")).take(MAX_REPEATED) {
            if let Some(host) = capf.value("processNodeName") {
                self.fields.str(&CAPF, host, 0, 0);
                self.number_or_null(&CAPF_PORT, capf.value("phonePort"));
            }
        }
    }

    fn services(&mut self, node: &'a Node) {
        let provisioning = node.attribute("provisioning").or_else(|| node.value("provisioning").map(Cow::Borrowed));
        if let Some(number) = provisioning.as_deref().and_then(number) {
            self.fields.uint(&SERVICES_PROVISIONING, number, 0, 0);
        }
        for service in node.children.iter().filter(|c| c.is("phoneService")).take(MAX_REPEATED) {
            self.number_or_null(&SERVICE_TYPE, service.attribute("type").as_deref());
            self.number_or_null(&SERVICE_CATEGORY, service.attribute("category").as_deref());
            self.text_or_null(&SERVICE_NAME, service.value("name"));
            self.text_or_null(&SERVICE_URL, service.value("url"));
        }
    }

    /// `loadInformation` of a phone, or `loadInformation683 model="…"`, one for each model.
    fn load(&mut self, node: &'a Node) {
        let Some(load) = node.own() else { return };
        let model = node.name.get("loadInformation".len()..).filter(|id| !id.is_empty());
        if model.is_none() && node.attribute("model").is_none() {
            self.fields.str(&LOAD_INFORMATION, load, 0, 0);
        } else {
            self.number_or_null(&LOAD_ID, model);
            self.text_or_null(&LOAD_MODEL, node.attribute("model"));
            self.fields.str(&LOAD_NAME, load, 0, 0);
        }
    }
}

/// The name of a tag in lower case, as far as names that mean something go.
struct Lower {
    bytes: [u8; 40],
    len: usize,
}

impl Lower {
    fn of(name: &str) -> Lower {
        let mut bytes = [0; 40];
        let len = bytes.iter_mut().zip(name.bytes()).map(|(to, from)| *to = from.to_ascii_lowercase()).count();
        Lower { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The field of a tag without tags inside, and its place in [`LEAVES`].
fn leaf_named(name: &[u8]) -> Option<(usize, &'static FieldDef)> {
    type Known = HashMap<&'static [u8], (usize, &'static FieldDef), FixedState>;
    static KNOWN: LazyLock<Known> =
        LazyLock::new(|| LEAVES.iter().enumerate().map(|(at, (tag, def))| (tag.as_bytes(), (at, *def))).collect());
    KNOWN.get(name).copied()
}

/// The name of a tag as it is shown: a path is told with each of its settings, and no tag has a name this long.
fn tag(name: &str) -> &str {
    name.char_indices().nth(LONGEST_TAG).and_then(|(end, _)| name.get(..end)).unwrap_or(name)
}

/// The members of a group, the preferred first.
fn members<'n, 't>(group: &'n Node<'t>) -> Vec<(Option<u64>, &'n Node<'t>)> {
    let mut members: Vec<_> = group
        .children
        .iter()
        .filter(|c| c.is("members"))
        .flat_map(|list| &list.children)
        .filter(|c| c.is("member"))
        .take(MAX_REPEATED)
        .map(|member| (member.attribute("priority").as_deref().and_then(number), member))
        .collect();
    members.sort_by_key(|(priority, _)| priority.unwrap_or(u64::MAX));
    members
}

fn number(value: &str) -> Option<u64> {
    value.parse().ok()
}

fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "enabled" | "enable" | "on" => Some(true),
        "false" | "0" | "no" | "disabled" | "disable" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::testing::lines;
    use crate::content::xml;

    fn read(text: &str) -> Vec<String> {
        let text = xml::Text::of(text.as_bytes());
        let document = text.parse();
        lines(|out| assert!(emit(document.root.as_ref().unwrap(), document.defect, out)))
    }

    #[test]
    fn a_long_tag_is_shown_in_part() {
        let text = format!("<device><{0}><b>1</b><c>2</c></{0}></device>", "x".repeat(100_000));
        let other = format!("cnf.other={}/b=1", "x".repeat(LONGEST_TAG));
        assert!(read(&text).concat().contains(&other));
        assert!(read(&text).concat().len() < 1000);
    }

    #[test]
    fn a_phone() {
        let text = r#"<device xsi:type="axl:XIPPhone"><fullConfig>true</fullConfig><deviceProtocol>SIP</deviceProtocol>
 <devicePool><callManagerGroup><name>Default</name><tftpDefault>true</tftpDefault><members>
  <member priority="1"><callManager><name>cucm2</name><processNodeName>10.1.1.11</processNodeName></callManager></member>
  <member priority="0"><callManager><name>cucm1</name><ports><ethernetPhonePort>2000</ethernetPhonePort><sIPPort>5060</sIPPort><securedSIPPort>5061</securedSIPPort></ports></callManager></member>
 </members></callManagerGroup><srstInfo><srstOption>Disable</srstOption><ipAddr1>10.1.1.1</ipAddr1><port1>2000</port1><ipAddr2/></srstInfo></devicePool>
 <TVS><members><member priority="0"><port>2445</port><addresss>10.1.1.10</addresss></member></members></TVS>
 <sipProfile><sipLines><line button="1"><featureID>9</featureID><name>1001</name><authPassword>x</authPassword></line>
  <line button="2"><featureID>21</featureID><featureLabel>Bob</featureLabel><speedDialNumber>1002</speedDialNumber></line></sipLines>
  <sipStack><timerRegisterExpires>3600</timerRegisterExpires></sipStack></sipProfile>
 <vendorConfig><webAccess>1</webAccess></vendorConfig><commonConfig><webAccess>0</webAccess><pcPort>0</pcPort></commonConfig>
 <loadInformation>sip78xx.12-1</loadInformation><sshPassword>y</sshPassword><adminPin>1234</adminPin>
 <phoneServices provisioning="0"><phoneService type="1" category="0"><name>Missed</name><url>Application:Cisco/Missed</url></phoneService></phoneServices>
 <deviceSecurityMode>2</deviceSecurityMode><strange><thing>7</thing></strange><encrConfig>false</encrConfig><capfAuthMode>x</capfAuthMode></device>"#;
        assert_eq!(
            read(text),
            [
                "cnf.device cnf.full_config=true cnf.device_protocol=SIP cnf.callmanager_group=Default cnf.callmanager.alias=cucm1 cnf.callmanager=cucm1 \
cnf.callmanager.priority=0 cnf.callmanager.sip_port=5060 cnf.callmanager.secured_sip_port=5061 cnf.callmanager.sccp_port=2000 \
cnf.callmanager=10.1.1.11 cnf.callmanager.priority=1 cnf.callmanager.sip_port=unknown cnf.callmanager.secured_sip_port=unknown \
cnf.callmanager.sccp_port=unknown cnf.srst.option=Disable cnf.srst=10.1.1.1 cnf.srst.port=2000 cnf.tvs=10.1.1.10 cnf.tvs.port=2445 \
cnf.line.name=1001 cnf.line.display_name=unknown cnf.line.contact=unknown cnf.line.proxy=unknown cnf.auth_password=x \
cnf.button=21 Bob 1002 cnf.timer_register_expires=3600 cnf.web_access=1 cnf.load_information=sip78xx.12-1 cnf.ssh_password=y \
cnf.other_secret=adminPin=1234 cnf.phone_services_provisioning=0 cnf.phone_service.type=1 cnf.phone_service.category=0 \
cnf.phone_service.name=Missed cnf.phone_service.url=Application:Cisco/Missed cnf.device_security_mode=2 cnf.other=strange/thing=7 \
cnf.encr_config=false cnf.other=capfAuthMode=x cnf.pc_port=0"
            ]
        );
    }

    #[test]
    fn the_default_and_what_is_cut() {
        let text = r#"<Default><autoRegistrationName>AUTO-REG</autoRegistrationName><autoRegistration>true</autoRegistration>
<callManagerGroup><members><member priority="0"><callManager><name>cucm1</name></callManager></member></members></callManagerGroup>
<loadinformation621 model="Cisco 7821">sip78xx.12-1</loadinformation621><authenticationURL></authenticationURL>"#;
        assert_eq!(
            read(text),
            [
                "cnf.default cnf.auto_registration_name=AUTO-REG cnf.auto_registration=enabled cnf.callmanager.alias=cucm1 cnf.callmanager=cucm1 \
cnf.callmanager.priority=0 cnf.callmanager.sip_port=unknown cnf.callmanager.secured_sip_port=unknown cnf.callmanager.sccp_port=unknown \
cnf.load.id=621 cnf.load.model=Cisco 7821 cnf.load.name=sip78xx.12-1 at=347 what=end of an XML element"
            ]
        );
    }

    #[test]
    fn every_leaf_has_its_bit_and_its_room() {
        assert!(LEAVES.len() <= 128 && LEAVES.iter().all(|(tag, _)| leaf_named(tag.as_bytes()).is_some()));
        assert!(LEAVES.iter().all(|(tag, _)| Lower::of(tag).bytes() == tag.as_bytes()));
    }

    #[test]
    fn secrets_are_declared() {
        for def in [&AUTH_PASSWORD, &PHONE_PASSWORD, &SSH_PASSWORD, &SSH_USER, &OTHER_SECRET] {
            assert!(def.secret, "{}", def.name);
        }
    }
}
