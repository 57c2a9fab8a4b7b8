//! What a phone's file name means, and what every fetch says whichever way it went: the `file.*` fields and
//! events that TFTP and HTTP share.
//!
//! Read: the name (class, device, signed, encrypted), the fate of the fetch, the bytes that came ([`Body`]).
//! Not read: the contents; the file is handed over by [`Fetch::complete`] as [`crate::proto::File`].
//!
//! Sources: Cisco IP phone boot documentation; RFC 1350; file names as CUCM TFTP serves them.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::event::{EventDef, Fields, Origin, flag, ip, text, uint};
use crate::proto::{File, Mark, Out, Segment};
use crate::{events, fields};

fields! { FIELDS;
    NAME = text("file.name", "Name of the file asked for, without its path");
    CLASS = text("file.class", "What the file is: ctl itl config default firmware locale ring softkey dialplan background other");
    DEVICE = text("file.device", "Device that the name speaks of: SEP or ATA and 12 hexadecimal digits");
    SIGNED = flag("file.signed", "The name says that the file is signed (.sgn)");
    ENCRYPTED = flag("file.encrypted", "The name says that the file is encrypted (.enc.sgn)");
    TRANSPORT = text("file.transport", "How it was fetched: tftp or http");
    SERVER = ip("file.server", "Who was asked");
    CLIENT = ip("file.client", "Who asked");
    ATTEMPT = uint("file.attempt", "How often it was asked for without an outcome, from 1");
    SIZE = uint("file.size", "Size that the server announced before the content").unit("bytes");
    BYTES = uint("file.bytes", "Bytes of the content that were carried").unit("bytes");
    SHA256 = text("file.sha256", "SHA-256 of the content, in hexadecimal; not given where it was not kept or not wholly captured");
    CODE = uint("file.code", "HTTP status or TFTP error code");
    MESSAGE = text("file.message", "What the server said with the code");
}

events! { EVENTS;
    REQUEST = "file.request", "A file was asked for.";
    FOUND = "file.found", "The server has the file and begins to send it.";
    NOT_FOUND = "file.not_found", "The server does not serve the file (HTTP 404 or 503, TFTP error 1).";
    REFUSED = "file.refused", "The server answered with another error, or sent the asker elsewhere.";
    STALLED = "file.stalled", "The transfer was given up before its end.";
    COMPLETE = "file.complete", "All of the file was carried.";
}

/// What a file is to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Certificate trust list, of the device or the cluster.
    Ctl,
    /// Initial trust list.
    Itl,
    /// The device's configuration.
    Config,
    /// The configuration for a device that CUCM does not know.
    Default,
    /// Loads lists and images.
    Firmware,
    /// Dictionaries, fonts and tones.
    Locale,
    /// Ring lists and ring tones.
    Ring,
    /// Soft-key sets.
    Softkey,
    /// Dial rules.
    Dialplan,
    /// Background lists and images.
    Background,
    /// Anything else.
    Other,
}

impl Class {
    /// The value of `file.class`.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Ctl => "ctl",
            Class::Itl => "itl",
            Class::Config => "config",
            Class::Default => "default",
            Class::Firmware => "firmware",
            Class::Locale => "locale",
            Class::Ring => "ring",
            Class::Softkey => "softkey",
            Class::Dialplan => "dialplan",
            Class::Background => "background",
            Class::Other => "other",
        }
    }
}

