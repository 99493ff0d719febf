//! Whose request it is: the other end of the connection, or whom a trusted proxy names as its client.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use ipnet::IpNet;
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address a request came from, as an extractor; `None` where the router was given no connection.
///
/// It is found once, where the connection is served. Budgets, throttles, the audit trail and the networks of keys all go by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// Where a request came from.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get().copied().unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// One customer usually has a whole /64 of IPv6, so that is what counts as one address.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// The networks of reverse proxies whose word about their clients is taken. Nobody's, unless the operator names some.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl From<Vec<IpNet>> for Proxies {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }
}

impl Proxies {
    /// The networks, for the log.
    #[must_use]
    pub fn networks(&self) -> &[IpNet] {
        &self.0
    }

    /// Whether this is the address of a trusted proxy.
    #[must_use]
    pub fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that came from `peer`: the rightmost address in `X-Forwarded-For` or `Forwarded` that is no trusted proxy's. Each
    /// proxy appends the address that it was asked from, so everything further left is anybody's word, as is the whole header when the peer is no
    /// trusted proxy. Where an entry cannot be read, or the two headers name different clients (one of them then passed through untouched), the
    /// nearest proxy itself counts as the client.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let found = [list(headers, &X_FORWARDED_FOR, x_forwarded_for), list(headers, &header::FORWARDED, forwarded)];
        let mut clients = found.into_iter().flatten().map(|hops| self.rightmost(peer, hops));
        match (clients.next(), clients.next()) {
            (Some(client), None) => client,
            (Some(one), Some(other)) if one == other => one,
            _ => peer,
        }
    }

    /// `hops`: the newest first, `None` for one that cannot be read.
    fn rightmost(&self, peer: IpAddr, hops: Vec<Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for hop in hops {
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trust(hop) {
                break;
            }
        }
        client
    }
}

/// Whether the last proxy says that its client came by HTTPS (`true`) or without (`false`); `None` where no header says anything.
#[must_use]
pub fn forwarded_https(headers: &HeaderMap) -> Option<bool> {
    let last = |name| headers.get_all(name).iter().next_back()?.to_str().ok();
    let proto = last(X_FORWARDED_PROTO).and_then(|text| text.rsplit(',').next());
    let proto = proto.or_else(|| parameter(elements(last(header::FORWARDED)?, ',').last()?, "proto"))?;
    Some(unquoted(proto.trim()).eq_ignore_ascii_case("https"))
}

/// All entries of a header that may be given several times, the newest first; `None` where it is not given.
fn list(headers: &HeaderMap, name: &HeaderName, read: fn(&str) -> Vec<Option<IpAddr>>) -> Option<Vec<Option<IpAddr>>> {
    let mut all = Vec::new();
    for line in headers.get_all(name) {
        all.extend(line.to_str().map_or_else(|_| vec![None], read));
    }
    all.reverse();
    Some(all).filter(|all| !all.is_empty())
}

fn x_forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    line.split(',').map(address).collect()
}

/// RFC 7239: `for=192.0.2.7;proto=https, for="[2001:db8::1]:4711"`.
fn forwarded(line: &str) -> Vec<Option<IpAddr>> {
    elements(line, ',').into_iter().map(|element| address(unquoted(parameter(element, "for")?))).collect()
}

fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let pairs = elements(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The parts between separators that stand outside quotes.
fn elements(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

/// An address as proxies write it: alone, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()))?;
    Some(IpAddr::to_canonical(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let proxies = Proxies::from(trusted.iter().map(|t| t.parse().unwrap()).collect::<Vec<IpNet>>());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn without_a_trusted_proxy_headers_are_anybodys_word() {
        let said = [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7")];
        for peer in ["127.0.0.1", "10.0.0.1", "198.51.100.1"] {
            assert_eq!(client(&[], peer, &said), peer);
        }
        assert_eq!(client(&["10.0.0.0/8"], "127.0.0.1", &said), "127.0.0.1", "not even this machine's own");
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxys_counts() {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        for (name, value, wanted) in [
            ("x-forwarded-for", "192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.9.9.9", "192.0.2.7"),
            ("x-forwarded-for", "192.0.2.7:4711", "192.0.2.7"),
            ("x-forwarded-for", "[2a00::1]:4711", "2a00::1"),
            ("x-forwarded-for", "::ffff:192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("x-forwarded-for", "192.0.2.7, unknown", "10.0.0.1"),
            ("x-forwarded-for", "192.0.2.7, unknown, 10.2.2.2", "10.2.2.2"),
            ("x-forwarded-for", "", "10.0.0.1"),
            ("forwarded", "for=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7"),
            ("forwarded", "For=\"[2a00::17]:4711\"", "2a00::17"),
            ("forwarded", "for=203.0.113.9, for=\"192.0.2.7:80\";host=\"a,b;for=1.2.3.4\", for=10.1.1.1", "192.0.2.7"),
            ("forwarded", "for=_hidden", "10.0.0.1"),
            ("forwarded", "for=192.0.2.7, proto=https", "10.0.0.1"),
        ] {
            assert_eq!(client(&trusted, "10.0.0.1", &[(name, value)]), wanted, "{name}: {value}");
        }
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(client(&trusted, "::ffff:10.0.0.1", &lines), "192.0.2.7", "lines follow one another");
    }

    #[test]
    fn a_header_that_the_proxy_let_through_changes_nothing() {
        let both = |one, other| client(&["10.0.0.0/8"], "10.0.0.1", &[("x-forwarded-for", one), ("forwarded", other)]);
        assert_eq!(both("192.0.2.7", "for=192.0.2.7"), "192.0.2.7");
        assert_eq!(both("192.0.2.7", "for=203.0.113.9"), "10.0.0.1");
    }

    #[test]
    fn a_whole_customer_network_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn the_last_proxy_says_whether_it_was_https() {
        let said = |name: &'static str, value: &str| forwarded_https(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]));
        assert_eq!(said("x-forwarded-proto", "https"), Some(true));
        assert_eq!(said("x-forwarded-proto", "https, http"), Some(false));
        assert_eq!(said("forwarded", "for=192.0.2.7;proto=\"HTTPS\""), Some(true));
        assert_eq!(said("forwarded", "for=192.0.2.7"), None);
        assert_eq!(said("x-forwarded-for", "192.0.2.7"), None);
    }
}
