//! `/openapi.json`, and the same as a page a person can read: no script, no outside resource.

mod hashes;
mod start;
mod tables;

use crate::{App, routes::base_url};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse},
    routing::get,
};
use serde_json::Value;
use std::fmt::Write;
use tables::{answers, body, parameters, schema};

/// The order in which people need the endpoints; what is not named here follows.
const ORDER: [&str; 9] =
    ["metrics", "incidents", "incidents/{external_id}", "events", "indicators", "alliance-key", "indicator-counts", "receipts/{id}", "whoami"];

pub fn router() -> Router<App> {
    Router::new().route("/openapi.json", get(description)).route("/docs/api", get(page))
}

async fn description(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], super::openapi(&base_url(&app, &headers)))
}

async fn page(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let description = serde_json::from_str(&super::openapi("/")).unwrap_or_default();
    let base = base_url(&app, &headers);
    ([(header::CACHE_CONTROL, "no-cache")], Html(render(&description, &app.live.assets_base(), &base)))
}

/// One endpoint: method, path, description.
type Operation<'a> = (String, &'a str, &'a Value);

fn operations(api: &Value) -> Vec<Operation<'_>> {
    let paths = api["paths"].as_object().into_iter().flatten();
    let mut all: Vec<Operation<'_>> = paths
        .flat_map(|(path, operations)| operations.as_object().into_iter().flatten().map(move |(method, op)| (method.to_uppercase(), path.as_str(), op)))
        .collect();
    all.sort_by_key(|(_, path, _)| ORDER.iter().position(|p| path.strip_prefix("/api/v1/") == Some(*p)).unwrap_or(ORDER.len()));
    all
}

