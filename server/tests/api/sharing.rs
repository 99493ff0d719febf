//! Sharing rules: who is shown less sees less, everywhere and at once.

use crate::{
    support::*,
    unshared::{gives_away, overviews},
};
use domain::{ByClass, DataClass, Level, MINUTE, Role, SECOND, Tlp, sharing::Audience};
use serde_json::json;

const CANARY: &str = "canary-withheld-77aa";

/// Sets a rule of alpha for everyone, and waits until the hub goes by it.
async fn withhold(app: &TestApp, class: DataClass, level: Level) {
    rule(app, "alpha", class, Audience::Everyone, Some(level)).await;
}

async fn rule(app: &TestApp, owner: &str, class: DataClass, audience: Audience, level: Option<Level>) {
    app.app.store.hub().set_rule(app.org(owner), class, audience, level, app.app.clock.now()).await.expect("a rule");
    obeyed(app).await;
}

async fn obeyed(app: &TestApp) {
    let version = app.app.store.hub().sharing_version().await.expect("a version");
    app.app.clock.advance(2 * SECOND);
    eventually("the rules are read", async || (app.app.live.frames().rules().board.sharing.version == version).then_some(())).await;
}

/// Alpha shares one of everything with everyone, with the canary in its words.
async fn push_open(app: &TestApp) {
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    alpha.push("metrics", &items([with(sample(91.0, &at), "labels", json!({ "site": CANARY }))])).await;
    alpha.push("incidents", &items([with(incident("a", "critical", "GREEN"), "title", CANARY)])).await;
    alpha.push("events", &items([with(with(event("e", "CLEAR", &at), "title", CANARY), "incident", "a")])).await;
    alpha.push("indicators", &items([indicator(&format!("{CANARY}.example"), "GREEN")])).await;
    app.partner("beta").await.push("metrics", &items([sample(71.0, &at)])).await;
    app.settle().await;
}

#[tokio::test]
async fn what_is_withheld_is_nowhere() {
    let app = TestApp::start().await;
    push_open(&app).await;
    let person = app.person_of("beta", Role::Analyst).await;
    for path in ["/", "/incidents", "/indicators", "/csv/incidents", "/csv/indicators"] {
        assert!(gives_away(&person.get(path).await, CANARY), "{path}: shared as yet");
    }
    for class in DataClass::ALL {
        withhold(&app, class, Level::None).await;
    }
    for role in Role::ALL {
        let person = app.person_of("beta", role).await;
        for path in overviews() {
            let answer = person.get(&path).await;
            assert!(answer.status != 400 && !gives_away(&answer, CANARY), "{role} at {path} ({}): {}", answer.status, answer.text());
        }
    }
    for path in ["/orgs/alpha", &format!("/orgs/alpha/metrics/{METRIC}"), "/csv/orgs/alpha", &format!("/csv/orgs/alpha/metrics/{METRIC}")] {
        assert_eq!(person.get(path).await.status, 404, "{path}");
    }
    for path in ["/orgs", "/status", "/about/scoring", "/csv/orgs"] {
        let text = person.get(path).await.text();
        assert!(!text.contains("/orgs/alpha") && !text.contains("ALPHA"), "{path}: {text}");
    }
    // What is not shared says so, and is no 0.
    assert!(person.page("/orgs").await.contains("One organisation does not share posture with you"));
    assert!(person.page("/").await.contains("One organisation does not share its posture with you"));
    // At home nothing is missing.
    let home = app.person_of("alpha", Role::Analyst).await;
    for path in ["/", "/incidents", "/indicators", "/orgs/alpha"] {
        assert!(gives_away(&home.get(path).await, CANARY), "{path}");
    }
}

