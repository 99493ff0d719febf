//! What an organisation does not share reaches nobody: no page, file, list, total, search, stream, error or log.

use crate::{routes::apart_from, support::*};
use domain::{MINUTE, Role, Viewer};
use futures::StreamExt;
use reqwest::Method;
use serde_json::json;
use server::routes::table::{self, Access};
use std::collections::BTreeSet;
use store::{IncidentFilter, IndicatorFilter};

/// In everything an organisation marks for few; `q=canary` finds all of it and gives none of it away.
fn canary(org: &str) -> String {
    format!("canary-of-{org}-5d1c")
}

/// Pushes records that only `recipients` may see, with the canary wherever a partner writes words.
async fn push_marked(app: &TestApp, org: &str, recipients: &[&str]) {
    let (partner, canary, at) = (app.partner(org).await, canary(org), app.at(-MINUTE));
    for (i, tlp) in ["RED", "AMBER+STRICT", "AMBER"].into_iter().enumerate() {
        let id = format!("{canary}-{i}");
        let incident = json!({
            "external_id": id, "title": format!("About {canary}"), "severity": "critical", "tlp": tlp, "description": canary, "owner": canary,
            "attributes": { "note": canary }, "recipients": recipients,
        });
        partner.push("incidents", &items([incident])).await;
        let event = with(with(event(&format!("{id}-e"), tlp, &at), "kind", canary.as_str()), "recipients", json!(recipients));
        partner.push("events", &items([with(with(event, "incident", id.as_str()), "title", format!("Seen {canary}"))])).await;
        let indicator = with(with(indicator(&format!("{id}.example"), tlp), "description", canary.as_str()), "recipients", json!(recipients));
        partner.push("indicators", &items([indicator])).await;
    }
    // Refused items are quoted in receipts and problems.
    partner.post("incidents", &items([with(incident(&canary, "low", "RED"), "status", canary.as_str()), incident(&format!("{canary}-b"), "low", "RED")])).await;
    app.settle().await;
}

/// Every address under which a record of an organisation can be asked for.
pub async fn records(app: &TestApp, org: &str) -> BTreeSet<String> {
    let reads = app.app.store.viewer(Viewer { org: app.org(org), role: Role::Analyst });
    let own = Some(app.org(org));
    let mut paths = BTreeSet::new();
    for row in reads.incidents(&IncidentFilter { org: own, ..IncidentFilter::default() }).await.expect("incidents").rows {
        let found = reads.incident(row.id.parse().expect("an id")).await.expect("an incident").expect("it is there");
        paths.extend(found.events.iter().map(|e| format!("/events/{}", e.id)));
        paths.insert(format!("/incidents/{}", row.id));
    }
    paths.extend(
        reads
            .indicators(&IndicatorFilter { org: own, ..IndicatorFilter::default() })
            .await
            .expect("indicators")
            .rows
            .iter()
            .map(|r| format!("/indicators/{}", r.id)),
    );
    paths.extend(reads.pushes(own, None, "", 50).await.expect("receipts").rows.iter().map(|r| format!("/receipts/{}", r.receipt)));
    assert!(paths.len() >= 2, "{paths:?}");
    paths
}

/// What a page or file is asked for under a key so that it shows what it has of `alpha`: a value that it does not know would be refused, and give nothing away.
fn values(page: &str, key: &str) -> &'static [&'static str] {
    match (key, page.trim_start_matches("/csv")) {
        ("org", _) => &["alpha"],
        ("status", _) => &["any"],
        ("sev", "/events") => &["medium"],
        ("sev", _) => &["critical"],
        ("tlp", _) => &["RED", "AMBER%2BSTRICT"],
        ("seen", _) => &["2"],
        ("q", _) => &["canary"],
        ("class", "/incidents") => &["other%2Fundetermined", "fraud%2Fphishing"],
        // A rule is asked for whole.
        ("class", "/admin/sharing") => &["incidents&audience=everyone&level=none"],
        ("class", "/admin/sharing/as") => &["incidents&audience=everyone&level=detail&org=gamma"],
        ("audience" | "level", _) => &[],
        ("kind", "/indicators") => &["domain-name"],
        ("kind", "/receipts") => &["incidents"],
        ("kind", _) => &["key."],
        ("sort", "/incidents") => &["-updated"],
        ("sort", "/orgs") => &["-score"],
        ("sort", _) => &["-value"],
        ("version", _) => &["1"],
        // How a list goes on, and words for what became of a form.
        ("cursor" | "done" | "error", _) => &[],
        _ => panic!("which value of “{key}” shows most at {page}?"),
    }
}

/// Lists, totals, searches and files: every page and file for somebody signed in that is not of a single record, under each key that it takes. Whoever reads
/// them makes sure that none is refused.
pub fn overviews() -> Vec<String> {
    let mut addresses = ["/docs/api", "/openapi.json"].map(str::to_owned).to_vec();
    let shown = table::people().into_iter().filter(|route| route.access == Access::SignedIn && (route.is_page || route.is_file));
    for route in shown.filter(|route| !route.path.contains("{id}")) {
        let path = route.path.replace("{metric}", METRIC).replace("{version}", "1");
        let paths = if path.contains("{org}") { ORGS.map(|org| path.replace("{org}", org)).to_vec() } else { vec![path] };
        for path in paths {
            for (key, value) in route.takes.iter().flat_map(|key| values(route.path, key).iter().map(move |value| (key, value))) {
                // Else lists show open ones only.
                let any = if *key != "status" && route.takes.contains(&"status") { "&status=any" } else { "" };
                addresses.push(format!("{path}?{key}={value}{any}"));
            }
            addresses.push(path);
        }
    }
    addresses
}

