//! Everything that touches the database.
//!
//! * A [`Store`] is opened once. Whoever wants tenant data asks it for a handle, and the handle's type says what its holder
//!   may do: [`Store::viewer`] (a person: reads what the access policy lets him), [`Store::partner`] (an API key: pushes, and
//!   reads its own receipts), [`Store::hub`] (the program itself: projections, sign-in, command line, retention).
//! * All writes go through the [writer](writer), which commits many waiting jobs in one transaction (group commit).
//! * Metrics lie [packed](samples): a push is one row.
//! * The database is SQLite or PostgreSQL. SQL is portable: `$1` placeholders, integers for time, `TRUE` and bare booleans, `ON CONFLICT …
//!   DO UPDATE`. Each statement runs through [`db::read!`] or [`db::on_conn!`], which expand once per database; where the two differ, the
//!   texts stand side by side.
//! * On PostgreSQL the type of the handle reaches the database, too: each statement runs in a [scope](db::Scope), of one handle or of the partners whose pushes are
//!   applied together, and row level security decides by it.
//!
//! To add a query: a method on the handle whose holder needs it, in the file of its subject, with `reach!` in the SQL
//! wherever it reads marked records, a list with its numbers and its file through `viewer/visible.rs`, which looks only where something is shown; a number is a method on [`Counts`] with `counted!`, which also counts what is shown as a summary, and both get a
//! line in `check` of `tests/contract/reach.rs`; a new macro in a text is told to the test in `CONDITIONS` (`viewer.rs`); then a test in `tests/contract`, which runs on both databases; another there, `statements.rs`, prepares
//! every text on both. A read whose text differs takes [`db.pick(sqlite, postgres)`](db::Db::pick), a write matches on its `Conn`; such a text
//! has a row in that test's SPECIAL, one assembled at run time (`AssertSqlSafe`) a row in DYNAMIC. A list of numbers is bound as JSON and read by
//! `json_each`, which on PostgreSQL is our own function of that name. What is read or written for each of many items goes as rows of a table `v`, in one statement
//! ([`db::Rows`]); a column that is no number has its type in `COLUMNS` of the same test.
//!
//! To add a table: in the file of its subject in `migrations/sqlite` and `migrations/postgres` until the first release, later in a file with the next number in
//! both; the same columns and keys in both, which begin with the organisation, and in PostgreSQL's its GRANT, row level security and policies beside it: the test
//! `catalogue` demands the security and a policy. A partner's compares with `scope_org()`, or, of a table that all pushes write together, with `scope_orgs()`, and then it has its name in `PUSHED` of the test `postgres`. Then write the databases
//! that later versions are tried on anew (`cargo test -p store --test contract upgrade::write -- --ignored`). A row of data in the test `moving`, which fails for any table that has none; and where its rows end, a line in
//! `hub/retention.rs`, or where there may be only so many, a bound in `hub/bounds.rs`. To change who sees what: write it, append its row to
//! the trail ([`audit`]) and call `hub::sharing::decide`, in one transaction, and add a step to `they_follow_every_rule_and_group` in
//! `tests/contract/reach.rs`.
//!
//! SQLite uses the first column alone of two that one `IN` names (`(org_id, id) IN (SELECT …)`), so rows are joined to by their key.

mod alliance;
pub mod audit;
pub mod backup;
pub mod bulk;
mod db;
mod error;
mod hub;
mod listener;
pub mod moving;
mod partner;
pub mod private;
mod push;
mod recipients;
mod record_id;
pub mod samples;
mod shown_before;
mod shown_lately;
mod viewer;
mod withdrawn_records;
mod words;
mod writer;

pub use alliance::{AllianceKey, AllianceKeys, NumberedKey, OVERLAP};
pub use db::{Settings, file_of, shown};
pub use error::StoreError;
pub use hub::{
    Hub,
    account_proposals::{AccountChange, AccountProposal, Agreed, Changed, NewLink},
    aggregates::WeekTotal,
    comparisons::ComparisonState,
    confirmation::{Confirmation, FirstConfirmation},
    count_totals::WeekCount,
    decisions::{Decision, Delegates},
    factors::{Added, Factor, Factors, Removed},
    group_proposals::GroupProposal,
    groups::Group,
    identity::{KeyRecord, SessionRecord, UserRecord},
    kept_forms::KeptForm,
    oidc::{Linked, OidcFlow, OidcIdentity, OidcProvider},
    outbox::{Change, PEERS},
    overlap_members::WeekMembers,
    passkeys::{NewPasskey, PasskeyRecord, Purpose, Used},
    people::{PersonRecord, Turned},
    policies::{Adopted, PolicyDraft},
    posture::{DayRow, OpenIncident, Org},
    proposals::{Approval, Proposal},
    retention::Retention,
    sealing::Sealed,
    throttle::Budget,
};
pub use partner::{Partner, Revision};
pub use push::*;
pub use record_id::record_id;
pub use samples::{CurrentRow, CurrentValues, DayValue, MAX_SERIES, Signs};
pub use shown_before::{ShownBefore, WithdrawnCritical};
pub use viewer::*;
pub use words::fold;

