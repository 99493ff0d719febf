//! One spelling for indicators that came before each had one, or were handed in to a node of an earlier version.

use super::Hub;
use crate::{
    AllianceKeys, StoreError,
    db::{Conn, Rows, Scope, execute, on_conn, read},
    push::add_indicator_totals,
    words,
    writer::Keep,
};
use domain::{
    OrgId, Timestamp,
    indicator::{Canonical, IndicatorType, span},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Indicators in one transaction.
const PIECE: usize = 500;

/// What is looked at again.
#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    value: String,
    hashed: bool,
    tlp: i64,
    active: bool,
    last_seen: i64,
    valid_until: Option<i64>,
}

impl Hub<'_> {
    /// Gives every indicator its one spelling. Where an organisation reported the same thing in two of them, one report stays, with what the other knew of
    /// when it was seen. What is no longer taken stays as it was sent. To be called when the database is opened; where there is nothing to do it reads an empty index.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub(crate) async fn respell_indicators(&self) -> Result<(), StoreError> {
        const ORGS: &str = "SELECT DISTINCT org_id FROM indicators WHERE address IS NULL";
        let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(ORGS).fetch_all(c).await)?;
        if orgs.is_empty() {
            return Ok(());
        }
        let keys = self.store.alliance_keys().await?;
        for org in orgs {
            while self.respell_some(OrgId(org), keys.clone()).await? == PIECE {}
        }
        Ok(())
    }

    async fn respell_some(&self, org: OrgId, keys: AllianceKeys) -> Result<usize, StoreError> {
        const SOME: &str =
            "SELECT id, kind, value, hashed, tlp, active, last_seen, valid_until FROM indicators WHERE address IS NULL AND org_id = $1 LIMIT 500";
        const PLACE: &str = "UPDATE indicators SET address = v.address FROM v WHERE indicators.org_id = v.org AND indicators.id = v.id";
        let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| {
            Box::pin(async move {
                let rows: Vec<Row> = on_conn!(conn, c => sqlx::query_as(SOME).bind(org.0).fetch_all(&mut *c).await)?;
                let (mut totals, mut places) = (BTreeMap::new(), Vec::with_capacity(rows.len()));
                for row in &rows {
                    let one = row.kind.parse::<IndicatorType>().ok().filter(|_| !row.hashed).and_then(|kind| kind.canonical(&row.value).ok());
                    let address = one.as_ref().and_then(|one| span(&one.value)).map_or_else(String::new, |(first, _)| first);
                    places.push((row.id, address));
                    if let Some(one) = one.filter(|one| one.kind.name() != row.kind || one.value != row.value) {
                        respell(conn, org, row, &one, &keys, &mut totals).await?;
                    }
                }
                let places = Rows::of(&places).with("org", |_| org.0).with("id", |(id, _)| *id).with("address", |(_, address)| address.as_str());
                places.execute(conn, PLACE).await?;
                add_indicator_totals(conn, org, &totals).await?;
                Ok(Keep::Yes(rows.len()))
            })
        });
        work.await
    }
}

/// Gives one indicator its spelling, or its report to the one that has it already.
async fn respell(
    conn: &mut Conn,
    org: OrgId,
    row: &Row,
    one: &Canonical,
    keys: &AllianceKeys,
    totals: &mut BTreeMap<(String, i64), i64>,
) -> Result<(), StoreError> {
    const TWIN: &str = "SELECT id, tlp, active FROM indicators WHERE org_id = $1 AND kind = $2 AND value = $3";
    const SPELL: &str = "UPDATE indicators SET kind = $2, value = $3, words = $4 WHERE org_id = $5 AND id = $1";
    const DIGEST: &str = "UPDATE indicator_digests SET digest = $3, kind = $4 WHERE org_id = $5 AND id = $1 AND key_no = $2";
    const OVER: &str = "UPDATE indicators SET active = FALSE, valid_until = $3 WHERE org_id = $1 AND id = $2";
    const TAKE: &str = "UPDATE indicators SET active = $2, last_seen = CASE WHEN last_seen < $3 THEN $3 ELSE last_seen END, \
                        first_seen = CASE WHEN first_seen > (SELECT o.first_seen FROM indicators o WHERE o.org_id = $7 AND o.id = $4) \
                        THEN (SELECT o.first_seen FROM indicators o WHERE o.org_id = $7 AND o.id = $4) ELSE first_seen END, \
                        valid_until = CASE WHEN $5 THEN $6 ELSE valid_until END WHERE org_id = $7 AND id = $1";
    const STATE: &str = "UPDATE indicator_digests SET active = $3 WHERE org_id = $1 AND id = $2";
    let kind = one.kind.name();
    let twin: Option<(Uuid, i64, bool)> = on_conn!(conn, c => sqlx::query_as(TWIN).bind(org.0).bind(kind).bind(&one.value).fetch_optional(&mut *c).await)?;
    let Some((twin, tlp, active)) = twin else {
        execute!(conn, c => sqlx::query(SPELL).bind(row.id).bind(kind).bind(&one.value).bind(words::fold(&one.value)).bind(org.0).execute(&mut *c).await)?;
        // Long before any key's end, so that the former one is among them.
        for key in keys.accepted(Timestamp(0)) {
            let digest = key.key.digest(one.kind, &one.value);
            execute!(conn, c => sqlx::query(DIGEST).bind(row.id).bind(key.no).bind(&digest[..]).bind(kind).bind(org.0).execute(&mut *c).await)?;
        }
        if row.active && kind != row.kind {
            *totals.entry((row.kind.clone(), row.tlp)).or_default() -= 1;
            *totals.entry((kind.to_owned(), row.tlp)).or_default() += 1;
        }
        return Ok(());
    };
    let revived = row.active && !active;
    execute!(conn, c => {
        sqlx::query(TAKE)
            .bind(twin)
            .bind(active || row.active)
            .bind(row.last_seen)
            .bind(row.id)
            .bind(revived)
            .bind(row.valid_until)
            .bind(org.0)
            .execute(&mut *c)
            .await
    })?;
    execute!(conn, c => sqlx::query(STATE).bind(org.0).bind(twin).bind(active || row.active).execute(&mut *c).await)?;
    if revived {
        *totals.entry((kind.to_owned(), tlp)).or_default() += 1;
    }
    if row.active {
        *totals.entry((row.kind.clone(), row.tlp)).or_default() -= 1;
    }
    execute!(conn, c => sqlx::query(OVER).bind(org.0).bind(row.id).bind(row.last_seen).execute(&mut *c).await)?;
    execute!(conn, c => sqlx::query(STATE).bind(org.0).bind(row.id).bind(false).execute(&mut *c).await)?;
    Ok(())
}
