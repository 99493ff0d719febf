//! Raw JSON to domain types, item by item: a wrong item is refused with a pointer to its field and loses no other.
//!
//! To read a new kind of item: a raw type with `deny_unknown_fields` and `Cow` strings, and a function that turns it into
//! the store's type, both in a file here.

mod counts;
mod events;
mod fields;
mod incidents;
mod indicators;
mod metrics;
mod scan;

pub use counts::{CountBody, CountRaw};
pub use events::EventRaw;
use fields::Object;
pub use fields::Scalar;
pub use incidents::{IncidentRaw, one as one_incident};
pub use indicators::IndicatorRaw;
pub use metrics::MetricRaw;

use super::{MAX_AGE_DAYS, MAX_AHEAD_SECONDS, MAX_DEPTH, MAX_ITEMS, problem::Problem};
use crate::live::board::Board;
use domain::{DAY, OrgId, SECOND, Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::{Failure, Items, What};

/// What items are checked against.
pub struct Context<'a> {
    pub board: &'a Board,
    pub org: OrgId,
    pub org_slug: &'a str,
    pub now: Timestamp,
    /// Data older than 30 days is welcome.
    pub backfill: bool,
    /// The numbers of the alliance's keys that are accepted, the current one first; of a push of indicators.
    pub alliance_keys: &'a [i64],
}

/// A push, read: what can be kept and what cannot.
pub struct Parsed {
    pub total: u32,
    pub items: Items,
    pub failures: Vec<Failure>,
}

/// What is wrong with an item, and where in it.
pub struct Fault {
    /// The field; empty for the item itself.
    pub field: String,
    pub code: &'static str,
    pub detail: String,
}

impl Fault {
    pub fn new(field: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { field: field.into(), code, detail: detail.into() }
    }
}

/// Reads the body of a push.
///
/// # Errors
/// When the body as a whole cannot be read: malformed, too deep, too many items, another organisation's.
pub fn parse(what: What, ndjson: bool, body: &[u8], context: &Context<'_>) -> Result<Parsed, Problem> {
    let text = std::str::from_utf8(body).map_err(|e| Problem::malformed(format!("The body is not UTF-8 (byte {}).", e.valid_up_to())))?;
    scan::depth(text, MAX_DEPTH, MAX_ITEMS)?;
    if ndjson && text.lines().filter(|l| !l.trim().is_empty()).nth(MAX_ITEMS).is_some() {
        return Err(too_many());
    }
    match what {
        What::Metrics => {
            if let Some(parsed) = metrics::fast(text, context) {
                return parsed;
            }
            items(text, ndjson, context, metrics::check).map(|(total, v, failures)| Parsed { total, items: Items::Metrics(v), failures })
        }
        What::Incidents => items(text, ndjson, context, incidents::check).map(|(total, v, failures)| Parsed { total, items: Items::Incidents(v), failures }),
        What::Events => items(text, ndjson, context, events::check).map(|(total, v, failures)| Parsed { total, items: Items::Events(v), failures }),
        What::Indicators => items(text, ndjson, context, indicators::check).map(|(total, v, failures)| Parsed { total, items: Items::Indicators(v), failures }),
        What::IndicatorCounts => counts::parse(text, context),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    org: Option<Cow<'a, str>>,
}

type Checked<T> = (u32, Vec<T>, Vec<Failure>);

fn items<T>(text: &str, ndjson: bool, context: &Context<'_>, check: fn(usize, &RawValue, &Context<'_>) -> Result<T, Fault>) -> Result<Checked<T>, Problem> {
    let raws: Vec<Cow<'_, RawValue>> = if ndjson {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let parsed =
            lines.map(|(i, line)| serde_json::from_str::<&RawValue>(line).map(Cow::Borrowed).map_err(|e| Problem::malformed(format!("Line {}: {e}.", i + 1))));
        parsed.collect::<Result<_, _>>()?
    } else {
        let envelope: Envelope<'_> = whole(text)?;
        own(envelope.org.as_deref(), context)?;
        envelope.items.into_iter().map(Cow::Borrowed).collect()
    };
    count(raws.len())?;
    let (mut kept, mut failures) = (Vec::with_capacity(raws.len()), vec![]);
    for (i, raw) in raws.iter().enumerate() {
        match check(i, raw, context) {
            Ok(item) => kept.push(item),
            Err(fault) if fault.code == "foreign_org" => return Err(foreign()),
            Err(fault) => failures.push(failure(i, ndjson, fault)),
        }
    }
    Ok((raws.len() as u32, kept, failures))
}

