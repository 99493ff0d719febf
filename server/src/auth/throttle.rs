//! Failed sign-ins, counted per account and per address: guessing gets slow long before it gets anywhere.

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use domain::{MINUTE, Timestamp};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Mutex, PoisonError},
};

/// Failures after which an account refuses everybody until the window ends.
const PER_ACCOUNT: u32 = 5;
/// Failures after which an address is refused until the window ends.
const PER_ADDRESS: u32 = 20;
/// From the first failure to the end of the window, in microseconds.
const WINDOW: i64 = 15 * MINUTE;
/// Accounts and addresses remembered at most. Beyond that the oldest are forgotten: bounded memory comes first.
const REMEMBERED: usize = 50_000;

/// Counts attempts before the password is looked at, so that many at once get no more tries than one after the other.
#[derive(Debug, Default)]
pub struct Throttle {
    seen: Mutex<HashMap<Who, Tries>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    /// SHA-256 of the mail address as typed, in lower case: a fixed size, whether such an account exists or not.
    Account([u8; 32]),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    since: Timestamp,
    count: u32,
}

impl Tries {
    /// A window that lies ahead is over too: the clock was set back.
    fn over(&self, now: Timestamp) -> bool {
        !(0..WINDOW).contains(&now.since(self.since))
    }
}

impl Throttle {
    /// Counts an attempt as failed until [`Throttle::succeeded`] or [`Throttle::forgive`] says otherwise. False: refuse it
    /// without looking at the password.
    #[must_use]
    pub fn admit(&self, account: &str, address: Option<IpAddr>, now: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let who = who(account, address);
        let full = |(who, limit): &(Who, u32)| seen.get(who).is_some_and(|t| !t.over(now) && t.count >= *limit);
        if who.iter().flatten().any(full) {
            return false;
        }
        if seen.len() + 2 > REMEMBERED {
            make_room(&mut seen, now);
        }
        for (who, _) in who.into_iter().flatten() {
            let tries = seen.entry(who).or_insert(Tries { since: now, count: 0 });
            if tries.over(now) {
                *tries = Tries { since: now, count: 0 };
            }
            tries.count += 1;
        }
        true
    }

    /// The password was right: the account begins anew, the address gets its attempt back.
    pub fn succeeded(&self, account: &str, address: Option<IpAddr>) {
        self.forgive(account, address);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&Who::Account(account_key(account)));
    }

    /// The attempt did not come as far as the password.
    pub fn forgive(&self, account: &str, address: Option<IpAddr>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, _) in who(account, address).into_iter().flatten() {
            if let Some(tries) = seen.get_mut(&who) {
                tries.count = tries.count.saturating_sub(1);
            }
        }
    }
}

fn account_key(account: &str) -> [u8; 32] {
    Sha256::digest(account.trim().to_lowercase()).into()
}

fn who(account: &str, address: Option<IpAddr>) -> [Option<(Who, u32)>; 2] {
    [Some((Who::Account(account_key(account)), PER_ACCOUNT)), address.map(|a| (Who::Address(network(a)), PER_ADDRESS))]
}

/// One customer usually has a whole /64 of IPv6, so that is what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// Forgets what is over; when that is not enough, the older half.
fn make_room(seen: &mut HashMap<Who, Tries>, now: Timestamp) {
    seen.retain(|_, t| !t.over(now));
    if seen.len() + 2 > REMEMBERED {
        let mut since: Vec<_> = seen.values().map(|t| t.since).collect();
        since.sort_unstable();
        let median = since[since.len() / 2];
        seen.retain(|_, t| t.since > median);
    }
}

/// The address a request came from, as an extractor; `None` where the server was given no connection.
///
/// A connection from this machine itself is a reverse proxy's: then the last entry of `X-Forwarded-For` counts, which that
/// proxy wrote. From elsewhere the header is anybody's word and is ignored.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip().to_canonical());
        let forwarded = || parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
        Ok(Self(match peer {
            Some(ip) if ip.is_loopback() => forwarded().or(peer),
            _ => peer,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)));

    #[test]
    fn an_account_closes_after_five_and_opens_again() {
        let (throttle, now) = (Throttle::default(), Timestamp(0));
        for _ in 0..5 {
            assert!(throttle.admit("a@example.org", None, now));
        }
        assert!(!throttle.admit("A@Example.org ", None, now));
        assert!(throttle.admit("b@example.org", None, now));
        assert!(!throttle.admit("a@example.org", None, now.plus(WINDOW - 1)));
        assert!(throttle.admit("a@example.org", None, now.plus(WINDOW)));
    }

    #[test]
    fn an_address_closes_after_twenty_failures_but_not_after_successes() {
        let (throttle, now) = (Throttle::default(), Timestamp(0));
        for i in 0..50 {
            let account = format!("good{i}@example.org");
            assert!(throttle.admit(&account, HOME, now));
            throttle.succeeded(&account, HOME);
        }
        for i in 0..20 {
            assert!(throttle.admit(&format!("{i}@example.org"), HOME, now));
        }
        assert!(!throttle.admit("x@example.org", HOME, now));
        assert!(throttle.admit("x@example.org", None, now));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::default();
        for i in 0..REMEMBERED + 1_000 {
            assert!(throttle.admit(&i.to_string(), None, Timestamp(i as i64)));
        }
        assert!(throttle.seen.lock().unwrap().len() <= REMEMBERED);
    }

    #[test]
    fn a_whole_customer_network_is_one_address() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:1".parse().unwrap();
        assert_eq!(network(a), network(b));
        assert_eq!(network("::ffff:192.0.2.7".parse().unwrap()), "192.0.2.7".parse::<IpAddr>().unwrap());
    }
}
