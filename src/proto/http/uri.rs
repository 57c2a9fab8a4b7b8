//! Request targets: the path without host and query, and a form that shows no secret.

use std::borrow::Cow;

use crate::secret;

/// The same URI, the values of secret query parameters and a password before the host replaced by `***`.
pub fn mask_uri(uri: &str) -> Cow<'_, str> {
    let uri = mask_userinfo(uri);
    let Some((path, query)) = uri.split_once('?') else { return uri };
    if !query.split(['&', ';']).any(is_secret) {
        return uri;
    }
    let mut masked = format!("{path}?");
    for part in query.split_inclusive(['&', ';']) {
        let end = part.len() - part.trim_end_matches(['&', ';']).len();
        let (parameter, separator) = part.split_at_checked(part.len() - end).unwrap_or((part, ""));
        match parameter.split_once('=').filter(|_| is_secret(parameter)) {
            Some((name, _)) => masked.extend([name, "=***", separator]),
            None => masked.push_str(part),
        }
    }
    masked.into()
}

/// The device that a query names (`devicename=`, `device=`, `name=`), if it is one of Cisco's names.
pub fn device_name(uri: &str) -> Option<&str> {
    let (_, query) = uri.split_once('?')?;
    query.split(['&', ';']).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let named = ["devicename", "device", "name"].iter().any(|known| key.eq_ignore_ascii_case(known));
        let digits = value.get(3..)?;
        let is_device = value.get(..3)?.eq_ignore_ascii_case("SEP")
            && digits.len() == 12
            && digits.bytes().all(|b| b.is_ascii_hexdigit());
        (named && is_device).then_some(value)
    })
}

/// What of a CallManager or a phone a path belongs to (CUCM developer guides).
pub(super) fn service(uri: &str) -> Option<&'static str> {
    let path = match uri.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => uri,
    };
    let first = path.trim_start_matches('/').split(['/', '?', ';']).next().unwrap_or_default();
    let is = |name: &str| first.eq_ignore_ascii_case(name);
    Some(match () {
        () if is("axl") => "AXL",
        () if is("realtimeservice") || is("realtimeservice2") => "serviceability (RIS)",
        () if is("emapp") || is("emservice") => "Extension Mobility",
        () if is("webdialer") => "WebDialer",
        () if is("ccmcip") || is("authentication.jsp") => "phone services",
        () if is("CGI") => "web server of a phone",
        () => return None,
    })
}

fn is_secret(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    !value.is_empty() && secret::is_parameter(name)
}

/// `http://user:password@host/` → `http://user:***@host/`
fn mask_userinfo(uri: &str) -> Cow<'_, str> {
    let masked = || {
        let (scheme, rest) = uri.split_once("://")?;
        let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(host_end)?;
        let (user, host) = authority.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:***@{host}{path}"))
    };
    masked().map_or(Cow::Borrowed(uri), Cow::Owned)
}

/// The path of a request target, decoded: `http://h:6970/a%20b?c` → `/a b`.
pub(super) fn path(target: &str) -> String {
    let rest = match target.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
        }
        _ => target,
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let path = rest.get(..end).unwrap_or_default();
    if !path.contains('%') {
        return path.to_owned();
    }
    let mut bytes = Vec::with_capacity(end);
    let mut left = path.as_bytes();
    while let [first, after @ ..] = left {
        let digits = after.first_chunk::<2>().filter(|pair| *first == b'%' && pair.iter().all(u8::is_ascii_hexdigit));
        let value = digits.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        left = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_nothing_else_changes() {
        for (uri, masked) in [
            (
                "/emapp/EMAppServlet?device=SEP0&userid=u&seq=12345",
                "/emapp/EMAppServlet?device=SEP0&userid=***&seq=***",
            ),
            ("/a?UserID=cisco&Password=cisco&devicename=x", "/a?UserID=***&Password=***&devicename=x"),
            ("/a?seq=&b;pin=1;c", "/a?seq=&b;pin=***;c"),
            ("http://u:p@h/x?y=1", "http://u:***@h/x?y=1"),
            ("/services?name=SEP0&sequence=1", "/services?name=SEP0&sequence=1"),
            ("/a?", "/a?"),
            ("*", "*"),
        ] {
            assert_eq!(mask_uri(uri), masked);
        }
        assert!(matches!(mask_uri("/a?b=c"), Cow::Borrowed(_)), "nothing to mask, nothing to copy");
    }

    #[test]
    fn services_by_their_paths() {
        for (uri, wanted) in [
            ("/axl/", Some("AXL")),
            ("https://10.1.1.10:8443/axl", Some("AXL")),
            ("/emapp/EMAppServlet?device=x", Some("Extension Mobility")),
            ("/CGI/Execute", Some("web server of a phone")),
            ("/axle", None),
            ("http://h", None),
        ] {
            assert_eq!(service(uri), wanted, "{uri}");
        }
    }

    #[test]
    fn paths() {
        for (target, want) in [
            ("/SEP.cnf.xml?x=/y", "/SEP.cnf.xml"),
            ("http://h:6970/a%20b%2", "/a b%2"),
            ("http://h", ""),
            ("/a#b", "/a"),
            ("/x?u=http://h/y", "/x"),
        ] {
            assert_eq!(path(target), want);
        }
    }
}