fn failure(i: usize, ndjson: bool, fault: Fault) -> Failure {
    let base = if ndjson { format!("/{i}") } else { format!("/items/{i}") };
    let pointer = if fault.field.is_empty() { base } else { format!("{base}/{}", fault.field) };
    Failure { index: i as u32, pointer: short(pointer), code: fault.code.to_owned(), detail: short(fault.detail) }
}

/// What is said of an item repeats little of it: an answer must not be larger than its question.
fn short(text: String) -> String {
    const MOST: usize = 240;
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain(['…']).collect() }
}

/// Reads a whole body; duplicate and unknown fields are errors.
fn whole<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    let mut de = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut de).map_err(|e| {
        let (path, inner) = (pointer_of(e.path()), e.into_inner());
        if inner.is_data() {
            let (pointer, code) = classify(&inner.to_string(), &path);
            let (pointer, detail) = (short(pointer), short(sentence(&inner)));
            let problem = if code == "duplicate_field" { Problem::malformed(detail.clone()) } else { Problem::invalid(detail.clone()) };
            problem.at(pointer, code, detail)
        } else {
            Problem::malformed(short(format!("Not JSON: {inner}.")))
        }
    })?;
    de.end().map_err(|e| Problem::malformed(format!("Not JSON: {e}.")))?;
    Ok(value)
}

/// Reads one item; the fault names its field.
fn item<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Fault> {
    let read = serde_json::from_str(raw.get()).or_else(|_: serde_json::Error| {
        // Again, slower, to learn where it is wrong.
        let mut de = serde_json::Deserializer::from_str(raw.get());
        serde_path_to_error::deserialize(&mut de).map_err(|e| {
            let (path, inner) = (pointer_of(e.path()), e.into_inner());
            let (pointer, code) = classify(&inner.to_string(), &path);
            Fault::new(pointer.trim_start_matches('/'), code, sentence(&inner))
        })
    });
    let Object(item) = read?;
    no_nul(raw)?;
    Ok(item)
}

/// PostgreSQL keeps no NUL in a text, so none is taken, whichever database there is.
fn no_nul(raw: &RawValue) -> Result<(), Fault> {
    fn find(value: &serde_json::Value) -> Option<String> {
        match value {
            serde_json::Value::String(text) => text.contains('\0').then(String::new),
            serde_json::Value::Array(list) => list.iter().enumerate().find_map(|(i, v)| Some(format!("/{i}{}", find(v)?))),
            serde_json::Value::Object(map) => {
                map.iter().find_map(|(k, v)| Some(format!("/{}{}", escaped(k), if k.contains('\0') { String::new() } else { find(v)? })))
            }
            _ => None,
        }
    }
    // Few items hold these letters, and fewer a NUL: a backslash may stand before them.
    if raw.get().contains(r"\u0000")
        && let Ok(value) = serde_json::from_str(raw.get())
        && let Some(pointer) = find(&value)
    {
        let field = pointer.trim_start_matches('/');
        return Err(Fault::new(field, "bad_text", format!("{field} must not hold the character NUL.")));
    }
    Ok(())
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A key as a JSON Pointer spells it.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The field that serde's message names and `path` may not end in yet, and our word for the fault.
fn classify(message: &str, path: &str) -> (String, &'static str) {
    let code = match () {
        () if message.starts_with("missing field") => "missing_field",
        () if message.starts_with("unknown field") => "unknown_field",
        () if message.starts_with("duplicate ") => "duplicate_field",
        () => "wrong_type",
    };
    let named = if code == "wrong_type" { None } else { message.split('`').nth(1) };
    match named {
        Some(field) if path.rsplit('/').next() != Some(field) => (format!("{path}/{field}"), code),
        _ => (path.to_owned(), code),
    }
}

/// serde's message without its position in a fragment, which would point nowhere in the body.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| format!("{}{}.", c.to_uppercase(), chars.as_str()))
}

