//! What is in force, and what was pushed: machines and people read the same.

use crate::support::*;
use domain::{HOUR, MINUTE, Role};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn what_a_snapshot_leaves_out_is_closed_everywhere_until_a_later_push_names_it() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person_of("beta", Role::Analyst).await);
    let (old, newer) = (app.at(-2 * HOUR), app.at(-HOUR));
    let a = with(with(incident("A", "high", "GREEN"), "status", "in_progress"), "updated_at", old.clone());
    let n = with(with(incident("N", "critical", "GREEN"), "status", "in_progress"), "updated_at", newer);
    partner.push("incidents?mode=snapshot", &items([a.clone(), n.clone()])).await;
    app.settle().await;
    let open = async || person.get("/csv/incidents").await.csv().into_iter().map(|r| r[1].clone()).collect::<Vec<_>>();
    assert_eq!(open().await, ["N", "A"]);
    let of_the_board = || app.app.live.board().org(app.org("alpha")).map_or(0, |org| org.open.len());
    assert_eq!(of_the_board(), 2, "what scores are capped by");
    // N is the newest of all, and gone from the export.
    let receipt = partner.push("incidents?mode=snapshot", &items([a.clone()])).await;
    assert!(receipt["as_of"].is_string() && receipt["outdated_by"].is_null(), "{receipt}");
    app.settle().await;
    assert_eq!((open().await, of_the_board()), (vec!["A".to_owned()], 1));
    let read = partner.get("incidents/N").await;
    assert_eq!((&read.json()["status"], read.header("etag")), (&json!("closed"), "\"2\""));
    assert!(read.json()["closed_at"].is_string(), "{}", read.text());
    let id = app
        .app
        .store
        .viewer(domain::Viewer { org: app.org("beta"), role: Role::Analyst })
        .incidents(&store::IncidentFilter { words: "title of n".into(), ..Default::default() })
        .await
        .unwrap();
    let href = format!("/incidents/{}", id.rows[0].id);
    let page = words(&person.page(&href).await);
    assert!(page.contains("Closed") && page.contains("which left it out; a later push that names it opens it again"), "{page}");
    assert!(page.contains("in_progress"), "as pushed: {page}");
    // Unchanged, but there again.
    partner.push("incidents?mode=snapshot", &items([a.clone(), n.clone()])).await;
    app.settle().await;
    assert_eq!(open().await, ["N", "A"]);
    assert_eq!(partner.get("incidents/N").await.json()["status"], "in_progress");
    let page = words(&person.page(&href).await);
    assert!(page.contains("Open again, as in progress: named by a later push") && !page.contains("left it out;"), "{page}");
    // A delta lifts it as well.
    partner.push("incidents?mode=snapshot", &items([])).await;
    partner.push("incidents", &items([a])).await;
    app.settle().await;
    assert_eq!(open().await, ["A"]);
}