pub fn gives_away(answer: &Answer, secret: &str) -> bool {
    let in_headers = answer.headers.values().any(|v| v.as_bytes().windows(secret.len()).any(|w| w == secret.as_bytes()));
    in_headers || answer.body.windows(secret.len()).any(|w| w == secret.as_bytes())
}

#[tokio::test]
async fn canaries_stay_at_home() {
    listen_to_log();
    let app = TestApp::start().await;
    let mut streams = Vec::new();
    for org in ORGS {
        streams.push((org, app.person_of(org, Role::Analyst).await.stream(None).await));
    }
    push_marked(&app, "alpha", &[]).await;
    push_marked(&app, "beta", &[]).await;
    let mut paths = overviews();
    for org in ["alpha", "beta"] {
        paths.extend(records(&app, org).await);
    }
    // The control: at home the canary sings on the lists, the records and the receipts.
    let home = app.person_of("alpha", Role::Analyst).await;
    for path in ["/", "/incidents", "/indicators?q=canary", "/csv/incidents", "/csv/indicators", "/orgs/alpha"] {
        assert!(gives_away(&home.get(path).await, &canary("alpha")), "{path}");
    }
    for path in records(&app, "alpha").await {
        let answer = home.get(&path).await;
        assert!(answer.status == 200 && gives_away(&answer, &canary("alpha")), "{path}");
    }
    // Some side by side: they are thousands of answers, and each may wait for a connection only so long.
    let all = ORGS.into_iter().flat_map(|org| Role::ALL.map(|role| (org, role)));
    let visits = all.map(async |(org, role)| {
        let person = app.person_of(org, role).await;
        for path in &paths {
            let answer = person.get(path).await;
            assert!(![400, 429, 503].contains(&answer.status), "{path}: {}", answer.text());
            for other in ["alpha", "beta"].into_iter().filter(|other| *other != org) {
                assert!(!gives_away(&answer, &canary(other)), "{role} of {org} at {path} ({}): {}", answer.status, answer.text());
            }
        }
    });
    futures::stream::iter(visits).buffer_unordered(4).collect::<()>().await;
    for (org, mut stream) in streams {
        app.partner(org).await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
        assert_eq!(stream.event().await.kind, "hello");
        stream.until(&format!("pushes:{org}")).await;
        assert!(!stream.seen.contains("canary"), "{org}");
    }
    app.app.store.hub().set_hashes(app.org("alpha"), true, app.now()).await.expect("alpha takes part");
    let key = app.partner("alpha").await.get("alliance-key").await.json()["key"].as_str().expect("a key").to_owned();
    let token = server::auth::links::new_link(&app.app, store::audit::Actor::default(), home.id).await.expect("a link");
    assert_eq!(app.get(&format!("/welcome/{token}")).await.status, 200);
    let logged = logged();
    assert!(logged.contains("/api/v1/incidents"), "the log was not listened to: {logged}");
    let telling: Vec<_> = logged.lines().filter(|l| ["alpha", "beta"].iter().any(|org| l.contains(&canary(org)))).collect();
    assert!(telling.is_empty(), "{telling:#?}");
    assert!(logged.contains("/api/v1/alliance-key") && !logged.contains(&key), "the alliance's key in the log would outlive its secrecy");
    assert!(logged.contains("/welcome/…") && !logged.contains(&token), "a one-time link in the log would let its reader in");
    assert!(!logged.contains("q=canary") && !logged.contains(&home.cookie) && !logged.contains("Bearer"));
}

#[tokio::test]
async fn whoever_is_named_sees_it_and_nobody_else() {
    let app = TestApp::start().await;
    push_marked(&app, "alpha", &["beta"]).await;
    let (named, other) = (app.person_of("beta", Role::Executive).await, app.person_of("gamma", Role::Analyst).await);
    for path in ["/csv/incidents", "/csv/indicators"] {
        assert_eq!((named.get(path).await.csv().len(), other.get(path).await.csv().len()), (3, 0), "{path}");
    }
    let mut hidden = 0;
    for path in records(&app, "alpha").await {
        let answer = named.get(&path).await;
        if answer.status == 404 {
            hidden += u32::from(!path.starts_with("/receipts/"));
        } else {
            assert!(!path.starts_with("/receipts/") && gives_away(&answer, &canary("alpha")), "{path}");
        }
        assert_eq!(other.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(hidden, 1, "the one incident that names nobody");
}

#[tokio::test]
async fn foreign_and_absent_answer_alike() {
    let app = TestApp::start().await;
    push_marked(&app, "alpha", &[]).await;
    let absent = "00000000-0000-7000-8000-000000000000";
    for role in [Role::Analyst, Role::Steward] {
        let person = app.person_of("gamma", role).await;
        for path in records(&app, "alpha").await {
            let (folder, id) = path.rsplit_once('/').expect("a path");
            let (foreign, nothing) = (person.get(&path).await, person.get(&format!("{folder}/{absent}")).await);
            assert_eq!((foreign.status, nothing.status), (404, 404), "{path}");
            assert_eq!(apart_from(&foreign, id), apart_from(&nothing, absent), "{path}");
        }
    }
    let beta = app.partner("beta").await;
    let (foreign, absent) = (beta.get("incidents/canary-of-alpha-5d1c-0").await, beta.get("incidents/none").await);
    assert_eq!((foreign.status, foreign.body), (absent.status, absent.body));
    let put = Answer::of(beta.request(Method::PUT, "incidents/canary-of-alpha-5d1c-0").header("if-none-match", "*").json(&incident(
        "canary-of-alpha-5d1c-0",
        "low",
        "GREEN",
    )))
    .await;
    assert_eq!((put.status, put.header("etag")), (200, "\"1\""), "the name is free for everybody else");
}
