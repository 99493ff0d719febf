//! `/connect`

use super::{Looking, Viewing, from_store, words};
use app::api::Answer;
use domain::view::*;

/// A partner's first push.
///
/// # Errors
/// When the database cannot be read.
pub async fn connect(viewing: &Viewing, l: &Looking) -> Answer<Connect> {
    let org = l.board.org(l.viewer.org).ok_or(Refusal::NotFound)?;
    let fault = from_store(l.now);
    let may_create = l.viewer.role.manages_keys();
    let keys = if may_create { l.app.store.hub().keys(org.info.id).await.map_err(&fault)? } else { vec![] };
    let pushes = l.reads().pushes(Some(org.info.id), None, "", 6).await.map_err(&fault)?;
    let metric = l.board.metric("mfa_coverage_pct").or(l.board.policy.metrics.first()).ok_or(Refusal::NotFound)?;
    Ok(Connect {
        org: words::org_ref(org),
        base_url: viewing.base_url.clone(),
        may_create,
        confirmed: l.board.sharing.is_confirmed(org.info.id),
        new_key: viewing.once.clone(),
        keys: keys.into_iter().map(super::admin::key_row).collect(),
        quotas: crate::quotas::used(&l.app, org.info.id).await.map_err(&fault)?,
        pushes: pushes.rows,
        example: (metric.key.clone(), metric.target.min(93.5)),
        now: l.now,
    })
}
