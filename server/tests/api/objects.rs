//! What bit others who built something like this, where an object was of another kind or organisation than what had been authorised.

use crate::{support::*, unshared::gives_away};
use domain::{DataClass, Level, Role, Viewer, sharing::Audience};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;

/// What is authorised is what is changed: not another one named beside it, in the address, the body or twice.
#[tokio::test]
async fn misp_cve_2026_56424_what_was_authorised_is_what_changes() {
    let app = TestApp::start().await;
    let (admin, own) = (app.person(Role::OrgAdmin).await, app.person(Role::Executive).await);
    let theirs = app.person_of("beta", Role::Executive).await;
    let (own_id, their_id) = (own.id.to_string(), theirs.id.to_string());
    let before = app.rows().await;
    for path in ["/admin/users/role", "/admin/users/disable", "/admin/users/enable", "/admin/users/link"] {
        for (first, second) in [(&own_id, &their_id), (&their_id, &own_id)] {
            let twice = admin.post(path, &[("id", first), ("id", second), ("role", "analyst")]).await;
            assert_eq!(twice.status, 422, "{path}: {}", twice.text());
        }
        // The address names the own person, the body the other.
        let both = admin.post(&format!("{path}?id={own_id}"), &[("id", their_id.as_str()), ("role", "analyst")]).await;
        assert_eq!(both.header("location"), "/admin/users?done=gone", "{path}");
    }
    assert_eq!(app.gained(&before).await, BTreeMap::new());
    let people = app.app.store.hub().people(None).await.expect("people");
    assert!(people.iter().filter(|p| p.id == own.id || p.id == theirs.id).all(|p| p.role == Role::Executive && !p.disabled));
    // Records: what a path names and a body names must be one, and names are each organisation's own.
    let (alpha, beta) = (app.partner("alpha").await, app.partner("beta").await);
    alpha.push("incidents", &items([incident("shared", "high", "GREEN"), incident("other", "high", "GREEN")])).await;
    let before = app.rows().await;
    assert_eq!(alpha.put("shared", &[], &incident("other", "low", "GREEN")).await.status, 422);
    assert_eq!(beta.put("shared", &[("if-match", "\"1\"")], &incident("shared", "low", "GREEN")).await.status, 412, "beta has none of this name");
    assert_eq!(app.gained(&before).await, BTreeMap::new());
    beta.push("events", &items([with(event("e", "GREEN", &app.at(-domain::MINUTE)), "incident", "shared")])).await;
    for org in ["alpha", "beta"] {
        let reads = app.app.store.viewer(Viewer { org: app.org(org), role: Role::Analyst });
        let list = reads.incidents(&store::IncidentFilter { words: "shared".into(), ..Default::default() }).await.expect("incidents").rows;
        let found = reads.incident(list[0].id.parse().expect("an id")).await.expect("an incident").expect("it is there");
        assert!(found.events.is_empty(), "beta's event hangs on alpha's incident, as {org} sees it");
    }
}

/// Alpha's things that have handles, and the handles.
struct Things {
    key: String,
    proposal: String,
    group: String,
    /// Of an invitation into the group.
    invitation: String,
    session: String,
}

async fn things(app: &TestApp, admin: &Person<'_>) -> Things {
    admin.post("/admin/keys", &[("name", "only-alpha"), ("days", "90"), ("metrics", "yes")]).await;
    app.rule("alpha", DataClass::Incidents, Audience::Everyone, Some(Level::None)).await;
    admin.post("/admin/sharing", &[("class", "incidents"), ("audience", "everyone"), ("level", "detail")]).await;
    let proposal = app.app.store.hub().proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id.to_string();
    admin.post("/admin/groups", &[("name", "Ports")]).await;
    let group = app.app.store.hub().groups().await.expect("groups")[0].id.0.to_string();
    admin.post("/admin/groups/invite", &[("group", &group), ("org", "gamma")]).await;
    let invitation = app.app.store.hub().group_proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id.to_string();
    let cookie = {
        let _turn = SIGNING_IN.lock().await;
        cookie_of(&app.form("/auth/signin", &[("email", &admin.email), ("password", PASSWORD)], "").await)
    };
    let id: tower_sessions::session::Id = cookie.split_once('=').expect("a cookie").1.parse().expect("an id");
    let session = server::auth::sessions::hash(&id).iter().map(|byte| format!("{byte:02x}")).collect();
    Things { key: "only-alpha".into(), proposal, group, invitation, session }
}

