//! E-mail addresses (RFC 5321): `mailto:` and angle brackets are taken off, the domain has its one spelling. The part before the @ stays as it is: its capital
//! letters may mean something (2.4 there).

use super::{host, refang};
use std::net::IpAddr;

const NO_MAIL: &str = "is not an e-mail address such as name@example.org";

/// The one spelling of an address.
///
/// # Errors
/// Says what is wrong with it.
pub fn canonical(text: &str) -> Result<String, String> {
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text[7..].split('?').next().unwrap_or_default(),
        _ => text,
    };
    let text = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text);
    let text = refang::words(text.trim());
    if text.contains(['<', '>', '"']) || text.contains(char::is_whitespace) && text.matches('@').count() == 1 {
        return Err("must be the e-mail address alone, without a name or quotation marks around it".into());
    }
    let (local, domain) = text.rsplit_once('@').ok_or(NO_MAIL)?;
    let fits = (1..=64).contains(&local.len()) && !local.chars().any(|c| c.is_whitespace() || "@()[]\\,;:".contains(c));
    if !fits {
        return Err(NO_MAIL.into());
    }
    if let Some(literal) = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        let literal = literal.strip_prefix("IPv6:").unwrap_or(literal);
        let ip: IpAddr = literal.parse().map_err(|_| NO_MAIL)?;
        return Ok(if ip.is_ipv4() { format!("{local}@[{ip}]") } else { format!("{local}@[IPv6:{ip}]") });
    }
    let domain = host::name(domain).map_err(|_| NO_MAIL)?;
    if domain.contains('.') { Ok(format!("{local}@{domain}")) } else { Err(NO_MAIL.into()) }
}
