//! Who can see a record, and why.

use super::{Looking, words};
use domain::{
    DataClass, Level, OrgId, Role, Sight, Viewer,
    sharing::{Audience, Marked},
    view::{OrgRef, Reach},
};

/// Of one record of `owner`. The organisations that see it now are told to its own organisation alone: whom somebody shares with is his own affair.
#[must_use]
pub fn reach(l: &Looking, class: DataClass, owner: (OrgId, &str), record: &Marked<'_>, recipients: &[OrgRef]) -> Reach {
    let own = owner.0 == l.viewer.org;
    let seen_by = if own { seen_by(l, class, record) } else { vec![] };
    Reach { words: sentence(l, class, owner, record, recipients), seen_by, own }
}

/// The numbers of organisations that a record names.
#[must_use]
pub fn orgs(l: &Looking, named: &[OrgRef]) -> Vec<OrgId> {
    named.iter().filter_map(|org| Some(l.board.by_slug(&org.slug)?.info.id)).collect()
}

fn sentence(l: &Looking, class: DataClass, (id, owner): (OrgId, &str), record: &Marked<'_>, recipients: &[OrgRef]) -> String {
    // From whom the owner withholds anything is told to its own people alone.
    let open = id == l.viewer.org && l.board.orgs().all(|o| l.board.sharing.level(o.info.id, id, class) == Level::Detail);
    let all =
        if open { "Everyone in the alliance".to_owned() } else { format!("Everyone in the alliance to whom {owner} shows its {} in detail", class.name()) };
    let named = match recipients {
        [] => format!("only {owner}"),
        [one] => format!("{owner} and {}", one.name),
        many => format!("{owner} and {} named organisations: {}", many.len(), many.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", ")),
    };
    match record.tlp {
        domain::Tlp::Clear => format!("{all} can see it; TLP:CLEAR may go to anyone."),
        domain::Tlp::Green => format!("{all} can see it; TLP:GREEN stays within it."),
        domain::Tlp::Amber => format!("TLP:AMBER: {named} can see it, and whoever is in a sharing group with {owner}."),
        domain::Tlp::AmberStrict => format!("TLP:AMBER+STRICT: {named} can see it, for use inside those organisations."),
        domain::Tlp::Red => format!("TLP:RED: {named} can see it; it is in nobody else's totals."),
    }
}

/// The other organisations that see one of the viewer's own records, each with the marking and the rule it sees it by.
fn seen_by(l: &Looking, class: DataClass, record: &Marked<'_>) -> Vec<(OrgRef, String)> {
    let me = l.viewer.org;
    let one = |org: OrgId| {
        // What is seen of a record depends on the organisation alone, not on the role.
        let sight = Sight { viewer: Viewer { org, role: Role::Executive }, sharing: &l.board.sharing };
        if !sight.sees_record(me, class, record) {
            return None;
        }
        let marking = if record.recipients.contains(&org) {
            "named on it"
        } else if record.tlp.reaches_everyone() {
            "open to the alliance by its marking"
        } else {
            "in a sharing group with you"
        };
        let rule = if l.board.sharing.rule(me, class, Audience::Organisation(org)).is_some() {
            "by your rule for this organisation"
        } else if l.board.sharing.rules_of(me).any(|rule| rule.class == class && matches!(rule.audience, Audience::Group(_)) && by_group(l, org, rule.audience))
        {
            "by your rule for a sharing group"
        } else if l.board.sharing.rule(me, class, Audience::Everyone).is_some() {
            "by your rule for everyone"
        } else {
            "by what your organisation confirmed for everyone"
        };
        Some(format!("{marking}, {rule}"))
    };
    l.board.orgs().filter(|o| o.info.id != me).filter_map(|o| Some((words::org_ref(o), one(o.info.id)?))).collect()
}

/// Whether a rule for a group speaks of an organisation.
fn by_group(l: &Looking, org: OrgId, audience: Audience) -> bool {
    matches!(audience, Audience::Group(group) if l.board.sharing.both_in(group, org, l.viewer.org))
}
