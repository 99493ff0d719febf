//! The viewer's own records as another organisation sees them, by the rules as they are or as they would be after a change.

use super::Reads;
use crate::{StoreError, db::read};
use domain::{OrgId, Severity, Timestamp, Tlp};

/// Another organisation's eyes on the records of a class, as `domain::Sharing` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eyes {
    pub org: OrgId,
    /// Since when what comes in is shown; `None` where nothing is.
    pub since: Option<Timestamp>,
    /// Since when what comes in reaches them by TLP:AMBER; `None` where it does not.
    pub peers_since: Option<Timestamp>,
}

/// One of the own records, in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRecord {
    pub id: uuid::Uuid,
    /// A title, or an indicator's value.
    pub title: String,
    pub severity: Option<Severity>,
    pub tlp: Tlp,
}

/// Those of the own records, `$1`, that the organisation `$2` may see, which sees what came from `$3` on, and by TLP:AMBER from `$4` on.
/// `domain::Sight::sees_record` from the owner's side; a contract test holds the two together.
macro_rules! seen {
    () => {
        "t.org_id = $1 AND t.received_at >= $3 AND (t.tlp <= 1 OR (t.tlp = 2 AND t.received_at >= $4) OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = $1 AND r.record_id = t.id AND r.recipient_id = $2))"
    };
}

/// Rows at most, how many there are of them, and how many of the own ones there are in all.
pub type Seen = (Vec<OwnRecord>, u64, u64);

impl Reads<'_> {
    /// The own open incidents that others see, the worst first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_as(&self, eyes: Eyes) -> Result<Seen, StoreError> {
        const ROWS: &str = concat!(
            "SELECT t.id, t.title, t.severity, t.tlp FROM incidents t WHERE ",
            seen!(),
            " AND t.status < 3 ORDER BY t.severity, t.opened_at DESC, t.id LIMIT 10"
        );
        const SEEN: &str = concat!("SELECT count(*) FROM incidents t WHERE ", seen!(), " AND t.status < 3");
        const OWN: &str = "SELECT count(*) FROM incidents WHERE org_id = $1 AND status < 3";
        self.own_as(eyes, ROWS, SEEN, OWN).await
    }

    /// The own active indicators that others see, the last seen first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_as(&self, eyes: Eyes) -> Result<Seen, StoreError> {
        const ROWS: &str =
            concat!("SELECT t.id, t.value, t.severity, t.tlp FROM indicators t WHERE ", seen!(), " AND t.active ORDER BY t.last_seen DESC, t.id LIMIT 10");
        const SEEN: &str = concat!("SELECT count(*) FROM indicators t WHERE ", seen!(), " AND t.active");
        const OWN: &str = "SELECT count(*) FROM indicators WHERE org_id = $1 AND active";
        self.own_as(eyes, ROWS, SEEN, OWN).await
    }

    /// The own events that others see, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_as(&self, eyes: Eyes) -> Result<Seen, StoreError> {
        const ROWS: &str = concat!(
            "SELECT t.id, t.title, t.severity, t.tlp FROM events t WHERE ",
            seen!(),
            " AND t.withdrawn_at IS NULL ORDER BY t.observed_at DESC, t.id LIMIT 10"
        );
        const SEEN: &str = concat!("SELECT count(*) FROM events t WHERE ", seen!(), " AND t.withdrawn_at IS NULL");
        const OWN: &str = "SELECT count(*) FROM events WHERE org_id = $1 AND withdrawn_at IS NULL";
        self.own_as(eyes, ROWS, SEEN, OWN).await
    }

    async fn own_as(&self, eyes: Eyes, rows: &'static str, seen: &'static str, own: &'static str) -> Result<Seen, StoreError> {
        let me = self.viewer.org.0;
        let [since, peers] = [eyes.since, eyes.peers_since].map(|since| since.map_or(i64::MAX, |t| t.0));
        type Row = (uuid::Uuid, String, Option<i64>, i64);
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(rows).bind(me).bind(eyes.org.0).bind(since).bind(peers).fetch_all(c).await)?;
        let n: i64 = read!(self, c => sqlx::query_scalar(seen).bind(me).bind(eyes.org.0).bind(since).bind(peers).fetch_one(c).await)?;
        let all: i64 = read!(self, c => sqlx::query_scalar(own).bind(me).fetch_one(c).await)?;
        let record = |(id, title, severity, tlp): Row| OwnRecord { id, title, severity: severity.map(Severity::from_code), tlp: Tlp::from_code(tlp) };
        Ok((rows.into_iter().map(record).collect(), n as u64, all as u64))
    }
}