#[tokio::test]
async fn a_summary_has_scores_and_no_single_value() {
    let app = TestApp::start().await;
    push_open(&app).await;
    withhold(&app, DataClass::Posture, Level::Summary).await;
    let person = app.person_of("beta", Role::Analyst).await;
    let page = person.page("/orgs/alpha").await;
    assert!(page.contains("shares its posture with you as a summary") && page.contains("shared as a summary"));
    assert!(!page.contains(&format!("/metrics/{METRIC}")) && !page.contains("class=\"metrics\""), "{page}");
    assert_eq!(person.get(&format!("/orgs/alpha/metrics/{METRIC}")).await.status, 404);
    assert_eq!(person.get("/csv/orgs").await.csv().len(), 3, "by name, with its score");
    assert!(person.get("/receipts?org=alpha").await.text().matches("/receipts/0").count() == 0, "a push tells its values");
}

#[tokio::test]
async fn a_rule_for_one_decides_over_the_rule_for_all() {
    let app = TestApp::start().await;
    push_open(&app).await;
    withhold(&app, DataClass::Incidents, Level::None).await;
    rule(&app, "alpha", DataClass::Incidents, Audience::Organisation(app.org("beta")), Some(Level::Detail)).await;
    let (named, other) = (app.person_of("beta", Role::Executive).await, app.person_of("gamma", Role::Executive).await);
    assert_eq!((named.get("/csv/incidents").await.csv().len(), other.get("/csv/incidents").await.csv().len()), (1, 0));
    // The cap of an incident that one may not see would tell that there is one.
    let score = async |person: &Person| person.get("/csv/orgs").await.csv().into_iter().find(|row| row[0] == "alpha").expect("alpha");
    let (named, other_score) = (score(&named).await, score(&other).await);
    assert_eq!((named[3].as_str(), other_score[3].as_str()), ("60.0", "60.0"), "known to one of them, possible to the other");
    assert!(named[14].is_empty() && other_score[14].parse::<f64>().is_ok_and(|most| most > 60.0), "{named:?} {other_score:?}");
    assert!(other.page("/incidents").await.contains("0 "), "an empty list");
}

#[tokio::test]
async fn vaultwarden_cve_2026_43913_an_invitation_is_no_membership_and_tlp_amber_reaches_members() {
    let app = TestApp::start().await;
    let (hub, now) = (app.app.store.hub(), app.app.clock.now());
    let group = hub.add_group(app.org("alpha"), "Ports".into(), true, now).await.expect("a group");
    assert!(hub.invite(group, app.org("alpha"), app.org("beta"), now).await.expect("an invitation"));
    obeyed(&app).await;
    let (alpha, member, other) = (app.partner("alpha").await, app.person_of("beta", Role::Analyst).await, app.person_of("gamma", Role::Analyst).await);
    let list = async |person: &Person| person.get("/csv/incidents").await.csv().len();
    alpha.push("incidents", &items([incident("a", "high", Tlp::Amber.name())])).await;
    app.settle().await;
    assert_eq!((list(&member).await, list(&other).await), (0, 0), "invited is not joined");
    let (mut told, mut untold) = (member.stream(None).await, other.stream(None).await);
    assert!(hub.join(group, app.org("beta"), now).await.expect("joined"));
    obeyed(&app).await;
    assert_eq!((list(&member).await, list(&other).await), (1, 0));
    // Open pages of those whom it concerns read everything again, and then learn of changes like everybody who may.
    assert_eq!((told.event().await.kind.as_str(), untold.event().await.kind.as_str()), ("hello", "hello"));
    assert_eq!(told.event().await.kind, "resync");
    alpha.push("incidents", &items([incident("b", "high", Tlp::Amber.name())])).await;
    told.until("incidents:alpha").await;
    alpha.push("incidents", &items([incident("c", "high", Tlp::Green.name())])).await;
    assert_eq!(untold.event().await.topics(), ["incidents:alpha", "posture:alpha"]);
    assert_eq!(untold.seen.matches("event:").count(), 2, "neither of the member nor of what reaches members only: {}", untold.seen);
    // Who leaves sees no more of it.
    assert!(hub.leave(group, app.org("alpha"), now).await.expect("left"));
    obeyed(&app).await;
    assert_eq!(list(&member).await, 1, "what is for everyone");
}

