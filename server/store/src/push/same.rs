//! Whether two JSON texts say the same: whatever the order of an object's fields, and spelling of a text, but digit by digit in numbers.

use crate::recipients;
use domain::{
    OrgId,
    text::{is_visible, trimmed},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// What is to be written of a record that a push names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touched {
    No,
    /// That it was named.
    Heard,
    All,
}

/// What a record or an item of a push says, for a comparison of both.
pub(super) struct Said<'a, C> {
    /// The fields that have columns, in one spelling.
    pub columns: C,
    /// The organisations named on it.
    pub named: &'a [OrgId],
    /// The payload.
    pub raw: &'a str,
}

impl<C: PartialEq> Said<'_, C> {
    /// Whether both say the same, though in another spelling or in other fields: the hub's own file names also what a push left to be filled in. `fields` are
    /// the payload's names of those that are compared through the columns.
    pub(super) fn is_same(&self, other: &Self, fields: &[&str]) -> bool {
        let compared = [fields, &["recipients", "org"]].concat();
        self.columns == other.columns && recipients::same(self.named, other.named) && same_beside(self.raw, other.raw, &compared)
    }
}

/// Whether two items say the same beside the fields that are compared otherwise. What is not set is not there, and blanks around a text mean nothing: a cell of
/// a file has none.
fn same_beside(a: &str, b: &str, compared: &[&str]) -> bool {
    // As a partner's program sends what has not changed.
    if a == b && a.starts_with('{') {
        return true;
    }
    let (Ok(a), Ok(b)) = (serde_json::from_str::<Fields<'_>>(a), serde_json::from_str::<Fields<'_>>(b)) else { return false };
    let rest = |fields: Fields<'_>| -> BTreeMap<String, String> {
        fields.into_iter().filter(|(name, _)| !compared.contains(&&**name)).filter_map(|(name, value)| Some((name.into_owned(), set(value.get())?))).collect()
    };
    let (a, b) = (rest(a), rest(b));
    a.len() == b.len() && a.iter().zip(&b).all(|((ka, va), (kb, vb))| ka == kb && same(va, vb))
}

/// A value without what is not set in it; `None` where nothing is left.
fn set(json: &str) -> Option<String> {
    match json.as_bytes().first() {
        Some(b'n') => None,
        Some(b'"') => {
            let text: String = serde_json::from_str(json).ok()?;
            is_visible(&text).then(|| serde_json::Value::from(trimmed(&text)).to_string())
        }
        Some(b'{') => {
            let fields: Fields<'_> = serde_json::from_str(json).ok()?;
            let fields: Vec<String> =
                fields.iter().filter(|(_, value)| value.get() != "null").map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&**name))).collect();
            (!fields.is_empty()).then(|| format!("{{{}}}", fields.join(",")))
        }
        _ => Some(json.to_owned()),
    }
}

/// Texts that are no JSON are the same where they are equal.
pub(super) fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    if a == b {
        return true;
    }
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => {
            let (Ok(a), Ok(b)) = (serde_json::from_str::<Fields<'_>>(a), serde_json::from_str::<Fields<'_>>(b)) else { return false };
            a.len() == b.len() && a.iter().zip(&b).all(|((ka, va), (kb, vb))| ka == kb && same(va.get(), vb.get()))
        }
        (Some(b'['), Some(b'[')) => {
            let (Ok(a), Ok(b)) = (serde_json::from_str::<Vec<&RawValue>>(a), serde_json::from_str::<Vec<&RawValue>>(b)) else { return false };
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a.get(), b.get()))
        }
        (Some(b'"'), Some(b'"')) => {
            let (a, b) = (serde_json::from_str::<String>(a), serde_json::from_str::<String>(b));
            a.is_ok_and(|a| b.is_ok_and(|b| a == b))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Said, same, same_beside};
    use domain::OrgId;

    #[test]
    fn order_and_spelling_mean_nothing_and_digits_do() {
        assert!(same(r#"{"a": 1, "b": [true, {"c": "\u00e4"}]}"#, r#"{"b":[true,{"c":"ä"}],"a":1}"#));
        for (a, b) in [
            (r#"{"a":1}"#, r#"{"a":1.0}"#),
            (r#"{"a":123456789012345678901234567890}"#, r#"{"a":123456789012345678901234567891}"#),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#),
            ("[1,2]", "[2,1]"),
            (r#""1""#, "1"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_not_set_says_nothing() {
        let there = r#"{"title":"x","description":" long\n","owner":null,"attributes":{"b":1.50,"a":"y","c":null}}"#;
        for back in [
            r#"{"org":"alpha","title":"y","description":"long","attributes":{"a":"y","b":1.50}}"#,
            r#"{"description":"long","owner":"\u200b","attributes":{"a":"y","b":1.50},"title":"x"}"#,
        ] {
            assert!(same_beside(there, back, &["title", "org"]), "{back}");
        }
        for other in [r#"{"description":"long","attributes":{"a":"y","b":"1.50"}}"#, r#"{"description":"long"}"#, r#"{"attributes":{"a":"y","b":1.50}}"#] {
            assert!(!same_beside(there, other, &["title"]), "{other}");
        }
        assert!(same_beside(r#"{"attributes":{}}"#, "{}", &[]) && !same_beside("{}", r#"{"x":1}"#, &[]) && !same_beside("[]", "[]", &[]));
    }

    #[test]
    fn fields_with_columns_are_compared_through_them() {
        let (a, b) = ([OrgId(1), OrgId(2)], [OrgId(2), OrgId(1)]);
        let pushed = Said { columns: ("x", 1), named: &a, raw: r#"{"title":" x","recipients":["a","b"],"note":"y"}"# };
        let back = Said { columns: ("x", 1), named: &b, raw: r#"{"org":"c","title":"x","tlp":"AMBER","recipients":["b","a"],"note":"y"}"# };
        assert!(pushed.is_same(&back, &["title", "tlp"]) && !pushed.is_same(&back, &["title"]));
        for other in [Said { columns: ("x", 2), ..back }, Said { columns: ("x", 1), named: &b[..1], ..back }, Said { columns: ("x", 1), raw: "{}", ..back }] {
            assert!(!pushed.is_same(&other, &["title", "tlp"]), "{}", other.raw);
        }
    }
}
