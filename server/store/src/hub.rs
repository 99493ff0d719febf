//! The program's own work on the database: no viewer's policy applies, so nothing read here goes to a person unasked.

pub mod account_proposals;
pub mod aggregates;
mod authority;
mod bounds;
pub mod comparisons;
pub mod confirmation;
pub mod count_totals;
pub mod decisions;
mod digests;
pub mod factors;
pub mod group_proposals;
pub mod groups;
pub mod identity;
pub mod kept_forms;
mod names;
pub mod oidc;
pub mod outbox;
pub mod overlap_members;
pub mod passkeys;
pub mod people;
pub mod policies;
pub mod posture;
pub mod proposals;
pub mod retention;
pub mod sealing;
pub mod sharing;
mod spellings;
pub mod throttle;
mod words;

use crate::{
    Store, StoreError,
    audit::{self, Action, Actor, Entry},
    db::{Conn, Scope, execute, on_conn, read},
    writer::Keep,
};
use domain::{Timestamp, catalogue::ScoringPolicy};

/// A handle for the program itself, and [`Store::hub`] is the only way to one.
///
/// ```
/// # use store::{Hub, Store, audit::Actor};
/// fn hub(store: &Store, actor: Actor) -> Hub<'_> { store.hub().by(actor) }
/// ```
/// ```compile_fail,E0451
/// # use store::{Hub, Store, audit::Actor};
/// fn hub(store: &Store, actor: Actor) -> Hub<'_> { Hub { store, actor } }
/// ```
/// Whoever reads for somebody has none of it:
/// ```
/// # use store::{Hub, Reads};
/// async fn people(hub: Hub<'_>, reads: Reads<'_>) { hub.people(None).await.unwrap(); }
/// ```
/// ```compile_fail,E0599
/// # use store::{Hub, Reads};
/// async fn people(hub: Hub<'_>, reads: Reads<'_>) { reads.people(None).await.unwrap(); }
/// ```
#[derive(Clone, Copy)]
pub struct Hub<'s> {
    pub(crate) store: &'s Store,
    pub(crate) actor: Actor,
}

impl Hub<'_> {
    /// The same, on behalf of somebody, whom the audit trail names.
    #[must_use]
    pub fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::Hub
    }

    /// Runs one statement in the writer.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut Conn) -> std::pin::Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store
            .inner
            .writer
            .run(self.scope(), move |conn| {
                let work = work(conn);
                Box::pin(async move { Ok(Keep::Yes(work.await?)) })
            })
            .await
    }

    /// The scoring policy in force, if one was adopted.
    ///
    /// # Errors
    /// When the database fails or holds a policy that cannot be read.
    pub async fn policy(&self) -> Result<Option<ScoringPolicy>, StoreError> {
        const NEWEST: &str = "SELECT body FROM policies ORDER BY version DESC LIMIT 1";
        let body: Option<String> = read!(self, c => sqlx::query_scalar(NEWEST).fetch_optional(c).await)?;
        body.map(|b| serde_json::from_str(&b).map_err(|e| StoreError::Internal(format!("policy: {e}")))).transpose()
    }

    /// Adopts a scoring policy; its version must be new.
    ///
    /// # Errors
    /// When the policy is not sound, its version exists, or the database fails.
    pub async fn adopt_policy(&self, policy: &ScoringPolicy, at: Timestamp) -> Result<(), StoreError> {
        const ADOPT: &str = "INSERT INTO policies (version, body, adopted_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        policy.check().map_err(StoreError::Internal)?;
        let (version, body) = (i64::from(policy.version), serde_json::to_string(policy).map_err(|e| StoreError::Internal(e.to_string()))?);
        let entry =
            Entry { at, actor: self.actor, action: Action::PolicyAdopted, org: None, object: format!("policy {version}"), detail: serde_json::json!({}) };
        self.write(move |conn| {
            Box::pin(async move {
                let written = execute!(conn, c => sqlx::query(ADOPT).bind(version).bind(body).bind(at.0).execute(&mut *c).await)?;
                if written == 0 { Err(StoreError::Exists("policy version")) } else { audit::append(conn, entry).await }
            })
        })
        .await
    }

    /// A setting of this alliance.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        const GET: &str = "SELECT value FROM meta WHERE key = $1";
        Ok(read!(self, c => sqlx::query_scalar(GET).bind(key).fetch_optional(c).await)?)
    }

    /// Stores a setting of this alliance.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_meta(&self, key: &'static str, value: String) -> Result<(), StoreError> {
        const SET: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(SET).bind(key).bind(value).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }

    /// Stores a setting of this alliance where there is none yet; what there is, on all nodes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_meta(&self, key: &'static str, value: String) -> Result<String, StoreError> {
        const FIRST: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        const THERE: &str = "SELECT value FROM meta WHERE key = $1";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(FIRST).bind(key).bind(value).execute(&mut *c).await)?;
                Ok(on_conn!(conn, c => sqlx::query_scalar(THERE).bind(key).fetch_one(&mut *c).await)?)
            })
        })
        .await
    }

    /// Whether the database answers; for `/readyz`.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        read!(self, c => sqlx::query("SELECT 1").execute(c).await.map(drop))?;
        Ok(())
    }
}
