//! `/admin/groups`

use super::{Looking, from_store, words};
use app::api::Answer;
use domain::{OrgId, view::*};
use store::Group;

/// The sharing groups of the viewer's own organisation, and those that invited it. Other groups are nobody else's business.
///
/// # Errors
/// When the database cannot be read.
pub async fn groups(l: &Looking) -> Answer<Groups> {
    let me = l.viewer.org;
    let org = l.board.org(me).ok_or(Refusal::NotFound)?;
    let all = l.app.store.hub().groups().await.map_err(from_store(l.now))?;
    let of = |joined: bool| all.iter().filter(|g| g.members.contains(&(me, joined))).map(|g| row(l, g)).collect();
    Ok(Groups {
        org: words::org_ref(org),
        may_change: l.viewer.role.manages_sharing(),
        joined: of(true),
        invited: of(false),
        others: l.board.orgs().filter(|o| o.info.id != me).map(|o| words::org_ref(o)).collect(),
    })
}

fn row(l: &Looking, group: &Group) -> GroupRow {
    let org = |id: OrgId| l.board.org(id).map(|o| words::org_ref(o));
    let of = |joined: bool| group.members.iter().filter(|m| m.1 == joined).filter_map(|m| org(m.0)).collect();
    GroupRow { id: group.id.0, name: group.name.clone(), earlier: group.earlier, members: of(true), invited: of(false) }
}
