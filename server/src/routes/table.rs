//! To add a form:
//! 1. A handler that takes `Verified` where it changes what others rely on, else `SignedIn`; the change and its audit row in one transaction of the store.
//! 2. Where it answers with a word (`forms::back`), the page's sentence for that word, beside the others in its file under `app/src/pages`; a word for what was
//!    done, and not for why nothing was, also stands in DONE of `routes/forms.rs`.
//! 3. A row here and in `roles.md`, and a step in `tests/api/changes.rs`.
//!
//! To add a page, whole: `app/src/lib.rs`; here it is a row, without which it is not served. Whoever changes a mechanism that `server/THREATS.md` names changes
//! its line there.
//!
//! Every route for people, in one table: the router is made of it, and so are the tests that ask each one as everybody. Those for machines are in
//! the API's description. Each request carries the [`MatchedRoute`] that it came in by, and what a session may do before it is complete hangs on
//! that, never on the path as it was sent. Who may do what at each of them all is said in `roles.md`, which a test holds to.

use super::{account, audit, catalogue, connect, csv, decisions, groups, identity, keys, pages, passkeys, password, policy, sharing, users};
use crate::{
    App,
    auth::{handlers, oidc, verify, verify_passkey},
    kept::again,
    live,
};
use Access::{Enrolment, Public, SignedIn};
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    routing::{MethodRouter, get, post},
};

/// Longest form, in bytes.
const FORM: usize = 16 * 1024;
/// The same of the form with a scoring policy in it.
const POLICY: usize = 256 * 1024;
/// Where that one is sent.
const PASTED: &str = "/admin/policy/json";

/// Longest form that is sent to an address, in bytes.
#[must_use]
pub fn longest_form(path: &str) -> usize {
    if path == PASTED { POLICY } else { FORM }
}

/// How far a session must have come before a route is open to it. Which role may do what there is the handler's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody may come; a handler that needs to know who it is asks for itself.
    Public,
    /// Somebody signed in, even where the role still lacks the second factor that it needs: this is where one is set up.
    Enrolment,
    /// Somebody signed in, with the second factor that the role needs.
    SignedIn,
}

/// The row of the table by which a request came in, as an extension of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedRoute {
    /// The path with its parameters in braces.
    pub path: &'static str,
    pub access: Access,
    pub takes: Keys,
}

/// What an address may ask of a page or its file behind the question mark, beside `range` and `tz`, which follow the reader everywhere.
pub type Keys = &'static [&'static str];

/// What lists of records are narrowed and turned by; a single record keeps it, for the way back.
const INCIDENTS: Keys = &["org", "status", "sev", "tlp", "class", "q", "sort", "cursor"];
const INDICATORS: Keys = &["org", "sev", "tlp", "kind", "seen", "q", "cursor"];
const EVENTS: Keys = &["org", "sev", "tlp", "q", "cursor"];
const RECEIPTS: Keys = &["org", "kind", "cursor"];
const ORGANISATIONS: Keys = &["q", "sort", "cursor"];
const AUDIT: Keys = &["org", "kind", "q", "cursor"];
/// A word for what became of a form.
const DONE: Keys = &["done"];
/// What was wrong on the way in, and where it leads.
const ON_THE_WAY: Keys = &["error", "next"];
/// A rule that is looked at before it is saved.
const RULE: Keys = &["class", "audience", "level", "done"];
const RULE_AS: Keys = &["org", "class", "audience", "level"];

/// One path and who answers there.
pub struct Route {
    pub path: &'static str,
    pub access: Access,
    /// Whether it takes a form.
    pub takes_form: bool,
    /// What is asked there behind the question mark; of pages and their files.
    pub takes: Keys,
    /// Whether Leptos renders a page there, which is then served with a slash at the end, too.
    pub is_page: bool,
    /// Whether a page's data is taken away there, which leaves a row in the audit trail.
    pub is_file: bool,
    pub handler: MethodRouter<App>,
}

impl Route {
    /// Adds the route to a router.
    pub fn add_to(self, router: Router<App>) -> Router<App> {
        let matched = Extension(MatchedRoute { path: self.path, access: self.access, takes: self.takes });
        let router = router.route(self.path, self.handler.layer(matched));
        if self.is_page && self.path != "/" { router.route(&format!("{}/", self.path), get(pages::page).layer(matched)) } else { router }
    }
}

