//! Everything that touches the database.
//!
//! * A [`Store`] is opened once. Whoever wants tenant data asks it for a handle, and the handle's type says what its holder
//!   may do: [`Store::viewer`] (a person: reads what the access policy lets him), [`Store::partner`] (an API key: pushes, and
//!   reads its own receipts), [`Store::hub`] (the program itself: projections, sign-in, command line, retention).
//! * All writes go through one [writer](writer) that commits many waiting jobs in one transaction (group commit); the usual metric push
//!   has an [express way](express) beside it.
//! * SQL is portable: `$1` placeholders, integers for time, `ON CONFLICT … DO UPDATE`. Each statement runs through
//!   [`db::on_pool!`] or [`db::on_conn!`], which expand once per database; where two databases differ, the arms stand side by side.
//!
//! To add a query: a method on the handle whose holder needs it, in the file of its subject, with `reach!` in the SQL
//! wherever it reads marked records; then a test in `tests/`.

pub mod backup;
pub mod bulk;
mod db;
mod error;
mod express;
mod hub;
mod partner;
mod push;
mod viewer;
mod writer;

pub use db::Settings;
pub use error::StoreError;
pub use hub::{
    Hub,
    identity::{KeyRecord, SessionRecord, UserRecord},
    outbox::Change,
    posture::{CurrentRow, DayRow, OpenIncident, Org},
    retention::Retention,
};
pub use partner::Partner;
pub use push::*;
pub use viewer::*;

use express::Express;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};
use writer::Writer;

/// The opened database: a pool of readers and one writer. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: db::Db,
    writer: Writer,
    /// SQLite's only.
    express: Option<Express>,
    commits: Arc<watch::Sender<u64>>,
    series: push::SeriesCache,
}

impl Store {
    /// Opens the database at `settings.url`, creating file and folder where needed, and brings its schema up to date.
    ///
    /// # Errors
    /// When the database cannot be opened or migrated.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let (db, conn) = db::open(settings).await?;
        let (turn, commits) = (Arc::new(Mutex::new(())), Arc::new(watch::Sender::new(0)));
        let express = match &db {
            db::Db::Sqlite(pool) => Some(Express::start(pool.connect_options().get_filename(), &db::PRAGMAS, Arc::clone(&turn), Arc::clone(&commits))?),
        };
        let writer = Writer::start(conn, turn, Arc::clone(&commits));
        Ok(Self { inner: Arc::new(Inner { db, writer, express, commits, series: push::SeriesCache::default() }) })
    }

    /// What one person may read.
    #[must_use]
    pub fn viewer(&self, viewer: domain::Viewer) -> Reads<'_> {
        Reads { store: self, viewer }
    }

    /// What one API key may do.
    #[must_use]
    pub fn partner(&self, org: domain::OrgId) -> Partner<'_> {
        Partner { store: self, org }
    }

    /// The program's own work. Never hand what it returns to a person without asking the access policy.
    #[must_use]
    pub fn hub(&self) -> Hub<'_> {
        Hub { store: self }
    }

    /// Ticks after every commit; the value is meaningless. A hint to look into the outbox, not a promise.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits.subscribe()
    }

    /// Finishes the jobs already accepted and closes the database.
    pub async fn close(&self) {
        if let Some(express) = &self.inner.express {
            express.close().await;
        }
        // The writer last: who closes a SQLite file last tidies its write-ahead log away, and readers cannot.
        db::on_pool!(&self.inner.db, pool => pool.close().await);
        self.inner.writer.close().await;
    }
}
