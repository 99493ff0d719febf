//! What scores are made of: organisations, current values, open incidents, daily scores.

use super::Hub;
use crate::{
    StoreError,
    audit::{self, Action, Entry},
    db::{Conn, execute, on_conn, pieces, read, values_sql},
};
use domain::{OrgId, Severity, Timestamp, Tlp, sharing::Sharing};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// One organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Org {
    pub id: OrgId,
    pub slug: String,
    pub name: String,
    pub sector: String,
    pub country: String,
    pub assets: Option<i64>,
    /// Expected push interval, microseconds.
    pub interval: i64,
    pub weight: f64,
    pub last_data_at: Option<Timestamp>,
    /// Whether one of its administrators has seen and confirmed what it shares; until then it shares nothing.
    pub confirmed: bool,
}

/// An open incident that can cap a score or wants attention.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenIncident {
    pub id: Uuid,
    pub org: OrgId,
    pub title: String,
    pub severity: Severity,
    pub tlp: Tlp,
    pub opened_at: Timestamp,
    pub received_at: Timestamp,
    pub recipients: Vec<OrgId>,
}

/// An organisation's score at the end of a day, without the cap of critical incidents.
#[derive(Clone, Debug, PartialEq)]
pub struct DayRow {
    pub org: OrgId,
    pub day: i64,
    pub policy_version: u32,
    pub score: Option<f64>,
    pub last: Option<f64>,
    pub low: f64,
    pub high: f64,
    pub coverage: f64,
    pub domains: [Option<f64>; 6],
    /// A critical incident that everyone may see was open.
    pub critical_public: bool,
    /// Any critical incident was open.
    pub critical_any: bool,
}

type OrgRow = (i64, String, String, String, String, Option<i64>, i64, f64, Option<i64>, Option<i64>);

