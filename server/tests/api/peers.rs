//! What bit others who built something like this, one test each, named after it. More of them stand where their subject is: `people.rs`,
//! `sharing.rs`, `factor.rs`, and `objects.rs` for those that came in by an object of another kind or organisation.

use crate::{routes, support::*};
use domain::{DAY, MINUTE, Role, Viewer};
use reqwest::{Method, header};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::audit::AuditFilter;

/// A row without an organisation is nobody's; a number that no organisation has opens nothing.
#[tokio::test]
async fn grafana_cve_2026_21727_organisation_0_is_not_everybodys() {
    let app = TestApp::start().await;
    let hub = app.app.store.hub();
    let alpha = app.partner("alpha").await;
    for tlp in ["AMBER", "AMBER+STRICT", "RED"] {
        alpha.push("incidents", &items([incident(tlp, "high", tlp)])).await;
    }
    // Somebody unknown tried to sign in: a row that concerns no organisation.
    app.form("/auth/signin", &[("email", "nobody@nowhere.example"), ("password", "wrong")], "").await;
    for none in [0, -1, 999] {
        let none = domain::OrgId(none);
        let reads = app.app.store.viewer(Viewer { org: none, role: Role::OrgAdmin });
        assert_eq!(reads.incidents(&store::IncidentFilter::default()).await.expect("a list").total, 0, "{none:?}");
        assert!(reads.pushes(None, None, "", 10).await.expect("a list").rows.is_empty(), "{none:?}");
        assert!(reads.audit(&AuditFilter::default(), 10).await.expect("a list").is_empty(), "{none:?}");
        let user = hub.add_user(none, format!("a{}@b.example", none.0), "A".into(), Role::OrgAdmin, None, app.now()).await;
        assert!(user.is_err(), "{none:?} has no people");
        assert!(hub.add_group(none, format!("g{}", none.0), true, app.now()).await.is_err(), "{none:?} has no groups");
    }
    let admin = app.person(Role::OrgAdmin).await;
    let objects = admin.get("/admin/audit.jsonl").await.text();
    assert!(objects.contains("session.started") && !objects.contains("no such account"), "{objects}");
    assert!(app.person(Role::Auditor).await.get("/admin/audit.jsonl").await.text().contains("no such account"), "the auditor's alone");
    // Nor does a word in the query make it all.
    for org in ["0", "", "%25", "*"] {
        assert!(!admin.get(&format!("/admin/audit.jsonl?org={org}")).await.text().contains("no such account"), "{org:?}");
    }
}

/// What a record holds inside stands on its own page; no list, total, search, preview or receipt carries it along, and no file but the one of its
/// organisation's own records, which can be pushed back whole.
#[tokio::test]
async fn vaultwarden_cve_2026_27898_side_endpoints_carry_no_whole_object() {
    const INSIDE: &str = "canary-inside-3c1d";
    let app = TestApp::start().await;
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    let inner = |item| with(with(item, "description", INSIDE), "attributes", json!({ "note": INSIDE }));
    alpha.push("incidents", &items([with(inner(incident("a", "critical", "GREEN")), "owner", INSIDE)])).await;
    alpha.push("events", &items([with(with(event("e", "GREEN", &at), "attributes", json!({ "note": INSIDE })), "incident", "a")])).await;
    alpha.push("indicators", &items([with(indicator("a.example", "GREEN"), "description", INSIDE)])).await;
    let (paths, ids) = (routes::paths(&app), crate::unshared::records(&app, "alpha").await);
    let home = ["/incidents/{id}", "/events/{id}", "/indicators/{id}"];
    for (org, role) in [("beta", Role::Analyst), ("beta", Role::OrgAdmin), ("alpha", Role::Executive)] {
        let (person, mut shown) = (app.person_of(org, role).await, 0);
        for path in paths.iter().filter(|path| !path.starts_with("/api/") && !path.starts_with("/auth/") && *path != "/live") {
            for address in routes::addresses(path, &ids) {
                let narrowed = routes::narrowed(path, &address, &[("org", "alpha"), ("status", "any")]);
                for address in BTreeSet::from([address, narrowed]) {
                    let text = person.get(&address).await.text();
                    let own_file = org == "alpha" && ["/csv/incidents", "/csv/events", "/csv/indicators"].contains(&path.as_str());
                    if home.contains(&path.as_str()) {
                        shown += usize::from(text.contains(INSIDE));
                    } else if !own_file {
                        assert!(!text.contains(INSIDE), "{role} of {org} at {address}: {text}");
                    }
                }
            }
        }
        for list in ["/csv/incidents?status=any&", "/csv/indicators?"] {
            assert_eq!(person.get(&format!("{list}q={INSIDE}")).await.csv().len(), 0, "{role} of {org}: a search looks no deeper than its list");
        }
        assert!(shown >= 3, "{role} of {org}: the records' own pages show it");
    }
    // Secrets of people and keys are in no answer at all.
    let admin = app.person(Role::OrgAdmin).await;
    for path in ["/admin/users", "/admin/keys", "/account", "/connect"] {
        let page = admin.page(path).await;
        assert!(!page.contains("$argon2") && !page.contains(&alpha.key), "{path}");
    }
}

