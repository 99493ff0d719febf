//! Raw JSON to domain types, item by item: a wrong item is refused with pointers to all its faults and loses no other.
//!
//! To read a new kind of item: a type that describes it (for `/openapi.json`), the names of its fields, and a function that reads them through
//! [`sent::Fields`] into the store's type, all in a file here. What is wrong is said in people's words: no message of serde leaves this module
//! (`words` goes over all of them).

mod counts;
mod events;
mod fields;
mod incidents;
mod indicators;
mod metrics;
mod scan;
mod sent;
pub mod syntax;
#[cfg(test)]
mod words;
#[cfg(test)]
pub(crate) use words::is_for_people;

pub use counts::{CountBody, CountRaw};
pub use events::EventRaw;
pub use fields::Scalar;
pub use incidents::{IncidentRaw, one as one_incident};
pub use indicators::IndicatorRaw;
pub use metrics::MetricRaw;

use super::{MAX_AGE_DAYS, MAX_AHEAD_SECONDS, MAX_DEPTH, MAX_ITEMS, problem::Problem};
use crate::{encoding, live::board::Board};
use domain::{
    DAY, OrgId, SECOND, Timestamp,
    text::{is_bidi_control, is_visible, trimmed},
};
use sent::{Fields, Json};
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::{Failure, Items, What};

/// Refused items of a push whose faults are told in full; of the rest the receipt has place and code.
pub const TOLD_IN_FULL: u32 = 20;

/// What items are checked against.
pub struct Context<'a> {
    pub board: &'a Board,
    pub org: OrgId,
    pub org_slug: &'a str,
    pub now: Timestamp,
    /// The moment that the push speaks of: its arrival, or of a snapshot that says so when it was taken.
    pub said_at: Timestamp,
    /// Data older than 30 days is welcome.
    pub backfill: bool,
    /// The numbers of the alliance's keys that are accepted, the current one first; of a push of indicators.
    pub alliance_keys: &'a [i64],
}

impl Context<'_> {
    /// Whether this is the organisation's slug, or was.
    fn is_own(&self, slug: &str) -> bool {
        let slug = trimmed(slug).to_ascii_lowercase();
        slug == self.org_slug || self.board.by_slug(&slug).is_some_and(|org| org.info.id == self.org)
    }
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

/// Why an item is not kept.
pub enum Refused {
    /// It names another organisation, which refuses the push as a whole.
    Foreign(Fault),
    Faults(Vec<Fault>),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Faults(vec![fault])
    }
}

/// Reads the body of a push.
///
/// # Errors
/// When the body as a whole cannot be read: malformed, too deep, too many items, another organisation's.
pub fn parse(what: What, ndjson: bool, body: &[u8], context: &Context<'_>) -> Result<Parsed, Problem> {
    let text = text_of(body)?;
    let text = text.as_ref();
    if ndjson && encoding::lines(text).filter(|l| !l.trim().is_empty()).nth(MAX_ITEMS).is_some() {
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

/// The text of a body, not nested too deep.
fn text_of(body: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let text = encoding::text(body).map_err(|e| Problem::malformed(format!("The body is not UTF-8 (byte {}).", e.at)))?;
    scan::depth(&text, MAX_DEPTH, MAX_ITEMS)?;
    Ok(text)
}

/// A whole body as one JSON value.
fn json(text: &str) -> Result<&RawValue, Problem> {
    serde_json::from_str(text).map_err(|e| Problem::malformed(format!("Not JSON: {}.", syntax::words(&e, 1))))
}

/// What is wrong with a body as a whole.
fn body_refused(refused: Refused) -> Problem {
    let faults = match refused {
        Refused::Faults(faults) => faults,
        Refused::Foreign(fault) => {
            let problem = Problem::forbidden("The organisation comes from the key; this push names another one.");
            return problem.at(format!("/{}", fault.field), fault.code, short(fault.detail));
        }
    };
    let twice = faults.iter().any(|fault| fault.code == "duplicate_field");
    let detail = short(faults.first().map_or_else(String::new, |fault| fault.detail.clone()));
    let problem = if twice { Problem::malformed(detail) } else { Problem::invalid(detail) };
    faults.into_iter().fold(problem, |problem, fault| {
        let pointer = if fault.field.is_empty() { String::new() } else { format!("/{}", fault.field) };
        problem.at(short(pointer), fault.code, short(fault.detail))
    })
}

type Checked<T> = (u32, Vec<T>, Vec<Failure>);

fn items<T>(text: &str, ndjson: bool, context: &Context<'_>, check: fn(usize, &RawValue, &Context<'_>) -> Result<T, Refused>) -> Result<Checked<T>, Problem> {
    let raws: Vec<&RawValue> = if ndjson {
        let lines = encoding::lines(text).zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let parsed = lines.map(|(line, no)| serde_json::from_str(line).map_err(|e| Problem::malformed(format!("Line {no}: {}.", syntax::words(&e, no)))));
        parsed.collect::<Result<_, _>>()?
    } else {
        let mut push = Fields::read(json(text)?, "a push", &["items", "org"]).map_err(|fault| body_refused(fault.into()))?;
        push.own(context).map_err(body_refused)?;
        let list = match push.raw("items").map(Json::of) {
            Some(Json::List(list)) => list,
            Some(_) => {
                push.fault("items", "wrong_type", "items must be a list, such as [{…}, {…}].");
                vec![]
            }
            None => {
                push.fault("items", "missing_field", "items is missing: the list of what is pushed.");
                vec![]
            }
        };
        push.done().map_err(body_refused)?;
        list
    };
    count(raws.len())?;
    let mut refusals = Refusals::new(if ndjson { "" } else { "/items" });
    let mut kept = Vec::with_capacity(raws.len());
    for (i, raw) in raws.iter().enumerate() {
        match check(i, raw, context) {
            Ok(item) => kept.push(item),
            Err(refused) => refusals.add(i, refused),
        }
    }
    Ok((raws.len() as u32, kept, refusals.done()?))
}

/// The refused items of a push: of the first ones every fault with its text, of the rest place and code, so that an answer stays much smaller than its question.
struct Refusals {
    /// Pointer to the list that the items stand in.
    list: &'static str,
    items: u32,
    /// Whether any of them is another organisation's.
    foreign: bool,
    failures: Vec<Failure>,
}

impl Refusals {
    const fn new(list: &'static str) -> Self {
        Self { list, items: 0, foreign: false, failures: vec![] }
    }

    fn add(&mut self, index: usize, refused: Refused) {
        let faults = match refused {
            Refused::Faults(faults) => faults,
            Refused::Foreign(fault) => {
                self.foreign = true;
                vec![fault]
            }
        };
        self.items += 1;
        let in_full = self.items <= TOLD_IN_FULL;
        let base = format!("{}/{index}", self.list);
        for fault in faults.into_iter().take(if in_full { usize::MAX } else { 1 }) {
            let pointer = if fault.field.is_empty() { base.clone() } else { format!("{base}/{}", fault.field) };
            let detail = if in_full { short(fault.detail) } else { brief(fault.code).to_owned() };
            self.failures.push(Failure { index: index as u32, pointer: short(pointer), code: fault.code.to_owned(), detail });
        }
    }

    /// What is refused of the items, where the others can be kept.
    ///
    /// # Errors
    /// Where one is another organisation's, which refuses the push as a whole: all that is wrong, item by item.
    fn done(self) -> Result<Vec<Failure>, Problem> {
        if !self.foreign {
            return Ok(self.failures);
        }
        let mut problem = Problem::forbidden("The organisation comes from the key; items of this push name another one, so nothing of it was kept.");
        problem.errors = self.failures.iter().map(Into::into).collect();
        Err(problem)
    }
}

/// What a code means, without the case.
fn brief(code: &str) -> &'static str {
    match code {
        "missing_field" => "A field is missing.",
        "unknown_field" => "There is no such field.",
        "duplicate_field" => "A field stands there twice.",
        "wrong_type" => "This is of another type than it must be.",
        "bad_time" | "in_future" | "too_old" => "This moment is not taken.",
        "out_of_range" => "This number is out of range.",
        "contradiction" => "This contradicts another field.",
        "foreign_org" => "This is another organisation's.",
        _ => "This value is not taken.",
    }
}