#[tokio::test]
async fn streams_tell_nothing_of_what_is_withheld() {
    let app = TestApp::start().await;
    push_open(&app).await;
    for class in [DataClass::Posture, DataClass::Incidents] {
        withhold(&app, class, Level::Aggregate).await;
    }
    let (alpha, beta) = (app.partner("alpha").await, app.partner("beta").await);
    let mut stream = app.person_of("gamma", Role::Analyst).await.stream(None).await;
    assert_eq!(stream.event().await.kind, "hello");
    alpha.push("metrics", &items([sample(50.0, &app.at(0))])).await;
    alpha.push("incidents", &items([incident("b", "critical", "CLEAR")])).await;
    app.settle().await;
    beta.push("metrics", &items([sample(50.0, &app.at(0))])).await;
    assert_eq!(stream.event().await.topics(), ["posture:beta", "pushes:beta"]);
    assert!(!stream.seen.contains("alpha"), "{}", stream.seen);
}

/// ASVS 2.3.5: two persons to widen sharing.
#[tokio::test]
async fn narrowing_is_immediate_and_widening_needs_a_second_person() {
    let app = TestApp::start().await;
    push_open(&app).await;
    let (first, second) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await);
    let (outsider, reader) = (app.person_of("beta", Role::OrgAdmin).await, app.person(Role::Analyst).await);
    let level = async || app.app.store.hub().sharing().await.expect("rules").level(app.org("beta"), app.org("alpha"), DataClass::Incidents);
    let none = [("class", "incidents"), ("audience", "everyone"), ("level", "none")];
    let all = [("class", "incidents"), ("audience", "everyone"), ("level", "detail")];
    // The preview says who, how many and what, and changes nothing.
    let preview = first.page("/admin/sharing?class=incidents&audience=everyone&level=none").await;
    assert!(preview.contains("Before you save") && preview.contains("BETA Works") && preview.contains(CANARY), "{preview}");
    assert_eq!(level().await, Level::Detail);
    assert!(!reader.page("/admin/sharing?class=incidents&audience=everyone&level=none").await.contains("Before you save"));
    for person in [&reader] {
        assert_eq!(person.post("/admin/sharing", &none).await.status, 403);
    }
    assert_eq!(first.post("/admin/sharing", &none).await.header("location"), "/admin/sharing?done=saved");
    assert_eq!(level().await, Level::None);
    assert_eq!(first.post("/admin/sharing", &all).await.header("location"), "/admin/sharing?done=proposed");
    assert_eq!(level().await, Level::None, "it waits");
    let waiting = app.app.store.hub().proposals(app.org("alpha"), app.app.clock.now()).await.expect("proposals");
    let id = waiting[0].id.to_string();
    let approve = async |person: &Person| person.post("/admin/sharing/approve", &[("id", id.as_str())]).await;
    assert_eq!(approve(&first).await.header("location"), "/admin/sharing?done=own");
    assert_eq!(approve(&outsider).await.header("location"), "/admin/sharing?done=gone", "as one that never was");
    assert_eq!(outsider.post("/admin/sharing/decline", &[("id", id.as_str())]).await.header("location"), "/admin/sharing?done=declined");
    assert_eq!(approve(&reader).await.status, 403);
    assert_eq!(level().await, Level::None);
    assert!(second.page("/admin/sharing").await.contains("Waiting for a second administrator"));
    assert_eq!(approve(&second).await.header("location"), "/admin/sharing?done=saved");
    assert_eq!(level().await, Level::Detail);
    assert_eq!(approve(&second).await.header("location"), "/admin/sharing?done=gone");
    // A level that there is not, an audience that is none, oneself.
    for (class, audience, level) in
        [("incidents", "everyone", "some"), ("posture", "group:7", "none"), ("posture", "org:alpha", "none"), ("x", "everyone", "none")]
    {
        let refused = first.post("/admin/sharing", &[("class", class), ("audience", audience), ("level", level)]).await;
        assert_eq!(refused.header("location"), "/admin/sharing?done=unknown", "{class} {audience} {level}");
    }
    // A proposal ends by itself.
    first.post("/admin/sharing", &none).await;
    first.post("/admin/sharing", &all).await;
    app.app.clock.advance(7 * domain::DAY + SECOND);
    assert!(app.app.store.hub().proposals(app.org("alpha"), app.app.clock.now()).await.expect("proposals").is_empty());
}