use samples::current::CurrentCache;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};
use tokio::sync::{Semaphore, watch};
use writer::Writer;

/// The opened database: a pool of readers and the writer. Cheap to clone.
///
/// Neither of the two is handed out, so that no statement runs but those of this crate, each in the scope of its handle:
/// ```
/// fn open(store: &store::Store) { let _ = store.commits(); }
/// ```
/// ```compile_fail,E0616
/// fn open(store: &store::Store) { let _ = &store.inner; }
/// ```
/// ```
/// use store::audit::Actor;
/// ```
/// ```compile_fail,E0603
/// use store::db::Db;
/// ```
/// ```compile_fail,E0603
/// use store::writer::Writer;
/// ```
/// ```compile_fail,E0432
/// use store::Scope;
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: db::Db,
    /// The same, for files.
    files: db::Db,
    writer: Writer,
    /// PostgreSQL's only.
    listener: Option<tokio::task::JoinHandle<()>>,
    commits: Arc<watch::Sender<u64>>,
    current: Arc<CurrentCache>,
    turns: push::Turns,
    /// The organisations whose pushes are about to be folded.
    folding: Mutex<HashSet<domain::OrgId>>,
    /// One folds at a time, so that pushes never wait for a crowd of folds.
    folder: Semaphore,
}

impl Store {
    /// Opens the database at `settings.url` and brings its schema up to date. Makes SQLite's file and folder where needed; PostgreSQL's
    /// database must be there, owned by the user of the URL, who must be allowed to create the role `shieldwall_app` or be a member of it.
    ///
    /// # Errors
    /// When the database cannot be opened or migrated.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let db::Opened { db, files, conns, reconnect } = db::open(settings).await?;
        let (current, commits) = (Arc::new(CurrentCache::default()), Arc::new(watch::Sender::new(0)));
        let listener = match &reconnect {
            db::Reconnect::Sqlite => None,
            db::Reconnect::Postgres(options) => Some(listener::start((**options).clone(), Arc::clone(&commits))),
        };
        let writer = Writer::start(conns, &reconnect, &current, &commits);
        let store = Self {
            inner: Arc::new(Inner {
                db,
                files,
                writer,
                listener,
                commits,
                current,
                turns: push::Turns::default(),
                folding: Mutex::default(),
                folder: Semaphore::new(1),
            }),
        };
        store.hub().respell_indicators().await?;
        store.hub().digest_indicators().await?;
        store.hub().fold_words().await?;
        Ok(store)
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

    /// The program's own work; changes are the program's, in the audit trail, unless [`Hub::by`] names somebody. Never hand what it returns to a person without asking the access policy.
    #[must_use]
    pub fn hub(&self) -> Hub<'_> {
        Hub { store: self, actor: audit::Actor::default() }
    }

    /// Ticks after every commit here, and after every change that another node commits; the value is meaningless. A hint to look into the
    /// outbox, not a promise.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.inner.commits.subscribe()
    }

    /// Folds an organisation's pushes in the background, once for all who ask meanwhile. What fails is tried again when the hour ends.
    pub(crate) fn fold_soon(&self, org: domain::OrgId) {
        let folding = |store: &Self, change: &dyn Fn(&mut HashSet<domain::OrgId>) -> bool| store.inner.folding.lock().is_ok_and(|mut all| change(&mut all));
        if !folding(self, &|all| all.insert(org)) {
            return;
        }
        let store = self.clone();
        tokio::spawn(async move {
            let turn = store.inner.folder.acquire().await;
            if let Err(error) = store.hub().fold_pushes(org).await {
                tracing::warn!(%error, org = org.0, "pushes could not be folded");
            }
            drop(turn);
            folding(&store, &move |all| all.remove(&org));
        });
    }

    /// Finishes the jobs already accepted and closes the database.
    pub async fn close(&self) {
        if let Some(listener) = &self.inner.listener {
            listener.abort();
        }
        // The writer last: who closes a SQLite file last tidies its write-ahead log away, and readers cannot.
        for db in [&self.inner.files, &self.inner.db] {
            match db {
                db::Db::Sqlite(pool) => pool.close().await,
                db::Db::Postgres(pool) => pool.close().await,
            }
        }
        self.inner.writer.close().await;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}
