//! Items as bodies of pushes, none larger than a hub takes (1,000 items, 1 MiB).

use super::items::{Item, Items};
use anyhow::Context;
use serde_json::{Value, json, value::RawValue};
use store::What;

/// The most items of one push.
const ITEMS: usize = 1_000;
/// Bytes of one body; less than the limit, for the frame around the items.
const BYTES: usize = 1_000_000;

/// One push.
#[derive(Debug, PartialEq)]
pub struct Batch {
    pub body: Vec<u8>,
    /// Where in the file each item stands; the server counts from 0 within the batch.
    pub places: Vec<u64>,
}

/// Divides items into pushes, in their order.
///
/// # Errors
/// When indicator counts lack their window.
pub fn batches(what: What, items: Items) -> anyhow::Result<Vec<Batch>> {
    if what == What::IndicatorCounts {
        return counts(items);
    }
    let org = items.org.as_ref().map_or_else(String::new, |org| format!("\"org\":{},", org.get()));
    let mut out = Vec::new();
    let mut open: Vec<Item> = Vec::new();
    let mut bytes = 0;
    for item in items.items {
        let size = item.json.get().len() + 1;
        if open.len() == ITEMS || (bytes + size > BYTES && !open.is_empty()) {
            out.push(batch(&org, &open));
            open.clear();
            bytes = 0;
        }
        bytes += size;
        open.push(item);
    }
    if !open.is_empty() || out.is_empty() {
        out.push(batch(&org, &open));
    }
    Ok(out)
}

fn batch(org: &str, items: &[Item]) -> Batch {
    let list: Vec<&str> = items.iter().map(|i| i.json.get()).collect();
    Batch { body: format!("{{{org}\"items\":[{}]}}", list.join(",")).into_bytes(), places: items.iter().map(|i| i.place).collect() }
}

/// Counts go one window a push: a push replaces its window.
fn counts(items: Items) -> anyhow::Result<Vec<Batch>> {
    // Whose they are, if they say so, and the window.
    type Window = (Option<Value>, Value, Value);
    let mut windows: Vec<(Window, Vec<Value>, Vec<u64>)> = Vec::new();
    let mut out = Vec::new();
    for Item { place, json } in items.items {
        let mut value: Value = serde_json::from_str(json.get())?;
        let object = value.as_object_mut().with_context(|| format!("{} {place} is no object", items.unit))?;
        if let Some(list) = object.get("counts").and_then(Value::as_array) {
            // A whole body, as the API takes it.
            out.push(Batch { places: (1..=list.len() as u64).collect(), body: <Box<RawValue> as Into<Box<str>>>::into(json).into_string().into_bytes() });
            continue;
        }
        let org = object.remove("org");
        let mut take = |key| object.remove(key).with_context(|| format!("{} {place} has no {key}", items.unit));
        let window = (org, take("window_start")?, take("window_end")?);
        match windows.iter_mut().find(|(w, ..)| *w == window) {
            Some((_, list, places)) => {
                list.push(value);
                places.push(place);
            }
            None => windows.push((window, vec![value], vec![place])),
        }
    }
    if out.is_empty() && windows.is_empty() {
        // A whole truth of nothing has a window, too.
        windows.push(((None, json!("1970-01-01"), json!("1970-01-02")), vec![], vec![]));
    }
    for ((org, start, end), list, places) in windows {
        let mut body = json!({ "window_start": start, "window_end": end, "counts": list });
        if let Some(org) = org {
            body["org"] = org;
        }
        let body = serde_json::to_vec(&body)?;
        out.push(Batch { body, places });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::items::{Format, read};
    use super::*;

    fn divided(what: What, format: Format, text: &str) -> Vec<(String, Vec<u64>)> {
        let batches = batches(what, read(what, format, text).unwrap()).unwrap();
        batches.into_iter().map(|b| (String::from_utf8(b.body).unwrap(), b.places)).collect()
    }

    #[test]
    fn a_thousand_items_a_push() {
        let text = "{}\n".repeat(2_001);
        let places: Vec<_> = divided(What::Events, Format::Ndjson, &text).into_iter().map(|(_, p)| (p[0], p.len())).collect();
        assert_eq!(places, [(1, 1_000), (1_001, 1_000), (2_001, 1)]);
        assert_eq!(divided(What::Events, Format::Ndjson, ""), [("{\"items\":[]}".to_owned(), vec![])]);
    }

    #[test]
    fn whose_items_are_goes_with_them() {
        fn body(what: What, format: Format, text: &str) -> Vec<String> {
            divided(what, format, text).into_iter().map(|(body, _)| body).collect()
        }
        assert_eq!(body(What::Metrics, Format::Json, r#"{"org":"rail","items":[{"a":1.50}]}"#), [r#"{"org":"rail","items":[{"a":1.50}]}"#]);
        for (what, head, cells) in [
            (What::Metrics, "metric,value,observed_at", "hsts_pct,1,2026-01-02"),
            (What::Incidents, "external_id,title,severity", "a,b,low"),
            (What::Events, "external_id,title,severity,observed_at", "a,b,low,2026-01-02"),
            (What::Indicators, "type,value", "url,http://a.example/"),
            (What::IndicatorCounts, "window_start,window_end,type,tlp,severity,count", "2026-01-01,2026-01-08,url,GREEN,low,4"),
        ] {
            let sent = body(what, Format::Csv, &format!("{head},Org\n{cells},rail\n"));
            assert!(sent.len() == 1 && sent[0].contains(r#""org":"rail""#), "{what:?}: {sent:?}");
        }
        let counts = body(
            What::IndicatorCounts,
            Format::Csv,
            "window_start,window_end,type,tlp,severity,count,org\n2026-01-01,2026-01-08,url,GREEN,low,4,rail\n2026-01-01,2026-01-08,url,GREEN,low,4,\n",
        );
        assert_eq!(counts.len(), 2, "nobody's numbers stand under another's name");
        assert_eq!(body(What::IndicatorCounts, Format::Json, "[]"), [r#"{"counts":[],"window_end":"1970-01-02","window_start":"1970-01-01"}"#]);
    }

    #[test]
    fn large_items_make_small_pushes() {
        let text = format!("{{\"a\":\"{}\"}}\n", "x".repeat(400_000)).repeat(3);
        let sizes: Vec<_> = divided(What::Events, Format::Ndjson, &text).into_iter().map(|(_, p)| p.len()).collect();
        assert_eq!(sizes, [2, 1]);
    }

    #[test]
    fn counts_go_by_window() {
        let csv = "window_start,window_end,type,tlp,severity,count\n2026-01-01,2026-01-08,url,GREEN,low,4\n2026-01-08,2026-01-15,url,GREEN,low,5\n2026-01-01,2026-01-08,url,RED,low,1\n";
        let out = divided(What::IndicatorCounts, Format::Csv, csv);
        assert_eq!(out.iter().map(|(_, p)| p.clone()).collect::<Vec<_>>(), [vec![2, 4], vec![3]]);
        assert!(out[0].0.contains("\"window_start\":\"2026-01-01\"") && out[0].0.contains("\"count\":1"));
        let whole = r#"{"window_start":"2026-01-01","window_end":"2026-01-08","counts":[{},{}]}"#;
        assert_eq!(divided(What::IndicatorCounts, Format::Json, whole), [(whole.to_owned(), vec![1, 2])]);
    }
}
