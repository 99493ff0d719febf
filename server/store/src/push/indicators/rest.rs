//! Indicators that a snapshot leaves out.

use super::Totals;
use crate::{
    StoreError,
    db::{Conn, Rows, on_conn},
    push::{IndicatorItem, Push, record},
    recipients,
    shown_before::Marking,
    shown_lately::{self, Ended, Until},
};
use domain::{DataClass, Timestamp, Tlp};
use std::collections::HashSet;
use uuid::Uuid;

/// Expires the active indicators that a snapshot does not name; returns their values.
pub(super) async fn expire(
    conn: &mut Conn,
    push: &Push,
    items: &[IndicatorItem],
    totals: &mut Totals,
    reach: &mut record::Reach,
) -> Result<Vec<String>, StoreError> {
    const ACTIVE: &str = "SELECT id, kind, value, tlp, received_at FROM indicators WHERE org_id = $1 AND active AND heard_at <= $2";
    const EXPIRE: &str = "UPDATE indicators SET active = FALSE, left_out_at = v.at, heard_at = v.at \
                          FROM v WHERE indicators.org_id = v.org AND indicators.id = v.id";
    const OVER: &str = "UPDATE indicator_digests SET active = FALSE FROM v WHERE indicator_digests.org_id = v.org AND indicator_digests.id = v.id";
    // Only what the snapshot could know of: a late one does not touch what came after it was taken.
    let taken = push.moment();
    let named: HashSet<(&str, &str)> = items.iter().map(|i| (i.kind.name(), i.value.as_str())).collect();
    let mut rest: Vec<(Uuid, String, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(ACTIVE).bind(push.org.0).bind(taken.0).fetch_all(&mut *c).await)?;
    rest.retain(|(_, kind, value, ..)| !named.contains(&(kind.as_str(), value.as_str())));
    let mut recipients = recipients::of(conn, push.org, &rest.iter().map(|(id, ..)| *id).collect::<Vec<_>>()).await?;
    let mut ended = Vec::with_capacity(rest.len());
    for (id, kind, _, tlp, received_at) in &rest {
        let marking = Marking { tlp: Tlp::from_code(*tlp), recipients: recipients.remove(id).unwrap_or_default(), received_at: Timestamp(*received_at) };
        reach.record(marking.tlp, &marking.recipients, marking.received_at);
        ended.push(Ended { id: *id, marking, opened_at: push.received_at });
        *totals.entry((kind.clone(), *tlp)).or_default() -= 1;
    }
    shown_lately::keep(conn, push.org, DataClass::Indicators, Until::Counted, &ended, push.received_at).await?;
    Rows::of(&rest).with("org", |_| push.org.0).with("id", |(id, ..)| *id).with("at", |_| taken.0).execute(conn, EXPIRE).await?;
    Rows::of(&rest).with("org", |_| push.org.0).with("id", |(id, ..)| *id).execute(conn, OVER).await?;
    Ok(rest.into_iter().map(|(_, _, value, ..)| value).collect())
}
