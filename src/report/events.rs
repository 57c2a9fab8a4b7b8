//! Decoded messages as text: one JSON object a line, one line a message, chosen fields, or everything (`-V`, `-x`).

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::event::{Endpoint, Event, Field, FieldDef, Mac, Value};
use crate::plain;
use crate::secret::{self, MASK};

/// How messages are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    Ndjson,
    /// One line a message.
    Text,
    /// Tab-separated values of chosen fields.
    Fields,
}

/// What goes into a line, besides the form.
#[derive(Debug, Clone)]
pub struct Show {
    /// The form.
    pub form: Form,
    /// Every field with its meaning, under the line (`-V`).
    pub verbose: bool,
    /// The bytes too (`-x`).
    pub bytes: bool,
    /// Print what is masked by default.
    pub secrets: bool,
    /// A digest of the message's bytes, so that those no field shows count in a golden too.
    pub digest: bool,
    /// The fields of [`Form::Fields`].
    pub chosen: Vec<&'static FieldDef>,
}

/// Writes messages; keeps its memory from line to line.
#[derive(Debug)]
pub struct Writer {
    show: Show,
    line: Vec<u8>,
    taken: Vec<bool>,
}

impl Writer {
    /// A writer.
    pub fn new(show: Show) -> Writer {
        Writer { show, line: Vec::new(), taken: Vec::new() }
    }

