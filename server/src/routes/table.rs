//! To add a form: a handler that takes `Verified` where it changes what others rely on, else `SignedIn`; the change and its audit row in one
//! transaction of the store; a row here and in `roles.md`; a step in `tests/api/changes.rs`.
//!
//! Every route for people, in one table: the router is made of it, and so are the tests that ask each one as everybody. The pages themselves are
//! Leptos's routes (`app/src/app.rs`), those for machines are in the API's description. Who may do what at each of them all is said in `roles.md`,
//! which a test holds to.

use super::{account, audit, catalogue, connect, csv, decisions, groups, identity, keys, pages, passkeys, password, policy, sharing, users};
use crate::{
    App,
    auth::{handlers, oidc, verify, verify_passkey},
    live,
};
use axum::{
    extract::DefaultBodyLimit,
    routing::{MethodRouter, get, post},
};

/// Longest form, in bytes.
const FORM: usize = 16 * 1024;
/// The same of the form with a scoring policy in it.
const POLICY: usize = 256 * 1024;

/// One path and who answers there.
pub struct Route {
    pub path: &'static str,
    /// Whether it takes a form.
    pub takes_form: bool,
    pub handler: MethodRouter<App>,
}

fn read(path: &'static str, handler: MethodRouter<App>) -> Route {
    Route { path, takes_form: false, handler }
}

fn form(path: &'static str, handler: MethodRouter<App>) -> Route {
    Route { path, takes_form: true, handler: handler.layer(DefaultBodyLimit::max(FORM)) }
}

/// The table.
#[must_use]
pub fn people() -> Vec<Route> {
    vec![
        read("/live", get(live::sse::stream)),
        form("/account/factor", post(account::offer)),
        form("/account/factor/confirm", post(account::confirm)),
        form("/account/factor/recovery", post(account::recovery)),
        form("/account/factor/remove", post(account::remove)),
        form("/account/passkeys", post(passkeys::add)),
        form("/account/passkeys/challenge", post(passkeys::challenge)),
        form("/account/passkeys/remove", post(passkeys::remove)),
        form("/account/password", post(password::change)),
        form("/account/identity/link", post(identity::link)),
        form("/account/identity/unlink", post(identity::unlink)),
        form("/account/seen", post(account::seen)),
        form("/account/sessions/end", post(account::end)),
        read("/admin/audit.jsonl", get(audit::lines)),
        form("/admin/catalogue/new-metric", get(pages::page).post(catalogue::add)),
        form("/admin/catalogue/{metric}", get(pages::page).post(catalogue::change)),
        form("/admin/catalogue/{metric}/restore", post(catalogue::restore)),
        form("/admin/catalogue/{metric}/retire", post(catalogue::retire)),
        form("/admin/groups", get(pages::page).post(groups::create)),
        form("/admin/groups/approve", post(groups::approve)),
        form("/admin/groups/decline", post(groups::decline)),
        form("/admin/groups/invite", post(groups::invite)),
        form("/admin/groups/join", post(groups::join)),
        form("/admin/groups/leave", post(groups::leave)),
        form("/admin/keys", get(pages::page).post(keys::create)),
        form("/admin/keys/revoke", post(keys::revoke)),
        form("/admin/keys/rotate", post(keys::rotate)),
        form("/admin/policy", get(pages::page).post(policy::numbers)),
        read("/admin/policy.json", get(policy::json)),
        form("/admin/policy/carry-over", post(policy::carry_over)),
        form("/admin/policy/discard", post(policy::discard)),
        form("/admin/policy/draft", get(pages::page).post(policy::propose)),
        Route { path: "/admin/policy/json", takes_form: true, handler: post(policy::paste).layer(DefaultBodyLimit::max(POLICY)) },
        form("/admin/sharing", get(pages::page).post(sharing::change)),
        form("/admin/sharing/approve", post(sharing::approve)),
        form("/admin/sharing/confirm", post(sharing::confirm)),
        form("/admin/sharing/decline", post(sharing::decline)),
        form("/admin/sharing/hashes", post(sharing::hashes)),
        form("/admin/users", get(pages::page).post(users::invite)),
        form("/admin/users/approve", post(users::approve)),
        form("/admin/users/decline", post(users::decline)),
        form("/admin/users/disable", post(users::disable)),
        form("/admin/users/enable", post(users::enable)),
        form("/admin/users/link", post(users::link)),
        form("/admin/users/role", post(users::role)),
        form("/auth/code", post(verify::code)),
        form("/auth/passkey", post(verify_passkey::answer)),
        form("/auth/passkey/challenge", post(verify_passkey::challenge)),
        read("/auth/oidc/callback/{org}", get(oidc::handlers::callback)),
        read("/auth/oidc/finish", get(oidc::handlers::finish)),
        form("/auth/oidc/join", post(oidc::handlers::join)),
        form("/auth/oidc/start", post(oidc::handlers::start)),
        form("/auth/oidc/stepup", post(oidc::handlers::step_up)),
        form("/auth/signin", post(handlers::sign_in)),
        form("/auth/signout", post(handlers::sign_out)),
        form("/auth/stepup", post(verify::step_up)),
        form("/auth/welcome", post(handlers::welcome)),
        form("/decisions", get(pages::page).post(decisions::propose)),
        form("/decisions/delegate", post(decisions::delegate)),
        form("/decisions/vote", post(decisions::vote)),
        form("/decisions/withdraw", post(decisions::withdraw)),
        form("/connect", get(pages::page).post(connect::create)),
        form("/connect/revoke", post(connect::revoke)),
        read("/csv/collective", get(csv::collective)),
        read("/csv/events", get(csv::events)),
        read("/csv/incidents", get(csv::incidents)),
        read("/csv/indicators", get(csv::indicators)),
        read("/csv/orgs", get(csv::organisations)),
        read("/csv/orgs/{org}", get(csv::organisation)),
        read("/csv/orgs/{org}/metrics/{metric}", get(csv::metric)),
    ]
}