/// Every form and every push is read up to a bound, whether its sender says how long it is or not.
#[tokio::test]
async fn axum_core_cve_2022_3212_nothing_is_read_without_a_bound() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let key = app.partner_with("alpha", "metrics incidents events indicators backfill").await.key;
    let post = |path: &str| app.form_request(path, &[], &admin.cookie).header("sec-fetch-site", "same-origin");
    // Some buttons send nothing that would be read: a field that no form may hold is not seen there.
    let mut forms = Vec::new();
    for path in routes::forms().into_iter().filter(|path| *path != "/auth/signout") {
        if Answer::of(post(path).body("a=%00")).await.status == 400 {
            forms.push(path);
        }
    }
    let before = app.rows().await;
    let endless = || {
        let piece = vec![b'a'; 64 << 10];
        reqwest::Body::wrap_stream(futures::stream::iter((0..200).map(move |_| Ok::<_, std::io::Error>(piece.clone()))))
    };
    for path in &forms {
        let said = Answer::of(post(path).body("a=".to_owned() + &"a".repeat(300 << 10))).await;
        assert_eq!(said.status, 413, "{path}: {}", said.text());
        // The hub answers before the body's end; a client that is still writing may see the closed connection only.
        if let Ok(unsaid) = post(path).body(endless()).send().await {
            assert_eq!(unsaid.status(), 413, "{path}");
        }
    }
    assert!(forms.len() > 20, "{forms:?}");
    for (method, path) in routes::operations().into_iter().filter(|(method, _)| *method != Method::GET) {
        let path = path.replace("{external_id}", "a");
        let push = || app.request(method.clone(), &path).bearer_auth(&key).header(header::CONTENT_TYPE, "application/json");
        let said = Answer::of(push().body(" ".repeat(2 << 20))).await;
        assert_eq!(said.status, 413, "{method} {path}: {}", said.text());
        if let Ok(unsaid) = push().body(endless()).send().await {
            assert_eq!(unsaid.status(), 413, "{method} {path}");
        }
        let bomb = push().header(header::CONTENT_ENCODING, "zstd").body(zstd(&vec![b' '; 64 << 20]));
        assert_eq!(Answer::of(bomb).await.status, 413, "{method} {path}: inflated");
    }
    assert_eq!(app.gained(&before).await, BTreeMap::new());
}

/// The same things told again are the same things: by another key, in another order, another spelling, as a whole or in parts.
#[tokio::test]
async fn defectdojo_2687_importing_again_makes_no_duplicates() {
    let app = TestApp::start().await;
    let at = app.at(-MINUTE);
    let samples = [sample(90.0, &at), with(sample(80.0, &at), "labels", json!({ "site": "north", "tier": "1" }))];
    let incidents = [incident("INC-1", "high", "GREEN"), incident("INC-2", "low", "RED")];
    let events = [with(event("E-1", "GREEN", &at), "incident", "INC-1"), event("E-2", "GREEN", &at)];
    let indicators = [indicator("a.example", "GREEN"), indicator("b.example", "AMBER")];
    let all = |turned: bool| {
        let list = |mut list: Vec<serde_json::Value>| {
            if turned {
                list.reverse();
            }
            items(list)
        };
        [
            ("metrics", list(samples.to_vec())),
            ("incidents", list(incidents.to_vec())),
            ("events", list(events.to_vec())),
            ("indicators", list(indicators.to_vec())),
        ]
    };
    let first = app.partner("alpha").await;
    for (route, body) in all(false) {
        first.push(route, &body).await;
    }
    let things = async || {
        let mut rows = app.rows().await;
        // What tells of the pushes themselves, and that somebody was added or looked.
        for told in ["receipts", "payloads", "outbox", "api_keys", "users", "account_acts", "meta"] {
            rows.remove(told);
        }
        rows
    };
    let (before, lists) = (things().await, async || {
        let person = app.person(Role::Analyst).await;
        let mut lists = Vec::new();
        for path in ["/csv/incidents?status=any", "/csv/indicators", "/csv/orgs"] {
            lists.push(person.get(path).await.csv().len());
        }
        lists
    });
    let listed = lists().await;
    assert_eq!(listed, [2, 2, 3]);
    let second = app.partner("alpha").await;
    for (partner, turned) in [(&first, false), (&second, false), (&second, true)] {
        for (route, body) in all(turned) {
            partner.push(route, &body).await;
            partner.push(&format!("{route}?mode=snapshot"), &body).await;
            for item in body["items"].as_array().expect("items") {
                partner.push(route, &items([item.clone()])).await;
            }
        }
    }
    // Another spelling of the same.
    let spelt = [with(indicator("A.Example", "GREEN"), "type", "domain-name"), indicator("b.EXAMPLE", "AMBER")];
    second.push("indicators", &items(spelt)).await;
    second.push("metrics", &items([with(sample(80.0, &at), "labels", json!({ "tier": "1", "site": "north" }))])).await;
    let put = second.put("INC-1", &[], &incident("INC-1", "high", "GREEN")).await;
    assert_eq!((put.status, put.header("etag")), (200, "\"1\""), "no new revision");
    app.settle().await;
    assert_eq!(things().await, before);
    assert_eq!(lists().await, listed);
    // Days later it still is.
    app.app.clock.advance(DAY);
    let later = app.partner("alpha").await;
    for (route, body) in all(true) {
        later.push(route, &body).await;
    }
    assert_eq!(lists().await, listed);
}
