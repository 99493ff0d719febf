//! Every form of the table of routes, sent by who may: each change is a row of the audit trail, which names who did what to whom, and nothing else
//! is. A form that is in no step below fails.

use crate::{routes, support::*};
use domain::{MINUTE, Role, SECOND};
use std::collections::BTreeSet;

/// Forms that take a passkey, an identity provider or a whole page of numbers, and the tests that look at the rows of these.
const ELSEWHERE: [(&str, &str); 12] = [
    ("/account/identity/link", "oidc.rs"),
    ("/account/identity/unlink", "oidc.rs"),
    ("/account/passkeys", "passkey.rs"),
    ("/account/passkeys/challenge", "passkey.rs"),
    ("/account/passkeys/remove", "passkey.rs"),
    ("/admin/policy", "catalogue.rs"),
    ("/admin/policy/carry-over", "catalogue.rs"),
    ("/auth/oidc/join", "oidc.rs"),
    ("/auth/oidc/start", "oidc.rs"),
    ("/auth/oidc/stepup", "oidc.rs"),
    ("/auth/passkey", "passkey.rs"),
    ("/auth/passkey/challenge", "passkey.rs"),
];

/// What was asked so far, and how far the trail was read.
struct Story<'a> {
    app: &'a TestApp,
    asked: BTreeSet<String>,
    last: i64,
}

impl Story<'_> {
    /// Forgets what was written until now.
    async fn skip(&mut self) {
        self.last = self.app.app.store.hub().audit_after(0).await.expect("the trail").last().map_or(0, |row| row.no);
    }

    /// Sends a form, and looks whether the trail has just these rows of it, by this person.
    async fn step(&mut self, by: &Person<'_>, path: &str, fields: &[(&str, &str)], rows: &[&str]) -> Answer {
        self.skip().await;
        let answer = {
            let _turn = SIGNING_IN.lock().await;
            by.post(&path.replace("{metric}", METRIC), fields).await
        };
        assert!(answer.status < 400, "{path}: {} {}", answer.status, answer.text());
        let written = self.app.app.store.hub().audit_after(self.last).await.expect("the trail");
        let said: Vec<&str> = written.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(said, rows, "{path} {fields:?} → {}: {written:?}", answer.header("location"));
        for row in &written {
            // What ends a decision is the votes together, so the hub itself.
            assert!(row.actor.user == Some(by.id) || row.action == "decision.ended", "{path}: {row:?}");
            assert!(!row.object.is_empty() && row.at.since(self.app.now()).abs() < MINUTE, "{row:?}");
            let org = self.app.app.live.board().orgs().find(|o| Some(o.info.id) == row.actor.org).map(|o| o.info.id);
            assert!(row.org.is_none() || row.org == org || row.action == "group.invited", "it concerns the own organisation: {row:?}");
        }
        self.asked.insert(path.to_owned());
        answer
    }
}

async fn code(app: &TestApp, person: &Person<'_>) -> String {
    let secret = server::auth::factor::secret(&app.app, person.id).await.expect("the database").expect("a factor").0;
    let seconds = u64::try_from(app.now().0 / SECOND).expect("after 1970");
    totp_rs::Builder::new().with_secret(&secret[..]).build().expect("a secret").generate(seconds).to_string()
}

