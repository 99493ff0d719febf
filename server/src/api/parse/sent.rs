//! One object as it was sent, read field by field, so that all its faults are told at once and in words. For every field that may be left out, null, "" and
//! missing mean the same.

use super::{Context, Fault, Refused, escaped, foreign, moment, observation};
use domain::{Timestamp, text::is_visible};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{collections::HashSet, fmt, ops::RangeInclusive, str::FromStr};

/// Faults told of one item.
const TOLD: usize = 16;

/// A value, one level deep.
#[derive(Debug)]
pub enum Json<'a> {
    Null,
    Bool,
    /// As it is written.
    Number(&'a str),
    Text(String),
    List(Vec<&'a RawValue>),
    Object(Vec<(String, &'a RawValue)>),
    /// A text that holds half a character: a lone surrogate.
    Broken,
}

impl<'a> Json<'a> {
    pub fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.bytes().next() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => serde_json::from_str(text).map_or(Self::Broken, Self::Text),
            Some(b'[') => serde_json::from_str(text).map_or(Self::Broken, Self::List),
            Some(b'{') => serde_json::from_str(text).map_or(Self::Broken, |Pairs(pairs)| Self::Object(pairs)),
            _ => Self::Number(text),
        }
    }

    /// What it is, for a sentence.
    const fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Broken => "a text with half a character",
        }
    }

    fn is_unset(&self) -> bool {
        match self {
            Self::Null => true,
            // A NUL is no blank: no database may be given it.
            Self::Text(text) => !is_visible(text) && !text.contains('\0'),
            _ => false,
        }
    }
}