/// Everything that alpha has is as it was.
async fn unharmed(app: &TestApp, t: &Things, admin: &Person<'_>) {
    let (hub, alpha) = (app.app.store.hub(), app.org("alpha"));
    let keys = hub.keys(alpha).await.expect("keys");
    assert!(keys.iter().any(|k| k.name == t.key && k.revoked_at.is_none() && k.expires_at > Some(app.now().plus(80 * domain::DAY))), "{keys:?}");
    assert_eq!(hub.proposals(alpha, app.now()).await.expect("proposals").len(), 1);
    assert_eq!(hub.sharing().await.expect("rules").level(app.org("beta"), alpha, DataClass::Incidents), Level::None);
    let groups = hub.groups().await.expect("groups");
    assert_eq!(groups.iter().find(|g| g.id.0.to_string() == t.group).expect("the group").members, [(alpha, true)]);
    assert_eq!(hub.group_proposals(alpha, app.now()).await.expect("proposals").len(), 1);
    assert_eq!(hub.sessions_of(admin.id, app.now()).await.expect("sessions").len(), 2);
    assert!(hub.people(Some(alpha)).await.expect("people").iter().all(|p| !p.disabled));
}

/// An administrator has every right of one, and has it at home: the action is allowed, its object is not.
#[tokio::test]
async fn vaultwarden_cve_2026_27803_a_right_does_not_reach_beyond_its_scope() {
    let app = TestApp::start().await;
    let (admin, other) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    let t = things(&app, &admin).await;
    // Beta has a key of the same name, so that the name alone says nothing.
    other.post("/admin/keys", &[("name", "only-alpha"), ("days", "90"), ("metrics", "yes")]).await;
    assert_eq!(other.post("/admin/keys/revoke", &[("name", &t.key)]).await.header("location"), "/admin/keys?done=revoked", "its own");
    for (path, field, value) in [
        ("/admin/keys/revoke", "name", &t.key),
        ("/admin/keys/rotate", "name", &t.key),
        ("/connect/revoke", "name", &t.key),
        ("/admin/sharing/approve", "id", &t.proposal),
        ("/admin/sharing/decline", "id", &t.proposal),
        ("/admin/groups/join", "group", &t.group),
        ("/admin/groups/leave", "group", &t.group),
        ("/admin/groups/invite", "group", &t.group),
        ("/admin/groups/approve", "id", &t.invitation),
        ("/admin/groups/decline", "id", &t.invitation),
        ("/account/sessions/end", "session", &t.session),
    ] {
        let answer = other.post(path, &[(field, value), ("org", "gamma")]).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        unharmed(&app, &t, &admin).await;
    }
    // A key's scope is its own, too: what it may push is not what it may read.
    let machine = app.partner_with("alpha", "metrics").await;
    app.partner("alpha").await.push("incidents", &items([incident("a", "low", "GREEN")])).await;
    assert_eq!(machine.get("incidents/a").await.status, 403);
}

