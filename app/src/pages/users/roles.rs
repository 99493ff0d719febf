//! What each role may do, in words.

use super::title;
use domain::{
    Role,
    decision::{DecisionKind, Right},
};
use leptos::prelude::*;

/// Whether a role has a right.
type Has = fn(Role) -> bool;

/// The rights a role can have, and which roles have each.
const RIGHTS: [(&str, Has); 12] = [
    ("reads what is shared with the organisation", |_| true),
    ("reads raw payloads of its own pushes", Role::reads_raw),
    ("invites people, gives roles", Role::manages_users),
    ("makes and revokes API keys", Role::manages_keys),
    ("changes what is shared", Role::manages_sharing),
    ("agrees to changes of accounts, groups and sharing", Role::agrees_to_changes),
    ("reads the audit trail", Role::reads_audit),
    ("reads the audit trail of every organisation", Role::reads_all_audit),
    ("sees which organisations witness the audit trail", Role::sees_witnesses),
    ("prepares changes of the scoring policy (by default)", |role| Right::default_of(DecisionKind::ScoringPolicy).proposers.contains(&role)),
    ("proposes decisions of the alliance (by default)", |role| by_default(|right| right.proposers.contains(&role))),
    ("votes on decisions of the alliance (by default)", |role| by_default(|right| right.voters.contains(&role))),
];

/// Whether what a new hub has is so of some kind of decision.
fn by_default(is_so: impl Fn(&Right) -> bool) -> bool {
    DecisionKind::ALL.into_iter().any(|kind| is_so(&Right::default_of(kind)))
}

/// What a role may do that another one may not; all of it, where there is no other.
#[must_use]
pub fn rights(role: Role, beyond: Option<Role>) -> Vec<&'static str> {
    RIGHTS.into_iter().filter(|(_, may)| may(role) && !beyond.is_some_and(may)).map(|(right, _)| right).collect()
}

/// The role matrix, from the same functions that decide.
#[component]
pub fn Roles() -> impl IntoView {
    let row = |(right, may): (&'static str, Has)| {
        let cells = Role::ALL.map(|role| {
            let (sign, word) = if may(role) { ("✓", "yes") } else { ("–", "no") };
            view! { <td><span aria-hidden="true">{sign}</span><span class="sr">{word}</span></td> }
        });
        view! { <tr><th scope="row">{right}</th>{cells.collect_view()}</tr> }
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Roles and what they may do">
            <table class="roles">
                <caption class="sr">"Roles and what they may do"</caption>
                <thead><tr><th scope="col">"The role …"</th>{Role::ALL.map(|role| view! { <th scope="col">{title(role)}</th> }).collect_view()}</tr></thead>
                <tbody>{RIGHTS.map(row).collect_view()}</tbody>
            </table>
        </div>
        <p class="quiet">"Coordinator, steward and auditor belong to the hub's own organisation and are given on its command line. \"By default\" is as on a new hub; the page of decisions says who decides what on this one. No role reads what a partner has not shared."</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each role's functions, what is a duty and not a right.
    const DUTIES: [&str; 1] = ["needs_second_factor"];

    #[test]
    fn every_right_is_said() {
        let (domain, own) = (include_str!("../../../domain/src/access.rs"), include_str!("roles.rs"));
        let of_role = domain.split("impl Role {").nth(1).and_then(|rest| rest.split("\n}\n").next()).expect("the functions of a role");
        let found: Vec<&str> = of_role
            .lines()
            .filter_map(|line| line.trim().strip_prefix("pub const fn ")?.strip_suffix("(self) -> bool {"))
            .filter(|right| !DUTIES.contains(right))
            .collect();
        assert!(found.len() >= 8, "{found:?}");
        for right in found {
            assert!(own.contains(&format!("Role::{right})")), "no words say {right}");
        }
        assert!(rights(Role::Steward, Some(Role::Analyst)).iter().any(|right| right.starts_with("prepares changes of the scoring policy")));
        assert!(rights(Role::Coordinator, Some(Role::Analyst)).iter().any(|right| right.starts_with("votes on decisions")));
        assert!(rights(Role::Auditor, Some(Role::OrgAdmin)).contains(&"reads the audit trail of every organisation"));
    }
}
