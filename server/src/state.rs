//! What every handler shares.

use crate::{
    api::{PUSHES_PER_MINUTE, READS_PER_MINUTE},
    audit::Trail,
    auth::{
        keys::{KeyCache, PerMinute},
        oidc::Providers,
        passkey::Place,
        seal::Seal,
    },
    clock::Clock,
    live::Live,
    page_time::PageTime,
    policy::default_policy,
    quotas::Quotas,
    serving::Proxies,
    views::ViewCache,
};
use anyhow::Context;
use domain::Timestamp;
use std::{net::SocketAddr, sync::Arc};
use store::{Settings, Store, StoreError};

/// The running program. Cheap to clone; one for all requests.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub live: Arc<Live>,
    pub views: Arc<ViewCache>,
    pub keys: Arc<KeyCache>,
    pub page_time: Arc<PageTime>,
    pub audit: Arc<Trail>,
    /// The seal on secrets in the database.
    pub seal: Arc<Seal>,
    /// Where passkeys of this hub belong; `None`: its address can have none.
    pub passkeys: Option<Arc<Place>>,
    pub providers: Arc<Providers>,
    pub clock: Clock,
    pub config: Arc<Config>,
    pub started_at: Timestamp,
}

/// How this hub runs.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where people reach the hub, without a slash at the end.
    pub public_url: String,
    /// The operator named it; else it is made of the address that the hub listens on.
    pub public_url_given: bool,
    /// The hub's name of the alliance.
    pub alliance: String,
    /// Demo mode: the DEMO DATA bar and the printed sign-ins.
    pub demo: bool,
    /// Cookies may go without `Secure` and the `__Host-` prefix: plain HTTP on a loopback address only.
    pub insecure_cookies: bool,
    /// Roles that change what others rely on need a second factor.
    pub second_factor: bool,
    pub retention: store::Retention,
    /// Whose word about their clients' addresses is taken.
    pub trusted_proxies: Proxies,
    pub quotas: Quotas,
}

/// Connections for reading: more than there are cores, because a read waits for the database's own thread.
const READERS: u32 = 8;

impl App {
    /// Opens the database, adopts the default scoring policy where there is none, and reads the board.
    ///
    /// # Errors
    /// When the database cannot be opened, migrated or read.
    pub async fn open(config: Config, database: &str, clock: Clock) -> anyhow::Result<Self> {
        let store =
            Store::open(&Settings { url: database.to_owned(), readers: READERS }).await.with_context(|| format!("cannot open {}", store::shown(database)))?;
        let now = clock.now();
        if store.hub().policy().await?.is_none() {
            match store.hub().adopt_policy(&default_policy(), now).await {
                // Another node that starts at this moment was quicker.
                Ok(()) | Err(StoreError::Exists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let live = Arc::new(Live::load(&store, now).await?);
        Ok(Self {
            store,
            live,
            views: Arc::default(),
            keys: Arc::new(KeyCache::new(PerMinute { pushes: PUSHES_PER_MINUTE, pushes_of_all: config.quotas.pushes_per_minute, reads: READS_PER_MINUTE })),
            page_time: Arc::new(PageTime::new(config.quotas.page_seconds_per_minute, config.quotas.changes_per_minute)),
            audit: Arc::default(),
            seal: Arc::default(),
            passkeys: Place::of(&config.public_url, &config.alliance).map(Arc::new),
            providers: Arc::default(),
            clock,
            config: Arc::new(config),
            started_at: now,
        })
    }
}
