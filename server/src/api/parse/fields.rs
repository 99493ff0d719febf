//! Objects, and small maps of partners' own words: labels and attributes. A key that stands twice is an error, not a silent choice.

use super::sent::{Fields, Json};
use domain::text::{is_bidi_control, is_visible};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};
use utoipa::ToSchema;

/// A simple value of an attribute.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Scalar {
    Bool(bool),
    Number(f64),
    Text(String),
}

/// A struct that stands as a JSON object. serde alone would take an array of its fields as well.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visited<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Visited<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Visited(PhantomData))
    }
}

/// Labels of a series as most are sent: names and values, by the names. None stands twice.
#[derive(Default)]
pub struct Labels<'a>(Vec<(Text<'a>, Text<'a>)>);

/// A text that is not copied where it stands in the body as it is.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visited<'a>(PhantomData<Labels<'a>>);
        impl<'de: 'a, 'a> Visitor<'de> for Visited<'a> {
            type Value = Labels<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = vec![];
                while let Some(one) = map.next_entry()? {
                    if all.len() == MOST {
                        return Err(A::Error::custom("too many labels"));
                    }
                    all.push(one);
                }
                all.sort_unstable();
                let twice = all.windows(2).any(|two| two[0].0 == two[1].0);
                if twice { Err(A::Error::custom("a label twice")) } else { Ok(Labels(all)) }
            }
        }
        deserializer.deserialize_map(Visited(PhantomData))
    }
}

impl Labels<'_> {
    /// In their canonical form: `key=value` sorted and joined by commas; `None` where one is not as it must be.
    pub fn canonical(&self) -> Option<String> {
        let all = || self.0.iter().map(|(key, value)| (&*key.0, &*value.0));
        all().all(|(key, value)| key_is_good(key) && value_is_good(value)).then(|| joined(all()))
    }
}

/// Labels of a sample at most.
const MOST: usize = 8;
const KEY: &str = "A label's name must be 1 to 32 of a-z, 0-9 and underscores.";
const VALUE: &str = "A label's value must have 1 to 64 characters, none of them = or a comma.";

fn key_is_good(key: &str) -> bool {
    (1..=32).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn value_is_good(value: &str) -> bool {
    is_visible(value) && value.chars().count() <= 64 && !value.chars().any(|c| c.is_control() || is_bidi_control(c) || matches!(c, '=' | ','))
}

fn joined<'a>(sorted: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut all = String::new();
    for (key, value) in sorted {
        if !all.is_empty() {
            all.push(',');
        }
        all.extend([key, "=", value]);
    }
    all
}

/// Labels in their canonical form ([`Labels::canonical`]), which may be wrong: what is wrong is noted. A label without a value is none.
pub fn labels_of(fields: &mut Fields<'_>) -> String {
    let mut all = BTreeMap::new();
    for (key, raw) in fields.object("labels") {
        match Json::of(raw) {
            Json::Null => {}
            Json::Text(value) if value.is_empty() => {}
            _ if !key_is_good(&key) => fields.fault_within("labels", &key, "bad_label", KEY),
            Json::Text(value) if value_is_good(&value) => {
                all.insert(key, value);
            }
            Json::Text(_) => fields.fault_within("labels", &key, "bad_label", VALUE),
            _ => fields.fault_within("labels", &key, "wrong_type", "A label's value must be a text in quotation marks."),
        }
    }
    if all.len() > MOST {
        fields.fault("labels", "too_many", "A sample may have 8 labels.");
    }
    joined(all.iter().map(|(k, v)| (k.as_str(), v.as_str())))
}

/// Checks attributes: at most 50, short names, values of at most 2,000 characters.
pub fn attributes(fields: &mut Fields<'_>) {
    let all = fields.object("attributes");
    if all.len() > 50 {
        fields.fault("attributes", "too_many", "An item may have 50 attributes.");
    }
    for (key, raw) in all {
        let value = Json::of(raw);
        let name = (1..=64).contains(&key.len()) && is_visible(&key) && !key.contains('\0');
        let wrong = match &value {
            _ if !name => Some(("bad_attribute", "An attribute's name must have 1 to 64 bytes, and a character that can be seen.")),
            Json::Text(text) if text.contains('\0') => Some(("bad_text", "An attribute must not hold the character NUL.")),
            Json::Text(text) if text.chars().count() > 2_000 => Some(("bad_attribute", "An attribute's value may have 2000 characters.")),
            Json::Broken => Some(("bad_text", "An attribute holds half a character (a lone surrogate).")),
            Json::List(_) | Json::Object(_) => Some(("wrong_type", "An attribute's value must be a text, a number, true or false.")),
            _ => None,
        };
        if let Some((code, detail)) = wrong {
            fields.fault_within("attributes", &key, code, detail);
        }
    }
}
