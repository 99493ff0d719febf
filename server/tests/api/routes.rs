//! Every route there is, from the tables that the router itself is made of, and how to ask it. A route that is in none of them fails.

use crate::{pages::leptos_routes, support::*};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

/// Paths that hold nothing of an organisation's data, whoever asks.
pub const OPEN: [&str; 7] = ["/docs/api", "/healthz", "/openapi.json", "/pkg/{hash}/{*path}", "/readyz", "/signin", "/signin/code"];

/// Every method that a route might answer.
pub const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];

/// Every path of the program, with its parameters in braces.
pub fn paths(app: &TestApp) -> BTreeSet<String> {
    let machines = operations().into_iter().map(|(_, path)| path);
    let all: BTreeSet<String> = machines.chain(people()).chain(leptos_routes(app)).chain(OPEN.map(Into::into)).collect();
    assert!(all.len() > 60, "{all:?}");
    all
}

/// The paths of the table for people; pages that only Leptos knows are not among them.
pub fn people() -> Vec<String> {
    server::routes::table::people().into_iter().map(|route| route.path.to_owned()).collect()
}

/// Those of them that take a form.
pub fn forms() -> Vec<&'static str> {
    server::routes::table::people().into_iter().filter(|route| route.takes_form).map(|route| route.path).collect()
}

/// Method and path of everything that machines can ask.
pub fn operations() -> Vec<(Method, String)> {
    let api: Value = serde_json::from_str(&server::api::openapi("/")).expect("the description");
    let of = |(path, all): (&String, &Value)| -> Vec<(Method, String)> {
        all.as_object().expect("operations").keys().map(|method| (method.to_uppercase().parse().expect("a method"), path.clone())).collect()
    };
    api["paths"].as_object().expect("paths").iter().flat_map(of).collect()
}

/// The addresses of a path, with alpha's own ids in place of its parameters.
pub fn addresses(path: &str, ids: &BTreeSet<String>) -> Vec<String> {
    let known = path.replace("{org}", "alpha").replace("{metric}", METRIC).replace("{external_id}", EXTERNAL_ID);
    let known = known.replace("{version}", "1").replace("/decisions/{id}", "/decisions/1");
    match known.split_once('{') {
        None => vec![known],
        Some((folder, _)) => {
            let folder = folder.trim_end_matches('/').trim_start_matches("/api/v1");
            let of: Vec<String> =
                ids.iter().filter(|id| id.starts_with(folder)).map(|id| if path.starts_with("/api") { format!("/api/v1{id}") } else { id.clone() }).collect();
            assert!(!of.is_empty() || ["/welcome", "/pkg"].contains(&folder), "no address is known for {path}");
            of
        }
    }
}

/// An address of a path, narrowed by those keys that its page takes: with another one it would be refused, and show nothing.
pub fn narrowed(path: &str, address: &str, by: &[(&str, &str)]) -> String {
    let takes = server::routes::table::people().into_iter().find(|route| route.path == path).map_or(&[][..], |route| route.takes);
    let asked: Vec<_> = by.iter().filter(|(key, _)| takes.contains(key)).map(|(key, value)| format!("{key}={value}")).collect();
    if asked.is_empty() { address.to_owned() } else { format!("{address}?{}", asked.join("&")) }
}

/// The name under which tests push the incident that machines ask for.
pub const EXTERNAL_ID: &str = "canary-incidents-4f1e";

/// Sends a form that has what its route needs: a field that it lacks is told in its refusal, and gets the value `1`. With the names of those.
pub async fn filled(person: &Person<'_>, path: &str, fields: &[(&str, &str)]) -> (Answer, Vec<String>) {
    let mut added: Vec<String> = Vec::new();
    loop {
        let all: Vec<(&str, &str)> = fields.iter().copied().chain(added.iter().map(|name| (name.as_str(), "1"))).collect();
        let answer = person.post(path, &all).await;
        let text = if answer.status == 422 { answer.text() } else { String::new() };
        let Some(name) = text.split("missing field `").nth(1).and_then(|rest| rest.split('`').next()) else { return (answer, added) };
        assert!(added.len() < 40, "{path}: {text}");
        added.push(name.to_owned());
    }
}

/// Status, headers and body of an answer, without what stands for the id that was asked for, the nonce, and what only passes time.
pub fn apart_from(answer: &Answer, id: &str) -> (u16, Vec<(String, String)>, String) {
    let policy = answer.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("NONCE");
    let plain = |text: &str| text.replace(nonce, "NONCE").replace(id, "ID");
    // The clock, and what a key has left of its own quota.
    let of_now = ["date", "ratelimit"];
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !of_now.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), plain(value.to_str().unwrap_or_default())))
        .collect();
    (answer.status, headers, plain(&answer.text()))
}
