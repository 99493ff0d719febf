//! Organisations with one of everything, and a canary wherever somebody writes words.

use crate::{routes::EXTERNAL_ID, support::*};
use domain::{DataClass, Level, MINUTE, Role, sharing::Audience};
use serde_json::json;

/// In everything of an organisation, with a word for the class before it.
pub fn canary(org: &str, class: &str) -> String {
    if org == "alpha" && class == "incidents" { EXTERNAL_ID.to_owned() } else { format!("canary-{class}-{org}-4f1e") }
}

const RECORDS: [&str; 4] = ["incidents", "events", "indicators", "payload"];
const OTHERS: [&str; 5] = ["posture", "person", "group", "key", "proposal"];

/// The classes of things that a canary was put into.
pub fn classes() -> impl Iterator<Item = &'static str> {
    RECORDS.into_iter().chain(OTHERS)
}

/// An organisation has one of everything, of each marking where there are markings, with a canary wherever somebody writes words.
pub async fn plant(app: &TestApp, org: &'static str) {
    let (at, hub, of) = (app.at(-MINUTE), app.app.store.hub(), |class: &str| canary(org, class));
    let admin = app.person_of(org, Role::OrgAdmin).await;
    let form = [("name", &*of("key")), ("days", "90"), ("metrics", "yes"), ("incidents", "yes"), ("events", "yes"), ("indicators", "yes")];
    let made = admin.post("/admin/keys", &form).await.text();
    let key = made
        .match_indices("swk_")
        .map(|(i, _)| made[i..].chars().take(server::auth::keys::LENGTH).collect::<String>())
        .filter(|k| server::auth::keys::well_formed(k))
        .last();
    let partner = Partner::with(app, key.expect("a key"), of("key"));
    partner.push("metrics", &items([with(sample(91.0, &at), "labels", json!({ "site": of("posture") }))])).await;
    for tlp in ["GREEN", "AMBER", "AMBER+STRICT", "RED"] {
        let id = if tlp == "GREEN" { of("incidents") } else { format!("{}-{tlp}", of("incidents")) };
        let inside = |item, class: &str| with(with(item, "title", of(class)), "attributes", json!({ "note": of("payload") }));
        partner.push("incidents", &items([with(inside(incident(&id, "critical", tlp), "incidents"), "owner", of("payload"))])).await;
        partner.push("events", &items([with(inside(event(&format!("{}-{tlp}", of("events")), tlp, &at), "events"), "incident", id)])).await;
        let value = format!("{}-{}.example", of("indicators"), tlp.replace('+', "-").to_lowercase());
        partner.push("indicators", &items([with(indicator(&value, tlp), "description", of("payload"))])).await;
    }
    // Refused items are quoted in receipts and problems.
    partner.post("incidents", &items([with(incident(&of("payload"), "low", "RED"), "status", of("payload"))])).await;
    hub.add_user(app.org(org), format!("{}@{org}.example", of("person")), of("person"), Role::Executive, None, app.now()).await.expect("a user");
    hub.add_group(app.org(org), of("group"), true, app.now()).await.expect("a group");
    // Whoever proposes a rule stands beside it by name.
    let proposer = hub.add_user(app.org(org), format!("p@{org}.example"), of("proposal"), Role::OrgAdmin, None, app.now()).await.expect("a user");
    hub.propose_rule(app.org(org), DataClass::Events, Audience::Everyone, Some(Level::Detail), proposer, app.now()).await.expect("a proposal");
    // What somebody prepares is his own.
    let steward = hub.add_user(app.org(org), format!("s@{org}.example"), of("person"), Role::Steward, None, app.now()).await.expect("a steward");
    let mut policy = (*app.app.live.board().policy).clone();
    policy.metrics[0].title = of("person");
    hub.keep_policy_draft((app.org(org), steward), &policy, vec![of("person")], app.now()).await.expect("a draft");
    app.settle().await;
}

/// All classes at one level.
pub async fn show(app: &TestApp, org: &str, level: Level) {
    for class in DataClass::ALL {
        app.app.store.hub().set_rule(app.org(org), class, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
    }
    app.obeyed().await;
}
