//! Decoded messages as text: one JSON object a line, one line a message, chosen fields, or everything (`-V`, `-x`).

use std::borrow::Cow;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::event::{Event, Field, FieldDef, Mac, Value};
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
}

impl Writer {
    /// A writer.
    pub fn new(show: Show) -> Writer {
        Writer { show, line: Vec::new() }
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
        write!(line, "{{\"frame\":{},\"frames\":[", o.frame)?;
        for (i, frame) in event.frames.iter().enumerate() {
            write!(line, "{}{frame}", if i > 0 { "," } else { "" })?;
        }
        write!(line, "],\"time\":\"{}\",\"proto\":\"{}\",\"event\":\"{}\"", o.time, event.def.proto(), event.def.name)?;
        for (key, end) in [("src", o.src), ("dst", o.dst)] {
            match end {
                Some(end) => write!(line, ",\"{key}\":\"{end}\"")?,
                None => write!(line, ",\"{key}\":null")?,
            }
        }
        for (key, mac) in [("eth_src", o.eth_src), ("eth_dst", o.eth_dst)] {
            match mac {
                Some(mac) => write!(line, ",\"{key}\":\"{}\"", Mac(mac))?,
                None => write!(line, ",\"{key}\":null")?,
            }
        }
        line.extend_from_slice(b",\"vlan\":[");
        for (i, id) in o.vlans.ids().iter().enumerate() {
            write!(line, "{}{id}", if i > 0 { "," } else { "" })?;
        }
        line.extend_from_slice(b"],\"fields\":{");
        let mut first = true;
        for list in [event.fields, extra] {
            grouped(list, |def, values| {
                if !std::mem::take(&mut first) {
                    line.push(b',');
                }
                write!(line, "\"{}\":", def.name)?;
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
            digest.iter().take(8).try_for_each(|byte| write!(line, "{byte:02x}"))?;
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
            grouped(event.fields, |def, values| {
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

/// Calls `each` once a field, in order of first appearance, with all its values.
fn grouped<'f>(
    list: &'f [Field<'f>],
    mut each: impl FnMut(&'static FieldDef, &mut dyn Iterator<Item = &'f Value<'f>>) -> io::Result<()>,
) -> io::Result<()> {
    for (i, field) in list.iter().enumerate() {
        if list.iter().take(i).any(|f| f.def == field.def) {
            continue;
        }
        each(field.def, &mut list.iter().skip(i).filter(|f| f.def == field.def).map(|f| &f.value))?;
    }
    Ok(())
}

fn json_value(line: &mut Vec<u8>, def: &FieldDef, value: &Value<'_>, secrets: bool) -> io::Result<()> {
    if def.secret && !secrets {
        return write!(line, "\"{MASK}\"");
    }
    match value {
        Value::Null => line.write_all(b"null"),
        Value::Uint(v) => write!(line, "{v}"),
        Value::Bool(v) => write!(line, "{v}"),
        Value::Float(v) if v.is_finite() => write!(line, "{v}"),
        Value::Float(_) => line.write_all(b"null"),
        Value::Text(text) if secrets => Ok(serde_json::to_writer(line, text.as_ref())?),
        Value::Text(text) => Ok(serde_json::to_writer(line, secret::mask(text).as_ref())?),
        other => write!(line, "\"{other}\""),
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
