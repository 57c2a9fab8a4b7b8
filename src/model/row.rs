//! The text of rows and actions, split into parts with their places; the parts are resolved in `compile`.

/// A part of a text, with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Part<'t> {
    pub at: usize,
    pub text: &'t str,
}

/// `FROM EVENT [when GUARD] -> TO [{ ACTIONS }]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RowText<'t> {
    pub from: Vec<Part<'t>>,
    pub events: Vec<Part<'t>>,
    pub guard: Option<Part<'t>>,
    pub to: Part<'t>,
    pub actions: Vec<ActionText<'t>>,
}

/// One action.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ActionText<'t> {
    Set { name: Part<'t>, sign: &'t str, value: Part<'t> },
    Clear(Part<'t>),
    Raise { id: Part<'t>, when: Option<Part<'t>>, each: Option<Part<'t>>, here: bool },
    Retract(Part<'t>),
    Restart,
    Forget,
}

/// The bytes that mean something between the words of a row.
static BREAKS: [bool; 256] = {
    let mut table = [false; 256];
    let mut breaks: &[u8] = b"\"\\(){}->;,";
    while let [byte, rest @ ..] = breaks {
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256, and `get_mut` is not constant")]
        {
            table[*byte as usize] = true;
        }
        breaks = rest;
    }
    table
};

/// Where and why a row cannot be read.
pub(super) type Wrong = (usize, &'static str);

impl<'t> Part<'t> {
    pub fn whole(text: &'t str) -> Part<'t> {
        Part { at: 0, text }.trim()
    }

    fn trim(self) -> Part<'t> {
        if let [first, .., last] = self.text.as_bytes()
            && first.is_ascii_graphic()
            && last.is_ascii_graphic()
        {
            return self;
        }
        let start = self.text.trim_start();
        Part { at: self.at + self.text.len() - start.len(), text: start.trim_end() }
    }

    fn sub(self, from: usize, to: usize) -> Part<'t> {
        Part { at: self.at + from, text: self.text.get(from..to).unwrap_or_default() }.trim()
    }

    fn rest(self, from: usize) -> Part<'t> {
        self.sub(from, self.text.len())
    }

    /// The first word, and what follows.
    fn word(self) -> (Part<'t>, Part<'t>) {
        let part = self.trim();
        let end = match part.text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            Some(end) if part.text.as_bytes().get(end) == Some(&b' ') => end,
            Some(_) => part.text.find(char::is_whitespace).unwrap_or(part.text.len()),
            None => part.text.len(),
        };
        (part.sub(0, end), part.rest(end))
    }

    fn split(self, at: char) -> Vec<Part<'t>> {
        if !self.text.contains(at) {
            return vec![self];
        }
        let mut parts = Vec::new();
        let mut start = 0;
        for (place, _) in self.text.match_indices(at).chain([(self.text.len(), "")]) {
            parts.push(self.sub(start, place));
            start = place + 1;
        }
        parts
    }

    /// The first offset outside of quotes and brackets where what follows is `wanted`: `->`, `;` or `,`.
    fn outside(self, wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
        let (mut depth, mut quoted) = (0i32, false);
        let mut rest = self.text.as_bytes();
        // What is looked for is ASCII: no byte of a longer character is taken for it.
        while let Some(at) = rest.iter().position(|byte| BREAKS.get(usize::from(*byte)) == Some(&true)) {
            rest = rest.get(at..).unwrap_or_default();
            let [byte, after @ ..] = rest else { break };
            let mut next = after;
            match byte {
                b'\\' if quoted => next = after.get(1..).unwrap_or_default(),
                b'"' => quoted = !quoted,
                _ if quoted => {}
                _ if depth == 0 && wanted(rest) => return Some(self.text.len() - rest.len()),
                b'(' | b'{' => depth += 1,
                b')' | b'}' => depth -= 1,
                _ => {}
            }
            rest = next;
        }
        None
    }

    /// `EVENT|EVENT [when GUARD]`
    pub fn events(self) -> Result<(Vec<Part<'t>>, Option<Part<'t>>), Wrong> {
        let (events, rest) = self.word();
        if events.text.is_empty() {
            return Err((self.at, "an event is missing here"));
        }
        if rest.text.is_empty() {
            return Ok((events.split('|'), None));
        }
        match rest.word() {
            (when, guard) if when.text == "when" && !guard.text.is_empty() => Ok((events.split('|'), Some(guard))),
            (when, _) if when.text == "when" => Err((rest.at + rest.text.len(), "a condition is missing after `when`")),
            (other, _) => Err((other.at, "`when` or `->` was due here")),
        }
    }

    /// `ACTION; ACTION`
    pub fn actions(self) -> Result<Vec<ActionText<'t>>, Wrong> {
        let mut actions = Vec::new();
        let mut rest = self.trim();
        while !rest.text.is_empty() {
            let end = rest.outside(|rest| matches!(rest, [b';' | b',', ..])).unwrap_or(rest.text.len());
            actions.push(rest.sub(0, end).action()?);
            rest = rest.rest((end + 1).min(rest.text.len()));
        }
        Ok(actions)
    }

    fn action(self) -> Result<ActionText<'t>, Wrong> {
        let (verb, rest) = self.word();
        match verb.text {
            "restart" if rest.text.is_empty() => Ok(ActionText::Restart),
            "forget" if rest.text.is_empty() => Ok(ActionText::Forget),
            "clear" if !rest.text.is_empty() => Ok(ActionText::Clear(rest)),
            "retract" if !rest.text.is_empty() => Ok(ActionText::Retract(rest)),
            "raise" => {
                let (id, rest) = rest.word();
                if id.text.is_empty() {
                    return Err((verb.at + verb.text.len(), "a finding is missing after `raise`"));
                }
                let (word, guard) = rest.word();
                let (when, each) = match word.text {
                    "" => (None, None),
                    "when" if !guard.text.is_empty() => (Some(guard), None),
                    "each" if !guard.text.is_empty() => (None, Some(guard)),
                    "here" if guard.text.is_empty() => {
                        return Ok(ActionText::Raise { id, when: None, each: None, here: true });
                    }
                    "here" => {
                        let (word, guard) = guard.word();
                        if word.text != "when" || guard.text.is_empty() {
                            return Err((word.at, "after `here` only `when CONDITION` may follow"));
                        }
                        return Ok(ActionText::Raise { id, when: Some(guard), each: None, here: true });
                    }
                    _ => {
                        return Err((
                            word.at,
                            "after the finding only `when CONDITION`, `each CONDITION` or `here` may follow",
                        ));
                    }
                };
                Ok(ActionText::Raise { id, when, each, here: false })
            }
            _ => {
                const WANTED: &str = "an action is `x = …`, `x += …`, `x -= …`, `clear x`, `raise ID`, `retract ID`, \
                                      `restart` or `forget`";
                let equals = self.text.find('=').ok_or((self.at, WANTED))?;
                let sign = match self.text.get(..equals).unwrap_or_default().chars().last() {
                    Some('+') => "+=",
                    Some('-') => "-=",
                    _ => "=",
                };
                let name = self.sub(0, equals + 1 - sign.len());
                let value = self.rest(equals + 1);
                if name.text.is_empty() || name.text.contains(char::is_whitespace) || value.text.starts_with('=') {
                    return Err((self.at, WANTED));
                }
                if value.text.is_empty() {
                    return Err((self.at + self.text.len(), "a value is missing here"));
                }
                Ok(ActionText::Set { name, sign, value })
            }
        }
    }
}

