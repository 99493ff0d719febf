//! URLs: parsed as browsers do (WHATWG URL: default port, empty path, dots, backslashes, numbers as hosts), then percent-encoding after RFC 3986
//! 6.2.2: capital digits, nothing encoded that need not be, everything encoded that must be.

use super::{host, refang};
use url::{Host, Url};

const NO_HOST: &str = "is a URL without a valid host";

/// The one spelling of a URL.
///
/// # Errors
/// Says what is wrong with it.
pub fn canonical(text: &str) -> Result<String, String> {
    let (scheme, rest) = refang::scheme(text).ok_or("is not a URL with a scheme, such as https://example.org/path")?;
    if several(&rest) {
        return Err("holds several URLs; send one item for each".into());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let authority = refang::words(authority);
    if authority.is_empty() {
        return Err("is a URL without a host".into());
    }
    let url = Url::parse(&format!("{scheme}://{authority}{path}")).map_err(|error| wrong(error).to_owned())?;
    let host = match url.host().ok_or("is a URL without a host")? {
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_ipv4_mapped().map_or_else(|| format!("[{ip}]"), |ip| ip.to_string()),
        // Of a scheme that browsers do not know, the host is left as it is written.
        Host::Domain(name) => match name.parse::<std::net::Ipv4Addr>() {
            Ok(ip) => ip.to_string(),
            Err(_) => host::name(name).map_err(|_| NO_HOST.to_owned())?,
        },
    };
    let mut out = format!("{}://", url.scheme());
    if !url.username().is_empty() || url.password().is_some() {
        out.push_str(&percent(url.username()));
        if let Some(password) = url.password() {
            out.push(':');
            out.push_str(&percent(password));
        }
        out.push('@');
    }
    out.push_str(&host);
    if let Some(port) = url.port() {
        out.push_str(&format!(":{port}"));
    }
    out.push_str(&percent(if url.path().is_empty() { "/" } else { url.path() }));
    for (mark, part) in [('?', url.query()), ('#', url.fragment())] {
        if let Some(part) = part {
            out.push(mark);
            out.push_str(&percent(part));
        }
    }
    Ok(out)
}

fn wrong(error: url::ParseError) -> &'static str {
    match error {
        url::ParseError::InvalidPort => "is a URL with a port that is not from 0 to 65535",
        url::ParseError::EmptyHost => "is a URL without a host",
        _ => NO_HOST,
    }
}

/// Whether another URL begins behind a blank or a mark that parts the values of a list.
fn several(rest: &str) -> bool {
    rest.match_indices("://").any(|(at, _)| {
        let before = rest[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "+-.*".contains(c));
        before.ends_with(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|'))
    })
}

/// Percent-encoding in one spelling: encoded letters, digits and `-._~` stand for themselves (RFC 3986 2.3), digits of codes are capital, and what a URL may not
/// hold is encoded. `:@!$&'()*+,;=/?` are left as they stand, for encoded they may mean something else.
fn percent(part: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let bytes = part.as_bytes();
    let mut out = String::with_capacity(part.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let code = (byte == b'%').then(|| part.get(i + 1..i + 3)).flatten().and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if plain(code) => out.push(char::from(code)),
            Some(code) => out.push_str(&format!("%{code:02X}")),
            None if plain(byte) || b":@!$&'()*+,;=/?".contains(&byte) => out.push(char::from(byte)),
            None => out.push_str(&format!("%{byte:02X}")),
        }
        i += if code.is_some() { 3 } else { 1 };
    }
    out
}
