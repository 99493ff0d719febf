//! Who pushes: looks API keys up, remembers them for a moment, and counts what each may still push, and read, this minute.

use super::keys::{self, hash, well_formed};
use crate::App;
use axum::http::{HeaderName, HeaderValue};
use dashmap::DashMap;
use domain::{MINUTE, OrgId, SECOND, Timestamp};
use ipnet::IpNet;
use std::net::IpAddr;
use store::{KeyRecord, Store, StoreError};

/// A key that was found is believed this long, in microseconds; a revoked key therefore ends within it.
const BELIEVED: i64 = 3 * SECOND;

/// Whom a request speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: i64,
    pub org: OrgId,
    pub name: String,
    pub scopes: Vec<String>,
    /// From where it may be used; empty: from anywhere.
    pub addresses: Vec<IpNet>,
}

impl ApiKey {
    /// Whether it may be used from an address.
    #[must_use]
    pub fn from_here(&self, address: Option<IpAddr>) -> bool {
        self.addresses.is_empty() || address.is_some_and(|ip| self.addresses.iter().any(|net| net.contains(&ip.to_canonical())))
    }

    /// Whether the key is allowed one of [`SCOPES`](super::keys::SCOPES).
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

/// Why a request speaks for nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthFailure {
    #[error("no API key was sent")]
    Missing,
    /// Not `Bearer`, or not a key at all: mistyped, cut off, somebody else's token.
    #[error("what was sent is not an API key")]
    Malformed,
    #[error("the API key is not known here")]
    Unknown,
    #[error("the API key was revoked")]
    Revoked,
    #[error("the API key has expired")]
    Expired,
    /// Not from one of the key's networks.
    #[error("the API key may not be used from this address")]
    Elsewhere(Box<ApiKey>),
    /// The database failed; the key may be good.
    #[error("the API key could not be checked")]
    Unavailable(#[from] StoreError),
}

/// What a key may still push, of its own quota, or of its organisation's where less is left of that; or what it may still read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// `push` for the key's own, `organisation`; `read`.
    pub name: &'static str,
    /// Pushes, or reads, a minute.
    pub limit: u32,
    /// Those left in this minute.
    pub remaining: u32,
    /// Seconds until the minute is over.
    pub reset_s: u64,
    /// Whether this one may go on.
    pub allowed: bool,
}

impl Quota {
    /// As answers say it.
    #[must_use]
    pub fn headers(&self) -> [(HeaderName, String); 2] {
        let Self { name, limit, remaining, reset_s, .. } = self;
        [
            (HeaderName::from_static("ratelimit-policy"), format!("\"{name}\";q={limit};w=60")),
            (HeaderName::from_static("ratelimit"), format!("\"{name}\";r={remaining};t={reset_s}")),
        ]
    }
}

/// What may be asked in a minute.
#[derive(Clone, Copy, Debug)]
pub struct PerMinute {
    /// Pushes of a key.
    pub pushes: u32,
    /// Pushes of all keys of an organisation.
    pub pushes_of_all: u32,
    /// Reads of a key.
    pub reads: u32,
}

#[derive(Debug)]
struct Found {
    key: ApiKey,
    expires_at: Option<Timestamp>,
    at: Timestamp,
}

impl Found {
    /// Good for the moment; an entry from the future is not, because then the clock was set back.
    fn fresh(&self, now: Timestamp) -> bool {
        (0..BELIEVED).contains(&now.since(self.at))
    }
}

#[derive(Debug)]
struct Minute {
    since: Timestamp,
    used: u32,
}

impl Minute {
    fn new(now: Timestamp) -> Self {
        Self { since: now, used: 0 }
    }

    fn over(&self, now: Timestamp) -> bool {
        !(0..MINUTE).contains(&now.since(self.since))
    }

    /// What is left of it.
    fn quota(&self, name: &'static str, limit: u32, allowed: bool, now: Timestamp) -> Quota {
        let left = self.since.plus(MINUTE).since(now).max(0) as u64;
        Quota { name, limit, remaining: limit.saturating_sub(self.used), reset_s: left.div_ceil(SECOND as u64), allowed }
    }
}

/// The keys in use. It holds only keys that exist, so it cannot be made to grow from outside.
#[derive(Debug)]
pub struct KeyCache {
    limits: PerMinute,
    found: DashMap<[u8; 32], Found>,
    used: DashMap<i64, Timestamp>,
    minutes: DashMap<i64, Minute>,
    org_minutes: DashMap<OrgId, Minute>,
    reads: DashMap<i64, Minute>,
}

impl KeyCache {
    #[must_use]
    pub fn new(limits: PerMinute) -> Self {
        Self { limits, found: DashMap::new(), used: DashMap::new(), minutes: DashMap::new(), org_minutes: DashMap::new(), reads: DashMap::new() }
    }

    #[must_use]
    pub fn limits(&self) -> PerMinute {
        self.limits
    }

    /// Whom an `Authorization` header speaks for; notes the key's use.
    ///
    /// # Errors
    /// Why it speaks for nobody. The caller decides how much of that the sender learns.
    pub async fn authenticate(&self, app: &App, header: Option<&HeaderValue>, address: Option<IpAddr>) -> Result<ApiKey, AuthFailure> {
        let key = self.check(&app.store, app.clock.now(), header).await?;
        if key.from_here(address) { Ok(key) } else { Err(AuthFailure::Elsewhere(Box::new(key))) }
    }

