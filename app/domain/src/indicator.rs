//! Threat indicators: their types (after STIX 2.1 cyber-observables) and one canonical spelling per value, so that
//! two organisations that saw the same thing find each other.

use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr, str::FromStr};

/// What kind of observable an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndicatorType {
    DomainName,
    Ipv4Addr,
    Ipv6Addr,
    Url,
    EmailAddr,
    FileMd5,
    FileSha1,
    FileSha256,
    Vulnerability,
    Other,
}

impl IndicatorType {
    pub const ALL: [Self; 10] = [
        Self::DomainName,
        Self::Ipv4Addr,
        Self::Ipv6Addr,
        Self::Url,
        Self::EmailAddr,
        Self::FileMd5,
        Self::FileSha1,
        Self::FileSha256,
        Self::Vulnerability,
        Self::Other,
    ];

    /// The word of API, database and URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DomainName => "domain-name",
            Self::Ipv4Addr => "ipv4-addr",
            Self::Ipv6Addr => "ipv6-addr",
            Self::Url => "url",
            Self::EmailAddr => "email-addr",
            Self::FileMd5 => "file-md5",
            Self::FileSha1 => "file-sha1",
            Self::FileSha256 => "file-sha256",
            Self::Vulnerability => "vulnerability",
            Self::Other => "other",
        }
    }

    /// The one spelling under which a value of this type is stored and compared.
    ///
    /// # Errors
    /// Says what is wrong with the value.
    pub fn canonical(self, value: &str) -> Result<String, String> {
        let value = value.trim();
        if value.is_empty() || value.len() > 2_048 || value.chars().any(char::is_control) {
            return Err("must be 1 to 2048 characters without control characters".into());
        }
        let hex = |digits: usize| {
            let lower = value.to_ascii_lowercase();
            let ok = lower.len() == digits && lower.bytes().all(|b| b.is_ascii_hexdigit());
            if ok { Ok(lower) } else { Err(format!("must be {digits} hexadecimal digits")) }
        };
        match self {
            Self::DomainName => {
                let name = value.trim_end_matches('.').to_lowercase();
                let ok = name.len() <= 253 && name.contains('.') && name.split('.').all(|l| (1..=63).contains(&l.len()) && !l.contains([' ', '/', ':', '@']));
                if ok { Ok(name) } else { Err("is not a domain name such as example.org".into()) }
            }
            Self::Ipv4Addr | Self::Ipv6Addr => {
                let ip: IpAddr = value.parse().map_err(|_| "is not an IP address".to_owned())?;
                if ip.is_ipv4() == (self == Self::Ipv4Addr) { Ok(ip.to_string()) } else { Err("is an address of the other IP version".into()) }
            }
            Self::Url => {
                let (scheme, rest) = value.split_once("://").ok_or("is not a URL with a scheme")?;
                let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                if host.is_empty() { Err("has no host".into()) } else { Ok(format!("{}://{}{path}", scheme.to_lowercase(), host.to_lowercase())) }
            }
            Self::EmailAddr => match value.rsplit_once('@') {
                Some((local, host)) if !local.is_empty() && host.contains('.') => Ok(format!("{local}@{}", host.to_lowercase())),
                _ => Err("is not a mail address".into()),
            },
            Self::FileMd5 => hex(32),
            Self::FileSha1 => hex(40),
            Self::FileSha256 => hex(64),
            Self::Vulnerability => {
                let upper = value.to_ascii_uppercase();
                if upper.starts_with("CVE-") && upper.len() >= 13 { Ok(upper) } else { Err("is not a CVE id such as CVE-2024-3094".into()) }
            }
            Self::Other => Ok(value.to_owned()),
        }
    }
}

impl fmt::Display for IndicatorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for IndicatorType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|t| t.name() == text).ok_or_else(|| format!("must be one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_value() {
        let canon = |t: IndicatorType, v: &str| t.canonical(v).unwrap();
        assert_eq!(canon(IndicatorType::DomainName, "Evil.Example.ORG."), "evil.example.org");
        assert_eq!(canon(IndicatorType::Ipv6Addr, "2001:DB8:0:0::1"), "2001:db8::1");
        assert_eq!(canon(IndicatorType::Url, "HTTP://Evil.example/A?b=C"), "http://evil.example/A?b=C");
        assert_eq!(canon(IndicatorType::FileMd5, "D41D8CD98F00B204E9800998ECF8427E"), "d41d8cd98f00b204e9800998ecf8427e");
        assert!(IndicatorType::Ipv4Addr.canonical("2001:db8::1").is_err());
        assert!(IndicatorType::FileSha1.canonical("d41d8cd98f00b204e9800998ecf8427e").is_err());
        assert!(IndicatorType::DomainName.canonical("no spaces.example").is_err());
    }
}
