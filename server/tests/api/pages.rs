//! Every page there is: opened by whoever is signed in, closed to everybody else, absent where there is nothing.

use crate::{
    routes::{filled, forms},
    support::*,
};
use app::{api::PagesHandle, app::Assets};
use domain::{
    MINUTE, Role, Viewer,
    decision::{AlertLevel, DecisionKind, Effect, Right},
};
use leptos::prelude::provide_context;
use server::{quotas::Quotas, views::Viewing};
use std::{collections::BTreeSet, sync::Arc};
use store::{IncidentFilter, IndicatorFilter};

/// A decision that somebody proposed.
pub async fn decision(app: &TestApp) -> i64 {
    let hub = app.app.store.hub();
    let (user, _) = app.account("alpha", Role::Coordinator).await;
    let effect = Effect::AlertLevel { level: AlertLevel::High };
    hub.propose(effect, "Two intrusions".into(), (app.org("alpha"), user), &Right::default_of(DecisionKind::AlertLevel), app.now()).await.expect("a decision")
}

/// Every route of the application, as it writes them, with an address of it.
async fn addresses(app: &TestApp) -> Vec<(&'static str, String)> {
    let (partner, at) = (app.partner("alpha").await, app.at(-MINUTE));
    partner.push("metrics", &items([sample(90.0, &at)])).await;
    partner.push("incidents", &items([incident("INC-1", "critical", "GREEN")])).await;
    partner.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    partner.push("events", &items([with(event("E-1", "GREEN", &at), "incident", "INC-1")])).await;
    let reads = app.app.store.viewer(Viewer { org: app.org("alpha"), role: Role::Analyst });
    let incident = reads.incidents(&IncidentFilter::default()).await.expect("incidents").rows.remove(0).id;
    let event = reads.incident(incident.parse().expect("an id")).await.expect("an incident").expect("one").events.remove(0).id;
    let indicator = reads.indicators(&IndicatorFilter::default()).await.expect("indicators").rows.remove(0).id;
    let receipt = reads.pushes(None, None, "", 1).await.expect("receipts").rows.remove(0).receipt;
    vec![
        ("/", "/".into()),
        ("/orgs", "/orgs".into()),
        ("/orgs/:org", "/orgs/alpha".into()),
        ("/orgs/:org/metrics/:metric", format!("/orgs/alpha/metrics/{METRIC}")),
        ("/metrics/:metric", format!("/metrics/{METRIC}")),
        ("/incidents", "/incidents".into()),
        ("/incidents/:id", format!("/incidents/{incident}")),
        ("/indicators", "/indicators".into()),
        ("/indicators/:id", format!("/indicators/{indicator}")),
        ("/events", "/events".into()),
        ("/events/:id", format!("/events/{event}")),
        ("/receipts", "/receipts".into()),
        ("/receipts/:id", format!("/receipts/{receipt}")),
        ("/connect", "/connect".into()),
        ("/account", "/account".into()),
        ("/admin/audit", "/admin/audit".into()),
        ("/admin/groups", "/admin/groups".into()),
        ("/admin/keys", "/admin/keys".into()),
        ("/admin/catalogue", "/admin/catalogue".into()),
        ("/admin/catalogue/new-metric", "/admin/catalogue/new-metric".into()),
        ("/admin/catalogue/:metric", format!("/admin/catalogue/{METRIC}")),
        ("/admin/policy", "/admin/policy".into()),
        ("/admin/policy/draft", "/admin/policy/draft".into()),
        ("/admin/policy/versions/:version", "/admin/policy/versions/1".into()),
        ("/decisions", "/decisions".into()),
        ("/decisions/:id", format!("/decisions/{}", decision(app).await)),
        ("/admin/sharing", "/admin/sharing".into()),
        ("/admin/sharing/as", "/admin/sharing/as?org=gamma".into()),
        ("/admin/users", "/admin/users".into()),
        ("/about", "/about".into()),
        ("/about/scoring", "/about/scoring".into()),
        ("/status", "/status".into()),
        ("/signin", "/signin".into()),
        ("/signin/code", "/signin/code".into()),
        ("/stepup", "/stepup".into()),
        ("/welcome/:token", "/welcome/some-token".into()),
    ]
}