#[tokio::test]
async fn a_new_organisation_counts_for_others_once_it_confirmed() {
    let app = TestApp::start().await;
    let (hub, now) = (app.app.store.hub(), app.app.clock.now());
    let alpha = app.app.live.board().by_slug("alpha").expect("alpha").info.clone();
    let org = store::Org { slug: "newcomer".into(), name: "Newcomer Works".into(), confirmed: false, ..alpha };
    hub.add_organisation(org, now).await.expect("an organisation");
    app.app.live.reload(&app.app.store, now).await.expect("the board");
    obeyed(&app).await;
    let (admin, other) = (app.person_of("newcomer", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    app.partner("newcomer").await.push("metrics", &items([sample(91.0, &app.at(-MINUTE))])).await;
    app.settle().await;
    assert!(!other.page("/orgs").await.contains("Newcomer Works"));
    assert_eq!(other.get("/orgs/newcomer").await.status, 404);
    assert!(admin.page("/orgs").await.contains("Newcomer Works") && admin.page("/connect").await.contains("confirms what you share"));
    assert!(admin.page("/admin/sharing").await.contains("Nothing is shared yet"));
    assert_eq!(app.person_of("newcomer", Role::Analyst).await.post("/admin/sharing/confirm", &[]).await.status, 403);
    assert_eq!(other.post("/admin/sharing/confirm", &[]).await.status, 303, "their own, which is confirmed already");
    obeyed(&app).await;
    assert!(!other.page("/orgs").await.contains("Newcomer Works"));
    assert_eq!(admin.post("/admin/sharing/confirm", &[]).await.header("location"), "/admin/sharing?done=changed", "nothing was seen");
    assert_eq!(admin.post("/admin/sharing/confirm", &seen_by(&admin).await).await.header("location"), "/admin/sharing?done=saved");
    obeyed(&app).await;
    assert!(other.page("/orgs").await.contains("Newcomer Works"));
    assert!(!admin.page("/admin/sharing").await.contains("Nothing is shared yet"));
}

/// What the page says that everyone would see, as its form sends it.
async fn seen_by(person: &Person<'_>) -> [(&'static str, &'static str); DataClass::ALL.len()] {
    let page = person.page("/admin/sharing").await;
    let form = page.split("action=\"/admin/sharing/confirm\"").nth(1).and_then(|rest| rest.split("</form>").next()).expect("the form");
    DataClass::ALL.map(|class| {
        let field = |level: &Level| form.contains(&format!("name=\"{}\" value=\"{}\"", class.name(), level.name()));
        (class.name(), Level::ALL.into_iter().find(field).expect("a level").name())
    })
}

#[tokio::test]
async fn a_first_confirmation_is_of_what_two_administrators_saw() {
    let app = TestApp::start().await;
    let (hub, now) = (app.app.store.hub(), app.app.clock.now());
    let alpha = app.app.live.board().by_slug("alpha").expect("alpha").info.clone();
    let org = store::Org { slug: "newcomer".into(), name: "Newcomer Works".into(), confirmed: false, ..alpha };
    let newcomer = hub.add_organisation(org, now).await.expect("an organisation");
    app.app.live.reload(&app.app.store, now).await.expect("the board");
    let (first, second) = (app.person_of("newcomer", Role::OrgAdmin).await, app.person_of("newcomer", Role::OrgAdmin).await);
    let confirm = async |person: &Person, seen: &[(&str, &str)]| person.post("/admin/sharing/confirm", seen).await.header("location").to_owned();
    let before = seen_by(&first).await;
    assert_eq!(confirm(&first, &before).await, "/admin/sharing?done=first");
    assert_eq!(confirm(&first, &before).await, "/admin/sharing?done=own");
    assert!(words(&first.page("/admin/sharing").await).contains("A second administrator of your organisation must confirm it too"));
    assert!(words(&second.page("/admin/sharing").await).contains("Mira has confirmed this. If you confirm it too, sharing begins"));
    // Between the first and the second, what they would confirm becomes another thing.
    hub.set_sharing_defaults(ByClass::filled(Level::Summary), now).await.expect("defaults");
    assert_eq!(confirm(&second, &before).await, "/admin/sharing?done=changed");
    assert!(words(&second.page("/admin/sharing?done=changed").await).contains("what everyone would see has changed since you opened this page"));
    let after = seen_by(&second).await;
    assert_eq!(confirm(&second, &after).await, "/admin/sharing?done=first", "what the first saw was another thing");
    assert!(!hub.sharing().await.expect("rules").is_confirmed(newcomer));
    assert_eq!(confirm(&first, &after).await, "/admin/sharing?done=saved");
    let sharing = hub.sharing().await.expect("rules");
    assert!(sharing.is_confirmed(newcomer) && sharing.level(app.org("beta"), newcomer, DataClass::Incidents) == Level::Summary);
}

/// A majority decides what newcomers are asked to confirm, and shows nobody's data.
#[tokio::test]
async fn a_wider_default_is_offered_and_a_narrower_one_applies() {
    let app = TestApp::start().await;
    let hub = app.app.store.hub();
    push_open(&app).await;
    let (first, second, reader) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await, app.person_of("gamma", Role::Analyst).await);
    let decide = async |level: &str| {
        let levels = DataClass::ALL.map(|class| (class.name(), level));
        let steward = app.person_of("beta", Role::Steward).await;
        let form = [&[("kind", "sharing_default"), ("reason", "Agreed")][..], &levels].concat();
        assert_eq!(steward.post("/decisions", &form).await.header("location"), "/decisions?done=proposed");
        let id = hub.decisions().await.expect("decisions").iter().map(|d| d.id).max().expect("one").to_string();
        // All but alpha are for it.
        for org in ["beta", "gamma"] {
            app.person_of(org, Role::OrgAdmin).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
        }
        obeyed(&app).await;
    };
    let rows = async || reader.get("/csv/incidents").await.csv().len();
    assert_eq!(rows().await, 1);
    decide("none").await;
    assert_eq!(rows().await, 0, "less applies at once");
    assert!(!first.page("/admin/sharing").await.contains("wider default"));
    decide("detail").await;
    assert_eq!(rows().await, 0, "more does not, whoever is for it");
    let page = words(&first.page("/admin/sharing").await);
    assert!(page.contains("The alliance proposes a wider default") && page.contains("Incidents nothing what TLP allows"), "{page}");
    assert!(!app.person(Role::Analyst).await.page("/admin/sharing").await.contains("Keep as it is"));
    // It is taken as any rule that shows more.
    let accept = [("class", "incidents"), ("audience", "everyone"), ("level", "detail")];
    assert_eq!(first.post("/admin/sharing", &accept).await.header("location"), "/admin/sharing?done=proposed");
    assert_eq!(rows().await, 0);
    let id = hub.proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id.to_string();
    assert_eq!(second.post("/admin/sharing/approve", &[("id", &id)]).await.header("location"), "/admin/sharing?done=saved");
    obeyed(&app).await;
    assert_eq!(rows().await, 1);
    // What an organisation keeps as it is, is offered no more.
    assert_eq!(first.post("/admin/sharing", &[("class", "events"), ("audience", "everyone"), ("level", "none")]).await.status, 303);
    let page = first.page("/admin/sharing").await;
    let offered = page.split("id=\"offers\"").nth(1).and_then(|rest| rest.split("</table>").next()).expect("the offers");
    assert!(!offered.contains("Incidents") && !offered.contains("Events") && offered.contains("Posture"), "{offered}");
    // A narrower default narrows nobody who has set a rule.
    decide("summary").await;
    assert_eq!(rows().await, 1);
}

#[tokio::test]
async fn groups_are_joined_by_consent_and_seen_by_their_members_only() {
    let app = TestApp::start().await;
    let (alpha, beta, gamma) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await, app.person_of("gamma", Role::OrgAdmin).await);
    let alpha_too = app.person(Role::OrgAdmin).await;
    let done = |answer: Answer| answer.header("location").trim_start_matches("/admin/groups?done=").to_owned();
    assert_eq!(app.person(Role::Analyst).await.post("/admin/groups", &[("name", "Ports")]).await.status, 403);
    assert_eq!(done(alpha.post("/admin/groups", &[("name", "Ports")]).await), "made");
    assert_eq!(done(alpha.post("/admin/groups", &[("name", "Ports")]).await), "exists");
    assert_eq!(done(beta.post("/admin/groups", &[("name", " ")]).await), "unnamed");
    let hub = app.app.store.hub();
    let id = hub.groups().await.expect("groups")[0].id.0.to_string();
    let invite = async |by: &Person, org: &str| done(by.post("/admin/groups/invite", &[("group", id.as_str()), ("org", org)]).await);
    let act = async |by: &Person, what: &str| done(by.post(&format!("/admin/groups/{what}"), &[("group", id.as_str())]).await);
    let waiting = async |org| hub.group_proposals(app.org(org), app.now()).await.expect("proposals");
    let agree = async |by: &Person, id: i64| done(by.post("/admin/groups/approve", &[("id", &id.to_string())]).await);
    let are_peers = async || hub.sharing().await.expect("rules").are_peers(app.org("alpha"), app.org("beta"));
    assert_eq!(act(&beta, "join").await, "unknown", "not invited");
    assert_eq!(invite(&gamma, "beta").await, "unknown", "no member");
    assert_eq!(invite(&alpha, "none").await, "unknown");
    assert_eq!(invite(&alpha, "alpha").await, "unknown", "a member");
    // Who invites shows those who come more, so two of the organisation do.
    assert_eq!(invite(&alpha, "beta").await, "proposed");
    assert!(!beta.page("/admin/groups").await.contains("Ports"), "not invited yet");
    let proposal = waiting("alpha").await[0].id;
    assert_eq!(agree(&alpha, proposal).await, "own");
    assert_eq!(agree(&beta, proposal).await, "gone", "another organisation's");
    let page = words(&alpha_too.page("/admin/groups").await);
    assert!(page.contains("Invite BETA Works into Ports") && page.contains("Agree"), "{page}");
    assert!(page.contains("BETA Works sees your records once it has joined: those handed in from then on"), "{page}");
    assert_eq!(agree(&alpha_too, proposal).await, "agreed");
    assert_eq!(agree(&alpha_too, proposal).await, "gone");
    assert!(beta.page("/admin/groups").await.contains("Invitation to Ports") && !gamma.page("/admin/groups").await.contains("Ports"));
    assert!(!are_peers().await);
    // So do two of the invited one.
    assert_eq!(act(&beta, "join").await, "proposed");
    assert!(!are_peers().await, "one of beta alone");
    let late = waiting("beta").await[0].id;
    assert_eq!(agree(&beta, late).await, "early", "beta has no other administrator yet");
    app.app.clock.advance(8 * domain::DAY);
    let (beta, beta_too) = (app.person_of("beta", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    assert_eq!((waiting("beta").await.len(), agree(&beta_too, late).await.as_str()), (0, "gone"), "too late");
    assert_eq!(act(&beta, "join").await, "proposed");
    assert!(words(&beta_too.page("/admin/groups").await).contains("Join Ports"));
    assert_eq!(agree(&beta_too, waiting("beta").await[0].id).await, "agreed");
    assert!(are_peers().await);
    // A rule can speak of it from now on.
    let rule = [("class", "posture"), ("audience", &*format!("group:{id}")), ("level", "summary")];
    let (alpha, alpha_too, gamma) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await, app.person_of("gamma", Role::OrgAdmin).await);
    assert_eq!(beta.post("/admin/sharing", &rule).await.header("location"), "/admin/sharing?done=saved");
    assert_eq!(gamma.post("/admin/sharing", &rule).await.header("location"), "/admin/sharing?done=unknown");
    assert!(beta.page("/admin/sharing").await.contains("the group Ports"));
    // Leaving takes one, and what the organisation proposed for the group goes with it.
    assert_eq!(invite(&alpha, "gamma").await, "proposed");
    let proposal = waiting("alpha").await[0].id;
    assert_eq!(act(&alpha, "leave").await, "left");
    assert_eq!(act(&alpha, "leave").await, "unknown");
    assert_eq!(agree(&alpha_too, proposal).await, "gone");
    assert!(!gamma.page("/admin/groups").await.contains("Ports"));
    // What beta showed the group less than everyone, it does not show alpha for having left.
    let rules = hub.sharing().await.expect("rules");
    assert_eq!(rules.level(app.org("alpha"), app.org("beta"), DataClass::Posture), Level::Summary);
    assert_eq!(rules.level(app.org("gamma"), app.org("beta"), DataClass::Posture), Level::Detail);
    // That somebody has a group of a name is nobody else's business.
    assert_eq!(done(gamma.post("/admin/groups", &[("name", "Ports")]).await), "made");
}

/// What is agreed to is what was seen, by two who may.
#[tokio::test]
async fn a_second_person_agrees_to_what_he_saw_and_to_nobody_who_is_gone() {
    let app = TestApp::start().await;
    let (first, second) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await);
    let hub = app.app.store.hub();
    app.rule("alpha", DataClass::Incidents, Audience::Everyone, Some(Level::None)).await;
    let propose = async |level: &str| {
        let done = first.post("/admin/sharing", &[("class", "incidents"), ("audience", "everyone"), ("level", level)]).await;
        assert_eq!(done.header("location"), "/admin/sharing?done=proposed");
        hub.proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id
    };
    let agree = async |id: i64| second.post("/admin/sharing/approve", &[("id", &id.to_string())]).await.header("location").to_owned();
    let seen = propose("summary").await;
    let declined = propose("detail").await;
    assert_ne!(declined, seen);
    assert_eq!(agree(seen).await, "/admin/sharing?done=gone", "it was replaced after it was looked at");
    first.post("/admin/sharing/decline", &[("id", &declined.to_string())]).await;
    propose("detail").await;
    assert_eq!(agree(declined).await, "/admin/sharing?done=gone", "numbers are not given twice");
    // Who was turned out proposes nothing any more.
    let waiting = propose("detail").await;
    second.post("/admin/users/disable", &[("id", &first.id.to_string())]).await;
    assert!(!second.page("/admin/sharing").await.contains("Waiting for a second"));
    assert_eq!(agree(waiting).await, "/admin/sharing?done=gone");
    assert_eq!(hub.sharing().await.expect("rules").level(app.org("beta"), app.org("alpha"), DataClass::Incidents), Level::None);
}

