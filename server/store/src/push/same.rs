//! Whether two JSON texts say the same: whatever the order of an object's fields, and spelling of a text, but digit by digit in numbers.

use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

/// Texts that are no JSON are the same where they are equal.
pub(super) fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim(), b.trim());
    if a == b {
        return true;
    }
    type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
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
    use super::same;

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
}