/// What the name of a file, with or without a path, says of it. Upper and lower case are the same.
pub fn classify(name: &str) -> Class {
    let whole = name.to_ascii_lowercase();
    let base = base_name(&whole);
    let bare = base.strip_suffix(".sgn").unwrap_or(base);
    let bare = bare.strip_suffix(".enc").unwrap_or(bare);
    let one_of = |list: &[&str]| list.contains(&bare);
    let ends = |list: &[&str]| list.iter().any(|end| bare.ends_with(end));

    if bare.ends_with(".tlv") && bare.starts_with("ctl") {
        Class::Ctl
    } else if bare.ends_with(".tlv") && bare.starts_with("itl") {
        Class::Itl
    } else if one_of(&["xmldefault.cnf.xml", "sepdefault.cnf"]) {
        Class::Default
    } else if ends(&["default.cnf", "default.cnf.xml"]) {
        // MTPDefault.cnf, SPDefault.cnf.xml: for devices that are no phones. SIPDefault.cnf: every 7940 and 7960 with SIP
        // reads it before its own file, known or not.
        Class::Other
    } else if ends(&[".cnf", ".cnf.xml"]) {
        Class::Config
    } else if one_of(&["dialplan.xml", "appdialrules.xml"]) || is_numbered(bare, "dr") {
        Class::Dialplan
    } else if is_numbered(bare, "sk") {
        Class::Softkey
    } else if one_of(&["ringlist.xml", "ringlist.dat", "distinctiveringlist.xml"]) || ends(&[".raw", ".rwb"]) {
        Class::Ring
    } else if one_of(&["list.xml"]) || whole.split(['/', '\\']).any(|part| part == "desktops") {
        Class::Background
    } else if ends(&["-dictionary.xml", "-dictionary-ext.xml", "-font.xml", "-kate.xml", "-tones.xml"])
        || ends(&["-sip.jar", "-sccp.jar"])
    {
        Class::Locale
    } else if bare == "os79xx.txt" || ends(&[".loads", ".sbn", ".sb2", ".bin", ".zz", ".zz.sha512", ".sha512"]) {
        Class::Firmware
    } else if base.ends_with(".sgn") && !bare.ends_with(".xml") {
        // A signed image carries its load's name alone: rootfs2-78xx.14-1-1.sgn.
        Class::Firmware
    } else {
        Class::Other
    }
}

/// `sk3f2c….xml`: a prefix and a UUID or another hexadecimal number.
fn is_numbered(bare: &str, prefix: &str) -> bool {
    let id = bare.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".xml"));
    id.is_some_and(|id| id.len() >= 6 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
}

/// The device that a name speaks of: `CTLSEP001122334455.tlv` → `SEP001122334455`.
pub fn device(name: &str) -> Option<String> {
    let name = base_name(name);
    let of_list = ["CTL", "ITL"].into_iter().find_map(|kind| strip_start(name, kind));
    let rest = of_list.unwrap_or(name);
    let digits = ["SEP", "ATA"].into_iter().find_map(|kind| strip_start(rest, kind))?.as_bytes();
    let (mac, after) = digits.split_at_checked(12)?;
    let whole = mac.iter().all(u8::is_ascii_hexdigit) && !after.first().is_some_and(u8::is_ascii_alphanumeric);
    rest.get(..15).filter(|_| whole).map(str::to_ascii_uppercase)
}

/// What follows `start`, in whatever case that is written.
fn strip_start<'n>(name: &'n str, start: &str) -> Option<&'n str> {
    let (head, rest) = name.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

/// The name without its path; servers on Windows were asked with backslashes.
pub fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Longer names are no file names.
const MAX_NAME: usize = 512;

/// A file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// As asked, without path.
    pub name: String,
    /// What it is.
    pub class: Class,
    /// `tftp` or `http`.
    pub transport: &'static str,
    /// Who asked.
    pub client: IpAddr,
    /// Who was asked.
    pub server: IpAddr,
    /// How often, from 1.
    pub attempt: u64,
}

/// How an answer came out: what [`Fetch::answered`] makes an event of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// HTTP status or TFTP error code.
    pub code: u64,
    /// The text beside it.
    pub message: &'a [u8],
}

impl Fetch {
    /// `None` if what was asked for has no name, or one that is too long to be one.
    pub fn new(asked: &str, transport: &'static str, client: IpAddr, server: IpAddr) -> Option<Fetch> {
        let name = base_name(asked);
        if name.is_empty() || asked.len() > MAX_NAME {
            return None;
        }
        Some(Fetch { name: name.to_owned(), class: classify(asked), transport, client, server, attempt: 1 })
    }

    /// Whether the content is worth keeping: what models and reports read.
    pub fn is_read(&self) -> bool {
        match self.class {
            Class::Ctl | Class::Itl | Class::Config | Class::Default | Class::Softkey | Class::Dialplan => true,
            Class::Ring => self.name.to_ascii_lowercase().ends_with(".xml"),
            Class::Firmware | Class::Locale | Class::Background | Class::Other => false,
        }
    }