    async fn check(&self, store: &Store, now: Timestamp, header: Option<&HeaderValue>) -> Result<ApiKey, AuthFailure> {
        let text = bearer(header.ok_or(AuthFailure::Missing)?).ok_or(AuthFailure::Malformed)?;
        let hash = hash(text);
        // Taken out in a statement of its own: the map's lock must not be held across the look-up.
        let remembered = self.found.get(&hash).filter(|f| f.fresh(now)).map(|f| (f.key.clone(), f.expires_at));
        let (key, expires_at) = match remembered {
            Some(found) => found,
            None => self.look_up(store, hash, now).await?,
        };
        if expires_at.is_some_and(|at| at <= now) {
            return Err(AuthFailure::Expired);
        }
        self.used.insert(key.id, now);
        Ok(key)
    }

    async fn look_up(&self, store: &Store, hash: [u8; 32], now: Timestamp) -> Result<(ApiKey, Option<Timestamp>), AuthFailure> {
        let record = store.hub().key_by_hash(hash).await?.ok_or(AuthFailure::Unknown)?;
        if record.revoked_at.is_some() {
            self.found.remove(&hash);
            return Err(AuthFailure::Revoked);
        }
        let KeyRecord { id, org, name, scopes, expires_at, addresses, .. } = record;
        let addresses = keys::networks(&addresses).map_err(StoreError::Internal)?;
        let key = ApiKey { id, org, name, scopes: scopes.split_whitespace().map(str::to_owned).collect(), addresses };
        self.found.insert(hash, Found { key: key.clone(), expires_at, at: now });
        Ok((key, expires_at))
    }

    /// Counts a push of a key, if it and its organisation still may.
    pub fn take(&self, key: &ApiKey, now: Timestamp) -> Quota {
        let mut org = self.org_minutes.entry(key.org).or_insert(Minute::new(now));
        let mut own = self.minutes.entry(key.id).or_insert(Minute::new(now));
        for minute in [&mut *org, &mut *own] {
            if minute.over(now) {
                *minute = Minute::new(now);
            }
        }
        let allowed = own.used < self.limits.pushes && org.used < self.limits.pushes_of_all;
        own.used += u32::from(allowed);
        org.used += u32::from(allowed);
        self.quota(&own, &org, allowed, now)
    }

    /// What a key may still push, without counting anything.
    #[must_use]
    pub fn peek(&self, key: &ApiKey, now: Timestamp) -> Quota {
        let new = || Minute::new(now);
        let own = self.minutes.get(&key.id).filter(|m| !m.over(now)).map_or_else(new, |m| Minute { ..*m });
        let org = self.org_minutes.get(&key.org).filter(|m| !m.over(now)).map_or_else(new, |m| Minute { ..*m });
        self.quota(&own, &org, own.used < self.limits.pushes && org.used < self.limits.pushes_of_all, now)
    }

    /// Counts a read of a key, if it still may. What is refused then costs no look into the database, which people's pages need, too.
    pub fn read(&self, key: &ApiKey, now: Timestamp) -> Quota {
        let mut minute = self.reads.entry(key.id).or_insert(Minute::new(now));
        if minute.over(now) {
            *minute = Minute::new(now);
        }
        let allowed = minute.used < self.limits.reads;
        minute.used += u32::from(allowed);
        minute.quota("read", self.limits.reads, allowed, now)
    }

    /// Pushes of an organisation in this minute.
    #[must_use]
    pub fn pushed(&self, org: OrgId, now: Timestamp) -> u32 {
        self.org_minutes.get(&org).filter(|m| !m.over(now)).map_or(0, |m| m.used)
    }

    fn quota(&self, own: &Minute, org: &Minute, allowed: bool, now: Timestamp) -> Quota {
        let own = own.quota("push", self.limits.pushes, allowed, now);
        let org = org.quota("organisation", self.limits.pushes_of_all, allowed, now);
        if org.remaining < own.remaining { org } else { own }
    }

    /// Writes down when keys were last used, and forgets what is over. To be called now and then.
    ///
    /// # Errors
    /// When the database fails; what was not written is kept for the next time.
    pub async fn flush_used(&self, app: &App) -> Result<(), StoreError> {
        self.flush(&app.store, app.clock.now()).await
    }

    async fn flush(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        self.found.retain(|_, f| f.fresh(now));
        self.minutes.retain(|_, m| !m.over(now));
        self.org_minutes.retain(|_, m| !m.over(now));
        self.reads.retain(|_, m| !m.over(now));
        let used: Vec<(i64, Timestamp)> = self.used.iter().map(|e| (*e.key(), *e.value())).collect();
        if used.is_empty() {
            return Ok(());
        }
        store.hub().keys_used(used.clone()).await?;
        for (id, at) in used {
            // A use since then stays for the next time.
            self.used.remove_if(&id, |_, last| *last <= at);
        }
        Ok(())
    }
}

/// The key in `Authorization: Bearer <key>`, if it is one.
#[must_use]
pub fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, key) = header.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && well_formed(key)).then_some(key)
}

#[cfg(test)]
#[path = "key_cache_tests.rs"]
mod tests;
