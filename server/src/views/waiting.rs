//! What waits for the reader, in the frame of every page: how many changes another administrator proposed, and how many decisions want the organisation's vote.

use super::{Viewing, decisions::has_vote, from_store};
use app::api::Answer;
use domain::view::WaitsForMe;

/// The numbers; nothing where nobody is signed in, or the reader's role has nothing to say there.
///
/// # Errors
/// When the database cannot be read.
pub async fn waiting(viewing: &Viewing) -> Answer<WaitsForMe> {
    let (l, Some(who)) = (viewing.looking()?, viewing.who.as_ref()) else { return Ok(WaitsForMe::default()) };
    if who.must_enrol {
        return Ok(WaitsForMe::default());
    }
    let (hub, fault, me, org) = (l.app.store.hub(), from_store(l.now), who.user.id, l.viewer.org);
    let mut waits = WaitsForMe::default();
    if l.viewer.role.manages_users() {
        waits.people = hub.account_proposals(org, l.now).await.map_err(&fault)?.iter().filter(|p| p.by.0 != me).count() as u32;
    }
    if l.viewer.role.manages_sharing() {
        waits.sharing = hub.proposals(org, l.now).await.map_err(&fault)?.iter().filter(|p| p.by.0 != me).count() as u32;
        let first = hub.first_confirmation(org, l.now).await.map_err(&fault)?.filter(|first| first.by.0 != me && !l.board.sharing.is_confirmed(org));
        waits.sharing += u32::from(first.is_some());
        waits.groups = hub.group_proposals(org, l.now).await.map_err(&fault)?.iter().filter(|p| p.by.0 != me).count() as u32;
    }
    if has_vote(&l) {
        let kinds: Vec<_> = hub.decision_rights().await.map_err(&fault)?.into_iter().filter(|r| r.voters.contains(&l.viewer.role)).map(|r| r.kind).collect();
        if !kinds.is_empty() {
            let open = hub.decisions().await.map_err(&fault)?;
            let mine =
                |d: &&store::Decision| d.outcome.is_none() && d.expires_at > l.now && kinds.contains(&d.effect.kind()) && d.votes.iter().all(|v| v.0 != org);
            waits.votes = open.iter().filter(mine).count() as u32;
        }
    }
    Ok(waits)
}