    /// What the name alone says, for an event of the transport.
    pub fn name_fields<'a>(&'a self, fields: &mut Fields<'a>) {
        fields.str(&NAME, self.name.as_str(), 0, 0).str(&CLASS, self.class.name(), 0, 0);
        if fields.wants(&DEVICE)
            && let Some(device) = device(&self.name)
        {
            fields.str(&DEVICE, device, 0, 0);
        }
    }

    /// It was asked for.
    pub fn requested(&self, origin: &Origin, out: &mut Out<'_>) {
        let fields = self.fields(out);
        self.say(&REQUEST, fields, origin, &[], out);
    }

    /// The server begins to send it; `size` is what it announced.
    pub fn found(&self, size: Option<u64>, code: Option<u64>, origin: &Origin, out: &mut Out<'_>) {
        let mut fields = self.fields(out);
        if let Some(size) = size {
            fields.uint(&SIZE, size, 0, 0);
        }
        if let Some(code) = code {
            fields.uint(&CODE, code, 0, 0);
        }
        self.say(&FOUND, fields, origin, &[], out);
    }

    /// The server answered without the file: [`NOT_FOUND`] or [`REFUSED`].
    pub fn answered(&self, def: &'static EventDef, answer: Answer<'_>, origin: &Origin, out: &mut Out<'_>) {
        let mut fields = self.fields(out);
        fields.uint(&CODE, answer.code, 0, 0);
        if !answer.message.is_empty() {
            fields.str(&MESSAGE, String::from_utf8_lossy(answer.message), 0, 0);
        }
        self.say(def, fields, origin, &[], out);
    }

    /// The transfer was given up after `body`; `answer` if an error ended it.
    pub fn stalled(&self, body: &Body, answer: Option<Answer<'_>>, origin: &Origin, out: &mut Out<'_>) {
        let mut fields = self.fields(out);
        fields.uint(&BYTES, body.bytes(), 0, 0);
        if let Some(answer) = answer {
            fields.uint(&CODE, answer.code, 0, 0);
            fields.str(&MESSAGE, String::from_utf8_lossy(answer.message), 0, 0);
        }
        self.say(&STALLED, fields, origin, body.frames(), out);
    }

    /// All of it came: says so, and hands the content over if it was kept.
    pub fn complete(&self, body: &Body, origin: &Origin, out: &mut Out<'_>) {
        let mut fields = self.fields(out);
        fields.uint(&BYTES, body.bytes(), 0, 0);
        if fields.wants(&SHA256)
            && let Some(sum) = body.sha256()
        {
            fields.str(&SHA256, sum, 0, 0);
        }
        // Blocks may have come in any order; what is said cites them ascending.
        let frames = until(body.frames(), origin.frame);
        out.event_of(&COMPLETE, fields, origin, &frames, &[], None);
        if let Some(bytes) = body.kept() {
            let file = File {
                name: &self.name,
                transport: self.transport,
                client: self.client,
                server: self.server,
                bytes,
                complete: true,
                frames: &frames,
            };
            out.file(&file, origin);
        }
    }

    fn fields<'a>(&'a self, out: &mut Out<'_>) -> Fields<'a> {
        let mut fields = out.wanted_fields();
        self.name_fields(&mut fields);
        let ends = |end: &str| {
            let from = self.name.len().checked_sub(end.len());
            from.and_then(|from| self.name.as_bytes().get(from..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
        };
        fields.flag(&SIGNED, ends(".sgn"), 0, 0).flag(&ENCRYPTED, ends(".enc.sgn"), 0, 0);
        fields.str(&TRANSPORT, self.transport, 0, 0);
        fields.ip(&SERVER, self.server, 0, 0).ip(&CLIENT, self.client, 0, 0);
        fields.uint(&ATTEMPT, self.attempt, 0, 0);
        fields
    }

    fn say(&self, def: &'static EventDef, fields: Fields<'_>, origin: &Origin, frames: &[u64], out: &mut Out<'_>) {
        if frames.is_empty() {
            return out.event_of(def, fields, origin, &[origin.frame], &[], None);
        }
        out.event_of(def, fields, origin, &until(frames, origin.frame), &[], None);
    }
}

/// `frames` in order, those after `last` left out, and `last` at the end: what an event wants.
pub fn until(frames: &[u64], last: u64) -> Vec<u64> {
    let mut all: Vec<u64> = Vec::with_capacity(frames.len() + 1);
    all.extend(frames.iter().copied().filter(|frame| *frame < last));
    all.push(last);
    all.sort_unstable();
    all.dedup();
    all
}

/// The frames that brought a part of a segment, added to `frames`.
pub fn frames_of(segment: &Segment<'_>, part: std::ops::Range<usize>, frames: &mut Vec<u64>) {
    frames_up_to(MAX_FRAMES, segment, part, frames);
}

fn frames_up_to(most: usize, segment: &Segment<'_>, part: std::ops::Range<usize>, frames: &mut Vec<u64>) {
    let ends = segment.marks.iter().skip(1).map(|next| next.at).chain(std::iter::once(usize::MAX));
    for (Mark { at, frame }, end) in segment.marks.iter().zip(ends) {
        if *at < part.end && end > part.start && frames.last() != Some(frame) && frames.len() < most {
            frames.push(*frame);
        }
    }
}

/// A phone refuses trust lists and configurations that are larger (Cisco: 2048 KB).
pub const MAX_KEPT: usize = 2 << 20;
/// More frames of one body are not listed.
const MAX_FRAMES: usize = 1 << 16;
/// Nor are more of one that is only counted.
const MAX_FRAMES_COUNTED: usize = 64;

/// The bytes of a file or body as they come: kept, hashed, or only counted.
#[derive(Debug, Clone, Default)]
pub struct Body {
    kept: Option<Vec<u8>>,
    most: usize,
    hash: Option<Box<Sha256>>,
    bytes: u64,
    frames: Vec<u64>,
}

impl Body {
    /// Only counted.
    pub fn counted() -> Body {
        Body::default()
    }

    /// Kept up to `most` bytes, and hashed at the end.
    pub fn keeping(most: usize) -> Body {
        Body { kept: Some(Vec::new()), most, ..Body::default() }
    }

    /// Not kept, but hashed on the way.
    pub fn hashed() -> Body {
        Body { hash: Some(Box::default()), ..Body::default() }
    }

    /// With room for the `length` that was announced, as far as that can be believed.
    pub fn with_room(mut self, length: Option<u64>) -> Body {
        const BELIEVED: u64 = 16 << 10;
        if let (Some(kept), Some(length)) = (&mut self.kept, length) {
            kept.reserve_exact(length.min(BELIEVED).min(self.most as u64) as usize);
        }
        self
    }

    /// As `fetch` deserves: read files are kept, others hashed where `detail` is wanted.
    pub fn of(fetch: &Fetch, detail: bool, most: usize) -> Body {
        match (fetch.is_read(), detail) {
            (true, _) => Body::keeping(most),
            (false, true) => Body::hashed(),
            (false, false) => Body::counted(),
        }
    }

    /// The next bytes. `false` if keeping them had to end here.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes += bytes.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        let Some(kept) = &mut self.kept else { return true };
        if kept.len() + bytes.len() > self.most {
            self.kept = None;
            return false;
        }
        kept.extend_from_slice(bytes);
        true
    }

    /// Bytes that came but are not in the capture: the rest is only counted.
    pub fn skip(&mut self, lost: u64) {
        self.bytes = self.bytes.saturating_add(lost);
        if lost > 0 {
            self.forget();
        }
    }

    /// From here on only counts.
    pub fn forget(&mut self) {
        self.kept = None;
        self.hash = None;
    }

    /// A frame that brought some of it.
    pub fn frame(&mut self, frame: u64) {
        if self.frames.last() != Some(&frame) && self.frames.len() < self.most_frames() {
            self.frames.push(frame);
        }
    }

    /// The frames that brought a part of a segment.
    pub fn frames_of(&mut self, segment: &Segment<'_>, part: std::ops::Range<usize>) {
        frames_up_to(self.most_frames(), segment, part, &mut self.frames);
    }

    fn most_frames(&self) -> usize {
        if self.wants_bytes() { MAX_FRAMES } else { MAX_FRAMES_COUNTED }
    }

    /// How many bytes there were, kept or not.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The bytes, if all of them were kept.
    pub fn kept(&self) -> Option<&[u8]> {
        self.kept.as_deref()
    }

    /// Whether the bytes matter, and not only their number.
    pub fn wants_bytes(&self) -> bool {
        self.kept.is_some() || self.hash.is_some()
    }

    /// How much memory the bytes take.
    pub fn held(&self) -> usize {
        self.kept.as_ref().map_or(0, Vec::len)
    }

    /// The frames that brought it, in the order seen.
    pub fn frames(&self) -> &[u64] {
        &self.frames
    }

    /// In hexadecimal, if every byte is known.
    pub fn sha256(&self) -> Option<String> {
        let sum = match (&self.kept, &self.hash) {
            (Some(kept), _) => Sha256::digest(kept),
            (None, Some(hash)) => hash.as_ref().clone().finalize(),
            (None, None) => return None,
        };
        Some(sum.iter().map(|b| format!("{b:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        for (class, names) in [
            (Class::Ctl, "CTLSEP001122334455.tlv ctlfile.tlv"),
            (Class::Itl, "ITLSEP001122334455.tlv ITLFILE.Tlv"),
            (Class::Config, "SEP001122334455.cnf.xml SEP001122334455.cnf.xml.sgn sep001122334455.CNF.XML.enc.sgn"),
            (Class::Config, "SEP001122334455.cnf SIP001122334455.cnf CSFuser.cnf.xml ATA001122334455.cnf.xml"),
            (Class::Default, "XMLDefault.cnf.xml XmlDefault.cnf.xml.sgn SEPDefault.cnf"),
            (Class::Softkey, "SK3f2c0c9e-1d5e-4c8a-9b1f-0a2b3c4d5e6f.xml.sgn SK50719513.xml"),
            (Class::Dialplan, "dialplan.xml AppDialRules.xml DR3f2c0c9e-1d5e-4c8a-9b1f-0a2b3c4d5e6f.xml"),
            (Class::Locale, "English_United_States/mk-sip.jar United_States/g3-tones.xml x/7960-dictionary.xml.sgn"),
            (Class::Ring, "Ringlist.xml RINGLIST.DAT DistinctiveRingList.xml Chime.raw Chime.rwb ringlist.xml.sgn"),
            (Class::Background, "List.xml Desktops/320x212x16/List.xml Desktops/320x212x16/a.png"),
            (Class::Firmware, "sip78xx.14-1-1.loads rootfs2-78xx.14-1-1.sgn a.sbn a.sb2 a.bin a.zz.sgn OS79XX.TXT"),
            (
                Class::Other,
                "SKype.xml DRAFT.xml rfc1350.txt WLAN001122334455.xml MTPDefault.cnf SPDefault.cnf.xml SIPDefault.cnf",
            ),
            (Class::Other, "global-settings.xml.sgn jabber-config.xml a.png"),
        ] {
            names.split(' ').for_each(|name| assert_eq!(classify(name), class, "{name}"));
        }
        assert_eq!(classify(""), Class::Other);
    }

    #[test]
    fn names_say_whose_a_file_is() {
        assert_eq!(device("CTLSEP0011223344aa.tlv").as_deref(), Some("SEP0011223344AA"));
        assert_eq!(device("x/SEP001122334455.cnf.xml.sgn").as_deref(), Some("SEP001122334455"));
        assert_eq!(device("ATA001122334455").as_deref(), Some("ATA001122334455"));
        for none in
            ["SEP00112233445.cnf", "SEP0011223344556.cnf", "SEPDefault.cnf", "CTLFile.tlv", "SEPé0011223344", ""]
        {
            assert_eq!(device(none), None, "{none}");
        }
    }

    #[test]
    fn sums_are_those_of_fips_180_4() {
        const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let mut kept = Body::keeping(3);
        let mut hashed = Body::hashed();
        assert_eq!(kept.sha256().as_deref(), Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        for body in [&mut kept, &mut hashed] {
            assert!(body.push(b"a") && body.push(b"bc"));
            assert_eq!(body.sha256().as_deref(), Some(ABC));
        }
        assert!(!kept.push(b"d"), "one byte too many");
        assert_eq!((kept.kept(), kept.sha256(), kept.bytes()), (None, None, 4));
        hashed.skip(2);
        assert_eq!((hashed.sha256(), hashed.bytes()), (None, 5));
    }
}
