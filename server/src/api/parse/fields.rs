//! Objects, and small maps of partners' own words: labels and attributes. A key that stands twice is an error, not a silent choice.

use super::Fault;
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
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A JSON object in which no key stands twice.
#[derive(Clone, Debug, PartialEq)]
pub struct UniqueMap<V>(pub BTreeMap<String, V>);

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
            type Value = UniqueMap<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = BTreeMap::new();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    if all.contains_key(&*key) {
                        return Err(A::Error::custom(format!("duplicate key `{key}`")));
                    }
                    all.insert(key.into_owned(), map.next_value()?);
                }
                Ok(UniqueMap(all))
            }
        }
        deserializer.deserialize_map(Unique(PhantomData))
    }
}

/// Labels of a series in their canonical form: `key=value` sorted and joined by commas.
pub fn labels(map: &UniqueMap<Cow<'_, str>>) -> Result<String, Fault> {
    let fault = |key: &str, detail: &str| Fault::new(format!("labels/{key}"), "bad_label", detail);
    if map.0.len() > 8 {
        return Err(Fault::new("labels", "too_many", "A sample may have 8 labels."));
    }
    for (key, value) in &map.0 {
        if !(1..=32).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Err(fault(key, "A label's key must be 1 to 32 of a-z, 0-9 and underscores."));
        }
        if !(1..=64).contains(&value.chars().count()) || value.chars().any(|c| c.is_control() || super::steers(c) || matches!(c, '=' | ',')) {
            return Err(fault(key, "A label's value must have 1 to 64 characters, none of them = or a comma."));
        }
    }
    Ok(map.0.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(","))
}

/// Checks attributes: at most 50, short keys, values of at most 2,000 characters.
pub fn attributes(map: &UniqueMap<Scalar>) -> Result<(), Fault> {
    if map.0.len() > 50 {
        return Err(Fault::new("attributes", "too_many", "An item may have 50 attributes."));
    }
    for (key, value) in &map.0 {
        let long = matches!(value, Scalar::Text(t) if t.chars().count() > 2_000);
        if key.is_empty() || key.len() > 64 || long {
            return Err(Fault::new(format!("attributes/{key}"), "bad_attribute", "An attribute's key has 1 to 64 characters, its value at most 2000."));
        }
    }
    Ok(())
}
