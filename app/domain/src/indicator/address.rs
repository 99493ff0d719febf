//! IP addresses and networks: RFC 5952 for IPv6, an IPv4-mapped address as the IPv4 address that it is, CIDR (RFC 4632) with the bits of the host
//! cleared, ports split off.

use super::{Canonical, IndicatorType, refang};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a text is the number of a port.
pub fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether a text is an address, in brackets or not.
pub fn is_address(text: &str) -> bool {
    text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// An address or network in its one spelling. An IPv4 address in the form of IPv6 is one of IPv4, whatever it was called.
///
/// # Errors
/// Says what is wrong, and which type would be right.
pub fn canonical(said: IndicatorType, text: &str) -> Result<Canonical, String> {
    let text = text.trim();
    let refanged = if bare(text).parse::<IpAddr>().is_ok() { text.to_owned() } else { refang::words(text) };
    let (address, length) = match refanged.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (refanged.as_str(), None),
    };
    let written = parse(address, length.is_none()).ok_or_else(|| wrong(address))?;
    let ip = written.to_canonical();
    let kind = if ip.is_ipv4() { IndicatorType::Ipv4Addr } else { IndicatorType::Ipv6Addr };
    if kind != said && written == ip {
        let version = if ip.is_ipv4() { "an IPv4" } else { "an IPv6" };
        return Err(format!("is {version} address, so its type must be {kind}"));
    }
    let Some(length) = length else { return Ok(Canonical { kind, value: ip.to_string() }) };
    let prefix = prefix(length, written).ok_or("must end in the length of a network, such as 192.0.2.0/24 or 2001:db8::/32")?;
    // The 96 bits in front of a mapped address are no part of it.
    let prefix = if written == ip { prefix } else { prefix.checked_sub(96).ok_or("is a network that holds more than IPv4 addresses in the form of IPv6")? };
    Ok(Canonical { kind, value: network(ip, prefix) })
}

fn wrong(text: &str) -> String {
    let zeros = text.split('.').count() == 4 && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if zeros {
        "is not an IP address: four numbers from 0 to 255 without leading zeros".into()
    } else {
        "is not an IP address such as 192.0.2.7, nor a network such as 192.0.2.0/24".into()
    }
}

/// What stands in brackets, or the text.
fn bare(text: &str) -> &str {
    text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text)
}

/// An address, in brackets or not; a port behind it is left out where there may be one.
fn parse(text: &str, with_port: bool) -> Option<IpAddr> {
    let text = text.trim();
    if let Ok(ip) = bare(text).parse() {
        return Some(ip);
    }
    let (host, port) = text.rsplit_once([':', '|'])?;
    if !with_port || !is_port(port) {
        return None;
    }
    match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None if text.contains('|') => host.parse().ok(),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// The length of a network, written as a number or as a mask.
fn prefix(text: &str, ip: IpAddr) -> Option<u32> {
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    if let (true, Ok(mask)) = (ip.is_ipv4(), text.parse::<Ipv4Addr>()) {
        let mask = u32::from(mask);
        return (mask.leading_ones() + mask.trailing_zeros() == 32 || mask == 0).then(|| mask.leading_ones());
    }
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|length| digits && *length <= bits)
}

/// A network in its one spelling; one of a single address is that address.
fn network(ip: IpAddr, prefix: u32) -> String {
    match ip {
        IpAddr::V4(_) if prefix == 32 => ip.to_string(),
        IpAddr::V6(_) if prefix == 128 => ip.to_string(),
        IpAddr::V4(ip) => format!("{}/{prefix}", Ipv4Addr::from(u32::from(ip) & u32::MAX.checked_shl(32 - prefix).unwrap_or(0))),
        IpAddr::V6(ip) => format!("{}/{prefix}", Ipv6Addr::from(u128::from(ip) & u128::MAX.checked_shl(128 - prefix).unwrap_or(0))),
    }
}

/// The networks that hold an address or network given in its one spelling, itself left out, smallest first; none for what is neither.
#[must_use]
pub fn networks_around(value: &str) -> Vec<String> {
    let (address, length) = value.split_once('/').map_or((value, None), |(address, length)| (address, length.parse::<u32>().ok()));
    let Ok(ip) = address.parse::<IpAddr>() else { return vec![] };
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    (0..length.unwrap_or(bits)).rev().map(|prefix| network(ip, prefix)).collect()
}

/// The first and last address of an address or network given in its one spelling, as hexadecimal digits of one length for each version, which sort as the
/// addresses do; `None` for what is neither.
#[must_use]
pub fn span(value: &str) -> Option<(String, String)> {
    let (address, length) = value.split_once('/').map_or((value, None), |(address, length)| (address, length.parse::<u32>().ok()));
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(ip) => {
            let rest = u32::MAX.checked_shr(length.unwrap_or(32)).unwrap_or(0);
            let first = u32::from(ip) & !rest;
            Some((format!("{first:08x}"), format!("{:08x}", first | rest)))
        }
        IpAddr::V6(ip) => {
            let rest = u128::MAX.checked_shr(length.unwrap_or(128)).unwrap_or(0);
            let first = u128::from(ip) & !rest;
            Some((format!("{first:032x}"), format!("{:032x}", first | rest)))
        }
    }
}