/// An object's fields in their order, those that stand twice included.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = vec![];
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// An object on its way to becoming an item.
pub struct Fields<'a> {
    sent: Vec<(String, &'a RawValue)>,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// Reads an object; `noun` says what it is, for a sentence, and `known` names the fields that it may have.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(raw: &'a RawValue, noun: &str, known: &[&str]) -> Result<Self, Fault> {
        let sent = match Json::of(raw) {
            Json::Object(sent) => sent,
            Json::Broken => return Err(Fault::new("", "bad_text", "The name of a field holds half a character.")),
            other => {
                return Err(Fault::new(
                    "",
                    "wrong_type",
                    format!("This must be {noun}, which is an object such as {{\"{}\": …}}, not {}.", known[0], other.noun()),
                ));
            }
        };
        let mut faults = vec![];
        let mut seen = HashSet::new();
        for (name, _) in &sent {
            if !seen.insert(name.as_str()) {
                faults.push(Fault::new(escaped(name), "duplicate_field", format!("{name} stands there twice.")));
            } else if !known.contains(&name.as_str()) {
                faults.push(Fault::new(escaped(name), "unknown_field", format!("{name} is no field of {noun}; its fields are {}.", known.join(", "))));
            }
            if faults.len() == TOLD {
                break;
            }
        }
        drop(seen);
        Ok(Self { sent, faults })
    }

    /// Notes what is wrong with a field, whose name is written as it was sent.
    pub fn fault(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.push(Fault::new(escaped(name), code, detail));
    }

    fn push(&mut self, fault: Fault) {
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }

    fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.push(fault)).ok()
    }

    /// The value of a field as it was sent; `None` where it is missing.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.sent.iter().find(|(sent, _)| sent == name).map(|(_, raw)| *raw)
    }

    /// All fields as they were sent.
    pub fn sent(&self) -> &[(String, &'a RawValue)] {
        &self.sent
    }

    /// The value of a field; `None` where it is not set.
    pub fn value(&mut self, name: &str) -> Option<Json<'a>> {
        let value = Json::of(self.raw(name)?);
        if matches!(value, Json::Broken) {
            self.fault(name, "bad_text", format!("{name} holds half a character (a lone surrogate)."));
            return None;
        }
        (!value.is_unset()).then_some(value)
    }

    /// Whether nothing was said of a field yet.
    fn is_unsaid(&self, name: &str) -> bool {
        let field = escaped(name);
        !self.faults.iter().any(|fault| fault.field == field)
    }

    /// Notes a needed field that is not set.
    pub fn need<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.is_unsaid(name) {
            let (code, said) = match self.raw(name).map(Json::of) {
                Some(Json::Text(text)) if is_visible(&text) => ("missing_field", format!("{name} is not set: {text:?} stands for no moment.")),
                Some(Json::Text(text)) if !text.is_empty() => ("bad_text", format!("{name} must have at least one character that can be seen.")),
                _ => ("missing_field", format!("{name} is missing.")),
            };
            self.fault(name, code, said);
        }
        value
    }

    fn wrong(&mut self, name: &str, must: &str, is: &Json<'_>) {
        self.fault(name, "wrong_type", format!("{name} must be {must}, not {}.", is.noun()));
    }

    /// A text of whatever length.
    pub fn word(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Json::Text(text) => Some(text),
            other => {
                self.wrong(name, "a text in quotation marks", &other);
                None
            }
        }
    }

    /// A text of at most `max` characters.
    pub fn text(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.word(name)?;
        self.keep(super::text(name, &text, max))
    }

    /// A word of a fixed set.
    pub fn one_of<T: FromStr<Err = String>>(&mut self, name: &str) -> Option<T> {
        let text = self.word(name)?;
        self.keep(text.parse::<T>().map_err(|e| Fault::new(escaped(name), "bad_value", format!("{name} {e}."))))
    }

    /// A number; a text of a number with a percent sign is one where `percent` says that it is counted in them.
    pub fn number(&mut self, name: &str, percent: bool) -> Option<f64> {
        let value = self.value(name)?;
        let text = match &value {
            Json::Number(text) => Some((*text).to_owned()),
            Json::Text(text) => text.trim().strip_suffix('%').map(|number| number.trim().to_owned()),
            _ => None,
        };
        if matches!(value, Json::Text(_)) && text.is_some() && !percent {
            self.fault(name, "bad_value", format!("{name} is not counted in percent; it must be a number, such as 93.5."));
            return None;
        }
        let number = text.filter(|text| is_number(text)).and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if number.is_finite() => return Some(number),
            Some(_) => self.fault(name, "out_of_range", format!("{name} is too large a number.")),
            None => match &value {
                Json::Text(text) if is_grouped(text) => {
                    let must = "must be a number with a decimal point and without grouped thousands, such as 1234.5";
                    self.fault(name, "wrong_type", format!("{name} {must}, not \"{}\".", text.trim()));
                }
                _ => self.wrong(name, "a number, such as 93.5", &value),
            },
        }
        None
    }

    /// A whole number, however it is written: 85, 85.0 and 8.5e1 are the same (JSON Schema, "integer").
    pub fn whole(&mut self, name: &str, range: RangeInclusive<i64>, percent: bool) -> Option<i64> {
        let number = self.number(name, percent)?;
        let (low, high) = (*range.start(), *range.end());
        // Beyond these a number with a point cannot tell whole ones apart.
        let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
        if number.fract() != 0.0 {
            self.fault(name, "bad_value", format!("{name} must be a whole number from {low} to {high}."));
            return None;
        }
        if exact && range.contains(&(number as i64)) {
            return Some(number as i64);
        }
        self.fault(name, "out_of_range", format!("{name} must be from {low} to {high}."));
        None
    }

    /// A moment that is past, or about now.
    pub fn moment(&mut self, name: &str, context: &Context<'_>) -> Option<Timestamp> {
        let text = self.time(name)?;
        self.keep(moment(name, &text, context))
    }

    /// As [`Fields::moment`], and not older than the key may bring.
    pub fn observation(&mut self, name: &str, context: &Context<'_>) -> Option<Timestamp> {
        let text = self.time(name)?;
        self.keep(observation(name, &text, context))
    }

    /// A moment that may lie ahead.
    pub fn any_moment(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.time(name)?;
        self.keep(Timestamp::parse(&text).map_err(|e| Fault::new(name, "bad_time", format!("{name} {e}."))))
    }

    /// The text of a moment; the zero times of programs are none.
    fn time(&mut self, name: &str) -> Option<String> {
        self.word(name).filter(|text| !Timestamp::is_unset(text))
    }

    /// The fields of an object within this one; what stands there twice is noted.
    pub fn object(&mut self, name: &str) -> Vec<(String, &'a RawValue)> {
        let pairs = match self.value(name) {
            Some(Json::Object(pairs)) => pairs,
            None => return vec![],
            Some(other) => {
                self.wrong(name, "an object such as {\"site\": \"north\"}", &other);
                return vec![];
            }
        };
        let mut seen = HashSet::new();
        for (key, _) in &pairs {
            if !seen.insert(key.as_str()) {
                self.push(Fault::new(within(name, key), "duplicate_field", format!("{key} stands twice in {name}.")));
            }
        }
        drop(seen);
        pairs
    }

    /// The texts of a list; blank ones are left out.
    pub fn texts(&mut self, name: &str) -> Vec<(usize, String)> {
        let list = match self.value(name) {
            Some(Json::List(list)) => list,
            None => return vec![],
            Some(other) => {
                self.wrong(name, "a list of texts, such as [\"one\", \"two\"]", &other);
                return vec![];
            }
        };
        let mut texts = vec![];
        for (i, raw) in list.into_iter().enumerate() {
            match Json::of(raw) {
                unset if unset.is_unset() => {}
                Json::Text(text) => texts.push((i, text)),
                other => self.push(Fault::new(format!("{name}/{i}"), "wrong_type", format!("{name} must hold texts, not {}.", other.noun()))),
            }
        }
        texts
    }

    /// Notes a fault of something within a field.
    pub fn fault_within(&mut self, name: &str, key: &str, code: &'static str, detail: impl Into<String>) {
        self.push(Fault::new(within(name, key), code, detail));
    }

    /// Notes a fault that a check of its own found; one of the object as a whole is not said again where a field has the same.
    pub fn check<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        match result {
            Err(fault) if fault.field.is_empty() && self.faults.iter().any(|told| told.code == fault.code) => None,
            other => self.keep(other),
        }
    }

    /// Whether it is the organisation of the key that the object names, if it names any.
    ///
    /// # Errors
    /// [`Refused::Foreign`], which refuses the push as a whole.
    pub fn own(&mut self, context: &Context<'_>) -> Result<(), Refused> {
        match self.word("org") {
            Some(named) if !context.is_own(&named) => Err(Refused::Foreign(foreign(&named, context.org_slug))),
            _ => Ok(()),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the object's fields.
    pub fn done(mut self) -> Result<(), Refused> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let sent = &self.sent;
        let place =
            |fault: &Fault| sent.iter().position(|(name, _)| fault.field.split('/').next().is_some_and(|first| first == escaped(name))).unwrap_or(usize::MAX);
        self.faults.sort_by_key(place);
        Err(Refused::Faults(self.faults))
    }
}

/// A key of a field's object, as a pointer within the item.
fn within(name: &str, key: &str) -> String {
    format!("{name}/{}", escaped(key))
}

/// Whether a text is a number as people write it, with something between its digits that groups them, or is a decimal comma: the two cannot be told apart.
fn is_grouped(text: &str) -> bool {
    let number =
        text.trim_end_matches(|c: char| c == '%' || c.is_whitespace()).trim_start_matches(|c: char| matches!(c, '+' | '-' | '\u{2212}') || c.is_whitespace());
    let between = |c: char| matches!(c, '.' | ',' | '\'' | '\u{2019}') || c.is_whitespace();
    let parts: Vec<&str> = number.split(between).collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // A number with a point stands in quotation marks for another reason, unless it has three digits behind it.
    parts.len() > 1 && parts.iter().all(digits) && (parts.len() > 2 || !number.contains('.') || parts[1].len() == 3)
}

/// Whether a text is written as numbers are in JSON; Rust would take `inf` and `nan`, too.
fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
}