#[tokio::test]
async fn no_page_is_forgotten_here() {
    let app = TestApp::start().await;
    let listed: BTreeSet<String> = addresses(&app).await.into_iter().map(|(route, _)| route.to_owned()).collect();
    let routed: BTreeSet<String> = leptos_routes(&app).iter().map(|path| colons(path)).collect();
    let (forgotten, gone): (Vec<_>, Vec<_>) = (routed.difference(&listed).collect(), listed.difference(&routed).collect());
    assert!(forgotten.is_empty() && gone.is_empty(), "in `addresses`, add {forgotten:?} and take away {gone:?}");
}

/// The paths of all pages, parameters in braces.
pub fn leptos_routes(app: &TestApp) -> Vec<String> {
    let hub = app.app.clone();
    let context = move || {
        let viewing: PagesHandle = Arc::new(Viewing { app: hub.clone(), who: None, waiting: None, base_url: String::new(), once: None, unclear: None });
        provide_context(viewing);
        provide_context(Assets { base: String::new() });
    };
    let (routes, _) = leptos_axum::generate_route_list_with_exclusions_and_ssg_and_context(app::shell, None, context);
    routes.iter().map(|r| r.path().to_owned()).collect()
}

/// `/orgs/{org}` as `/orgs/:org`.
fn colons(path: &str) -> String {
    path.replace('{', ":").replace('}', "")
}

#[tokio::test]
async fn every_page_opens_for_those_who_are_signed_in() {
    let app = TestApp::start().await;
    let addresses = addresses(&app).await;
    for (route, address) in &addresses {
        let answer = app.get(address).await;
        if ["/signin", "/signin/code", "/welcome/:token"].contains(route) {
            assert_eq!(answer.status, 200, "{address}");
        } else {
            assert_eq!((answer.status, answer.body.len()), (303, 0), "{address}");
            assert!(answer.header("location").starts_with("/signin"), "{address}");
        }
    }
    for role in Role::ALL {
        for org in ["alpha", "beta"] {
            let person = app.person_of(org, role).await;
            for (_, address) in &addresses {
                // A receipt of records stays with whoever pushed them.
                let hidden = org == "beta" && address.starts_with("/receipts/");
                let prepares = ["/admin/catalogue/new-metric", "/admin/policy/draft"].contains(&address.as_str());
                let closed = (address == "/admin/audit" && !role.reads_audit()) || (prepares && role != Role::Steward);
                let answer = person.get(address).await;
                assert_eq!(
                    answer.status,
                    if hidden {
                        404
                    } else if closed {
                        403
                    } else {
                        200
                    },
                    "{role} of {org} at {address}"
                );
                assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
                let page = answer.text();
                assert_eq!((page.matches("<main").count(), page.matches("<h1").count()), (1, 1), "{address}: {page}");
                assert!(page.contains("</html>") && page.contains(" · Shieldwall</title>"), "{address}");
            }
        }
    }
}

#[tokio::test]
async fn where_there_is_nothing_there_is_404() {
    let app = TestApp::start().await;
    addresses(&app).await;
    let person = app.person(Role::Analyst).await;
    let id = "00000000-0000-7000-8000-000000000000";
    let mut paths: Vec<String> =
        ["incidents", "indicators", "events", "receipts"].iter().flat_map(|kind| [format!("/{kind}/{id}"), format!("/{kind}/x")]).collect();
    for path in [
        "/orgs/delta",
        "/orgs/delta/metrics/mfa_coverage_pct",
        "/orgs/alpha/metrics/moon_phase",
        "/incidents?org=delta",
        "/indicators?org=delta",
        "/receipts?org=delta",
        "/no/such/page",
    ] {
        paths.push(path.into());
    }
    for path in &paths {
        let answer = person.open(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("There is nothing at this address, or it is not shared with you."), "{path}");
    }
    for path in
        ["/csv/orgs/delta", "/csv/orgs/alpha/metrics/moon_phase", "/csv/orgs/delta/metrics/mfa_coverage_pct", "/csv/incidents?org=delta", "/csv/nothing"]
    {
        assert_eq!(person.get(path).await.status, 404, "{path}");
    }
}