    /// Writes one message. `extra` are values that are not the message's own (the phone's).
    pub fn write(&mut self, event: &Event<'_>, extra: &[Field<'_>], out: &mut dyn Write) -> io::Result<()> {
        self.line.clear();
        match self.show.form {
            Form::Ndjson => self.ndjson(event, extra)?,
            Form::Text => self.text(event)?,
            Form::Fields => self.fields(event, extra)?,
        }
        out.write_all(&self.line)
    }

    /// The line of the last message, as written.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    fn ndjson(&mut self, event: &Event<'_>, extra: &[Field<'_>]) -> io::Result<()> {
        let secrets = self.show.secrets;
        let line = &mut self.line;
        let o = event.origin;
        line.extend_from_slice(b"{\"frame\":");
        plain::number(line, o.frame);
        line.extend_from_slice(b",\"frames\":[");
        numbers(line, event.frames.iter().copied());
        line.extend_from_slice(b"],\"time\":\"");
        line.extend_from_slice(&o.time.digits());
        line.extend_from_slice(b"\",\"proto\":\"");
        line.extend_from_slice(event.def.proto().as_bytes());
        line.extend_from_slice(b"\",\"event\":\"");
        line.extend_from_slice(event.def.name.as_bytes());
        line.push(b'"');
        for (key, end) in [(b",\"src\":", o.src), (b",\"dst\":", o.dst)] {
            line.extend_from_slice(key);
            match end {
                Some(Endpoint { ip: IpAddr::V4(ip), port }) => {
                    line.push(b'"');
                    line.extend_from_slice(plain::dotted(ip).as_bytes());
                    if port != 0 {
                        line.push(b':');
                        plain::number(line, port.into());
                    }
                    line.push(b'"');
                }
                Some(end) => write!(line, "\"{end}\"")?,
                None => line.extend_from_slice(b"null"),
            }
        }
        for (key, mac) in [(b",\"eth_src\":", o.eth_src), (b",\"eth_dst\":", o.eth_dst)] {
            line.extend_from_slice(key);
            match mac {
                Some(mac) => quoted(line, plain::mac(mac).as_bytes()),
                None => line.extend_from_slice(b"null"),
            }
        }
        line.extend_from_slice(b",\"vlan\":[");
        numbers(line, o.vlans.ids().iter().map(|id| u64::from(*id)));
        line.extend_from_slice(b"],\"fields\":{");
        let mut first = true;
        for list in [event.fields, extra] {
            grouped(list, &mut self.taken, |def, values| {
                if !std::mem::take(&mut first) {
                    line.push(b',');
                }
                quoted(line, def.name.as_bytes());
                line.push(b':');
                let mut values = values.peekable();
                let head = values.next();
                let many = values.peek().is_some();
                if many {
                    line.push(b'[');
                }
                for (i, value) in head.into_iter().chain(values).enumerate() {
                    if i > 0 {
                        line.push(b',');
                    }
                    json_value(line, def, value, secrets)?;
                }
                if many {
                    line.push(b']');
                }
                Ok(())
            })?;
        }
        line.push(b'}');
        if self.show.digest && !event.bytes.is_empty() {
            let digest = Sha256::digest(event.bytes);
            line.extend_from_slice(b",\"digest\":\"");
            digest.iter().take(8).for_each(|byte| line.extend_from_slice(&plain::hex(*byte)));
            line.push(b'"');
        }
        if o.duplicate {
            line.extend_from_slice(b",\"duplicate\":true");
        }
        match event.defect {
            Some(defect) => {
                write!(line, ",\"defect\":{{\"at\":{},\"what\":", defect.at)?;
                serde_json::to_writer(&mut *line, defect.what)?;
                line.extend_from_slice(b"}}\n");
            }
            None => line.extend_from_slice(b",\"defect\":null}\n"),
        }
        Ok(())
    }

    fn text(&mut self, event: &Event<'_>) -> io::Result<()> {
        let show = &self.show;
        let line = &mut self.line;
        let o = event.origin;
        write!(line, "{:>5} {} ", o.frame, o.time.clock())?;
        match (o.src, o.dst, o.eth_src) {
            (Some(src), Some(dst), _) => write!(line, "{src} → {dst} ")?,
            (_, _, Some(mac)) => write!(line, "{} ", Mac(mac))?,
            _ => {}
        }
        write!(line, "{}", event.def.name)?;
        if !show.verbose {
            let mut left = 12;
            grouped(event.fields, &mut self.taken, |def, values| {
                if left > 0 {
                    left -= 1;
                    write!(line, " {}=", short_name(def.name))?;
                    for (i, value) in values.enumerate().take(8) {
                        write!(line, "{}{}", if i > 0 { "," } else { "" }, Plain(def, value, show.secrets))?;
                    }
                }
                Ok(())
            })?;
        }
        if o.duplicate {
            line.extend_from_slice(b" (duplicate)");
        }
        if let Some(defect) = event.defect {
            write!(line, " ! {} at byte {}", defect.what, defect.at)?;
        }
        line.push(b'\n');
        let bytes = match (show.bytes, show.secrets) {
            (false, _) => Cow::default(),
            (true, true) => Cow::Borrowed(event.bytes),
            (true, false) => masked(event),
        };
        if show.verbose {
            for field in event.fields {
                let unit = if field.def.unit.is_empty() { String::new() } else { format!(" {}", field.def.unit) };
                write!(line, "        {}: {}{unit}", field.def.name, Plain(field.def, &field.value, show.secrets))?;
                if let (Some(codes), Some(number)) = (field.def.codes, field.value.as_uint())
                    && let Some(meaning) = codes(number)
                {
                    write!(line, " ({meaning})")?;
                }
                writeln!(line, "    {}", field.def.meaning)?;
                if show.bytes && field.len > 0 {
                    let at = field.at as usize;
                    hex_dump(line, bytes.get(at..at + field.len as usize).unwrap_or_default(), at, "            ")?;
                }
            }
        }
        if show.bytes && !show.verbose {
            hex_dump(line, &bytes, 0, "        ")?;
        }
        Ok(())
    }

    fn fields(&mut self, event: &Event<'_>, extra: &[Field<'_>]) -> io::Result<()> {
        let show = &self.show;
        let line = &mut self.line;
        for (i, def) in show.chosen.iter().enumerate() {
            if i > 0 {
                line.push(b'\t');
            }
            let mut some = false;
            let mut put = |value: &Value<'_>| {
                if std::mem::replace(&mut some, true) {
                    line.push(b',');
                }
                // A tab or a line end inside a value would break the table.
                let text = Plain(def, value, show.secrets).to_string().replace(['\t', '\n', '\r'], " ");
                line.extend_from_slice(text.as_bytes());
            };
            event.each(def, &mut put);
            extra.iter().filter(|f| f.def == *def).for_each(|f| put(&f.value));
        }
        line.push(b'\n');
        Ok(())
    }
}

/// The bytes of a message, those of secrets replaced by stars.
pub fn masked<'e>(event: &Event<'e>) -> Cow<'e, [u8]> {
    let fields = event.fields.iter().filter(|f| f.def.secret && f.len > 0);
    let mut places: Vec<_> = fields.map(|f| f.at as usize..f.at as usize + f.len as usize).collect();
    places.extend(secret::places(event.bytes));
    if places.is_empty() {
        return Cow::Borrowed(event.bytes);
    }
    let mut bytes = event.bytes.to_vec();
    for place in places {
        bytes.get_mut(place).unwrap_or_default().fill(b'*');
    }
    Cow::Owned(bytes)
}

