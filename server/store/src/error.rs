//! What can go wrong with the database, in the terms its callers decide by.

/// A failure of the store. Its text is for the log, never for the sender.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too many writes are waiting, or somebody else holds the database; nothing was done.
    #[error("too many writes are waiting, or the database is held by somebody else")]
    Busy,
    /// No space is left; nothing was kept.
    #[error("the disk is full")]
    Full,
    /// The database cannot be reached or answered with a fault; nothing was kept.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Something that must be unique exists already.
    #[error("{0} exists already")]
    Exists(&'static str),
    /// An organisation has as many as it may.
    #[error("an organisation may have {most} {what}")]
    TooMany { what: &'static str, most: i64 },
    /// It was made with something that another took the place of meanwhile.
    #[error("the {0} was replaced")]
    Outdated(&'static str),
    /// A stored value cannot be read back, or a job failed inside.
    #[error("internal: {0}")]
    Internal(String),
}

impl StoreError {
    /// Whether a write on PostgreSQL met another node's, so that trying again helps: a key or a row that was not there a moment ago, or
    /// a deadlock.
    pub(crate) fn is_race(&self) -> bool {
        let Self::Database(sqlx::Error::Database(e)) = self else { return false };
        matches!(e.code().as_deref(), Some("23503" | "23505" | "40001" | "40P01"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(e) = &error {
            // SQLITE_FULL, and PostgreSQL's disk_full; SQLITE_BUSY with its kinds, and PostgreSQL's lock_not_available and query_canceled.
            match e.code().as_deref() {
                Some("13" | "53100") => return Self::Full,
                Some("5" | "261" | "517" | "773" | "55P03" | "57014") => return Self::Busy,
                _ => {}
            }
        }
        Self::Database(error)
    }
}
