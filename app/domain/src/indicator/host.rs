//! Names of hosts: IDNA (RFC 5891 with the mapping of UTS 46), without the root's dot, in A-labels.

use super::refang;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

const NO_DOMAIN: &str = "is not a domain name such as example.org";

/// The one spelling of a host's name, of one label or more: `Bücher.Example.` is `xn--bcher-kva.example`. Underscores are taken, as DNS has them.
///
/// # Errors
/// Says that it is no name.
pub fn name(text: &str) -> Result<String, String> {
    let no = || NO_DOMAIN.to_owned();
    let text = text.trim_end_matches(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    let name = Uts46::new().to_ascii(text.as_bytes(), AsciiDenyList::URL, Hyphens::Allow, DnsLength::Ignore).map_err(|_| no())?;
    let label = |l: &str| {
        (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) && !l.starts_with('-') && !l.ends_with('-')
    };
    let numeric = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if name.len() <= 253 && !numeric && name.split('.').all(label) { Ok(name.into_owned()) } else { Err(no()) }
}

/// The one spelling of a domain name; a port behind it is split off.
///
/// # Errors
/// Says what it is instead, where that can be told.
pub fn domain(text: &str) -> Result<String, String> {
    let text = refang::words(text);
    if text.contains("://") || text.contains('/') {
        return Err("is a URL or a path, not a domain name such as example.org".into());
    }
    if text.contains('@') {
        return Err("is an e-mail address, not a domain name such as example.org".into());
    }
    let (host, port) = text.rsplit_once([':', '|']).map_or((text.as_str(), None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|p| !super::address::is_port(p)) {
        return Err(NO_DOMAIN.into());
    }
    if super::address::is_address(host) || super::address::is_address(&text) {
        return Err("is an IP address, not a domain name such as example.org".into());
    }
    let name = name(host)?;
    if name.contains('.') { Ok(name) } else { Err(NO_DOMAIN.into()) }
}
