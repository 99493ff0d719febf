//! A change of an account as the second administrator is asked to agree to it: for whom, from what to what, and what it lets that person do.

use super::{roles::rights, title};
use crate::components::*;
use domain::{
    Role,
    view::{AccountChangeKind, PersonState, WaitingAccount},
};

/// The change, with the same words for what a role may do as the table of roles has.
pub fn waits(w: &WaitingAccount) -> Waiting {
    let whom = format!("{} ({})", w.name, w.email);
    let (now, then) = (w.now.map(|(role, state)| account(role, state)), w.role.map(title));
    let now = now.unwrap_or_else(|| "no account here".to_owned());
    let role = w.now.map(|(role, _)| role);
    let (what, then, lets) = match w.change {
        AccountChangeKind::Invite => (
            format!("Invite {whom}"),
            format!("{}, once a password is set with the one-time link. Whoever agrees is shown it, to hand it over", then.unwrap_or_default()),
            lets(w.role, None),
        ),
        AccountChangeKind::Link => (
            format!("New one-time link for {whom}"),
            "anyone who opens the link sets another password. Whoever agrees is shown it, to hand it over".to_owned(),
            lets(role, None),
        ),
        AccountChangeKind::Role => (format!("Another role for {whom}"), then.unwrap_or_default().to_owned(), gains_and_loses(w.role, role)),
        AccountChangeKind::Enable => {
            (format!("Let {whom} sign in again"), role.map_or_else(String::new, |role| account(role, PersonState::Active)), lets(role, None))
        }
        AccountChangeKind::Disable => {
            let news = if role == Some(Role::Auditor) { ". Every organisation is told that the hub lost an auditor" } else { "" };
            (format!("Disable {whom}"), format!("cannot sign in, and open sessions end{news}"), vec![("No longer", list(role, None))])
        }
    };
    let mut details = vec![("Now", now), ("Then", then)];
    details.extend(lets);
    Waiting { id: w.id, what, details, preview: String::new(), by: w.by.clone(), own: w.own, expires_at: w.expires_at }
}

fn account(role: Role, state: PersonState) -> String {
    match state {
        PersonState::Active => format!("{}, can sign in", title(role)),
        PersonState::Invited => format!("{}, has set no password yet", title(role)),
        PersonState::Disabled => format!("{}, cannot sign in", title(role)),
    }
}

fn lets(role: Option<Role>, beyond: Option<Role>) -> Vec<(&'static str, String)> {
    vec![("This person", list(role, beyond))]
}

fn gains_and_loses(role: Option<Role>, before: Option<Role>) -> Vec<(&'static str, String)> {
    vec![("In addition", list(role, before)), ("No longer", list(before, role))]
}

fn list(role: Option<Role>, beyond: Option<Role>) -> String {
    let rights = role.map_or_else(Vec::new, |role| rights(role, beyond));
    if rights.is_empty() { "nothing".to_owned() } else { rights.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn change(change: AccountChangeKind, role: Option<Role>, now: Option<(Role, PersonState)>) -> Vec<(&'static str, String)> {
        let (name, email, by) = ("Ada".to_owned(), "ada@a.example".to_owned(), "Ben".to_owned());
        waits(&WaitingAccount { id: 1, change, name, email, role, now, by, own: false, expires_at: Timestamp(0) }).details
    }

    #[test]
    fn before_and_after_and_what_it_lets_somebody_do() {
        let role = change(AccountChangeKind::Role, Some(Role::OrgAdmin), Some((Role::Analyst, PersonState::Active)));
        assert_eq!(role[0], ("Now", "Analyst, can sign in".to_owned()));
        assert_eq!(role[1], ("Then", "Administrator".to_owned()));
        assert!(role[2].1.starts_with("invites people, gives roles · makes and revokes API keys"), "{role:?}");
        assert_eq!(role[3], ("No longer", "nothing".to_owned()));
        let invited = change(AccountChangeKind::Invite, Some(Role::OrgAdmin), None);
        assert_eq!(invited[0].1, "no account here");
        assert!(invited[1].1.starts_with("Administrator, once") && invited[2].1.contains("changes what is shared"), "{invited:?}");
        let disabled = change(AccountChangeKind::Disable, None, Some((Role::Auditor, PersonState::Active)));
        assert!(disabled[1].1.contains("Every organisation is told") && disabled[2].1.contains("reads the audit trail"), "{disabled:?}");
        let enabled = change(AccountChangeKind::Enable, None, Some((Role::OrgAdmin, PersonState::Disabled)));
        assert_eq!((enabled[0].1.as_str(), enabled[1].1.as_str()), ("Administrator, cannot sign in", "Administrator, can sign in"));
    }
}