/// Reads a row.
pub(super) fn row(text: &str) -> Result<RowText<'_>, Wrong> {
    let whole = Part::whole(text);
    let arrow = whole
        .outside(|rest| rest.starts_with(b"->"))
        .ok_or((whole.at + whole.text.len(), "`->` and a state are missing"))?;
    let (before, after) = (whole.sub(0, arrow), whole.rest(arrow + 2));
    let (from, rest) = before.word();
    if from.text.is_empty() {
        return Err((whole.at, "a state is missing here"));
    }
    let (events, guard) = rest.events()?;
    let (to, rest) = match after.text.find('{') {
        Some(brace) => (after.sub(0, brace), after.rest(brace)),
        None => (after, Part { at: after.at + after.text.len(), text: "" }),
    };
    if to.text.is_empty() {
        return Err((after.at, "a state is missing after `->` (`=` to stay)"));
    }
    if to.text.contains(char::is_whitespace) {
        return Err((to.word().1.at, "actions stand in braces: `-> state { … }`"));
    }
    let actions = match rest.text {
        "" => Vec::new(),
        text if text.len() > 1 && text.ends_with('}') => rest.sub(1, text.len() - 1).actions()?,
        text => return Err((rest.at + text.len(), "`}` is missing here")),
    };
    Ok(RowText { from: from.split('|'), events, guard, to, actions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_parts() {
        let text = r#"a|b  x.one|x.two  when f("->") == "}"  -> = { n += 1; phone.f = x, raise a.b when n > {1} }"#;
        let row = row(text).unwrap();
        let texts = |parts: &[Part<'_>]| parts.iter().map(|p| p.text.to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(&row.from), ["a", "b"]);
        assert_eq!(texts(&row.events), ["x.one", "x.two"]);
        assert_eq!(row.guard.unwrap().text, r#"f("->") == "}""#);
        assert_eq!((row.to.text, row.actions.len()), ("=", 3));
        for part in row.from.iter().chain(&row.events).chain(row.guard.as_ref()).chain([&row.to]) {
            assert_eq!(&text[part.at..part.at + part.text.len()], part.text);
        }
        assert!(
            matches!(&row.actions[0], ActionText::Set { name, sign: "+=", value } if name.text == "n" && value.text == "1")
        );
    }

    #[test]
    fn what_is_missing_is_told() {
        let wrong = |text: &str| row(text).unwrap_err();
        assert_eq!(wrong("a x.one"), (7, "`->` and a state are missing"));
        assert_eq!(wrong("a x.one when -> b"), (12, "a condition is missing after `when`"));
        assert_eq!(wrong("a x.one whn y -> b").0, 8);
        assert_eq!(wrong("a x.one -> b c"), (13, "actions stand in braces: `-> state { … }`"));
        assert_eq!(wrong("a x.one -> b { n }").0, 15);
        assert_eq!(wrong("a x.one -> b { n = 1").1, "`}` is missing here");
        assert_eq!(wrong("a -> b").1, "an event is missing here");
    }
}