/// What is said of an item repeats little of it.
fn short(text: String) -> String {
    const MOST: usize = 240;
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain(['…']).collect() }
}

/// A name as a JSON Pointer spells it (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn count(n: usize) -> Result<(), Problem> {
    if n > MAX_ITEMS { Err(too_many()) } else { Ok(()) }
}

fn too_many() -> Problem {
    Problem::too_large(format!("A push may have {MAX_ITEMS} items; this one has more.")).at("/items", "too_many_items", "Send them in several pushes.")
}

/// What is said of an `org` that is not the key's: left out, the item would become the wrong organisation's. It is named as it was sent, whether there is
/// such an organisation or not.
fn foreign(named: &str, own: &str) -> Fault {
    const LONGEST: usize = 64;
    let named = trimmed(named);
    let more = named.chars().nth(LONGEST).map_or("", |_| "…");
    let named = named.chars().take(LONGEST).chain(more.chars()).collect::<String>();
    Fault::new("org", "foreign_org", format!("org names {named:?}, but the key belongs to {own:?}. Push this with a key of that organisation, or not at all."))
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

/// A text of 1 to `max` characters without control characters (line breaks and tabs are fine), nor any that turns the direction of what follows.
fn text(field: &str, value: &str, max: usize) -> Result<String, Fault> {
    let value = trimmed(value);
    let must = match () {
        () if !is_visible(value) => "have at least one character that can be seen".to_owned(),
        () if value.chars().count() > max => format!("have at most {max} characters"),
        () if value.chars().any(|c| is_bidi_control(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))) => "have no control characters".to_owned(),
        () => return Ok(value.to_owned()),
    };
    Err(Fault::new(escaped(field), "bad_text", format!("{field} must {must}.")))
}

/// Turns slugs into organisations; an unknown one is refused like a foreign one would be.
fn recipients(fields: &mut Fields<'_>, context: &Context<'_>) -> Vec<OrgId> {
    let slugs = fields.texts("recipients");
    if slugs.len() > 500 {
        fields.fault("recipients", "too_many", "recipients may name 500 organisations.");
        return vec![];
    }
    let mut ids = vec![];
    for (i, slug) in slugs {
        match context.board.by_slug(&trimmed(&slug).to_lowercase()) {
            Some(org) => ids.push(org.info.id),
            None => {
                fields.fault_within("recipients", &i.to_string(), "unknown_organisation", format!("There is no organisation {slug:?} in this alliance."));
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| *id != context.org);
    ids
}

/// An item as it is kept: as it came, digit by digit, without the blanks between its words; of a size that a record page can show.
fn compact(raw: &RawValue) -> Result<String, Fault> {
    const MOST: usize = 64 << 10;
    // Half a character is in no text.
    serde_json::from_str::<serde_json::Value>(raw.get())
        .map_err(|_| Fault::new("", "bad_text", "An item must not hold half a character (a lone surrogate)."))?;
    let text = crate::json_text::without_blanks(raw.get());
    if text.len() > MOST { Err(Fault::new("", "too_large", format!("An item may have {MOST} bytes of JSON."))) } else { Ok(text) }
}