#[tokio::test]
async fn a_snapshot_says_when_it_was_taken() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    partner.push("events", &items([event("E-1", "GREEN", &app.at(-MINUTE))])).await;
    let encoded = |at: &str| at.replace('+', "%2B");
    for (query, said) in [
        (format!("as_of={}", app.at(-MINUTE)), "mode=snapshot"),
        (format!("mode=snapshot&as_of={}", app.at(10 * MINUTE)), "5 minutes ahead"),
        ("mode=snapshot&as_of=yesterday".to_owned(), "as_of"),
        ("mode=snapshot&as_of=2026-05-01".to_owned(), "date-time"),
    ] {
        let answer = partner.post(&format!("events?{query}"), &items([])).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert!(answer.problem()["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{query}: {}", answer.text());
    }
    let at = app.at(-HOUR);
    let offset = at.replace('Z', "+00:00");
    for written in [at.clone(), encoded(&offset), offset] {
        let receipt = partner.push(&format!("events?mode=snapshot&as_of={written}"), &items([])).await;
        assert_eq!(receipt["as_of"].as_str().map(|said| &said[..19]), Some(&at[..19]), "{written}");
    }
    let late = partner.push(&format!("events?mode=snapshot&as_of={}", app.at(-2 * HOUR)), &items([])).await;
    assert_eq!(late["outdated_by"].as_str().map(|said| &said[..19]), Some(&at[..19]), "{late}");
    assert_eq!(partner.get(&format!("receipts/{}", late["id"].as_str().unwrap_or_default())).await.json()["outdated_by"], late["outdated_by"]);
    let page = app.person(Role::Analyst).await.page(&format!("/receipts/{}", late["id"].as_str().unwrap_or_default())).await;
    assert!(words(&page).contains("It changed nothing"), "{page}");
    // It counts nothing as kept, dry or not, nor as refused.
    for dry in ["", "&dry_run=true"] {
        let route = format!("events?mode=snapshot&as_of={}{dry}", app.at(-2 * HOUR));
        let late = partner.push(&route, &items([event("E-2", "GREEN", &app.at(-3 * HOUR)), event("E-3", "GREEN", &app.at(-3 * HOUR))])).await;
        assert_eq!(["total_count", "success_count", "failure_count"].map(|count| late[count].as_u64()), [Some(2), Some(0), Some(0)], "{late}");
        assert!(late["as_of"].is_string() && late["outdated_by"].is_string(), "{late}");
        if dry.is_empty() {
            let id = late["id"].as_str().unwrap_or_default();
            assert_eq!(partner.get(&format!("receipts/{id}")).await.json()["success_count"], 0);
            let reader = app.person_of("alpha", Role::Analyst).await;
            let page = words(&reader.page(&format!("/receipts/{id}")).await);
            assert!(page.contains("Kept 0") && page.contains("Refused 0") && page.contains("Status outdated") && page.contains("It changed nothing"), "{page}");
            assert!(!page.contains("See what it brought"), "{page}");
            assert!(words(&reader.page("/receipts").await).contains("changed nothing: outdated"));
        }
    }
    // Of another moment it is another request.
    let keyed = async |as_of: &str| {
        Answer::of(partner.request(Method::POST, &format!("events?mode=snapshot&as_of={as_of}")).header("idempotency-key", "k").json(&items([]))).await
    };
    assert_eq!(keyed(&app.at(-MINUTE)).await.status, 200);
    assert_eq!(keyed(&app.at(-30 * MINUTE)).await.status, 422);
}