/// No handle of another organisation's thing deletes it, however it was come by: names, numbers, hashes, and what a snapshot leaves out.
#[tokio::test]
async fn grafana_cve_2024_1313_a_handle_of_another_organisation_deletes_nothing() {
    let app = TestApp::start().await;
    let (admin, other) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    let t = things(&app, &admin).await;
    let (alpha, beta, at) = (app.partner("alpha").await, app.partner("beta").await, app.at(-domain::MINUTE));
    alpha.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    alpha.push("events", &items([event("e", "GREEN", &at)])).await;
    alpha.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    alpha.push("metrics", &items([sample(90.0, &at)])).await;
    let listed = async || {
        let mut all = Vec::new();
        for path in ["/csv/incidents", "/csv/indicators", &format!("/csv/orgs/alpha/metrics/{METRIC}")] {
            all.push(admin.get(path).await.text());
        }
        all
    };
    let before = listed().await;
    assert!(before[0].contains("Title of a") && before[1].contains("a.example"));
    for route in ["metrics", "incidents", "events", "indicators"] {
        let answer = beta.post(&format!("{route}?mode=snapshot"), &items([])).await;
        assert_eq!(answer.status, 200, "{route}: {}", answer.text());
    }
    app.settle().await;
    assert_eq!(listed().await, before);
    let values = [admin.id.to_string(), t.proposal.clone(), t.group.clone(), t.session.clone(), t.key.clone()];
    for route in server::routes::table::people().into_iter().filter(|route| route.takes_form && !route.path.starts_with("/auth/")) {
        for value in &values {
            let fields = ["id", "group", "session", "name", "email"].map(|field| (field, value.as_str()));
            other.post(route.path, &fields).await;
        }
    }
    unharmed(&app, &t, &admin).await;
    assert!(gives_away(&admin.get("/incidents").await, "Title of a"));
}

/// The way out of one kind of thing takes no other with the same number.
#[tokio::test]
async fn opencti_cve_2026_21886_what_deletes_one_kind_deletes_no_other() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let t = things(&app, &admin).await;
    app.person(Role::OrgAdmin).await;
    let coordinator = app.person(Role::Coordinator).await;
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "2"), ("reason", "a")]).await;
    let decision = app.app.store.hub().decisions().await.expect("decisions")[0].id.to_string();
    let own_id = admin.id.to_string();
    let numbers = [&decision, &t.proposal, &t.group, &t.invitation, &own_id];
    for (path, own, gone) in [
        ("/connect/revoke", "", vec![]),
        ("/admin/keys/revoke", "", vec![]),
        ("/account/sessions/end", "", vec![]),
        ("/decisions/vote", decision.as_str(), vec![("decision_votes", 1)]),
        ("/admin/groups/decline", t.invitation.as_str(), vec![("group_proposals", -1)]),
        ("/admin/groups/leave", t.group.as_str(), vec![("sharing_group_members", -1)]),
        ("/admin/sharing/decline", t.proposal.as_str(), vec![("sharing_proposals", -1)]),
        // Disabling the administrator who does all this comes last.
        ("/admin/users/disable", own_id.as_str(), vec![("account_acts", 1)]),
    ] {
        // The numbers of all other kinds, and then its own.
        for number in numbers.into_iter().map(String::as_str).filter(|number| *number != own).chain([own]) {
            let before = app.rows().await;
            let fields = [("id", number), ("group", number), ("session", number), ("name", number), ("kind", "alert_level"), ("choice", "for")];
            let answer = admin.post(path, &fields).await;
            let gone: BTreeMap<String, i64> = if number == own { gone.iter().map(|(table, n)| ((*table).to_owned(), *n)).collect() } else { BTreeMap::new() };
            assert!(number != own || own.is_empty() || answer.status == 303, "{path}: {}", answer.text());
            assert_eq!((app.gained(&before).await, answer.status < 500), (gone, true), "{path} with {number}");
        }
    }
    assert_eq!(admin.get("/").await.status, 303, "disabled, and nothing else");
    // Of records, too: each page and each reading takes its own kind only.
    let alpha = app.partner("alpha").await;
    alpha.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    alpha.push("events", &items([with(event("e", "GREEN", &app.at(-domain::MINUTE)), "incident", json!("a"))])).await;
    alpha.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    let person = app.person(Role::Analyst).await;
    for address in crate::unshared::records(&app, "alpha").await {
        let id = address.rsplit('/').next().expect("an id");
        for kind in ["incidents", "events", "indicators", "receipts"] {
            let found = person.get(&format!("/{kind}/{id}")).await.status;
            assert_eq!(found == 200, address.starts_with(&format!("/{kind}/")), "{address} as one of {kind}");
        }
        let read = Answer::of(app.request(Method::GET, &format!("/api/v1/receipts/{id}")).bearer_auth(&alpha.key)).await;
        assert_eq!(read.status == 200, address.starts_with("/receipts/"), "{address}");
    }
}
