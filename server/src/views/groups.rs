//! `/admin/groups`

use super::{Looking, Viewing, from_store, words};
use app::api::Answer;
use domain::{OrgId, view::*};
use std::collections::BTreeMap;
use store::{Group, GroupProposal};

/// The sharing groups of the viewer's own organisation, and those that invited it. Other groups are nobody else's business.
///
/// # Errors
/// When the database cannot be read.
pub async fn groups(viewing: &Viewing, l: &Looking) -> Answer<Groups> {
    let me = l.viewer.org;
    let org = l.board.org(me).ok_or(Refusal::NotFound)?;
    let (hub, fault) = (l.app.store.hub(), from_store(l.now));
    let all = hub.groups().await.map_err(&fault)?;
    let me_user = viewing.who.as_ref().map(|who| who.user.id);
    let sharing = hub.sharing().await.map_err(&fault)?;
    let named = |org: &OrgId| l.board.org(*org).map(|o| words::org_ref(o));
    // To whom is invited; where the organisation itself joins, to the members.
    let eyes = |p: &GroupProposal| -> Vec<OrgId> {
        let members = all.iter().filter(|g| g.id == p.group).flat_map(|g| &g.members).filter(|(org, joined)| *joined && *org != me).map(|(org, _)| *org);
        p.invited.map_or_else(|| members.collect(), |org| vec![org])
    };
    let shows = |p: &GroupProposal| -> Vec<ShownMore> {
        let mut alike: BTreeMap<_, Vec<OrgRef>> = BTreeMap::new();
        for org in eyes(p) {
            for (class, d) in sharing.gained_by_joining(p.group, org, me) {
                alike.entry((class, d.before, d.after, d.earlier)).or_default().extend(named(&org));
            }
        }
        alike.into_iter().map(|((class, before, after, earlier), orgs)| ShownMore { class, before, after, earlier, orgs }).collect()
    };
    let waiting = hub.group_proposals(me, l.now).await.map_err(&fault)?.into_iter().map(|p| WaitingMember {
        shows: shows(&p),
        eyes: eyes(&p).iter().filter_map(named).collect(),
        earlier: all.iter().any(|g| g.id == p.group && g.earlier),
        id: p.id,
        group: all.iter().find(|g| g.id == p.group).map(|g| g.name.clone()).unwrap_or_default(),
        invited: p.invited.and_then(|id| l.board.org(id)).map(|o| words::org_ref(o)),
        own: Some(p.by.0) == me_user,
        by: p.by.1,
        expires_at: p.expires_at,
    });
    let of = |joined: bool| all.iter().filter(|g| g.members.contains(&(me, joined))).map(|g| row(l, g)).collect();
    Ok(Groups {
        org: words::org_ref(org),
        may_change: l.viewer.role.manages_sharing(),
        joined: of(true),
        invited: of(false),
        waiting: waiting.collect(),
        others: l.board.orgs().filter(|o| o.info.id != me).map(|o| words::org_ref(o)).collect(),
    })
}

fn row(l: &Looking, group: &Group) -> GroupRow {
    let org = |id: OrgId| l.board.org(id).map(|o| words::org_ref(o));
    let of = |joined: bool| group.members.iter().filter(|m| m.1 == joined).filter_map(|m| org(m.0)).collect();
    GroupRow { id: group.id.0, name: group.name.clone(), earlier: group.earlier, members: of(true), invited: of(false) }
}
