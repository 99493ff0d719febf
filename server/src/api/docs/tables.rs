//! Fields, parameters and answers as tables.

use super::{escape, markup, text};
use serde_json::Value;
use std::fmt::Write;

/// Parameters of a request; nothing where there are none.
pub fn parameters<'a>(html: &mut String, caption: &str, all: impl Iterator<Item = &'a Value>) {
    let mut rows = String::new();
    for p in all {
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escape(text(&p["name"])),
            escape(text(&p["in"])),
            markup(text(&p["description"]))
        );
    }
    if !rows.is_empty() {
        table(html, caption, &["Name", "In", "Meaning"], &rows);
    }
}

/// Status and meaning of answers.
pub fn answers(html: &mut String, all: &[(String, String)]) {
    let mut rows = String::new();
    for (status, meaning) in all {
        let _ = write!(rows, "<tr><td>{}</td><td>{}</td></tr>", escape(status), markup(meaning));
    }
    table(html, "Answers", &["Status", "Meaning"], &rows);
}

/// The body of a request.
pub fn body(html: &mut String, api: &Value, request: &Value) {
    let whole = resolve(api, &request["content"]["application/json"]["schema"]);
    match &whole["properties"]["items"]["items"] {
        items @ Value::Object(_) => {
            html.push_str("<p>Body: <code>{\"items\": […]}</code>, each item:</p>");
            schema(html, api, items, "Fields");
        }
        _ => schema(html, api, whole, "Fields"),
    }
}

/// The fields of an object, then those of the objects in it.
pub fn schema(html: &mut String, api: &Value, object: &Value, caption: &str) {
    let object = resolve(api, object);
    let Some(fields) = object["properties"].as_object() else { return };
    let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut rows = String::new();
    for (name, field) in fields.iter().map(|(name, field)| (name, present(field))) {
        let needed = if required.contains(&name.as_str()) { "yes" } else { "no" };
        let meaning = [&field["description"], &resolve(api, field)["description"]].map(text).into_iter().find(|text| !text.is_empty());
        let meaning = markup(meaning.unwrap_or_default());
        let _ = write!(rows, "<tr><td><code>{}</code></td><td>{}</td><td>{needed}</td><td>{meaning}</td></tr>", escape(name), escape(&kind(field)));
    }
    table(html, caption, &["Field", "Type", "Needed", "Meaning"], &rows);
    for (name, field) in fields.iter().map(|(name, field)| (name, present(field))) {
        if field["items"]["$ref"].is_string() {
            schema(html, api, &field["items"], &format!("Each of `{name}`"));
        } else if field["$ref"].is_string() {
            schema(html, api, field, &format!("In `{name}`"));
        }
    }
}

/// A field that may be null, without the null.
fn present(field: &Value) -> &Value {
    field["oneOf"].as_array().and_then(|kinds| kinds.iter().find(|kind| kind["type"] != "null")).unwrap_or(field)
}

/// A field's type in JSON's words.
fn kind(field: &Value) -> String {
    match &field["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect::<Vec<_>>().join(" or "),
        Value::String(kind) if kind == "array" => format!("array of {}s", field["items"]["type"].as_str().unwrap_or("object")),
        Value::String(kind) => kind.clone(),
        _ => "object".to_owned(),
    }
}

fn table(html: &mut String, caption: &str, head: &[&str], rows: &str) {
    let head: String = head.iter().map(|column| format!("<th scope=\"col\">{column}</th>")).collect();
    let _ = write!(html, "<table><caption>{}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>", markup(caption));
}

fn resolve<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        Some(name) => &api["components"]["schemas"][name],
        None => schema,
    }
}