#[tokio::test]
async fn as_pushed_is_digit_by_digit() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let digits = "123456789012345678901234567890";
    let item = format!(r#"{{"title":"B\u0049G","external_id":"BIG","severity":"low","tlp":"GREEN","attributes":{{"z":1.50,"ticket":{digits}}}}}"#);
    let send = async |method, route: &str, body: String| Answer::of(partner.request(method, route).header("content-type", "application/json").body(body)).await;
    assert_eq!(send(Method::POST, "incidents", format!("{{\"items\": [ {item} ]}}")).await.status, 200);
    assert_eq!(partner.get("incidents/BIG").await.text(), item);
    // The same in another order is no change.
    let turned = format!(r#"{{"external_id":"BIG","title":"BIG","severity":"low","attributes":{{"ticket":{digits},"z":1.50}},"tlp":"GREEN"}}"#);
    assert_eq!(send(Method::POST, "incidents", format!("{{\"items\":[{turned}]}}")).await.status, 200);
    let read = partner.get("incidents/BIG").await;
    assert_eq!((read.header("etag"), read.text()), ("\"1\"", item.clone()));
    let put = send(Method::PUT, "incidents/PUT", format!(r#"{{"title":"P","severity":"low","tlp":"GREEN","attributes":{{"n":{digits}}}}}"#)).await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert!(partner.get("incidents/PUT").await.text().contains(digits));
    app.settle().await;
    let person = app.person(Role::Analyst).await;
    let found = app
        .app
        .store
        .viewer(domain::Viewer { org: app.org("alpha"), role: Role::Analyst })
        .incidents(&store::IncidentFilter { words: "big".into(), ..Default::default() })
        .await
        .unwrap();
    let page = words(&person.page(&format!("/incidents/{}", found.rows[0].id)).await);
    assert!(page.matches(digits).count() >= 2 && page.contains("1.50") && !page.contains("e+29"), "{page}");
    assert!(page.contains("The hub keeps it as low, new, TLP:GREEN"), "{page}");
    let sent = send(Method::POST, "incidents", format!("{{\"items\":[{item}]}}")).await.json();
    let receipt = words(&person.page(&format!("/receipts/{}", sent["id"].as_str().unwrap_or_default())).await);
    assert!(receipt.contains(digits), "{receipt}");
}

#[tokio::test]
async fn a_labelled_value_is_a_part_and_moves_no_score() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person_of("alpha", Role::Analyst).await);
    partner.push("metrics", &items([sample(90.0, &app.at(-2 * MINUTE))])).await;
    let part = |value: f64, at: &str, labels| with(sample(value, at), "labels", labels);
    let receipt = partner.push("metrics", &items([part(10.0, &app.at(-MINUTE), json!({ "unit": "cold-storage" }))])).await;
    assert!(receipt["notes"][0].as_str().is_some_and(|note| note.contains("parts of mfa_coverage_pct")), "{receipt}");
    assert_eq!(partner.get(&format!("receipts/{}", receipt["id"].as_str().unwrap_or_default())).await.json()["notes"], receipt["notes"]);
    let page = words(&person.page(&format!("/receipts/{}", receipt["id"].as_str().unwrap_or_default())).await);
    assert!(page.contains("Values with labels are parts of mfa_coverage_pct"), "{page}");
    app.settle().await;
    let value = || {
        let board = app.app.live.board();
        let position = board.policy.position(METRIC).unwrap();
        board.org(app.org("alpha")).unwrap().inputs.readings[position].unwrap().value
    };
    assert_eq!(value(), 90.0);
    let page = words(&person.page(&format!("/orgs/alpha/metrics/{METRIC}")).await);
    assert!(page.contains("unit=cold-storage") && page.contains("no part moves the score"), "{page}");
    let points = app.app.store.viewer(domain::Viewer { org: app.org("alpha"), role: Role::Analyst });
    let window = domain::query::Window { from: app.now().plus(-HOUR), to: app.now() };
    assert_eq!(points.metric_series(app.org("alpha"), METRIC, window).await.unwrap().last().map(|p| p.value), Some(90.0));
    assert!(words(&person.page("/about/scoring").await).contains("Values with labels are parts of it"));
    // Where there are only parts, they count by their assets.
    let other = app.partner("beta").await;
    let at = app.at(-MINUTE);
    other.push("metrics", &items([part(40.0, &at, json!({ "site": "a", "assets": "30" })), part(80.0, &at, json!({ "site": "b", "assets": "10" }))])).await;
    app.settle().await;
    let board = app.app.live.board();
    assert_eq!(board.org(app.org("beta")).unwrap().inputs.readings[board.policy.position(METRIC).unwrap()].unwrap().value, 50.0);
    let page = words(&app.person_of("beta", Role::Analyst).await.page(&format!("/orgs/beta/metrics/{METRIC}")).await);
    assert!(page.contains("mean of 2 parts by their assets"), "{page}");
}

#[tokio::test]
async fn a_metric_of_many_parts_says_how_many_of_them_it_shows() {
    let app = TestApp::start().await;
    let at = app.at(-MINUTE);
    let part = |site: usize| with(sample(90.0, &at), "labels", json!({ "site": format!("s{site:03}") }));
    app.partner("alpha").await.push("metrics", &items((0..103).map(part))).await;
    app.partner("beta").await.push("metrics", &items((0..100).map(part))).await;
    app.settle().await;
    let page = async |org: &str| words(&app.person_of(org, Role::Analyst).await.page(&format!("/orgs/{org}/metrics/{METRIC}")).await);
    let (more, all) = (page("alpha").await, page("beta").await);
    assert!(more.contains("The first 100 of 103 parts, by their labels.") && more.contains("The first 100 of 103 series, by their labels."), "{more}");
    assert!(more.contains("site=s099") && !more.contains("site=s100"), "{more}");
    assert!(!all.contains("The first 100 of") && all.contains("site=s099"), "{all}");
}

#[tokio::test]
async fn links_and_pushes_with_a_former_slug_go_on_working() {
    let app = TestApp::start().await;
    let (alpha, store) = (app.org("alpha"), &app.app.store);
    let (partner, person) = (app.partner("alpha").await, app.person_of("beta", Role::Analyst).await);
    partner.push("incidents", &items([incident("A", "low", "GREEN")])).await;
    let renamed = store.hub().rename_organisation(alpha, Some("Harbour of Alpha".into()), Some("harbour".into()), app.now()).await;
    renamed.expect("another name and slug");
    app.app.live.reload(store, app.now()).await.expect("the board");
    for path in ["/orgs/alpha", "/orgs/harbour"] {
        let page = words(&person.page(path).await);
        assert!(page.contains("Harbour of Alpha") && !page.contains("There is nothing here"), "{path}: {page}");
    }
    for slug in ["alpha", "harbour"] {
        let rows = person.get(&format!("/csv/incidents?org={slug}")).await.csv();
        assert_eq!(rows.len(), 1, "{slug}");
        partner.push("incidents", &items([with(incident("A", "low", "GREEN"), "org", slug)])).await;
    }
    assert_eq!(partner.post("incidents", &items([with(incident("A", "low", "GREEN"), "org", "beta")])).await.status, 403);
    // A list that is narrowed by the former slug shows so under the present one, and so do its links and its file.
    for list in ["/incidents", "/events", "/indicators"] {
        let page = person.page(&format!("{list}?org=alpha&sev=low")).await.replace("&amp;", "&");
        assert!(page.contains(&format!("\"/csv{list}?org=harbour&sev=low\"")), "{list}: {page}");
        assert!(!page.contains("org=alpha"), "{list}: {page}");
        let mut chosen = page.split("aria-current=\"true\"").skip(1).map(|rest| rest.split("</a>").next().unwrap_or_default());
        assert!(chosen.any(|link| link.contains("Harbour of Alpha")), "{list}: {page}");
    }
    let page = person.page("/receipts?org=alpha").await;
    assert!(page.contains("org=harbour") && !page.contains("org=alpha"), "{page}");
    let auditor = app.person_of("gamma", Role::Auditor).await;
    let page = auditor.page("/admin/audit?org=alpha").await;
    assert!(page.contains("\"/admin/audit.jsonl?org=harbour\"") && !page.contains("\"/admin/audit.jsonl?org=alpha\""), "{page}");
    // A rule for it is looked at, and saved, by the present one.
    let admin = app.person_of("beta", Role::OrgAdmin).await;
    let page = admin.page("/admin/sharing?class=incidents&audience=org:alpha&level=none").await;
    assert!(page.contains("name=\"audience\" value=\"org:harbour\"") && !page.contains("org:alpha"), "{page}");
    // Nobody else gets the former slug, and its organisation may have it back.
    let other = store.hub().rename_organisation(app.org("beta"), None, Some("alpha".into()), app.now()).await;
    assert!(matches!(other, Err(store::StoreError::Exists(_))), "{other:?}");
    store.hub().rename_organisation(alpha, None, Some("alpha".into()), app.now()).await.expect("its own");
    app.app.live.reload(store, app.now()).await.expect("the board");
    assert_eq!(app.org("harbour"), alpha);
    assert_eq!(app.audited("organisation.renamed").await, 2);
}

/// Who shows less is told which files have left before: those of the own organisation under each of its slugs, and no other's.
#[tokio::test]
async fn files_that_left_before_are_told_under_every_slug_of_their_organisation() {
    let app = TestApp::start().await;
    let (alpha, store) = (app.org("alpha"), &app.app.store);
    for slug in ["alpha-two", "incidents-team"] {
        store.hub().add_organisation(an_organisation(slug), app.now()).await.expect("an organisation");
    }
    app.app.live.reload(store, app.now()).await.expect("the board");
    let reader = app.person_of("beta", Role::Analyst).await;
    let take = async |path: &str| {
        let file = reader.get(path).await;
        assert_eq!(file.status, 200, "{path}: {}", file.text());
        file.header("content-disposition").split('"').nth(1).unwrap_or_default().to_owned()
    };
    let take_all_of = async |slug: &str| [take(&format!("/csv/orgs/{slug}")).await, take(&format!("/csv/orgs/{slug}/metrics/{METRIC}")).await];
    let files_of = |slug: &str| [format!("{slug}-score.csv"), format!("{slug}-{METRIC}.csv")];
    for slug in ["alpha", "alpha-two", "incidents-team"] {
        app.partner(slug).await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
        app.settle().await;
        assert_eq!(take_all_of(slug).await, files_of(slug));
    }
    assert_eq!(take("/csv/collective").await, "incidents-opened-and-closed.csv");
    store.hub().rename_organisation(alpha, None, Some("harbour".into()), app.now()).await.expect("another slug");
    app.app.live.reload(store, app.now()).await.expect("the board");
    let page = reader.page(&format!("/orgs/alpha/metrics/{METRIC}")).await;
    assert!(page.contains(&format!("/csv/orgs/harbour/metrics/{METRIC}")) && !page.contains("/csv/orgs/alpha"), "{page}");
    assert_eq!(take_all_of("alpha").await, files_of("harbour"), "by the present slug, whatever the address says");
    let admin = app.person_of("harbour", Role::OrgAdmin).await;
    let left = async |class: &str| {
        let page = admin.page(&format!("/admin/sharing?class={class}&audience=org:beta&level=none")).await;
        let list = page.split("taken away before").nth(1).and_then(|rest| rest.split("</ul>").next()).unwrap_or_default().to_owned();
        let mut files: Vec<_> = list.split("<code>").skip(1).filter_map(|rest| rest.split('<').next()).map(str::to_owned).collect();
        files.sort();
        files
    };
    let mut expected = [files_of("alpha"), files_of("harbour")].concat();
    expected.sort();
    assert_eq!(left("posture").await, expected);
    assert_eq!(left("incidents").await, ["incidents-opened-and-closed.csv"]);
}
