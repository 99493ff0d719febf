//! What the viewer's own organisation said of its records beyond the rows of a list, for files that it can push back.

use super::{Reads, Where, bind_all, ids::TIMEOUT};
use crate::{StoreError, What, db::read_from};
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use uuid::Uuid;

/// What an organisation said of one record of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The newest push of it, as it came.
    pub raw: String,
    /// The organisations named on it, by their slugs.
    pub recipients: Vec<String>,
    /// Of a hashed indicator the number of the alliance's key that its hash was taken to be made with.
    pub key_no: Option<i64>,
}

impl Reads<'_> {
    /// Of the records of a piece those of the viewer's own organisation; of all others there is nothing here. `what` is a class of marked records.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn said(&self, what: What, ids: &[Uuid]) -> Result<HashMap<Uuid, Said>, StoreError> {
        const HASHED: &str = "CASE WHEN t.hashed THEN (SELECT max(m.key_no) FROM indicator_digests m WHERE m.org_id = t.org_id AND m.id = t.id) END";
        let (table, key) = match what {
            What::Incidents => ("incidents", "CAST(NULL AS BIGINT)"),
            What::Events => ("events", "CAST(NULL AS BIGINT)"),
            What::Indicators => ("indicators", HASHED),
            What::Metrics | What::IndicatorCounts => return Ok(HashMap::new()),
        };
        let mut w = Where::reach("t.org_id = $1", self.viewer);
        Self::among(&mut w, ids);
        let raws = format!("SELECT t.id, t.raw, {key} FROM {table} t {}", w.sql());
        let raws: Vec<(Uuid, String, Option<i64>)> =
            read_from!(self.store.inner.files, TIMEOUT, self, c => bind_all!(sqlx::query_as(AssertSqlSafe(raws)), w.args()).fetch_all(c).await)?;
        let named = format!(
            "SELECT r.record_id, o.slug FROM {table} t JOIN recipients r ON r.org_id = t.org_id AND r.record_id = t.id JOIN organisations o ON o.id = r.recipient_id {} ORDER BY o.slug",
            w.sql()
        );
        let named: Vec<(Uuid, String)> =
            read_from!(self.store.inner.files, TIMEOUT, self, c => bind_all!(sqlx::query_as(AssertSqlSafe(named)), w.args()).fetch_all(c).await)?;
        let mut said: HashMap<Uuid, Said> = raws.into_iter().map(|(id, raw, key_no)| (id, Said { raw, key_no, ..Said::default() })).collect();
        for (record, slug) in named {
            if let Some(one) = said.get_mut(&record) {
                one.recipients.push(slug);
            }
        }
        Ok(said)
    }
}