/// A rule that nobody is under yet widens as well: for whoever comes under it.
#[tokio::test]
async fn a_rule_for_those_who_come_later_needs_a_second_person_too() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let hub = app.app.store.hub();
    let alpha = app.org("alpha");
    for class in DataClass::ALL {
        app.rule("alpha", class, Audience::Everyone, Some(Level::None)).await;
    }
    let group = hub.add_group(alpha, "Ports".into(), false, app.now()).await.expect("a group");
    let audience = format!("group:{}", group.0);
    let change = async |audience: &str, level: &str| {
        let fields = [("class", "incidents"), ("audience", audience), ("level", level)];
        admin.post("/admin/sharing", &fields).await.header("location").trim_start_matches("/admin/sharing?done=").to_owned()
    };
    assert_eq!(change(&audience, "detail").await, "proposed", "the group has no other member");
    let preview = words(&admin.page(&format!("/admin/sharing?class=incidents&audience={audience}&level=detail")).await);
    assert!(preview.contains("whoever comes later would see more"), "{preview}");
    // From what came since the group was joined to everything is more, though the level is the same.
    app.rule("alpha", DataClass::Incidents, Audience::Group(group), Some(Level::Detail)).await;
    hub.invite(group, alpha, app.org("beta"), app.now()).await.expect("an invitation");
    hub.join(group, app.org("beta"), app.now()).await.expect("joined");
    assert_eq!(change("org:beta", "detail").await, "proposed");
    let preview = words(&admin.page("/admin/sharing?class=incidents&audience=org:beta&level=detail").await);
    assert!(preview.contains("also of what was handed in earlier"), "{preview}");
    assert_eq!(change("org:beta", "summary").await, "proposed", "the number of all is more than that of the younger ones");
    assert_eq!(change("org:beta", "none").await, "saved");
}