/// Pages with forms, too, and those for nobody in particular: over all there are.
#[tokio::test]
async fn every_page_says_what_it_does_not_know_in_its_address() {
    let app = TestApp::start().await;
    let addresses = addresses(&app).await;
    let person = app.person_of("alpha", Role::Steward).await;
    for (route, address) in &addresses {
        let public = ["/signin", "/signin/code", "/welcome/:token"].contains(route);
        let ask = async |query: &str| {
            let mark = if address.contains('?') { '&' } else { '?' };
            let address = format!("{address}{mark}{query}");
            let answer = if public { app.get(&address).await } else { person.get(&address).await };
            (answer.status, answer.text().contains("This address is not clear"))
        };
        assert_ne!(ask("range=7d&tz=local").await, (400, true), "{address}");
        for query in ["moon=full", "range=7d&range=7d", "range=never", "tz=Mars"] {
            assert_eq!(ask(query).await, (400, true), "{address} with {query}");
        }
    }
    // Without what is not known there, and what it narrows is still narrowed. A further page of a list was of another one.
    for (asked, clear) in [
        ("/incidents?org=alpha&sevv=high&range=7d", "/incidents?org=alpha&range=7d"),
        ("/incidents?sev=high&q=a%20b&sev=low&cursor=x", "/incidents?q=a%20b"),
        ("/receipts?kind=moon", "/receipts"),
        ("/admin/sharing?class=incidents&tz=local", "/admin/sharing?tz=local"),
    ] {
        let page = person.get(asked).await.text().replace("&amp;", "&");
        let link = page.split("Without it").next().and_then(|before| before.rsplit("href=\"").next()).and_then(|rest| rest.split('"').next());
        assert_eq!(link, Some(clear), "{asked}: {page}");
    }
    for rule in ["class=incidents", "class=incidents&audience=nobody&level=none", "class=incidents&audience=group:7&level=none"] {
        for page in ["/admin/sharing", "/admin/sharing/as"] {
            assert_eq!(person.get(&format!("{page}?{rule}")).await.status, 400, "{page}?{rule}: the rules in force are not what was asked for");
        }
    }
    let zone = person.page("/admin/sharing?class=incidents&audience=org:beta&level=none").await.replace("&amp;", "&");
    assert!(zone.contains("\"/admin/sharing?class=incidents&audience=org:beta&level=none&tz=local\""), "{zone}");
}

