//! The shape of a message body as data, and the one function that reads it.
//!
//! A body is read step by step. The header version changes some steps: from version 17 an address is a family
//! and 16 bytes, from 18 a number has 25 bytes. What cannot be read stops the reading; an older sender may end
//! where a layout says [`Step::May`].

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fields::{COMPRESSION, IPV4_OR_6};
use crate::bytes::{Malformed, Reader};
use crate::event::{FieldDef, Fields};

/// One step through a body.
#[derive(Debug)]
pub(super) enum Step {
    /// Little-endian number of four bytes.
    U32(&'static FieldDef),
    /// One byte.
    U8(&'static FieldDef),
    /// An IPv4 address, network order in every version.
    Ip4(&'static FieldDef),
    /// An IPv6 address.
    Ip6(&'static FieldDef),
    /// IPv4 before version 17; then a family and 16 bytes that hold either.
    Address(&'static FieldDef, &'static FieldDef),
    /// A hardware address.
    Mac(&'static FieldDef),
    /// Text of that many bytes, padded with NUL.
    Text(&'static FieldDef, usize),
    /// A number to dial: 24 bytes, from version 18 that many.
    Number(&'static FieldDef, usize),
    /// Text up to a NUL; an empty one has no field.
    Nul(&'static FieldDef),
    /// Text up to a NUL or the end of the message.
    Rest(&'static FieldDef),
    /// Text whose length an earlier field says.
    Sized(&'static FieldDef, &'static FieldDef),
    /// That many bytes that are masked; none where all are zero.
    Secret(&'static FieldDef, usize),
    /// Bytes without interest: reserved, bit fields.
    Skip(usize),
    /// Only from that version on.
    From(u32, &'static [Step]),
    /// Only before that version.
    Until(u32, &'static [Step]),
    /// So many times.
    Times(usize, &'static [Step]),
    /// As many times as an earlier field says.
    Each(&'static FieldDef, &'static [Step]),
    /// The first where the codec is audio, the second where it is video; that many bytes in either case.
    Media(usize, &'static [Step], &'static [Step]),
    /// Steps that several messages share.
    Part(&'static [Step]),
    /// From here on the body of an older sender may end.
    May,
}

/// Reads a body; `Err` says where and at which field it ended too early.
pub(super) fn read<'a>(
    steps: &'static [Step],
    version: u32,
    reader: &mut Reader<'a>,
    fields: &mut Fields<'a>,
) -> Result<(), Malformed> {
    let mut walk = Walk { version, may: false };
    match walk.steps(steps, reader, fields) {
        Err(_) if walk.may && reader.is_empty() => Ok(()),
        end => end,
    }
}

struct Walk {
    version: u32,
    may: bool,
}

impl Walk {
    fn steps<'a>(&mut self, steps: &'static [Step], r: &mut Reader<'a>, f: &mut Fields<'a>) -> Result<(), Malformed> {
        steps.iter().try_for_each(|step| self.step(step, r, f))
    }

    fn step<'a>(&mut self, step: &'static Step, r: &mut Reader<'a>, f: &mut Fields<'a>) -> Result<(), Malformed> {
        let at = r.at();
        match *step {
            Step::U32(def) => _ = f.uint(def, r.u32_le(def.name)?, at, 4),
            Step::U8(def) => _ = f.uint(def, r.u8(def.name)?, at, 1),
            Step::Ip4(def) => _ = f.ip(def, Ipv4Addr::from(r.u32(def.name)?), at, 4),
            Step::Ip6(def) => _ = f.ip(def, Ipv6Addr::from(r.array::<16>(def.name)?), at, 16),
            Step::Mac(def) => _ = f.mac(def, r.array(def.name)?, at),
            Step::Address(v4, v6) => self.address(v4, v6, r, f)?,
            Step::Text(def, n) => _ = f.text(def, trimmed(r.take(n, def.name)?), at),
            Step::Number(def, n) => {
                let n = if self.version >= 18 { n } else { 24 };
                f.text(def, trimmed(r.take(n, def.name)?), at);
            }
            Step::Nul(def) => match r.until_nul(def.name) {
                Ok([]) => {}
                Ok(text) => _ = f.text(def, text, at),
                // The last text of a message may lack its NUL.
                Err(_) if !r.is_empty() => _ = f.text(def, r.take(r.left(), def.name)?, at),
                Err(end) => return Err(end),
            },
            Step::Rest(def) => _ = f.text(def, trimmed(r.take(r.left(), def.name)?), at),
            Step::Sized(def, length) => {
                let n = count(length, f);
                let text = r.take(n.min(r.left()), def.name)?;
                f.text(def, trimmed(text), at);
                if text.len() < n {
                    return Err(Malformed { at: r.at(), what: def.name });
                }
            }
            Step::Secret(def, n) => {
                let bytes = r.take(if self.may { n.min(r.left()) } else { n }, def.name)?;
                if bytes.iter().any(|b| *b != 0) {
                    f.bytes(def, bytes, at);
                }
            }
            // An older sender may end in the middle of what nobody looks at.
            Step::Skip(n) => _ = r.take(if self.may { n.min(r.left()) } else { n }, "reserved")?,
            Step::From(version, steps) if self.version >= version => self.steps(steps, r, f)?,
            Step::Until(version, steps) if self.version < version => self.steps(steps, r, f)?,
            Step::From(..) | Step::Until(..) => {}
            Step::Times(n, steps) => (0..n).try_for_each(|_| self.steps(steps, r, f))?,
            Step::Each(def, steps) => (0..count(def, f)).try_for_each(|_| self.steps(steps, r, f))?,
            Step::Media(n, audio, video) => {
                let mut part = r.sub(n, "media parameters")?;
                let moving = matches!(count(&COMPRESSION, f), 100..=104 | 109 | 110 | 115);
                self.steps(if moving { video } else { audio }, &mut part, f)?;
            }
            Step::Part(steps) => self.steps(steps, r, f)?,
            Step::May => self.may = true,
        }
        Ok(())
    }

    fn address<'a>(
        &self,
        v4: &'static FieldDef,
        v6: &'static FieldDef,
        r: &mut Reader<'a>,
        f: &mut Fields<'a>,
    ) -> Result<(), Malformed> {
        let at = r.at();
        if self.version < 17 {
            f.ip(v4, Ipv4Addr::from(r.u32(v4.name)?), at, 4);
            return Ok(());
        }
        let family = r.u32_le(IPV4_OR_6.name)?;
        f.uint(&IPV4_OR_6, family, at, 4);
        let bytes: [u8; 16] = r.array(v4.name)?;
        match (family, bytes) {
            (0, [a, b, c, d, ..]) => f.ip(v4, Ipv4Addr::new(a, b, c, d), at + 4, 4),
            _ => f.ip(v6, Ipv6Addr::from(bytes), at + 4, 16),
        };
        Ok(())
    }
}

/// The value of a field that was read before; 0 if it was not.
fn count(def: &'static FieldDef, f: &Fields<'_>) -> usize {
    f.get(def).and_then(|v| v.as_uint()).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

/// Everything before the first NUL.
fn trimmed(text: &[u8]) -> &[u8] {
    text.split(|b| *b == 0).next().unwrap_or_default()
}
