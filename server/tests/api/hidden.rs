//! What somebody may not see leaves no trace: every page, file, answer, header and stream is the same, byte for byte, before and after it. The clock
//! stands meanwhile, so that no byte differs because time passed.

use crate::{
    routes::{self, addresses, apart_from, paths},
    support::*,
    unshared::records,
};
use domain::{DataClass, Level, MINUTE, Role, SECOND, sharing::Audience};
use reqwest::Method;
use serde_json::json;
use server::quotas::Quotas;
use std::collections::{BTreeMap, BTreeSet};

/// The column `last_data_at` of `/csv/orgs`.
const LAST_DATA: usize = 13;

/// A hub at which one session may ask for everything there is while the clock stands.
async fn start() -> TestApp {
    TestApp::start_with(Setup { quotas: Quotas { page_seconds_per_minute: 3_600, ..Quotas::default() }, ..Setup::default() }).await
}

type Seen = BTreeMap<String, (u16, Vec<(String, String)>, String)>;

/// Somebody of gamma with everything that they can open, and a stream that stays open.
struct Viewer<'a> {
    role: Role,
    person: Person<'a>,
    stream: Stream,
    /// The newest id of the stream.
    at: String,
}

async fn viewers(app: &TestApp) -> Vec<Viewer<'_>> {
    let mut viewers = Vec::new();
    for role in Role::ALL {
        let person = app.person_of("gamma", role).await;
        let mut stream = person.stream(None).await;
        let at = stream.event().await.id;
        viewers.push(Viewer { role, person, stream, at });
    }
    viewers
}

/// Not asked: what ends or begins a session or never ends; the audit trail, which notes that it was asked; and decisions, whose votes are everybody's.
fn apart(path: &str) -> bool {
    path == "/live" || ["/auth/", "/admin/audit", "/decisions", "/pkg/", "/welcome/"].iter().any(|of| path.starts_with(of))
}