fn read(path: &'static str, handler: MethodRouter<App>) -> Route {
    Route { path, access: SignedIn, takes_form: false, takes: &[], is_page: false, is_file: false, handler }
}

/// The file of a page, which takes what the page does; its handler takes `FileQuery`.
fn file(path: &'static str, takes: Keys, handler: MethodRouter<App>) -> Route {
    Route { takes, is_file: true, ..read(path, handler) }
}

fn form(path: &'static str, access: Access, handler: MethodRouter<App>) -> Route {
    Route { access, takes_form: true, ..read(path, handler.layer(DefaultBodyLimit::max(FORM))) }
}

fn page(path: &'static str, access: Access, takes: Keys) -> Route {
    Route { access, takes, is_page: true, ..read(path, get(pages::page)) }
}

/// A page whose form is sent to its own address.
fn page_with_form<H: Handler<T, App>, T: 'static>(path: &'static str, takes: Keys, handler: H) -> Route {
    Route { is_page: true, takes, ..form(path, SignedIn, get(pages::page).post(handler)) }
}

/// The table.
#[must_use]
pub fn people() -> Vec<Route> {
    vec![
        page("/", SignedIn, &[]),
        page("/orgs", SignedIn, ORGANISATIONS),
        page("/orgs/{org}", SignedIn, &[]),
        page("/orgs/{org}/metrics/{metric}", SignedIn, &["cursor"]),
        page("/metrics/{metric}", SignedIn, &["sort"]),
        page("/incidents", SignedIn, INCIDENTS),
        page("/incidents/{id}", SignedIn, INCIDENTS),
        page("/indicators", SignedIn, INDICATORS),
        page("/indicators/{id}", SignedIn, INDICATORS),
        page("/events", SignedIn, EVENTS),
        page("/events/{id}", SignedIn, EVENTS),
        page("/receipts", SignedIn, RECEIPTS),
        page("/receipts/{id}", SignedIn, RECEIPTS),
        page("/account", Enrolment, DONE),
        read("/admin", get(pages::administration)),
        page("/admin/audit", SignedIn, AUDIT),
        page("/admin/catalogue", SignedIn, DONE),
        page("/admin/policy/versions/{version}", SignedIn, &[]),
        page("/admin/sharing/as", SignedIn, RULE_AS),
        page("/decisions/{id}", SignedIn, DONE),
        page("/about", SignedIn, &[]),
        page("/about/scoring", SignedIn, &[]),
        page("/status", SignedIn, &[]),
        page("/signin", Public, ON_THE_WAY),
        page("/signin/code", Public, ON_THE_WAY),
        page("/stepup", Enrolment, ON_THE_WAY),
        page("/welcome/{token}", Public, &["error"]),
        read("/live", get(live::sse::stream)),
        Route { access: Enrolment, ..read(again::PATH, get(again::again)) },
        form("/account/factor", Enrolment, post(account::offer)),
        form("/account/factor/confirm", Enrolment, post(account::confirm)),
        form("/account/factor/recovery", Enrolment, post(account::recovery)),
        form("/account/factor/remove", Enrolment, post(account::remove)),
        form("/account/passkeys", Enrolment, post(passkeys::add)),
        form("/account/passkeys/challenge", Enrolment, post(passkeys::challenge)),
        form("/account/passkeys/remove", Enrolment, post(passkeys::remove)),
        form("/account/password", Enrolment, post(password::change)),
        form("/account/identity/link", Enrolment, post(identity::link)),
        form("/account/identity/unlink", Enrolment, post(identity::unlink)),
        form("/account/seen", Enrolment, post(account::seen)),
        form("/account/sessions/end", Enrolment, post(account::end)),
        file("/admin/audit.jsonl", AUDIT, get(audit::lines)),
        page_with_form("/admin/catalogue/new-metric", DONE, catalogue::add),
        page_with_form("/admin/catalogue/{metric}", DONE, catalogue::change),
        form("/admin/catalogue/{metric}/restore", SignedIn, post(catalogue::restore)),
        form("/admin/catalogue/{metric}/retire", SignedIn, post(catalogue::retire)),
        page_with_form("/admin/groups", DONE, groups::create),
        form("/admin/groups/approve", SignedIn, post(groups::approve)),
        form("/admin/groups/decline", SignedIn, post(groups::decline)),
        form("/admin/groups/invite", SignedIn, post(groups::invite)),
        form("/admin/groups/join", SignedIn, post(groups::join)),
        form("/admin/groups/leave", SignedIn, post(groups::leave)),
        page_with_form("/admin/keys", DONE, keys::create),
        form("/admin/keys/revoke", SignedIn, post(keys::revoke)),
        form("/admin/keys/rotate", SignedIn, post(keys::rotate)),
        page_with_form("/admin/policy", DONE, policy::numbers),
        file("/admin/policy.json", &["version"], get(policy::json)),
        form("/admin/policy/carry-over", SignedIn, post(policy::carry_over)),
        form("/admin/policy/discard", SignedIn, post(policy::discard)),
        page_with_form("/admin/policy/draft", DONE, policy::propose),
        Route { handler: post(policy::paste).layer(DefaultBodyLimit::max(POLICY)), ..form(PASTED, SignedIn, MethodRouter::new()) },
        page_with_form("/admin/sharing", RULE, sharing::change),
        form("/admin/sharing/approve", SignedIn, post(sharing::approve)),
        form("/admin/sharing/confirm", SignedIn, post(sharing::confirm)),
        form("/admin/sharing/decline", SignedIn, post(sharing::decline)),
        form("/admin/sharing/hashes", SignedIn, post(sharing::hashes)),
        page_with_form("/admin/users", DONE, users::invite),
        form("/admin/users/approve", SignedIn, post(users::approve)),
        form("/admin/users/decline", SignedIn, post(users::decline)),
        form("/admin/users/disable", SignedIn, post(users::disable)),
        form("/admin/users/enable", SignedIn, post(users::enable)),
        form("/admin/users/link", SignedIn, post(users::link)),
        form("/admin/users/role", SignedIn, post(users::role)),
        form("/auth/code", Public, post(verify::code)),
        form("/auth/passkey", Public, post(verify_passkey::answer)),
        form("/auth/passkey/challenge", Public, post(verify_passkey::challenge)),
        Route { access: Public, ..read("/auth/oidc/callback/{org}", get(oidc::handlers::callback)) },
        Route { access: Public, ..read("/auth/oidc/finish", get(oidc::handlers::finish)) },
        Route { access: Public, ..read(oidc::handlers::SIGNED_OUT, get(oidc::handlers::signed_out)) },
        form("/auth/oidc/join", Public, post(oidc::handlers::join)),
        form("/auth/oidc/start", Public, post(oidc::handlers::start)),
        form("/auth/oidc/stepup", Enrolment, post(oidc::handlers::step_up)),
        form("/auth/signin", Public, post(handlers::sign_in)),
        form("/auth/signout", Public, post(handlers::sign_out)),
        form("/auth/stepup", Enrolment, post(verify::step_up)),
        form("/auth/welcome", Public, post(handlers::welcome)),
        page_with_form("/decisions", DONE, decisions::propose),
        form("/decisions/delegate", SignedIn, post(decisions::delegate)),
        form("/decisions/vote", SignedIn, post(decisions::vote)),
        form("/decisions/withdraw", SignedIn, post(decisions::withdraw)),
        page_with_form("/connect", &["error"], connect::create),
        form("/connect/revoke", SignedIn, post(connect::revoke)),
        file("/csv/collective", &[], get(csv::collective)),
        file("/csv/events", EVENTS, get(csv::events)),
        file("/csv/incidents", INCIDENTS, get(csv::incidents)),
        file("/csv/indicators", INDICATORS, get(csv::indicators)),
        file("/csv/orgs", ORGANISATIONS, get(csv::organisations)),
        file("/csv/orgs/{org}", &[], get(csv::organisation)),
        file("/csv/orgs/{org}/metrics/{metric}", &["cursor"], get(csv::metric)),
    ]
}
