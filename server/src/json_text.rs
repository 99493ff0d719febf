//! JSON as text: blanks and single fields are changed, and everything else stays as it came, digit by digit.
//!
//! A parsed number is a float, and a parsed object has lost the order of its fields; so what a partner pushed is kept, shown and given back as text.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, value::RawValue};
use std::{borrow::Cow, fmt};

/// The fields of an object, in their order.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = vec![];
                while let Some(one) = map.next_entry()? {
                    all.push(one);
                }
                Ok(Fields(all))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The fields of an object, in their order; none of what is no object.
#[must_use]
pub fn fields(object: &str) -> Vec<(Cow<'_, str>, &RawValue)> {
    serde_json::from_str(object).map_or_else(|_| vec![], |Fields(all)| all)
}

/// A value for people: a text without its quotes, everything else as it is written.
#[must_use]
pub fn plain(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// The object with these fields set to these texts; one that is not there comes first. `None` for what is no object.
#[must_use]
pub fn set(object: &str, texts: &[(&str, &str)]) -> Option<String> {
    let Fields(there) = serde_json::from_str(object).ok()?;
    let text = |text: &str| Value::from(text).to_string();
    let new = texts.iter().filter(|(name, _)| there.iter().all(|(old, _)| old != name)).map(|(name, value)| ((*name).to_owned(), text(value)));
    let old = there.iter().map(|(name, value)| {
        let set = texts.iter().find(|(new, _)| new == name);
        (name.to_string(), set.map_or_else(|| value.get().to_owned(), |(_, value)| text(value)))
    });
    Some(object_of(new.chain(old)))
}

/// The object without a field.
#[must_use]
pub fn without(object: &str, field: &str) -> String {
    object_of(fields(object).into_iter().filter(|(name, _)| name != field).map(|(name, value)| (name.into_owned(), value.get().to_owned())))
}

/// An object of these members: names, and values as JSON.
#[must_use]
pub fn object_of(members: impl Iterator<Item = (String, String)>) -> String {
    let all: Vec<String> = members.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", all.join(","))
}

/// JSON without the blanks between its words.
#[must_use]
pub fn without_blanks(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            if !in_string {
                in_string = *c == '"';
                return !matches!(c, ' ' | '\t' | '\n' | '\r');
            }
            (in_string, escaped) = (*c != '"' || escaped, *c == '\\' && !escaped);
            true
        })
        .collect()
}

/// JSON for people, a field a line.
#[must_use]
pub fn pretty(json: &str) -> String {
    let json = without_blanks(json);
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut rest = json.chars().peekable();
    while let Some(c) = rest.next() {
        if in_string {
            (in_string, escaped) = (c != '"' || escaped, c == '\\' && !escaped);
            out.push(c);
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"z":1.50, "status":"new", "a":{"n":123456789012345678901234567890}}"#;

    #[test]
    fn other_fields_stay_as_they_came() {
        let closed = set(OBJECT, &[("status", "closed"), ("closed_at", "now")]).unwrap();
        assert_eq!(closed, r#"{"closed_at":"now","z":1.50,"status":"closed","a":{"n":123456789012345678901234567890}}"#);
        assert_eq!(set("{}", &[("a", "\"")]).unwrap(), r#"{"a":"\""}"#);
        assert!(set("[]", &[]).is_none());
        assert_eq!(without(OBJECT, "status"), r#"{"z":1.50,"a":{"n":123456789012345678901234567890}}"#);
        assert_eq!(fields(OBJECT).into_iter().map(|(name, value)| format!("{name} {}", plain(value))).take(2).collect::<Vec<_>>(), ["z 1.50", "status new"]);
    }

    #[test]
    fn only_blanks_between_words_change() {
        let text = "{\r\n \"b\" : 1.50e+02 ,\t\"a\\\" b\" : \"c \\\\\" , \"\\u00e4\":[ 123456789012345678901234567890 , null ] }";
        let tight = "{\"b\":1.50e+02,\"a\\\" b\":\"c \\\\\",\"\\u00e4\":[123456789012345678901234567890,null]}";
        assert_eq!(without_blanks(text), tight);
        assert_eq!(without_blanks(&pretty(text)), tight);
        let value: Value = serde_json::from_str(r#"{"a":[1,{"b":"{[,:"}],"c":{},"d":[],"e":true}"#).unwrap();
        assert_eq!(pretty(&value.to_string()), serde_json::to_string_pretty(&value).unwrap());
    }
}