/// Calls `each` once a field, in order of first appearance, with all its values; `taken` is memory that is used again.
fn grouped<'f>(
    list: &'f [Field<'f>],
    taken: &mut Vec<bool>,
    mut each: impl FnMut(&'static FieldDef, &mut dyn Iterator<Item = &'f Value<'f>>) -> io::Result<()>,
) -> io::Result<()> {
    taken.clear();
    taken.resize(list.len(), false);
    for (i, field) in list.iter().enumerate() {
        if taken.get(i) == Some(&true) {
            continue;
        }
        let mut same = (list.iter().zip(taken.iter_mut()).skip(i))
            .filter(|(other, _)| std::ptr::eq(other.def, field.def))
            .map(|(other, taken)| {
                *taken = true;
                &other.value
            });
        each(field.def, &mut same)?;
        same.for_each(drop);
    }
    Ok(())
}

fn json_value(line: &mut Vec<u8>, def: &FieldDef, value: &Value<'_>, secrets: bool) -> io::Result<()> {
    if def.secret && !secrets {
        quoted(line, MASK.as_bytes());
        return Ok(());
    }
    match value {
        Value::Null => line.extend_from_slice(b"null"),
        Value::Uint(v) => plain::number(line, *v),
        Value::Bool(v) => line.extend_from_slice(if *v { b"true" } else { b"false" }),
        Value::Float(v) if v.is_finite() => write!(line, "{v}")?,
        Value::Float(_) => line.extend_from_slice(b"null"),
        Value::Text(text) if secrets => serde_json::to_writer(line, text.as_ref())?,
        Value::Text(text) => serde_json::to_writer(line, secret::mask(text).as_ref())?,
        Value::Mac(mac) => quoted(line, plain::mac(*mac).as_bytes()),
        Value::Ip(IpAddr::V4(ip)) => quoted(line, plain::dotted(*ip).as_bytes()),
        Value::Time(time) => quoted(line, &time.digits()),
        Value::Bytes(bytes) => {
            line.push(b'"');
            bytes.iter().for_each(|byte| line.extend_from_slice(&plain::hex(*byte)));
            line.push(b'"');
        }
        Value::Ip(ip) => write!(line, "\"{ip}\"")?,
    }
    Ok(())
}

/// What needs no escapes.
fn quoted(line: &mut Vec<u8>, text: &[u8]) {
    line.push(b'"');
    line.extend_from_slice(text);
    line.push(b'"');
}

fn numbers(line: &mut Vec<u8>, numbers: impl Iterator<Item = u64>) {
    for (i, number) in numbers.enumerate() {
        if i > 0 {
            line.push(b',');
        }
        plain::number(line, number);
    }
}

/// A value for a person: masked if it is a secret, without control characters.
pub fn shown(def: &'static FieldDef, value: &Value<'_>, secrets: bool) -> String {
    Plain(def, value, secrets).to_string()
}

/// A value for a person, masked if it is a secret.
struct Plain<'v>(&'static FieldDef, &'v Value<'v>, bool);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.secret && !self.2 {
            return f.write_str(MASK);
        }
        let Value::Text(text) = self.1 else { return self.1.fmt(f) };
        let text = if self.2 { Cow::Borrowed(text.as_ref()) } else { secret::mask(text) };
        // Control characters of the wire must not reach a terminal.
        if !text.chars().any(char::is_control) {
            return f.write_str(&text);
        }
        text.chars()
            .try_for_each(|c| if c.is_control() { write!(f, "{}", c.escape_default()) } else { write!(f, "{c}") })
    }
}

/// `dhcp.option.hostname` → `hostname`: a line has little room.
fn short_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn hex_dump(line: &mut Vec<u8>, bytes: &[u8], from: usize, indent: &str) -> io::Result<()> {
    for (row, chunk) in bytes.chunks(16).enumerate() {
        write!(line, "{indent}{:04x}  ", from + row * 16)?;
        for byte in chunk {
            write!(line, "{byte:02x} ")?;
        }
        for _ in chunk.len()..16 {
            line.extend_from_slice(b"   ");
        }
        line.push(b' ');
        line.extend(chunk.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { *b } else { b'.' }));
        line.push(b'\n');
    }
    Ok(())
}
