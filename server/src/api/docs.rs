//! `/openapi.json`, and the same as a page a person can read: no script, no outside resource.

use crate::App;
use axum::{
    Router,
    http::header,
    response::{Html, IntoResponse},
    routing::get,
};
use serde_json::Value;
use std::fmt::Write;

pub fn router() -> Router<App> {
    Router::new().route("/openapi.json", get(async || ([(header::CONTENT_TYPE, "application/json")], super::openapi()))).route("/docs/api", get(page))
}

async fn page(axum::extract::State(app): axum::extract::State<App>) -> impl IntoResponse {
    let description = serde_json::from_str(&super::openapi()).unwrap_or_default();
    ([(header::CACHE_CONTROL, "no-cache")], Html(render(&description, &app.live.assets_base())))
}

fn render(api: &Value, assets: &str) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Push API · Shieldwall</title><link rel=\"stylesheet\" href=\"{assets}/style.css\">\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"{assets}/favicon.svg\"></head><body><main id=\"main\" class=\"api-docs\"><p><a href=\"/\">Shieldwall</a></p>\
         <h1>Push API</h1><p>{} Machine-readable: <a href=\"/openapi.json\">/openapi.json</a>.</p>",
        escape(text(&api["info"]["description"]))
    );
    for (path, operations) in api["paths"].as_object().into_iter().flatten() {
        for (method, op) in operations.as_object().into_iter().flatten() {
            let _ = write!(
                html,
                "<section class=\"card\"><h2><code>{} {}</code></h2><p>{}</p>",
                method.to_uppercase(),
                escape(path),
                escape(text(&op["summary"]).trim_end_matches('.')) + ". " + &escape(text(&op["description"]))
            );
            body(&mut html, api, &op["requestBody"]);
            parameters(&mut html, op);
            html.push_str("<table><caption>Answers</caption><thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Meaning</th></tr></thead><tbody>");
            for (status, response) in op["responses"].as_object().into_iter().flatten() {
                let _ = write!(html, "<tr><td>{}</td><td>{}</td></tr>", escape(status), escape(text(&response["description"])));
            }
            html.push_str("</tbody></table></section>");
        }
    }
    html.push_str("</main></body></html>");
    html
}

fn parameters(html: &mut String, op: &Value) {
    let Some(all) = op["parameters"].as_array().filter(|p| !p.is_empty()) else { return };
    html.push_str(
        "<table><caption>Parameters</caption><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">In</th><th scope=\"col\">Meaning</th></tr></thead><tbody>",
    );
    for p in all {
        let _ = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escape(text(&p["name"])),
            escape(text(&p["in"])),
            escape(text(&p["description"]))
        );
    }
    html.push_str("</tbody></table>");
}

fn body(html: &mut String, api: &Value, request: &Value) {
    let mut schema = resolve(api, &request["content"]["application/json"]["schema"]);
    if let items @ Value::Object(_) = &schema["properties"]["items"]["items"] {
        html.push_str("<p>Body: <code>{\"items\": […]}</code>, each item:</p>");
        schema = resolve(api, items);
    }
    let Some(fields) = schema["properties"].as_object() else { return };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    html.push_str("<table><caption>Fields</caption><thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Type</th><th scope=\"col\">Needed</th><th scope=\"col\">Meaning</th></tr></thead><tbody>");
    for (name, field) in fields {
        let kind = match &field["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect::<Vec<_>>().join(" or "),
            other => text(other).to_owned(),
        };
        let needed = if required.contains(&name.as_str()) { "yes" } else { "" };
        let _ = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{needed}</td><td>{}</td></tr>",
            escape(name),
            escape(&kind),
            escape(text(&field["description"]))
        );
    }
    html.push_str("</tbody></table>");
}

fn resolve<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        Some(name) => &api["components"]["schemas"][name],
        None => schema,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