/// Everything that the viewers see, and a machine of theirs.
async fn look(app: &TestApp, viewers: &[Viewer<'_>], key: &str, ids: &BTreeSet<String>) -> Seen {
    let mut seen = Seen::new();
    for path in paths(app).iter().filter(|path| !apart(path)) {
        let known = addresses(path, ids).into_iter().flat_map(|a| [a.replace("/alpha", "/beta"), a]);
        // What a page does not know is refused, which tells nothing either.
        let queries = ["", "?org=alpha", "?q=o", "?org=alpha&status=any&sort=-updated", "?q=o&status=any"];
        let mut asked: BTreeSet<String> = known.flat_map(|a| queries.map(|query| format!("{a}{query}"))).collect();
        if path == "/admin/sharing" {
            asked.extend(["none", "detail"].map(|level| format!("{path}?class=incidents&audience=everyone&level={level}")));
        }
        for address in asked {
            if path.starts_with("/api") {
                let answer = Answer::of(app.request(Method::GET, &address).bearer_auth(key)).await;
                seen.insert(format!("a machine at {address}"), apart_from(&answer, "none"));
                continue;
            }
            for viewer in viewers {
                let answer = viewer.person.get(&address).await;
                seen.insert(format!("{} at {address}", viewer.role), apart_from(&answer, "none"));
            }
        }
    }
    seen
}

fn same(before: &Seen, after: &Seen) {
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (what, old) in before {
        let new = &after[what];
        assert_eq!((&old.0, &old.1), (&new.0, &new.1), "{what}");
        let differ = old.2.bytes().zip(new.2.bytes()).position(|(a, b)| a != b).unwrap_or(old.2.len().min(new.2.len()));
        let part = |text: &str| String::from_utf8_lossy(&text.as_bytes()[differ.saturating_sub(300)..text.len().min(differ + 200)]).into_owned();
        assert!(old.2 == new.2, "{what}:\n{}\nand then\n{}", part(&old.2), part(&new.2));
    }
    assert!(before.values().filter(|(status, ..)| *status == 200).count() > 300, "pages, not refusals");
}

/// The streams told nothing, those who come back missed nothing, and what comes next is the first that is told.
async fn untold(app: &TestApp, viewers: &mut [Viewer<'_>], value: f64) {
    for viewer in &mut *viewers {
        let mut back = viewer.person.stream(Some(&viewer.at)).await;
        let hello = back.event().await;
        assert_eq!((hello.kind.as_str(), &hello.id), ("hello", &viewer.at), "{}", viewer.role);
    }
    app.partner("beta").await.push("metrics", &items([sample(value, &app.at(-SECOND))])).await;
    for viewer in viewers {
        let event = viewer.stream.event().await;
        assert_eq!(event.topics(), ["posture:beta", "pushes:beta"], "{}: {}", viewer.role, viewer.stream.seen);
        assert_ne!(event.id, viewer.at);
        viewer.at = event.id;
    }
}

/// Beta has something that everybody sees, alpha something to be hidden.
async fn plant(app: &TestApp) -> BTreeSet<String> {
    let at = app.at(-3 * MINUTE);
    for org in ["alpha", "beta", "gamma"] {
        let partner = app.partner(org).await;
        partner.push("metrics", &items([sample(80.0, &at)])).await;
        partner.push("incidents", &items([incident(routes::EXTERNAL_ID, "high", "GREEN")])).await;
        partner.push("events", &items([with(event("e", "GREEN", &at), "incident", routes::EXTERNAL_ID)])).await;
        partner.push("indicators", &items([indicator(&format!("{org}.example"), "GREEN"), indicator("shared.example", "GREEN")])).await;
    }
    let mut ids = records(app, "alpha").await;
    ids.extend(records(app, "beta").await);
    ids.extend(records(app, "gamma").await);
    ids
}

async fn show_all(app: &TestApp, org: &str, level: Level) {
    for class in DataClass::ALL {
        app.app.store.hub().set_rule(app.org(org), class, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
    }
    app.app.live.look_now().await;
}

/// New, changed, corrected, counted, refused, as a snapshot and left out of one.
async fn push_all(app: &TestApp, alpha: &Partner<'_>, name: &str, tlp: &str, recipients: &[&str]) {
    let at = app.at(-SECOND);
    let marked = |item| with(item, "recipients", json!(recipients));
    for severity in ["critical", "low", "critical"] {
        alpha.push("incidents", &items([marked(incident(name, severity, tlp))])).await;
    }
    alpha.put(&format!("{name}-put"), &[], &marked(incident(&format!("{name}-put"), "critical", tlp))).await;
    for title in ["One", "Other"] {
        alpha.push("events", &items([marked(with(event(name, tlp, &at), "title", title))])).await;
    }
    for confidence in [10, 90] {
        alpha.push("indicators", &items([with(marked(indicator(&format!("{name}.example"), tlp)), "confidence", confidence)])).await;
        alpha.push("indicators", &items([with(marked(indicator("beta.example", tlp)), "confidence", confidence)])).await;
    }
    let refused = alpha.post("incidents", &items([with(incident("refused", "low", tlp), "status", "wrong")])).await;
    assert_eq!(refused.status, 422);
    app.settle().await;
}

#[tokio::test]
async fn what_is_shown_to_nobody_leaves_no_trace() {
    let app = start().await;
    let ids = plant(&app).await;
    show_all(&app, "alpha", Level::None).await;
    let (alpha, admin) = (app.partner("alpha").await, app.person_of("alpha", Role::OrgAdmin).await);
    let key = app.partner_with("gamma", "metrics incidents events indicators backfill").await.key;
    let hub = app.app.store.hub();
    let effect = domain::decision::Effect::AlertLevel { level: domain::decision::AlertLevel::ALL[1] };
    let right = hub.decision_rights().await.expect("rights").into_iter().find(|r| r.kind == effect.kind()).expect("the right");
    let proposer = app.account("beta", Role::OrgAdmin).await.0;
    let decision = hub.propose(effect, "a reason".into(), (app.org("beta"), proposer), &right, app.now()).await.expect("a decision");
    app.app.clock.hold();
    let mut viewers = viewers(&app).await;
    let before = look(&app, &viewers, &key, &ids).await;

    // A push of each class, a correction, a snapshot.
    let at = app.at(-2 * MINUTE);
    for value in [10.0, 99.0] {
        alpha.push("metrics", &items([sample(value, &at)])).await;
    }
    alpha.push("metrics?mode=snapshot", &items([sample(50.0, &app.at(-SECOND))])).await;
    push_all(&app, &alpha, "none", "GREEN", &[]).await;
    let count = json!({ "type": "domain-name", "tlp": "GREEN", "severity": "low", "count": 7 });
    let window = json!({ "window_start": app.at(-MINUTE), "window_end": app.at(-SECOND), "counts": [count] });
    assert_eq!(alpha.post("indicator-counts", &window).await.status, 200);
    for class in ["incidents", "events", "indicators"] {
        alpha.push(&format!("{class}?mode=snapshot"), &items([])).await;
    }
    // A key made, used, revoked; an invitation; a sign-in, and one that failed.
    admin.post("/admin/keys", &[("name", "siem"), ("days", "90"), ("metrics", "yes")]).await;
    let made = hub.keys(app.org("alpha")).await.expect("keys").into_iter().find(|k| k.name == "siem").expect("the key");
    app.partner("alpha").await.get("whoami").await;
    admin.post("/admin/keys/revoke", &[("id", &made.id.to_string())]).await;
    admin.post("/admin/users", &[("email", "new@alpha.example"), ("name", "New"), ("role", "analyst")]).await;
    app.person_of("alpha", Role::Analyst).await;
    app.form("/auth/signin", &[("email", "nobody@alpha.example"), ("password", "wrong")], "").await;
    // A rule between two others, a vote, a group's change.
    let (a, b) = (app.org("alpha"), app.org("beta"));
    hub.set_rule(a, DataClass::Incidents, Audience::Organisation(b), Some(Level::Detail), app.now()).await.expect("a rule");
    app.app.live.look_now().await;
    hub.vote(decision, (a, admin.id), true, String::new(), app.now()).await.expect("a vote");
    let group = hub.add_group(a, "Two".into(), true, app.now()).await.expect("a group");
    hub.invite(group, a, b, app.now()).await.expect("an invitation");
    app.app.live.look_now().await;
    hub.join(group, b, app.now()).await.expect("a member");
    app.app.live.look_now().await;
    push_all(&app, &alpha, "group", "AMBER", &[]).await;
    hub.leave(group, b, app.now()).await.expect("one less");
    app.app.live.look_now().await;
    app.settle().await;

    same(&before, &look(&app, &viewers, &key, &ids).await);
    untold(&app, &mut viewers, 81.0).await;
}

#[tokio::test]
async fn what_is_marked_for_others_leaves_no_trace() {
    let app = start().await;
    let ids = plant(&app).await;
    let (alpha, hub) = (app.partner("alpha").await, app.app.store.hub());
    let key = app.partner_with("gamma", "metrics incidents events indicators backfill").await.key;
    let (a, b) = (app.org("alpha"), app.org("beta"));
    let group = hub.add_group(a, "Two".into(), true, app.now()).await.expect("a group");
    hub.invite(group, a, b, app.now()).await.expect("an invitation");
    hub.join(group, b, app.now()).await.expect("a member");
    app.app.live.look_now().await;
    app.app.clock.hold();
    let mut viewers = viewers(&app).await;
    let before = look(&app, &viewers, &key, &ids).await;
    for (name, tlp, recipients) in [("red", "RED", &[][..]), ("named", "RED", &["beta"]), ("strict", "AMBER+STRICT", &["beta"]), ("amber", "AMBER", &[])] {
        push_all(&app, &alpha, name, tlp, recipients).await;
    }
    // Nor is it told that those who were shown some are no longer.
    for name in ["named", "strict", "amber"] {
        push_all(&app, &alpha, name, "RED", &[]).await;
    }
    app.settle().await;
    same(&before, &look(&app, &viewers, &key, &ids).await);
    untold(&app, &mut viewers, 81.0).await;
    // Nor does its owner look alive by it.
    app.app.clock.advance(INTERVAL + MINUTE);
    alpha.push("incidents", &items([incident("red", "low", "RED")])).await;
    let (home, away) = (app.person_of("alpha", Role::Analyst).await, app.person_of("gamma", Role::Analyst).await);
    let last_data = async |person: &Person<'_>| {
        let rows = person.get("/csv/orgs").await.csv();
        rows.into_iter().find(|row| row[0] == "alpha").expect("alpha's row")[LAST_DATA].clone()
    };
    let (own, other) = (last_data(&home).await, last_data(&away).await);
    assert_eq!(own, app.now().rfc3339(), "its own people see all");
    assert!(other < own, "{other} and {own}");
}

/// A page that is kept for a moment is made anew for what its reader may see alone: else "as of" would tell of the rest.
#[tokio::test]
async fn a_page_is_made_anew_for_nothing_that_is_hidden() {
    let app = start().await;
    plant(&app).await;
    let alpha = app.partner("alpha").await;
    app.app.clock.hold();
    // So that a page that is kept ten seconds is kept in between.
    app.app.clock.advance(10 * SECOND - app.now().0 % (10 * SECOND));
    let person = app.person_of("gamma", Role::Analyst).await;
    let pages = ["/", "/orgs", "/orgs/beta", "/orgs/alpha", "/incidents", "/indicators", "/events", "/receipts", "/about/scoring"];
    let read = async || {
        let mut all = Vec::new();
        for page in pages {
            all.push(apart_from(&person.get(page).await, "none"));
        }
        all
    };
    // What the sign-in and the time passed have changed is read first.
    app.settle().await;
    let before = read().await;
    push_all(&app, &alpha, "red", "RED", &[]).await;
    app.app.clock.advance(3 * SECOND);
    for (page, (before, after)) in pages.iter().zip(before.iter().zip(read().await)) {
        assert!(*before == after, "{page}: {} and then {}", before.2, after.2);
    }
}

/// Keys, groups and what waits for a second person have numbers that follow none of anybody else's.
#[tokio::test]
async fn no_number_counts_what_others_make() {
    let app = start().await;
    let hub = app.app.store.hub();
    let mut numbers = Vec::new();
    for org in ORGS {
        let admin = app.person_of(org, Role::OrgAdmin).await;
        admin.post("/admin/keys", &[("name", "siem"), ("days", "90"), ("metrics", "yes")]).await;
        admin.post("/admin/groups", &[("name", "Ports")]).await;
        app.rule(org, DataClass::Incidents, Audience::Everyone, Some(Level::None)).await;
        admin.post("/admin/sharing", &[("class", "incidents"), ("audience", "everyone"), ("level", "detail")]).await;
        let group = hub.groups().await.expect("groups").into_iter().find(|g| g.owner == app.org(org)).expect("its group").id.0;
        admin.post("/admin/groups/invite", &[("group", &group.to_string()), ("org", if org == "beta" { "gamma" } else { "beta" })]).await;
        numbers.push(group);
        numbers.extend(hub.keys(app.org(org)).await.expect("keys").iter().map(|key| key.id));
        numbers.extend(hub.proposals(app.org(org), app.now()).await.expect("proposals").iter().map(|p| p.id));
        numbers.extend(hub.group_proposals(app.org(org), app.now()).await.expect("proposals").iter().map(|p| p.id));
    }
    assert_eq!(numbers.len(), 4 * ORGS.len(), "{numbers:?}");
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] > 1_000), "{numbers:?}");
}
