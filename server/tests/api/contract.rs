//! The API's description, and that the API is what it describes.

use crate::support::*;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every operation there is.
const OPERATIONS: [(&str, &str); 11] = [
    ("get", "/api/v1/alliance-key"),
    ("get", "/api/v1/audit/checkpoint"),
    ("get", "/api/v1/incidents/{external_id}"),
    ("get", "/api/v1/receipts/{id}"),
    ("get", "/api/v1/whoami"),
    ("post", "/api/v1/events"),
    ("post", "/api/v1/incidents"),
    ("post", "/api/v1/indicator-counts"),
    ("post", "/api/v1/indicators"),
    ("post", "/api/v1/metrics"),
    ("put", "/api/v1/incidents/{external_id}"),
];

async fn description(app: &TestApp) -> Value {
    let answer = app.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// `(method, path, operation)` of each.
fn operations(description: &Value) -> Vec<(String, String, Value)> {
    let paths = description["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, all)| all.as_object().expect("operations").iter().map(|(method, op)| (method.clone(), path.clone(), op.clone()))).collect()
}

fn concrete(path: &str) -> String {
    path.replace("{external_id}", "INC-1").replace("{id}", "00000000-0000-7000-8000-000000000000")
}

#[tokio::test]
async fn the_description_lists_the_routes_and_how_they_refuse() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    assert!(description["openapi"].as_str().is_some_and(|v| v.starts_with("3.1.")), "{}", description["openapi"]);
    assert_eq!(description["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    let mut listed: Vec<_> = operations(&description).into_iter().map(|(method, path, _)| (method, path)).collect();
    listed.sort();
    assert_eq!(listed, OPERATIONS.map(|(m, p)| (m.to_owned(), p.to_owned())), "an endpoint is described in its file and named in OPERATIONS, in this order");
    let mut ids = BTreeSet::new();
    for (method, path, op) in operations(&description) {
        let at = format!("{method} {path}");
        assert!(ids.insert(op["operationId"].as_str().expect("an id").to_owned()), "{at}");
        assert!(op["summary"].as_str().is_some_and(|s| !s.is_empty()), "{at}");
        assert!(op["security"][0]["key"].is_array(), "{at}");
        let mut documented = vec!["200", "401", "429", "503"];
        if method != "get" {
            documented.extend(["400", "403", "413", "415", "422"]);
        }
        // Those that `limits` sees come.
        for (status, header) in [("200", "RateLimit"), ("200", "RateLimit-Policy"), ("429", "RateLimit"), ("429", "RateLimit-Policy"), ("429", "Retry-After")] {
            assert!(op["responses"][status]["headers"][header].is_object(), "{at} {status} does not say {header}");
        }
        for status in documented {
            assert!(op["responses"][status].is_object(), "{at} does not say {status}");
        }
        for (status, response) in op["responses"].as_object().expect("responses") {
            if status.starts_with(['4', '5']) {
                assert!(response["content"]["application/problem+json"].is_object(), "{at} {status}");
            }
        }
        // And it is there: without a key it refuses as documented.
        let request = app.request(method.to_uppercase().parse().expect("a method"), &concrete(&path));
        assert_eq!(Answer::of(request.json(&items([]))).await.status, 401, "{at}");
    }
    assert!(!description.to_string().contains("\"nullable\""), "void in OpenAPI 3.1");
}

#[tokio::test]
async fn what_is_not_described_is_not_there() {
    let app = TestApp::start().await;
    let description = description(&app).await;
    let partner = app.partner("alpha").await;
    for path in description["paths"].as_object().expect("paths").keys() {
        let known: BTreeSet<_> = operations(&description).into_iter().filter(|(_, p, _)| p == path).map(|(m, ..)| m.to_uppercase()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(|m| !known.contains(*m)) {
            let request = app.request(method.parse::<Method>().expect("a method"), &concrete(path)).bearer_auth(&partner.key);
            let answer = Answer::of(request.json(&items([]))).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            assert_eq!(answer.problem()["type"], "urn:shieldwall:problem:method-not-allowed");
            let allowed: BTreeSet<_> = answer.header("allow").split(',').map(|m| m.trim().to_owned()).filter(|m| m != "HEAD").collect();
            assert_eq!(allowed, known, "{method} {path}");
        }
    }
    for path in ["/api/v1/users", "/api/v1/", "/api/v2/metrics", "/api/v1/metrics/", "/api/v1/receipts/a/b", "/api/x"] {
        for method in [Method::GET, Method::POST] {
            let answer = Answer::of(app.request(method.clone(), path).bearer_auth(&partner.key).header("sec-fetch-site", "same-origin")).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            answer.problem();
        }
    }
}

#[tokio::test]
async fn the_description_is_readable_for_people_too() {
    let app = TestApp::start().await;
    let page = app.get("/docs/api").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for (method, path) in OPERATIONS {
        assert!(page.text().contains(&format!("<code>{} {path}</code>", method.to_uppercase())), "{method} {path}");
    }
    assert!(page.text().contains("observed_at") && !page.text().contains("<script"));
    // The example works as it stands.
    let text = page.text().replace("&quot;", "\"").replace("&lt;", "<");
    let (_, example) = text.split_once("<<END\n").expect("an example");
    let example = example.split_once("\nEND").expect("its end").0.replace("$(date -u +%FT%TZ)", &app.at(0));
    let answer = app.partner("alpha").await.post("metrics", &serde_json::from_str::<Value>(&example).expect("JSON")).await;
    let receipt = answer.json();
    assert_eq!((answer.status, &receipt["success_count"]), (200, &Value::from(1)));
    for field in receipt.as_object().expect("a receipt").keys() {
        assert!(text.contains(&format!("\"{field}\": ")), "the page's answer lacks {field}");
    }
}
