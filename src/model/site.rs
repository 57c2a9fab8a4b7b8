//! What a site says of itself: timers, CallManagers, SRST, and how much speech its regions allow.
//!
//! ```toml
//! callmanagers = ["10.1.1.10", "10.1.1.11"]   # what every phone begins with, until its configuration says more:
//! srst         = ["10.20.0.1"]                # any fact of the models, and any `site.<name>` that they read
//!
//! [timers]                                    # any timer of any model
//! "dhcp.go_on" = "90s"
//!
//! [regions]                                   # who is where: addresses and networks
//! hq     = ["10.20.0.0/16"]
//! branch = ["10.30.0.0/16", "10.31.7.9"]
//!
//! [limits]                                    # kbit/s between two regions, both ways
//! "hq hq"     = 64
//! "hq branch" = { audio = 8, video = 384 }
//! ```
//!
//! It is read before the models are, since it changes their timers, and held against them afterwards: a name that no
//! model knows is an error with its place and the nearest name.

use std::collections::HashMap;
use std::net::IpAddr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::read::{error_at, literal};
use super::{ModelError, Models};
use crate::event::{Schema, Value, nearest};
use crate::expr::{Expr, Names, Scope};

/// What a site's own file says: it overrides timers, gives phones what they begin with, and answers `site.<name>`.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Seconds by `<model>.<timer>`.
    pub timers: HashMap<String, f64>,
    /// Values by name: `srst`, `callmanagers`.
    pub values: HashMap<String, Vec<Value<'static>>>,
    /// Who is in which region.
    pub regions: Regions,
    /// The file, for what is wrong in it.
    file: String,
    text: String,
    /// Where each timer and each name stands.
    places: Vec<(Named, usize)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Named {
    Timer(String),
    Value(String),
}

/// What a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// Speech.
    Audio,
    /// Pictures.
    Video,
}

/// The regions of a site: networks by name, and what may flow between two.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Regions {
    networks: Vec<(IpAddr, u8, String)>,
    limits: Vec<Limit>,
}

#[derive(Debug, Clone, PartialEq)]
struct Limit {
    between: [String; 2],
    audio: Option<f64>,
    video: Option<f64>,
}

impl Regions {
    /// The region of an address: that of its narrowest network.
    pub fn region(&self, of: IpAddr) -> Option<&str> {
        let held = self.networks.iter().filter(|(net, bits, _)| holds(*net, *bits, of));
        held.max_by_key(|(_, bits, _)| *bits).map(|(.., name)| name.as_str())
    }

    /// The most kbit/s between the regions of two addresses; `None` where the site does not say.
    pub fn limit(&self, one: IpAddr, other: IpAddr, media: Media) -> Option<f64> {
        let pair = [self.region(one)?, self.region(other)?];
        let found = self.limits.iter().find(|limit| {
            let [a, b] = &limit.between;
            (a == pair[0] && b == pair[1]) || (a == pair[1] && b == pair[0])
        })?;
        match media {
            Media::Audio => found.audio,
            Media::Video => found.video,
        }
    }
}

fn holds(net: IpAddr, bits: u8, ip: IpAddr) -> bool {
    let shift = |width: u8| u32::from(width.saturating_sub(bits));
    match (net, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (u32::from(a) ^ u32::from(b)).checked_shr(shift(32)).is_none_or(|differs| differs == 0)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (u128::from(a) ^ u128::from(b)).checked_shr(shift(128)).is_none_or(|differs| differs == 0)
        }
        _ => false,
    }
}

type Node<'s> = Spanned<DeValue<'s>>;

/// Reads a site's file; all that is wrong is told at once.
pub fn read(file: &str, text: &str, schema: &Schema) -> Result<Site, Vec<ModelError>> {
    let mut reader = Reader {
        schema,
        errors: Vec::new(),
        site: Site { file: file.to_owned(), text: text.to_owned(), ..Site::default() },
    };
    let (table, wrong) = DeTable::parse_recoverable(text);
    for (at, what) in super::read::no_toml(&wrong) {
        reader.error(at, what);
    }
    if reader.errors.is_empty() {
        reader.site(table.get_ref());
    }
    if reader.errors.is_empty() { Ok(reader.site) } else { Err(reader.errors) }
}

impl Site {
    /// Names that no model knows.
    pub fn check(&self, models: &Models) -> Vec<ModelError> {
        let timers = || models.list.iter().flat_map(|m| m.timers.iter().map(|(name, _)| format!("{}.{name}", m.id)));
        let facts = models.facts.iter().map(|fact| fact.name.clone());
        let names: Vec<String> = facts.chain(models.site_names.iter().cloned()).collect();
        let mut errors = Vec::new();
        for (named, at) in &self.places {
            let (what, known) = match named {
                Named::Timer(name) if timers().any(|timer| timer == *name) => continue,
                Named::Timer(name) => (format!("no model has the timer `{name}`"), (name, timers().collect())),
                Named::Value(name) if names.contains(name) => continue,
                Named::Value(name) => (
                    format!("no model asks a site for `{name}`"),
                    (
                        name,
                        ["timers", "regions", "limits"].map(str::to_owned).into_iter().chain(names.clone()).collect(),
                    ),
                ),
            };
            let (name, known): (&String, Vec<String>) = known;
            let near = nearest(name, known.iter().map(String::as_str));
            errors.push(error_at(&self.file, &self.text, *at, what).maybe(near));
        }
        errors
    }
}