fn is_push(op: &Value) -> bool {
    op["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "push"))
}

/// What every push has in common, so that it is said once.
struct Shared {
    parameters: Vec<Value>,
    answers: Vec<(String, String)>,
}

impl Shared {
    fn of(all: &[Operation<'_>]) -> Self {
        let pushes: Vec<&Value> = all.iter().map(|(_, _, op)| *op).filter(|op| is_push(op)).collect();
        let Some(first) = pushes.first() else { return Self { parameters: vec![], answers: vec![] } };
        let mut parameters = list(&first["parameters"]);
        parameters.retain(|one| pushes.iter().all(|op| list(&op["parameters"]).contains(one)));
        let mut answers = answers_of(first);
        answers.retain(|one| pushes.iter().all(|op| answers_of(op).contains(one)));
        Self { parameters, answers }
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Status and meaning of each answer.
fn answers_of(op: &Value) -> Vec<(String, String)> {
    let all = op["responses"].as_object().into_iter().flatten();
    all.map(|(status, response)| (status.clone(), text(&response["description"]).to_owned())).collect()
}

fn render(api: &Value, assets: &str, base: &str) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Push API · Shieldwall</title><link rel=\"stylesheet\" href=\"{assets}/style.css\">\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"{assets}/favicon.svg\"></head><body><main id=\"main\" class=\"api-docs\"><p><a href=\"/\">Shieldwall</a></p>\
         <h1>Push API</h1><p>{} For machines: <a href=\"/openapi.json\">/openapi.json</a>.</p>",
        escape(text(&api["info"]["description"]))
    );
    let all = operations(api);
    html.push_str("<nav class=\"contents\" aria-label=\"On this page\"><a href=\"#first\">Your first push</a><a href=\"#files\">Files</a>");
    for (method, path, op) in &all {
        let _ = write!(html, "<a href=\"#{}\">{method} {}</a>", escape(text(&op["operationId"])), escape(path.trim_start_matches("/api/v1")));
    }
    html.push_str("<a href=\"#shared\">What all pushes share</a><a href=\"#receipt\">Receipts</a><a href=\"#problem\">Refusals</a><a href=\"#classes\">Classes of incidents</a></nav>");
    start::first_push(&mut html, base);
    start::files(&mut html, base);
    let shared = Shared::of(&all);
    for operation in &all {
        section(&mut html, api, operation, &shared, base);
    }
    common(&mut html, api, &shared);
    start::classes(&mut html);
    html.push_str("</main></body></html>");
    html
}

/// One endpoint.
fn section(html: &mut String, api: &Value, (method, path, op): &Operation<'_>, shared: &Shared, base: &str) {
    let _ = write!(
        html,
        "<section class=\"card\" id=\"{}\"><h2><code>{method} {}</code></h2><p>{}</p>",
        escape(text(&op["operationId"])),
        escape(path),
        markup(text(&op["summary"]).trim_end_matches('.')) + ". " + &markup(text(&op["description"]))
    );
    if path.ends_with("/metrics") {
        html.push_str("<p>Keys and units: <a href=\"/about/scoring#metrics\">the catalogue</a>. An example: <a href=\"#first\">your first push</a>.</p>");
    }
    if path.ends_with("/alliance-key") {
        hashes::keyed(html, base);
    }
    body(html, api, &op["requestBody"]);
    let push = is_push(op);
    parameters(html, "Parameters", list(&op["parameters"]).iter().filter(|p| !push || !shared.parameters.contains(p)));
    let own: Vec<_> = answers_of(op).into_iter().filter(|answer| !push || !shared.answers.contains(answer)).collect();
    html.push_str("<p>Answers:");
    for (i, (status, meaning)) in own.iter().enumerate() {
        let _ = write!(html, "{} <b>{}</b> {}", if i == 0 { "" } else { ";" }, escape(status), markup(meaning));
    }
    let answer = &op["responses"]["200"]["content"]["application/json"]["schema"];
    match text(&answer["$ref"]).rsplit('/').next().unwrap_or_default() {
        "Receipt" if push => html.push_str(" (<a href=\"#receipt\">a receipt</a>), and <a href=\"#shared\">what all pushes share</a>.</p>"),
        "Receipt" => html.push_str(" (<a href=\"#receipt\">its fields</a>).</p>"),
        "IncidentRaw" => html.push_str(" (<a href=\"#push_incidents\">its fields</a>).</p>"),
        _ => {
            html.push_str(".</p>");
            schema(html, api, answer, "Fields of the answer");
        }
    }
    html.push_str("</section>");
}

/// What is the same for all pushes: limits, parameters, answers, the receipt, the refusal.
fn common(html: &mut String, api: &Value, shared: &Shared) {
    let _ = write!(
        html,
        "<section class=\"card\" id=\"shared\"><h2>What all pushes share</h2><p>A push holds at most {} items and {} MiB (<code>Content-Encoding: gzip</code> or <code>zstd</code>: \
         {} MiB inflated), as <code>Content-Type: application/json</code>; a key may push {} times a minute and read {} times, and <code>GET /api/v1/whoami</code> says what the organisation may push in a minute, a day and in all. Moments are RFC 3339 with a zone, such as <code>2026-05-01T12:00:00Z</code> or \
         <code>2026-05-01T14:00:00+02:00</code>, or a date, which is its midnight in UTC. One wrong item loses no other: the receipt names it.</p>",
        super::MAX_ITEMS,
        super::MAX_BODY >> 20,
        super::MAX_INFLATED >> 20,
        super::PUSHES_PER_MINUTE,
        super::READS_PER_MINUTE
    );
    parameters(html, "Parameters and headers", shared.parameters.iter());
    answers(html, &shared.answers);
    html.push_str("</section><section class=\"card\" id=\"receipt\"><h2>The receipt</h2><p>What a push is answered with once it is on disk, under TAXII's field names.</p>");
    schema(html, api, &api["components"]["schemas"]["Receipt"], "Fields");
    html.push_str("</section><section class=\"card\" id=\"problem\"><h2>Refusals</h2><p>Problem details (RFC 9457), <code>application/problem+json</code>. Where items were read, the receipt is in it.</p>");
    schema(html, api, &api["components"]["schemas"]["Problem"], "Fields");
    html.push_str("</section>");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text whose backticks mark code.
fn markup(text: &str) -> String {
    let code = |(i, part): (usize, &str)| if i % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) };
    text.split('`').enumerate().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_everything_once_and_in_words() {
        let api: Value = serde_json::from_str(&crate::api::openapi("/")).unwrap();
        let html = render(&api, "/pkg", "http://hub.example");
        assert!(!html.contains('`'), "backticks are marked up");
        assert_eq!(html.matches("A request with this Idempotency-Key is in flight").count(), 1);
        // No field without a meaning.
        assert!(!html.contains("<td></td></tr>"), "{:?}", html.split("<tr>").filter(|row| row.contains("<td></td></tr>")).collect::<Vec<_>>());
        let places: Vec<_> = [
            "#push_metrics\"",
            "#push_incidents\"",
            "#push_events\"",
            "#push_indicators\"",
            "#alliance_key\"",
            "#push_indicator_counts\"",
            "#read_receipt\"",
            "#whoami\"",
        ]
        .map(|id| html.find(id).unwrap_or_else(|| panic!("{id}")))
        .into();
        assert!(places.is_sorted(), "{places:?}");
        for word in ["critical", "in_progress", "AMBER+STRICT", "ipv4-addr", "per_1000_assets"] {
            assert!(html.contains(&format!("<code>{word}</code>")), "{word}");
        }
    }

    #[test]
    fn backticks_mark_code() {
        assert_eq!(markup("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
    }
}