impl Hub<'_> {
    /// All organisations, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn organisations(&self) -> Result<Vec<Org>, StoreError> {
        const ALL: &str = "SELECT o.id, o.slug, o.name, o.sector, o.country, o.assets, o.interval_us, o.weight, s.last_data_at, o.sharing_confirmed_at \
             FROM organisations o JOIN push_states s ON s.org_id = o.id ORDER BY o.name, o.id";
        let rows: Vec<OrgRow> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        Ok(rows
            .into_iter()
            .map(|(id, slug, name, sector, country, assets, interval, weight, last, confirmed)| Org {
                id: OrgId(id),
                slug,
                name,
                sector,
                country,
                assets,
                interval,
                weight,
                last_data_at: last.map(Timestamp),
                confirmed: confirmed.is_some(),
            })
            .collect())
    }

    /// Adds an organisation; `org.id` and `org.last_data_at` are ignored.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the slug is taken.
    pub async fn add_organisation(&self, org: Org, at: Timestamp) -> Result<OrgId, StoreError> {
        self.add(vec![org], true, at).await?.pop().ok_or(StoreError::Exists("organisation"))
    }

    /// Adds many at once: what follows for each pair of organisations is decided once.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when a slug is taken; then none is added.
    pub async fn add_organisations(&self, orgs: Vec<Org>, at: Timestamp) -> Result<Vec<OrgId>, StoreError> {
        self.add(orgs, true, at).await
    }

    /// Adds an organisation that takes part once the alliance admits it by a decision: until then it stands as one that is suspended.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the slug is taken.
    pub async fn add_candidate(&self, org: Org, at: Timestamp) -> Result<OrgId, StoreError> {
        self.add(vec![org], false, at).await?.pop().ok_or(StoreError::Exists("organisation"))
    }

    async fn add(&self, orgs: Vec<Org>, admitted: bool, at: Timestamp) -> Result<Vec<OrgId>, StoreError> {
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                // Who is new has no rules, so what stands for the others says what it confirms.
                let sharing = super::sharing::load(conn).await?;
                let mut ids = Vec::with_capacity(orgs.len());
                for org in orgs {
                    let detail = serde_json::json!({ "name": org.name, "sector": org.sector, "country": org.country, "assets": org.assets, "interval_us": org.interval, "weight": org.weight, "admitted": admitted });
                    let object = format!("organisation {}", org.slug);
                    let id = add(conn, &sharing, org, admitted, at).await?;
                    audit::append(conn, Entry { at, actor, action: Action::OrganisationAdded, org: Some(id), object, detail }).await?;
                    ids.push(id);
                }
                super::sharing::decide(conn, at).await?;
                Ok(ids)
            })
        })
        .await
    }

    /// Open incidents of high and critical severity of `orgs`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_incidents(&self, orgs: &[OrgId]) -> Result<Vec<OpenIncident>, StoreError> {
        const OPEN: &str = "SELECT id, org_id, title, severity, tlp, opened_at, received_at FROM incidents \
                            WHERE status < 3 AND severity <= 1 AND org_id IN (SELECT value FROM json_each($1)) ORDER BY severity, opened_at";
        const NAMED: &str = "SELECT r.record_id, r.recipient_id FROM recipients r JOIN incidents i ON i.org_id = r.org_id AND i.id = r.record_id \
                             WHERE i.status < 3 AND i.severity <= 1 AND i.org_id IN (SELECT value FROM json_each($1))";
        let ids = serde_json::to_string(&orgs).map_err(|e| StoreError::Internal(e.to_string()))?;
        let rows: Vec<(Uuid, i64, String, i64, i64, i64, i64)> = read!(self, c => sqlx::query_as(OPEN).bind(&ids).fetch_all(c).await)?;
        let named: Vec<(Uuid, i64)> = read!(self, c => sqlx::query_as(NAMED).bind(&ids).fetch_all(c).await)?;
        let recipients = |id: Uuid| named.iter().filter(|(record, _)| *record == id).map(|(_, org)| OrgId(*org)).collect();
        Ok(rows
            .into_iter()
            .map(|(id, org, title, severity, tlp, opened_at, received_at)| OpenIncident {
                id,
                org: OrgId(org),
                title,
                severity: Severity::from_code(severity),
                tlp: Tlp::from_code(tlp),
                opened_at: Timestamp(opened_at),
                received_at: Timestamp(received_at),
                recipients: recipients(id),
            })
            .collect())
    }

    /// Spans of critical incidents of one organisation that touch the days from `from` on: `(opened, closed, reaches everyone)`. One that everyone
    /// could see until it was marked otherwise has a second span, as it stood then, so that no earlier day's score changes by that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn critical_spans(&self, org: OrgId, from: Timestamp) -> Result<Vec<(Timestamp, Option<Timestamp>, bool)>, StoreError> {
        const SPANS: &str = "SELECT opened_at, closed_at, tlp FROM incidents WHERE org_id = $1 AND severity = 0 AND (closed_at IS NULL OR closed_at >= $2) \
                             UNION ALL SELECT opened_at, CASE WHEN closed_at < everyone_until THEN closed_at ELSE everyone_until END, 0 FROM remarked_incidents \
                             WHERE org_id = $1 AND severity = 0 AND everyone_until >= $2 AND (closed_at IS NULL OR closed_at >= $2)";
        let rows: Vec<(i64, Option<i64>, i64)> = read!(self, c => sqlx::query_as(SPANS).bind(org.0).bind(from.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(o, c, tlp)| (Timestamp(o), c.map(Timestamp), Tlp::from_code(tlp).reaches_everyone())).collect())
    }

    /// Daily scores from `from` on, by organisation and day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn days(&self, from: i64) -> Result<Vec<DayRow>, StoreError> {
        const DAYS: &str = "SELECT org_id, day, policy_version, score, last, low, high, coverage, domains, critical_public, critical_any \
                            FROM org_days WHERE day >= $1 ORDER BY org_id, day";
        let rows: Vec<DaySql> = read!(self, c => sqlx::query_as(DAYS).bind(from).fetch_all(c).await)?;
        rows.into_iter().map(DaySql::parse).collect()
    }

    /// Daily scores of one organisation in `[from, to)`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn days_of(&self, org: OrgId, from: i64, to: i64) -> Result<Vec<DayRow>, StoreError> {
        const DAYS: &str = "SELECT org_id, day, policy_version, score, last, low, high, coverage, domains, critical_public, critical_any \
                            FROM org_days WHERE org_id = $1 AND day >= $2 AND day < $3 ORDER BY day";
        let rows: Vec<DaySql> = read!(self, c => sqlx::query_as(DAYS).bind(org.0).bind(from).bind(to).fetch_all(c).await)?;
        rows.into_iter().map(DaySql::parse).collect()
    }

    /// Stores daily scores, replacing those of the same organisation and day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_days(&self, rows: Vec<DayRow>) -> Result<(), StoreError> {
        const PREFIX: &str =
            "INSERT INTO org_days (org_id, day, policy_version, score, last, low, high, coverage, domains, critical_public, critical_any) VALUES";
        const SUFFIX: &str = "ON CONFLICT (org_id, day) DO UPDATE SET policy_version = excluded.policy_version, score = excluded.score, last = excluded.last, \
            low = excluded.low, high = excluded.high, coverage = excluded.coverage, domains = excluded.domains, \
            critical_public = excluded.critical_public, critical_any = excluded.critical_any";
        self.write(move |conn| {
            Box::pin(async move {
                for piece in pieces(rows.len()).map(|piece| &rows[piece]) {
                    let sql = conn.placeholders(values_sql(PREFIX, 11, piece.len(), SUFFIX));
                    execute!(conn, c => {
                        let mut query = sqlx::query(AssertSqlSafe(sql));
                        for d in piece {
                            let domains = serde_json::to_string(&d.domains).map_err(|e| StoreError::Internal(e.to_string()))?;
                            query = query.bind(d.org.0).bind(d.day).bind(i64::from(d.policy_version)).bind(d.score).bind(d.last).bind(d.low).bind(d.high)
                                .bind(d.coverage).bind(domains).bind(d.critical_public).bind(d.critical_any);
                        }
                        query.execute(&mut *c).await
                    })?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// Adds an organisation beside what stands; what follows for others is decided afterwards.
async fn add(conn: &mut Conn, sharing: &Sharing, org: Org, admitted: bool, at: Timestamp) -> Result<OrgId, StoreError> {
    const ADD: &str = "INSERT INTO organisations (slug, name, sector, country, assets, interval_us, weight, created_at, suspended_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id";
    const STATE: &str = "INSERT INTO push_states (org_id) VALUES ($1)";
    if super::names::former(conn, &org.slug).await?.is_some() {
        return Err(StoreError::Exists("organisation"));
    }
    let id: Option<i64> = on_conn!(conn, c => {
        sqlx::query_scalar(ADD)
            .bind(org.slug)
            .bind(org.name)
            .bind(org.sector)
            .bind(org.country)
            .bind(org.assets)
            .bind(org.interval)
            .bind(org.weight)
            .bind(at.0)
            .bind((!admitted).then_some(at.0))
            .fetch_optional(&mut *c)
            .await
    })?;
    let id = id.map(OrgId).ok_or(StoreError::Exists("organisation"))?;
    if org.confirmed {
        super::confirmation::pin(conn, sharing, id, at).await?;
    }
    execute!(conn, c => sqlx::query(STATE).bind(id.0).execute(&mut *c).await)?;
    Ok(id)
}

#[derive(sqlx::FromRow)]
struct DaySql {
    org_id: i64,
    day: i64,
    policy_version: i64,
    score: Option<f64>,
    last: Option<f64>,
    low: f64,
    high: f64,
    coverage: f64,
    domains: String,
    critical_public: bool,
    critical_any: bool,
}

impl DaySql {
    fn parse(self) -> Result<DayRow, StoreError> {
        let domains = serde_json::from_str(&self.domains).map_err(|e| StoreError::Internal(format!("org_days: {e}")))?;
        Ok(DayRow {
            org: OrgId(self.org_id),
            day: self.day,
            policy_version: self.policy_version as u32,
            score: self.score,
            last: self.last,
            low: self.low,
            high: self.high,
            coverage: self.coverage,
            domains,
            critical_public: self.critical_public,
            critical_any: self.critical_any,
        })
    }
}