struct Reader<'s> {
    schema: &'s Schema,
    errors: Vec<ModelError>,
    site: Site,
}

impl Reader<'_> {
    fn error(&mut self, at: usize, what: String) {
        self.errors.push(error_at(&self.site.file, &self.site.text, at, what));
    }

    fn site(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match (name, value.get_ref()) {
                ("timers", DeValue::Table(timers)) => self.timers("", timers),
                ("regions", DeValue::Table(regions)) => {
                    for (region, networks) in regions {
                        self.region(region.get_ref(), networks);
                    }
                }
                ("limits", DeValue::Table(limits)) => {
                    for (pair, limit) in limits {
                        self.limit(pair, limit);
                    }
                }
                ("timers" | "regions" | "limits", _) => {
                    self.error(value.span().start, format!("`{name}` is a table: [{name}]"));
                }
                (_, DeValue::Table(_)) => {
                    let what = format!("a site file has no table [{name}]");
                    let near = nearest(name, ["timers", "regions", "limits"]);
                    let error = error_at(&self.site.file, &self.site.text, key.span().start, what).maybe(near);
                    self.errors.push(error);
                }
                _ => {
                    let values = self.values(value);
                    self.site.values.insert(name.to_owned(), values);
                    self.site.places.push((Named::Value(name.to_owned()), key.span().start));
                }
            }
        }
        let regions = &self.site.regions;
        let mut unknown = Vec::new();
        for (limit, at) in regions.limits.iter().zip(self.limit_places(table)) {
            for name in limit.between.iter().filter(|name| regions.networks.iter().all(|(.., known)| known != *name)) {
                let near = nearest(name, regions.networks.iter().map(|(.., known)| known.as_str()));
                let what = format!("there is no region `{name}`");
                unknown.push(error_at(&self.site.file, &self.site.text, at, what).maybe(near));
            }
        }
        self.errors.extend(unknown);
    }

    /// Where the pairs of `[limits]` stand that were read.
    fn limit_places(&self, table: &DeTable<'_>) -> Vec<usize> {
        let limits = table.get("limits").and_then(|limits| limits.get_ref().as_table());
        let is_pair = |key: &&Spanned<std::borrow::Cow<'_, str>>| key.get_ref().split_whitespace().count() == 2;
        limits.into_iter().flat_map(|limits| limits.keys()).filter(is_pair).map(|key| key.span().start).collect()
    }

    /// `"dhcp.go_on" = "90s"`, or `[timers.dhcp] give_up = "90s"`.
    fn timers(&mut self, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{above}{}", key.get_ref());
            let text = match value.get_ref() {
                DeValue::Table(below) => {
                    self.timers(&format!("{name}."), below);
                    continue;
                }
                DeValue::String(text) => text.clone().into_owned(),
                DeValue::Integer(number) => number.as_str().to_owned(),
                DeValue::Float(number) => number.as_str().to_owned(),
                _ => String::new(),
            };
            let seconds = Expr::value(&text, self.schema, &Plain).ok().and_then(|expr| expr.number(&Plain));
            match seconds.filter(|seconds| *seconds > 0.0) {
                Some(seconds) => {
                    self.site.places.push((Named::Timer(name.clone()), key.span().start));
                    self.site.timers.insert(name, seconds);
                }
                None => self.error(value.span().start, "this is no length of time: write \"60s\"".to_owned()),
            }
        }
    }

    fn region(&mut self, region: &str, value: &Node<'_>) {
        let nodes = match value.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => vec![value],
        };
        for node in nodes {
            let text = node.get_ref().as_str().unwrap_or_default();
            let (address, bits) = text.split_once('/').unwrap_or((text, ""));
            let network = address.parse::<IpAddr>().ok().and_then(|ip| {
                let most = if ip.is_ipv4() { 32 } else { 128 };
                let bits = if bits.is_empty() { Some(most) } else { bits.parse().ok() };
                Some((ip, bits.filter(|bits| *bits <= most)?))
            });
            match network {
                Some((ip, bits)) => self.site.regions.networks.push((ip, bits, region.to_owned())),
                None => self.error(node.span().start, "a network is wanted here, as \"10.20.0.0/16\"".to_owned()),
            }
        }
    }

    fn limit(&mut self, pair: &Spanned<std::borrow::Cow<'_, str>>, value: &Node<'_>) {
        let number = |node: &DeValue<'_>| match literal(node) {
            Some(Value::Uint(rate)) => Some(rate as f64),
            Some(Value::Float(rate)) if rate >= 0.0 => Some(rate),
            _ => None,
        };
        let mut names = pair.get_ref().split_whitespace().map(str::to_owned);
        let between = match (names.next(), names.next(), names.next()) {
            (Some(one), Some(other), None) => [one, other],
            _ => return self.error(pair.span().start, "a limit is between two regions: \"hq branch\" = 8".to_owned()),
        };
        let mut limit = Limit { between, audio: None, video: None };
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, rate) in table {
                    let place = match key.get_ref().as_ref() {
                        "audio" => &mut limit.audio,
                        "video" => &mut limit.video,
                        _ => {
                            self.error(key.span().start, "a limit is for `audio` or for `video`".to_owned());
                            continue;
                        }
                    };
                    *place = number(rate.get_ref());
                    if place.is_none() {
                        self.error(rate.span().start, "a rate in kbit/s is wanted here".to_owned());
                    }
                }
            }
            node => {
                limit.audio = number(node);
                if limit.audio.is_none() {
                    self.error(value.span().start, "a rate in kbit/s is wanted here".to_owned());
                }
            }
        }
        self.site.regions.limits.push(limit);
    }

    fn values(&mut self, value: &Node<'_>) -> Vec<Value<'static>> {
        let nodes = match value.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => vec![value],
        };
        let mut values = Vec::new();
        for node in nodes {
            match literal(node.get_ref()) {
                Some(value) => values.push(address(value)),
                None => self.error(node.span().start, "a number, text, true or false is wanted here".to_owned()),
            }
        }
        values
    }
}