fn token(page: &str) -> String {
    page.split("/welcome/").nth(1).expect("a link").chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

async fn sharing(story: &mut Story<'_>, admin: &Person<'_>, second: &Person<'_>) {
    let (app, hub) = (story.app, story.app.app.store.hub());
    let rule = |level: &'static str| [("class", "incidents"), ("audience", "everyone"), ("level", level)];
    let waiting = async || hub.proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id.to_string();
    story.step(admin, "/admin/sharing", &rule("none"), &["sharing.rule_set"]).await;
    story.step(admin, "/admin/sharing", &rule("detail"), &["sharing.rule_proposed"]).await;
    story.step(admin, "/admin/sharing/decline", &[("id", &waiting().await)], &["sharing.rule_dropped"]).await;
    story.step(admin, "/admin/sharing", &rule("detail"), &["sharing.rule_proposed"]).await;
    let id = waiting().await;
    story.step(admin, "/admin/sharing/approve", &[("id", &id)], &[]).await;
    story.step(second, "/admin/sharing/approve", &[("id", &id)], &["sharing.rule_set"]).await;
    story.step(admin, "/admin/sharing/hashes", &[("takes_part", "yes")], &["hashes.set"]).await;
    story.step(admin, "/admin/sharing/hashes", &[("takes_part", "yes")], &[]).await;
    story.step(admin, "/admin/sharing/hashes", &[("takes_part", "no")], &["hashes.set"]).await;
}

async fn groups(story: &mut Story<'_>, [admin, second]: [&Person<'_>; 2], [beta, beta_too]: [&Person<'_>; 2]) {
    let (app, hub) = (story.app, story.app.app.store.hub());
    story.step(admin, "/admin/groups", &[("name", "Ports")], &["group.made"]).await;
    let group = hub.groups().await.expect("groups")[0].id.0.to_string();
    let waiting = async |org| hub.group_proposals(app.org(org), app.now()).await.expect("proposals")[0].id.to_string();
    let invitation = [("group", &*group), ("org", "beta")];
    story.step(admin, "/admin/groups/invite", &invitation, &["group.proposed"]).await;
    story.step(second, "/admin/groups/decline", &[("id", &waiting("alpha").await)], &["group.proposal_dropped"]).await;
    story.step(admin, "/admin/groups/invite", &invitation, &["group.proposed"]).await;
    let id = waiting("alpha").await;
    story.step(admin, "/admin/groups/approve", &[("id", &id)], &[]).await;
    story.step(second, "/admin/groups/approve", &[("id", &id)], &["group.invited", "group.invited"]).await;
    story.step(beta, "/admin/groups/join", &[("group", &group)], &["group.proposed"]).await;
    story.step(beta_too, "/admin/groups/approve", &[("id", &waiting("beta").await)], &["group.joined"]).await;
    story.step(beta, "/admin/groups/leave", &[("group", &group)], &["group.left"]).await;
}

#[tokio::test]
async fn every_change_is_a_row_of_the_trail() {
    let app = TestApp::start().await;
    let hub = app.app.store.hub();
    let (admin, second) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await);
    let (beta, beta_too) = (app.person_of("beta", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    let nobody = Person { app: &app, id: 0, email: String::new(), cookie: String::new() };
    let mut story = Story { app: &app, asked: BTreeSet::new(), last: 0 };

    // Keys, both ways.
    story.step(&admin, "/connect", &[("name", "siem")], &["key.created"]).await;
    story.step(&admin, "/connect/revoke", &[("name", "siem")], &["key.revoked"]).await;
    story.step(&admin, "/admin/keys", &[("name", "edr"), ("days", "90"), ("metrics", "yes")], &["key.created"]).await;
    story.step(&admin, "/admin/keys/rotate", &[("name", "edr")], &["key.rotated", "key.created"]).await;
    story.step(&admin, "/admin/keys/revoke", &[("name", "edr")], &["key.revoked"]).await;
    story.step(&admin, "/admin/keys/revoke", &[("name", "edr")], &[]).await;

    // On the heap: all steps in one future are more than a test's stack holds.
    Box::pin(sharing(&mut story, &admin, &second)).await;
    Box::pin(groups(&mut story, [&admin, &second], [&beta, &beta_too])).await;
    let alpha = app.app.live.board().by_slug("alpha").expect("alpha").info.clone();
    let newcomer = store::Org { slug: "newcomer".into(), name: "Newcomer Works".into(), confirmed: false, ..alpha };
    hub.add_organisation(newcomer, app.now()).await.expect("an organisation");
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    let new_admin = app.person_of("newcomer", Role::OrgAdmin).await;
    let new_admin_too = app.person_of("newcomer", Role::OrgAdmin).await;
    let seen = [("posture", "detail"), ("incidents", "detail"), ("events", "detail"), ("indicators", "detail")];
    story.step(&new_admin, "/admin/sharing/confirm", &seen, &["sharing.confirmation_proposed"]).await;
    story.step(&new_admin_too, "/admin/sharing/confirm", &seen, &["sharing.confirmed"]).await;

    // People.
    let invited =
        story.step(&admin, "/admin/users", &[("name", "Ada"), ("email", "ada@alpha.example"), ("role", "analyst")], &["user.added", "link.made"]).await;
    let ada = hub.user_by_email("ada@alpha.example").await.expect("the database").expect("Ada").id;
    let id = ada.to_string();
    let as_ada = |cookie: String| Person { app: &app, id: ada, email: "ada@alpha.example".into(), cookie };
    let welcome = [("token", &*token(&invited.text())), ("password", PASSWORD), ("again", PASSWORD)];
    let first = story.step(&as_ada(String::new()), "/auth/welcome", &welcome, &["password.set", "session.started"]).await;
    story.step(&admin, "/admin/users/role", &[("id", &id), ("role", "executive")], &["user.role_set"]).await;
    story.step(&admin, "/admin/users/link", &[("id", &id)], &["link.made"]).await;
    story.step(&admin, "/admin/users/disable", &[("id", &id)], &["user.disabled"]).await;
    story.step(&admin, "/admin/users/enable", &[("id", &id)], &["user.enabled"]).await;

    let take = [("id", &*id), ("role", "org_admin")];
    let hub_waits = async || hub.account_proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id.to_string();
    story.step(&admin, "/admin/users/role", &take, &["user.proposed"]).await;
    story.step(&admin, "/admin/users/decline", &[("id", &hub_waits().await)], &["user.proposal_dropped"]).await;
    story.step(&admin, "/admin/users/role", &take, &["user.proposed"]).await;
    story.step(&second, "/admin/users/approve", &[("id", &hub_waits().await)], &["user.role_set"]).await;
    story.step(&admin, "/admin/users/role", &[("id", &id), ("role", "executive")], &["user.role_set"]).await;

    // Sessions and second factors.
    assert_eq!(app.visit("/", &cookie_of(&first)).await.status, 303);
    let sign_in = [("email", "ada@alpha.example"), ("password", PASSWORD)];
    let inside = as_ada(cookie_of(&story.step(&as_ada(String::new()), "/auth/signin", &sign_in, &["session.started"]).await));
    story.step(&as_ada(String::new()), "/auth/signin", &sign_in, &["session.started"]).await;
    // That is nobody's affair but the reader's.
    story.step(&inside, "/account/seen", &[], &[]).await;
    story.step(&inside, "/account/sessions/end", &[("session", "")], &["session.ended"]).await;
    let again = story.step(&inside, "/auth/stepup", &[("proof", PASSWORD)], &["session.ended", "session.started"]).await;
    let inside = as_ada(cookie_of(&again));
    let other = "harbour-lantern-42-oxide";
    story.step(&inside, "/account/password", &[("current", PASSWORD), ("password", other), ("again", other)], &["password.set"]).await;
    let sign_in = [("email", "ada@alpha.example"), ("password", other)];
    story.step(&inside, "/account/factor", &[], &["factor.offered"]).await;
    story.step(&inside, "/account/factor/confirm", &[("code", &code(&app, &inside).await)], &["factor.set"]).await;
    story.step(&inside, "/account/factor/recovery", &[], &["factor.recovery_codes_made"]).await;
    app.app.clock.advance(MINUTE);
    let half = as_ada(cookie_of(&story.step(&as_ada(String::new()), "/auth/signin", &sign_in, &[]).await));
    story.step(&half, "/auth/code", &[("code", &code(&app, &half).await)], &["session.started"]).await;
    story.step(&inside, "/account/factor/remove", &[], &["factor.removed"]).await;
    story.step(&inside, "/auth/signout", &[], &["session.ended"]).await;
    story.step(&inside, "/auth/signout", &[], &[]).await;

    // Decisions.
    story.step(&admin, "/decisions", &[("kind", "alert_level"), ("level", "3"), ("reason", "a")], &["decision.proposed"]).await;
    let id = hub.decisions().await.expect("decisions")[0].id.to_string();
    story.step(&beta, "/decisions/delegate", &[("kind", "alert_level"), ("org", "gamma")], &["decision.delegated"]).await;
    story.step(&admin, "/decisions/vote", &[("id", &id), ("choice", "for")], &["decision.voted"]).await;
    story.step(&beta, "/decisions/vote", &[("id", &id), ("choice", "for")], &["decision.voted"]).await;

    story.step(&admin, "/decisions", &[("kind", "alert_level"), ("level", "2"), ("reason", "b")], &["decision.proposed"]).await;
    let id = hub.decisions().await.expect("decisions").iter().map(|d| d.id).max().expect("one").to_string();
    story.step(&admin, "/decisions/withdraw", &[("id", &id)], &["decision.withdrawn"]).await;

    // A policy that is prepared.
    let steward = app.person(Role::Steward).await;
    let metric = |target: &'static str| [("title", "T"), ("domain", "PR"), ("target", target), ("floor", "60"), ("weight", "1")];
    story.step(&steward, "/admin/catalogue/{metric}", &metric("97"), &["policy.drafted"]).await;
    story.step(&steward, "/admin/catalogue/{metric}/retire", &[], &["policy.drafted"]).await;
    // Nothing is left of the draft.
    story.step(&steward, "/admin/catalogue/{metric}/restore", &[], &["policy.draft_discarded"]).await;
    story.step(&steward, "/admin/catalogue/{metric}", &metric("96"), &["policy.drafted"]).await;
    story.step(&steward, "/admin/policy/discard", &[], &["policy.draft_discarded"]).await;
    let new = [("key", "sso_coverage_pct"), ("title", "S"), ("unit", "percent"), ("domain", "PR"), ("target", "95"), ("floor", "50"), ("weight", "2")];
    story.step(&steward, "/admin/catalogue/new-metric", &new, &["policy.drafted"]).await;
    story.step(&steward, "/admin/policy/draft", &[("reason", "c")], &["decision.proposed"]).await;
    let mut policy = (*app.app.live.board().policy).clone();
    policy.critical_cap = 50.0;
    let text = serde_json::to_string(&policy).expect("JSON");
    story.step(&steward, "/admin/policy/json", &[("policy", &text)], &["policy.drafted"]).await;

    let asked = |path: &str| story.asked.contains(path) || ELSEWHERE.iter().any(|(form, _)| *form == path);
    let missing: Vec<_> = routes::forms().into_iter().filter(|path| !asked(path)).collect();
    assert!(missing.is_empty(), "no step asks {missing:?}");

    // What is taken away as a file, and what is only looked at.
    for path in server::routes::table::people().into_iter().filter(|route| route.is_file).map(|route| route.path) {
        story.skip().await;
        let address = path.replace("{org}", "alpha").replace("{metric}", METRIC);
        assert_eq!(admin.get(&address).await.status, 200, "{address}");
        let written = hub.audit_after(story.last).await.expect("the trail");
        assert_eq!(written.iter().map(|row| (row.action.as_str(), row.actor.user)).collect::<Vec<_>>(), [("exported", Some(admin.id))], "{path}");
    }
    story.skip().await;
    for path in ["/", "/incidents", "/admin/audit", "/admin/sharing", "/account"] {
        admin.page(path).await;
    }
    nobody.get("/").await;
    assert!(hub.audit_after(story.last).await.expect("the trail").is_empty(), "who reads pages leaves no rows");
    hub.verify_audit(&store::audit::Proofs::default()).await.expect("an unharmed trail");
}