fn count(n: usize) -> Result<(), Problem> {
    if n > MAX_ITEMS { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> Problem {
    Problem::too_large(format!("A push may have {MAX_ITEMS} items; this one has more.")).at("/items", "too_many_items", "Send them in several pushes.")
}

fn own(org: Option<&str>, context: &Context<'_>) -> Result<(), Problem> {
    if org.is_some_and(|o| o != context.org_slug) { Err(foreign()) } else { Ok(()) }
}

fn foreign() -> Problem {
    Problem::forbidden("The organisation comes from the key; this push names another one.").at("/org", "foreign_org", "Leave it out.")
}

/// The rules of every moment a partner sends.
fn moment(field: &str, text: &str, context: &Context<'_>) -> Result<Timestamp, Fault> {
    let at = Timestamp::parse(text).map_err(|e| Fault::new(field, "bad_time", format!("{field} {e}.")))?;
    if at > context.now.plus(i64::from(MAX_AHEAD_SECONDS) * SECOND) {
        return Err(Fault::new(field, "in_future", format!("{field} is more than 5 minutes ahead of the hub's clock ({}).", context.now)));
    }
    if at.0 < 0 {
        return Err(Fault::new(field, "bad_time", format!("{field} is before 1970.")));
    }
    Ok(at)
}

/// As [`moment`], and not older than 30 days unless the key may backfill.
fn observation(field: &str, text: &str, context: &Context<'_>) -> Result<Timestamp, Fault> {
    let at = moment(field, text, context)?;
    if !context.backfill && context.now.since(at) > i64::from(MAX_AGE_DAYS) * DAY {
        return Err(Fault::new(field, "too_old", format!("{field} is more than 30 days ago; that needs a key with the scope backfill.")));
    }
    Ok(at)
}

/// Reads a word of a fixed set.
fn word<T: std::str::FromStr<Err = String>>(field: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|e| Fault::new(field, "bad_value", format!("{field} {e}.")))
}

/// Whether a character steers the direction of what stands around it: overrides, embeddings and isolates, which make one name look like
/// another. The marks that right-to-left languages need are not among them.
fn steers(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of 1 to `max` characters without control characters (line breaks and tabs are fine), nor any that [steer](steers).
fn text(field: &str, value: &str, max: usize) -> Result<String, Fault> {
    let value = value.trim();
    let ok = !value.is_empty() && value.chars().count() <= max && !value.chars().any(|c| steers(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t')));
    if ok { Ok(value.to_owned()) } else { Err(Fault::new(field, "bad_text", format!("{field} must have 1 to {max} characters and no control characters."))) }
}

/// Turns slugs into organisations; an unknown one is refused like a foreign one would be.
fn recipients(slugs: &[Cow<'_, str>], context: &Context<'_>) -> Result<Vec<OrgId>, Fault> {
    if slugs.len() > 500 {
        return Err(Fault::new("recipients", "too_many", "recipients may name 500 organisations."));
    }
    let mut ids =
        slugs
            .iter()
            .enumerate()
            .map(|(i, slug)| {
                context.board.by_slug(slug).map(|o| o.info.id).ok_or_else(|| {
                    Fault::new(format!("recipients/{i}"), "unknown_organisation", format!("There is no organisation {slug:?} in this alliance."))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| *id != context.org);
    Ok(ids)
}

/// An item as it is kept: compact JSON, of a size that a record page can show.
fn compact(raw: &RawValue) -> Result<String, Fault> {
    const MOST: usize = 64 << 10;
    let value: serde_json::Value = serde_json::from_str(raw.get()).map_err(|e| Fault::new("", "wrong_type", sentence(&e)))?;
    let text = value.to_string();
    if text.len() > MOST { Err(Fault::new("", "too_large", format!("An item may have {MOST} bytes of JSON."))) } else { Ok(text) }
}

/// Reads one item given as a value of its own, not in a batch.
pub(crate) fn single<T: DeserializeOwned>(body: &str) -> Result<T, Problem> {
    whole(body)
}
