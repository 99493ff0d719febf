//! Throw-away databases for tests, one for each test, of each kind there is.

mod cluster;
mod port;

use cluster::Cluster;
pub use port::free_port;
use std::sync::Mutex;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A database that one test has for itself. It goes when this is dropped: hundreds of them at once would fill a disk.
pub struct Database {
    pub url: String,
    _files: Files,
}

/// What a database leaves on the disk, removed when dropped.
enum Files {
    Folder { _folder: tempfile::TempDir },
    Cluster { name: String },
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Self::Cluster { name } = self {
            Cluster::running().remove(name);
        }
    }
}

static TEMPLATE: Mutex<Option<String>> = Mutex::new(None);

impl Database {
    /// An empty database.
    ///
    /// # Panics
    /// When there is no room for it, or no PostgreSQL on this machine; the message says what is missing.
    #[must_use]
    pub fn empty(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().expect("a folder for the database");
                Self { url: format!("sqlite://{}/test.db", folder.path().display()), _files: Files::Folder { _folder: folder } }
            }
            Kind::Postgres => Self::postgres(None),
        }
    }

    /// A database that `migrate` has brought up to date. On PostgreSQL it does so once, and the others are copies, because that is quicker; it
    /// must leave no connection behind.
    ///
    /// # Panics
    /// As [`Database::empty`].
    #[must_use]
    pub fn migrated(kind: Kind, migrate: impl FnOnce(String)) -> Self {
        if kind == Kind::Sqlite {
            return Self::empty(kind);
        }
        let cluster = Cluster::running();
        let mut template = TEMPLATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let template = template.get_or_insert_with(|| {
            let name = cluster.create(None);
            migrate(cluster.url(&name));
            name
        });
        Self::postgres(Some(template))
    }

    fn postgres(template: Option<&str>) -> Self {
        let cluster = Cluster::running();
        let name = cluster.create(template);
        Self { url: cluster.url(&name), _files: Files::Cluster { name } }
    }
}

/// A database of PostgreSQL as SQL, as pg_dump writes it, without owners.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn dump_postgres(url: &str) -> String {
    Cluster::running().dump(url)
}

/// Stops PostgreSQL at once and starts it again, as a crash would; for tests of what happens meanwhile.
///
/// # Panics
/// When it does not come back.
pub fn restart_postgres(meanwhile: impl FnOnce()) {
    Cluster::running().restart(meanwhile);
}

/// A PostgreSQL that one test has for itself, to take it down. It syncs to the disk as it does in earnest, and goes when this is dropped.
pub struct Postgres {
    cluster: Cluster,
}

impl Postgres {
    /// # Panics
    /// When it does not start; the message says what is missing.
    #[must_use]
    pub fn start() -> Self {
        Self { cluster: Cluster::start("") }
    }

    /// The URL of a new, empty database.
    ///
    /// # Panics
    /// When there is no room for it.
    #[must_use]
    pub fn empty(&self) -> String {
        self.cluster.url(&self.cluster.create(None))
    }

    /// As [`restart_postgres`].
    ///
    /// # Panics
    /// When it does not come back.
    pub fn restart(&self, meanwhile: impl FnOnce()) {
        self.cluster.restart(meanwhile);
    }
    /// Stops it at once and starts it again as a standby, as a primary that was demoted.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn demote(&self) {
        self.cluster.demote();
    }

    /// Makes a primary of it again.
    ///
    /// # Panics
    /// When it does not become one.
    pub fn promote(&self) {
        self.cluster.promote();
    }
}