/// Text that is an address is meant as one.
pub(super) fn address(value: Value<'static>) -> Value<'static> {
    match &value {
        Value::Text(text) => text.parse().map_or(value, Value::Ip),
        _ => value,
    }
}

/// A length of time names nothing.
struct Plain;

impl Names for Plain {}

impl Scope for Plain {
    fn field(&self, _def: &'static crate::event::FieldDef, _found: &mut dyn FnMut(&Value<'_>)) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load;

    const SITE: &str = "\
callmanagers = [\"10.1.1.10\", \"cucm2\"]
[timers]
\"dhcp.go_on\" = \"90s\"
[timers.boot]
stall = 120
[regions]
hq = [\"10.20.0.0/16\"]
lab = \"10.20.7.0/24\"
branch = [\"10.30.0.0/16\", \"10.31.7.9\"]
[limits]
\"hq hq\" = 64
\"branch hq\" = { audio = 8, video = 384 }
";

    #[test]
    fn a_site_is_read() {
        let schema = crate::pipeline::schema();
        let site = read("site.toml", SITE, &schema).unwrap();
        assert_eq!((site.timers["dhcp.go_on"], site.timers["boot.stall"]), (90.0, 120.0));
        assert_eq!(site.values["callmanagers"], [Value::Ip([10, 1, 1, 10].into()), Value::Text("cucm2".into())]);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let limit = |a: &str, b: &str, media| site.regions.limit(ip(a), ip(b), media);
        assert_eq!(limit("10.20.0.50", "10.30.0.50", Media::Audio), Some(8.0));
        assert_eq!(limit("10.31.7.9", "10.20.0.50", Media::Video), Some(384.0));
        assert_eq!(limit("10.20.0.50", "10.20.0.51", Media::Video), None);
        assert_eq!(limit("10.20.7.50", "10.20.0.51", Media::Audio), None, "the narrower network is another region");
        let models = load::load(&load::builtin(), &schema, &site).models;
        assert_eq!(site.check(&models), []);
        assert_eq!(models.get("boot").unwrap().timers.iter().find(|(name, _)| name == "stall").unwrap().1, 120.0);
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let schema = crate::pipeline::schema();
        let text = "srts = 1\n[timers]\n\"dhcp.confrm\" = \"90s\"\n";
        let site = read("site.toml", text, &schema).unwrap();
        let models = load::load(&load::builtin(), &schema, &site).models;
        let mut told: Vec<String> = site.check(&models).iter().map(ToString::to_string).collect();
        told.sort();
        assert_eq!(
            told,
            [
                "site.toml:1:1: no model asks a site for `srts` (did you mean `srst`?)",
                "site.toml:3:1: no model has the timer `dhcp.confrm` (did you mean `dhcp.confirm`?)",
            ]
        );
        let wrong = |text: &str| {
            let errors = read("s", text, &schema).unwrap_err();
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(wrong("[timers]\na.b = \"soon\"\n"), "s:2:7: this is no length of time: write \"60s\"");
        assert_eq!(
            wrong("[regionz]\nhq = \"10.0.0.0/8\"\n"),
            "s:1:2: a site file has no table [regionz] (did you mean `regions`?)"
        );
        assert_eq!(wrong("[regions]\nhq = \"10.0.0.0/40\"\n"), "s:2:6: a network is wanted here, as \"10.20.0.0/16\"");
        assert_eq!(
            wrong("[regions]\nbranch = \"10.0.0.0/8\"\n[limits]\n\"branch branhc\" = 8\n"),
            "s:4:1: there is no region `branhc` (did you mean `branch`?)"
        );
        assert_eq!(wrong("[limits]\nhq = 8\n"), "s:2:1: a limit is between two regions: \"hq branch\" = 8");
        assert_eq!(wrong("timers = 3\n"), "s:1:10: `timers` is a table: [timers]");
        assert!(wrong("a = [\n").starts_with("s:1:"), "{}", wrong("a = [\n"));
    }
}