#[tokio::test]
async fn who_narrows_is_told_what_was_taken_away_before() {
    let app = TestApp::start().await;
    push_open(&app).await;
    let (admin, taker) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::Analyst).await);
    assert_eq!(taker.get("/csv/incidents").await.status, 200);
    assert_eq!(taker.get("/csv/indicators").await.status, 200);
    app.person_of("gamma", Role::Analyst).await.get("/csv/incidents").await;
    let preview = words(&admin.page("/admin/sharing?class=incidents&audience=org:beta&level=none").await);
    assert!(preview.contains("BETA Works : incidents.csv"), "{preview}");
    assert!(!preview.contains("GAMMA Works : incidents.csv") && !preview.contains("indicators.csv"), "only of whom it narrows, and of this class: {preview}");
    assert!(!words(&admin.page("/admin/sharing?class=incidents&audience=org:beta&level=detail").await).contains("incidents.csv"), "nothing is narrowed");
}

/// Who agrees to a change of an account sees whose it is, what it is now and then, and what that lets them do.
#[tokio::test]
async fn a_second_administrator_sees_for_whom_from_what_to_what_and_what_it_lets_them_do() {
    let app = TestApp::start().await;
    let (first, second) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("alpha", Role::OrgAdmin).await);
    let analyst = app.account("alpha", Role::Analyst).await;
    let (analyst_id, second_id) = (analyst.0.to_string(), second.id.to_string());
    let propose = async |path: &str, fields: &[(&str, &str)]| {
        assert_eq!(first.post(path, fields).await.header("location"), "/admin/users?done=proposed", "{path}");
        words(&second.page("/admin/users").await)
    };
    let admin = "invites people, gives roles · makes and revokes API keys · changes what is shared · agrees to changes of accounts, groups and sharing · \
                 reads the audit trail · proposes decisions of the alliance (by default) · votes on decisions of the alliance (by default)";
    let page = propose("/admin/users/role", &[("id", &analyst_id), ("role", "org_admin")]).await;
    let role = format!("Another role for Mira ({}) Now Analyst, can sign in Then Administrator In addition {admin} No longer nothing", analyst.1);
    assert!(page.contains(&role), "{page}");
    let page = propose("/admin/users", &[("name", "Ada"), ("email", "ada@alpha.example"), ("role", "org_admin")]).await;
    let invited = "Invite Ada (ada@alpha.example) Now no account here Then Administrator, once a password is set with the one-time link.";
    assert!(
        page.contains(invited)
            && page.contains(&format!("This person reads what is shared with the organisation · reads raw payloads of its own pushes · {admin}")),
        "{page}"
    );
    let page = propose("/admin/users/link", &[("id", &second_id)]).await;
    let link = format!("New one-time link for Mira ({}) Now Administrator, can sign in Then anyone who opens the link sets another password.", second.email);
    assert!(page.contains(&link), "{page}");
}