#[tokio::test]
async fn no_link_and_no_form_leads_to_an_address_that_is_not_clear() {
    let quotas = Quotas { page_seconds_per_minute: 10_000, changes_per_minute: 10_000, ..Quotas::default() };
    let app = TestApp::start_with(Setup { quotas, ..Setup::default() }).await;
    let mut pages: BTreeSet<String> = addresses(&app).await.into_iter().map(|(_, address)| address).collect();
    let partner = app.partner("alpha").await;
    for i in 1..40 {
        partner.push("metrics", &items([sample(90.0, &app.at(-i * MINUTE))])).await;
    }
    let person = app.person_of("alpha", Role::OrgAdmin).await;
    let links = |page: &str| -> BTreeSet<String> {
        let hrefs = page.split("href=\"/").skip(1).filter_map(|rest| rest.split(['"', '#']).next());
        let own = hrefs.filter(|href| ["pkg/", "api/", "docs/", "csv/", "admin/policy.json", "openapi.json"].iter().all(|other| !href.starts_with(other)));
        own.map(|href| format!("/{}", href.replace("&amp;", "&"))).collect()
    };
    let queries = ["/incidents?status=any&q=a&org=alpha", "/orgs?sort=-score&range=7d", "/admin/audit?q=a&tz=local", "/events?range=90d&sev=high"];
    pages.extend(queries.map(str::to_owned));
    let mut seen = BTreeSet::new();
    for address in &pages {
        seen.extend(links(&person.get(address).await.text()));
    }
    assert!(seen.iter().any(|link| link.starts_with(&format!("/orgs/alpha/metrics/{METRIC}?cursor="))), "{seen:?}");
    assert!(seen.len() > 60, "{seen:?}");
    for link in &seen {
        let page = person.get(link).await;
        assert!(page.status != 400, "{link}: {}", page.text());
        // A further page of a list and the way back from it.
        for link in links(&page.text()).iter().filter(|_| link.contains("cursor=")) {
            assert!(person.get(link).await.status != 400, "{link}");
        }
    }
    let leaving = ["/auth/signout", "/account/sessions/end"];
    let mut led = 0;
    for path in forms().into_iter().filter(|path| !leaving.contains(path)) {
        let fields = [("id", "1"), ("kind", "alert_level"), ("level", "2"), ("reason", "a"), ("choice", "for"), ("group", "987654")];
        let (answer, _) = filled(&person, &path.replace("{metric}", METRIC), &fields).await;
        let to = answer.header("location");
        if answer.status == 303 && to.starts_with('/') {
            assert!(person.get(to).await.status != 400, "{path} leads to {to}");
            led += 1;
        }
    }
    assert!(led > 15, "{led}");
}

#[tokio::test]
async fn odd_addresses_do_no_harm() {
    let app = TestApp::start().await;
    addresses(&app).await;
    let person = app.person(Role::Analyst).await;
    for (query, known) in [
        ("range=nonsense", ""),
        ("range=2026-01-01..2025-01-01", ""),
        ("cursor=%01", "/orgs/alpha/metrics/mfa_coverage_pct /orgs /incidents /indicators /receipts"),
        ("cursor=1~2~3", "/orgs/alpha/metrics/mfa_coverage_pct /orgs /incidents /indicators /receipts"),
        ("sort=--", ""),
        ("q=%25%27%22%3Cscript%3E", "/orgs /incidents /indicators"),
        ("sev=x&tlp=y&status=z&kind=w&seen=9", ""),
        ("sev=high&tlp=GREEN", "/incidents /indicators"),
        ("sev=high&sev=low", ""),
        ("tz=Mars", ""),
        ("%22%3Cscript%3E=b", ""),
        ("a=b&a=c", ""),
        ("range=7d&tz=local", "/ /orgs /orgs/alpha /orgs/alpha/metrics/mfa_coverage_pct /incidents /indicators /receipts"),
    ] {
        for path in ["/", "/orgs", "/orgs/alpha", "/orgs/alpha/metrics/mfa_coverage_pct", "/incidents", "/indicators", "/receipts"] {
            let answer = person.get(&format!("{path}?{query}")).await;
            let expected = if known.split(' ').any(|known| known == path) { 200 } else { 400 };
            assert_eq!(answer.status, expected, "{path}?{query}");
            assert_eq!(answer.text().contains("This address is not clear"), expected == 400, "{path}?{query}");
            assert!(!answer.text().contains("<script>") && !answer.text().contains("\"<script"), "{path}?{query}");
            let file = person.get(&format!("/csv{}?{query}", if path == "/" { "/collective" } else { path })).await;
            assert_eq!(file.status, if path == "/receipts" { 404 } else { expected }, "the file of {path}?{query}: {}", file.text());
        }
    }
}

/// Whoever types the administration's address comes to its first tab, which every role opens, in the zone that they read.
#[tokio::test]
async fn administration_leads_to_its_first_tab() {
    let app = TestApp::start().await;
    for role in Role::ALL {
        let person = app.person(role).await;
        let answer = person.get("/admin?tz=local").await;
        assert_eq!((answer.status, answer.header("location")), (303, "/admin/sharing?tz=local"), "{role}");
        assert_eq!(person.get(answer.header("location")).await.status, 200, "{role}");
    }
}
