//! What somebody may mean who types or pastes an indicator.

use super::{Canonical, IndicatorType, networks_around, refang, span};
use crate::text::trimmed;

/// How a list of indicators is searched for what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// A part of values, as they are spelled: refanged, otherwise as typed.
    pub part: String,
    /// Whole values that it may be.
    pub values: Vec<Canonical>,
    /// Networks that hold it, where it is an address or a network; of IPv6 those that end between two hexadecimal digits, as networks are given out.
    pub around: Vec<String>,
    /// Where it is a network: the type, first and last address (as [`span`] writes them) of what lies within it.
    pub within: Vec<(IndicatorType, String, String)>,
}

/// Reads what was typed as every type that it can be.
#[must_use]
pub fn typed(text: &str) -> Typed {
    let text = trimmed(text);
    let mut values: Vec<Canonical> = vec![];
    for kind in IndicatorType::ALL.into_iter().filter(|kind| *kind != IndicatorType::Other) {
        if let Ok(one) = kind.canonical(text)
            && !values.contains(&one)
        {
            values.push(one);
        }
    }
    let addresses: Vec<&Canonical> = values.iter().filter(|one| matches!(one.kind, IndicatorType::Ipv4Addr | IndicatorType::Ipv6Addr)).collect();
    let around = addresses.iter().flat_map(|one| {
        let every = if one.kind == IndicatorType::Ipv6Addr { 4 } else { 1 };
        networks_around(&one.value)
            .into_iter()
            .filter(move |network| network.rsplit('/').next().and_then(|length| length.parse::<u32>().ok()).is_some_and(|length| length % every == 0))
    });
    let spans = addresses.iter().filter_map(|one| span(&one.value).map(|(first, last)| (one.kind, first, last)));
    let within = spans.filter(|(_, first, last)| first != last).collect();
    let part = refang::scheme(text).map_or_else(|| refang::separators(text), |(scheme, rest)| format!("{scheme}://{rest}"));
    Typed { part, around: around.collect(), within, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_looked_for_as_it_is_kept() {
        let one = |text: &str| typed(text).values.into_iter().map(|one| format!("{} {}", one.kind, one.value)).collect::<Vec<_>>();
        assert_eq!(one("Login[.]Evil[.]example"), ["domain-name login.evil.example"]);
        assert_eq!(one("hxxps://login.evil.example"), ["url https://login.evil.example/"]);
        assert_eq!(one("cve-2024-3094"), ["vulnerability CVE-2024-3094"]);
        assert_eq!(typed("evil[.]ex").part, "evil.ex");
        assert_eq!(typed("hxxp://evil[.]ex").part, "http://evil.ex");
        let address = typed("::ffff:192.0.2.7");
        assert_eq!(address.values, [Canonical { kind: IndicatorType::Ipv4Addr, value: "192.0.2.7".into() }]);
        assert!(address.around.contains(&"192.0.2.0/24".to_owned()) && address.around.len() == 32);
        assert_eq!(typed("2001:db8::1").around.len(), 32);
        assert!(address.within.is_empty(), "nothing lies within an address");
        assert_eq!(typed("192.0.2.77/24").within, [(IndicatorType::Ipv4Addr, "c0000200".into(), "c00002ff".into())]);
        assert_eq!(typed("2001:db8::/127").within[0].2, "20010db8000000000000000000000001");
        assert!(typed("").values.is_empty() && typed("a b").values.is_empty());
    }
}
