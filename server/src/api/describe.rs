//! What the description says beyond what is written at each endpoint and type: the words that a field may hold, from the types that know them; headers
//! that every answer of a kind carries; what several operations share.

use domain::{IncidentStatus, Severity, Tlp, indicator::IndicatorType, rsit};
use serde_json::{Map, Value, json};

/// Headers with what they say, for answers of pushes that were kept.
const KEPT: [(&str, &str); 4] = [
    ("Location", "Where the receipt can be read again; not of a dry run"),
    ("RateLimit", "Pushes left in this minute, of the key or of the organisation, whichever has fewer"),
    ("RateLimit-Policy", "The quota that `RateLimit` speaks of"),
    ("Idempotency-Replayed", "`true` where the answer is that to an earlier request with the same Idempotency-Key"),
];
/// The same for answers to reads.
const READ: [(&str, &str); 2] = [("RateLimit", "Reads left in this minute, of the key"), ("RateLimit-Policy", "The quota that `RateLimit` speaks of")];
/// The same for refusals, by their status.
const REFUSED: [(&str, &[(&str, &str)]); 5] = [
    ("401", &[("WWW-Authenticate", "How to show a key: `Bearer`")]),
    ("409", &[("Retry-After", "Seconds to wait")]),
    (
        "429",
        &[
            ("Retry-After", "Seconds to wait"),
            ("RateLimit", "The quota of this minute that is used up; absent where it is the day's bytes"),
            ("RateLimit-Policy", "The quota that `RateLimit` speaks of"),
        ],
    ),
    ("503", &[("Retry-After", "Seconds to wait")]),
    ("507", &[("Retry-After", "Seconds to wait, where waiting may help")]),
];

/// Completes a description.
pub fn complete(api: &mut Value) {
    api["info"]["contact"] = json!({ "name": "The operator of this hub" });
    words(&mut api["components"]["schemas"]);
    let indicator = &mut api["components"]["schemas"]["IndicatorRaw"];
    indicator["oneOf"] = json!([
        { "required": ["value"], "properties": { "value": { "type": "string" } }, "title": "Told" },
        { "required": ["hmac"], "properties": { "hmac": { "type": "string" } }, "title": "Compared without being told" },
    ]);
    let paths = api["paths"].as_object_mut().into_iter().flatten();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            complete_operation(path, method, operation);
        }
    }
}

/// Gives each field its words. A field that may be null may also be left out.
fn words(schemas: &mut Value) {
    let severities = Severity::ALL.map(Severity::name).to_vec();
    let tlp = Tlp::ALL.map(Tlp::name).to_vec();
    let types = IndicatorType::ALL.map(IndicatorType::name).to_vec();
    let classes: Vec<String> = rsit::CLASSES
        .iter()
        .flat_map(|class| {
            let entries = class.entries.iter().map(|(entry, _)| format!("{}/{entry}", class.key));
            std::iter::once(class.key.to_owned()).chain(entries)
        })
        .collect();
    let all: [(&str, &str, Vec<&str>); 12] = [
        ("IncidentRaw", "severity", severities.clone()),
        ("IncidentRaw", "status", IncidentStatus::ALL.map(IncidentStatus::name).to_vec()),
        ("IncidentRaw", "tlp", tlp.clone()),
        ("IncidentRaw", "class", classes.iter().map(String::as_str).collect()),
        ("EventRaw", "severity", severities.clone()),
        ("EventRaw", "tlp", tlp.clone()),
        ("IndicatorRaw", "type", types.clone()),
        ("IndicatorRaw", "severity", severities.clone()),
        ("IndicatorRaw", "tlp", tlp.clone()),
        ("CountRaw", "severity", severities),
        ("CountRaw", "type", types),
        ("CountRaw", "tlp", tlp),
    ];
    for (schema, field, words) in all {
        let field = &mut schemas[schema]["properties"][field];
        let may_be_null = field["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
        let mut words: Vec<Value> = words.into_iter().map(Value::from).collect();
        words.extend(may_be_null.then_some(Value::Null));
        field["enum"] = words.into();
    }
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let push = operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "push"));
    if push {
        let mut headers = headers(&KEPT);
        if method == "put" {
            headers.insert("ETag".to_owned(), header("The incident's revision, for `If-Match`"));
        }
        operation["responses"]["200"]["headers"] = headers.into();
        whole_body(&mut operation["requestBody"]["content"]["application/json"]["schema"]);
    }
    for status in ["200", "304"] {
        if method == "get" && operation["responses"][status].is_object() {
            for (name, meaning) in headers(&READ) {
                operation["responses"][status]["headers"][name] = meaning;
            }
        }
    }
    for (status, said) in REFUSED {
        if operation["responses"][status].is_object() {
            operation["responses"][status]["headers"] = headers(said).into();
        }
    }
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        match (parameter["name"].as_str(), method) {
            // Encoded in a path, these are refused wherever they stand.
            (Some("external_id"), _) => parameter["schema"]["pattern"] = json!("^[^\\u0000-\\u001f\\u007f-\\u009f\\\\]+$"),
            // It speaks of one, so it is no truth about all.
            (Some("mode"), "put") => {
                parameter["schema"]["enum"] = json!(["delta"]);
                parameter["description"] = json!("`delta`: a request about one incident says nothing of the others.");
            }
            _ => {}
        }
    }
    // An address that is not in its plain form is refused before anything is looked at.
    if path.contains('{') && operation["responses"]["400"].is_null() {
        operation["responses"]["400"] = json!({
            "description": "Cannot be read",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
    }
}

/// A body has no fields beyond those that are said, and may name its organisation.
fn whole_body(schema: &mut Value) {
    if !schema["properties"].is_object() {
        return;
    }
    schema["properties"]["org"] = json!({ "type": "string", "description": "Your organisation's slug, as a check: a push that names another one is refused." });
    schema["additionalProperties"] = json!(false);
}

fn headers(all: &[(&str, &str)]) -> Map<String, Value> {
    all.iter().map(|(name, meaning)| ((*name).to_owned(), header(meaning))).collect()
}

fn header(meaning: &str) -> Value {
    json!({ "description": meaning, "schema": { "type": "string" } })
}
