//! The organisations named on records: with sharing groups the only others that TLP:AMBER reaches, and the only ones that RED does.

use crate::{
    StoreError,
    db::{Conn, Rows},
};
use domain::OrgId;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Those named on each of some records of their owner; a record that names nobody is left out.
pub(crate) async fn of(conn: &mut Conn, owner: OrgId, records: &[Uuid]) -> Result<HashMap<Uuid, Vec<OrgId>>, StoreError> {
    const OF: &str = "SELECT r.record_id, r.recipient_id FROM v CROSS JOIN recipients r WHERE r.org_id = v.org AND r.record_id = v.id";
    let rows: Vec<(Uuid, i64)> = Rows::of(records).with("org", |_| owner.0).with("id", |id| *id).fetch(conn, OF).await?;
    let mut named: HashMap<Uuid, Vec<OrgId>> = HashMap::new();
    for (record, org) in rows {
        named.entry(record).or_default().push(OrgId(org));
    }
    Ok(named)
}

/// Who is named on a record: in the database, and from now on.
pub(crate) struct Naming<'a> {
    pub record: Uuid,
    pub before: &'a [OrgId],
    pub now: &'a [OrgId],
}

/// Whether these are the same organisations, in whatever order.
pub(crate) fn same(a: &[OrgId], b: &[OrgId]) -> bool {
    let all = |orgs: &[OrgId]| orgs.iter().map(|org| org.0).collect::<BTreeSet<_>>();
    a == b || all(a) == all(b)
}

/// Writes down who is named from now on, where that changed.
pub(crate) async fn name(conn: &mut Conn, owner: OrgId, records: impl Iterator<Item = Naming<'_>> + Send) -> Result<(), StoreError> {
    const CLEAR: &str = "DELETE FROM recipients WHERE org_id = (SELECT v.org FROM v LIMIT 1) AND record_id IN (SELECT v.id FROM v)";
    const NAME: &str = "INSERT INTO recipients (org_id, record_id, recipient_id) SELECT v.org, v.id, v.recipient FROM v WHERE TRUE ON CONFLICT DO NOTHING";
    let changed: Vec<Naming<'_>> = records.filter(|naming| !same(naming.before, naming.now)).collect();
    let cleared: Vec<Uuid> = changed.iter().filter(|naming| !naming.before.is_empty()).map(|naming| naming.record).collect();
    let named: Vec<(Uuid, OrgId)> = changed.iter().flat_map(|naming| naming.now.iter().map(|org| (naming.record, *org))).collect();
    Rows::of(&cleared).with("org", |_| owner.0).with("id", |id| *id).execute(conn, CLEAR).await?;
    Rows::of(&named).with("org", |_| owner.0).with("id", |(id, _)| *id).with("recipient", |(_, org)| org.0).execute(conn, NAME).await
}
