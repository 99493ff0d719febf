//! Indicators on their way out: keyed hashes in place of the values.

use super::items::{Item, Items};
use anyhow::{Context, anyhow, bail};
use domain::indicator::IndicatorType;
use serde_json::{Map, Value, value::RawValue};
use store::NumberedKey;

/// Puts the keyed hash of each value in its place. What is hashed already passes as it is.
///
/// # Errors
/// Names the place of an item whose value cannot be hashed: sent as it stands, it would tell the value.
pub fn hash(read: &mut Items, key: &NumberedKey) -> anyhow::Result<()> {
    let unit = read.unit;
    for Item { place, json } in &mut read.items {
        *json = hashed(json, key).with_context(|| format!("{unit} {place}"))?;
    }
    Ok(())
}

fn hashed(json: &RawValue, key: &NumberedKey) -> anyhow::Result<Box<RawValue>> {
    let item = in_place(serde_json::from_str(json.get()).map_err(|_| anyhow!("an indicator must be a JSON object"))?, key)?;
    Ok(serde_json::value::to_raw_value(&item)?)
}

/// An item with the keyed hash in place of its value.
///
/// # Errors
/// As [`hash`].
pub(crate) fn in_place(mut item: Map<String, Value>, key: &NumberedKey) -> anyhow::Result<Map<String, Value>> {
    // What is not set is not there, however that is written.
    item.retain(|_, value| !value.is_null() && value.as_str().is_none_or(domain::text::is_visible));
    if !item.contains_key("value") && !item.contains_key("hmac") {
        bail!("an indicator without a value");
    }
    if let Some(value) = item.remove("value") {
        let kind = item.get("type").and_then(Value::as_str).context("an indicator without a type")?;
        let kind: IndicatorType = kind.parse().map_err(|e| anyhow!("type {e}"))?;
        let value = value.as_str().context("value must be a text")?;
        let one = kind.canonical(value).map_err(|e| anyhow!("value {e}"))?;
        item.insert("type".to_owned(), one.kind.name().into());
        item.insert("hmac".to_owned(), key.key.hmac(one.kind, &one.value).into());
        item.insert("hmac_key".to_owned(), key.no.into());
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::{super::items, *};
    use store::{AllianceKey, What};

    fn key() -> NumberedKey {
        NumberedKey { no: 3, key: AllianceKey::from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap() }
    }

    #[test]
    fn no_value_is_left() {
        let text = "type,value,tlp\ndomain-name,Login.Example.NET.,GREEN\nfile-md5,D41D8CD98F00B204E9800998ECF8427E,\n";
        let mut read = items::read(What::Indicators, items::Format::Csv, text).unwrap();
        hash(&mut read, &key()).unwrap();
        let sent: Vec<&str> = read.items.iter().map(|i| i.json.get()).collect();
        assert_eq!(sent[0], r#"{"hmac":"11c2278bf6fa39a33ee262ac02c1dd9b90090472ce07acb51bc3ead821488bc3","hmac_key":3,"tlp":"GREEN","type":"domain-name"}"#);
        assert!(sent.iter().all(|json| !json.to_lowercase().contains("example") && !json.to_lowercase().contains("d41d8")), "{sent:?}");
    }

    #[test]
    fn what_cannot_be_hashed_is_not_sent() {
        for (text, said) in [
            (r#"[{"type":"ipv4-addr","value":"10.0.0.1"},{"type":"ipv4-addr","value":"secret"}]"#, "item 2: value is not an IP address"),
            (r#"[{"type":"colour","value":"secret"}]"#, "item 1: type must be one of"),
            (r#"[{"type":"url","Value":"secret"}]"#, "item 1: an indicator without a value"),
            (r#"[{"value":"secret"}]"#, "item 1: an indicator without a type"),
            (r#"[{"type":"other","value":["secret"]}]"#, "item 1: value must be a text"),
        ] {
            let mut read = items::read(What::Indicators, items::Format::Json, text).unwrap();
            let error = format!("{:#}", hash(&mut read, &key()).unwrap_err());
            assert!(error.starts_with(said) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_file_of_hashes_passes() {
        let text = format!("type,hmac\nurl,{}\n", "a".repeat(64));
        let mut read = items::read(What::Indicators, items::Format::Csv, &text).unwrap();
        hash(&mut read, &key()).unwrap();
        assert!(read.items[0].json.get().contains(&"a".repeat(64)));
    }
}
