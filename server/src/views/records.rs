//! `/events/:id`, `/receipts`, `/receipts/:id`

use super::{
    Looking, failed, from_store, made,
    reach::{orgs, reach},
    words,
};
use crate::{api::notes, json_text};
use app::api::Answer;
use domain::{DataClass, Tlp, query::PageQuery, sharing::Marked, view::*};
use serde::de::IgnoredAny;
use store::What;

/// Bytes of a payload that a page shows.
const SHOWN: usize = 256 << 10;

/// One security event.
///
/// # Errors
/// [`Refusal::NotFound`] for absent and unshared events alike.
pub async fn event(l: &Looking, id: &str) -> Answer<Event> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let e = l.reads().event(id).await.map_err(from_store(l.now))?.ok_or(Refusal::NotFound)?;
    let own = e.owner == l.viewer.org;
    // The incident's own name may be marked for fewer eyes than the event.
    let raw = if e.incident.is_none() && !own { json_text::without(&e.raw, "incident") } else { e.raw.clone() };
    let named = orgs(l, &e.recipients);
    let marked = Marked { tlp: e.tlp, recipients: &named, received_at: e.first_received_at };
    let made = made::event(&e);
    Ok(Event {
        highest_tlp: e.incident.iter().map(|(_, _, tlp)| *tlp).chain([e.tlp]).max().unwrap_or_default(),
        id: e.id.to_string(),
        external_id: e.external_id,
        title: e.title,
        kind: e.kind,
        severity: e.severity,
        tlp: e.tlp,
        observed_at: e.observed_at,
        received_at: e.received_at,
        reach: reach(l, DataClass::Events, (e.owner, &e.org.name), &marked, &e.recipients),
        incident: e.incident.map(|(id, title, _)| (id.to_string(), title)),
        receipt: e.receipt.filter(|_| own).map(|r| r.to_string()).unwrap_or_default(),
        key: e.key,
        raw: json_text::pretty(&raw),
        made,
        org: e.org,
    })
}

/// The push log.
///
/// # Errors
/// [`Refusal::NotFound`] for an organisation that is absent.
pub async fn pushes(l: &Looking, q: &PageQuery) -> Answer<Pushes> {
    let org = if q.org.is_empty() { None } else { Some(l.board.by_slug(&q.org).ok_or(Refusal::NotFound)?) };
    let page = l.reads().pushes(org.map(|o| o.info.id), q.kind.parse().ok(), &q.cursor, usize::MAX).await.map_err(from_store(l.now))?;
    Ok(Pushes { as_of: l.now, org: org.map(|o| words::org_ref(o)), rows: page.rows, next: page.next })
}

/// One receipt.
///
/// # Errors
/// [`Refusal::NotFound`] for absent and unshared receipts alike.
pub async fn receipt(l: &Looking, id: &str) -> Answer<Receipt> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let r = l.reads().receipt(id).await.map_err(from_store(l.now))?.ok_or(Refusal::NotFound)?;
    let payload = match r.payload {
        // With another role it would be there.
        _ if !l.viewer.role.reads_raw() && (r.owner == l.viewer.org || (r.what.class() == DataClass::Posture && r.row.kept == r.row.total)) => {
            Payload::NotYourRole
        }
        _ if !l.viewer.sees_payload(r.owner, r.what.class()) || (r.owner != l.viewer.org && r.row.kept < r.row.total) => Payload::NotShared,
        None => Payload::Expired,
        Some(body) => Payload::Shown(readable(&body).map_err(failed)?),
    };
    let highest_tlp = match &payload {
        Payload::Shown(text) => highest_tlp(text),
        _ => Tlp::default(),
    };
    let mut notes = match &payload {
        Payload::Shown(text) => notes::of(r.what, text.as_bytes()),
        _ => vec![],
    };
    notes.extend(r.as_of.map(|at| match r.outdated_by {
        None => format!("The whole truth as of {}: what it leaves out, and no later push names, has ended.", at.human()),
        Some(by) => format!("It changed nothing: it was taken {}, and a snapshot taken {} had been applied before it came.", at.human(), by.human()),
    }));
    notes.extend(r.left_out.and_then(|left_out| left_out.words("ended")).map(|said| format!("{said}.")));
    let slug = &r.row.org.slug;
    let href = match r.what {
        What::Metrics | What::IndicatorCounts => format!("/orgs/{slug}"),
        What::Incidents => format!("/incidents?org={slug}&status=any&sort=-updated"),
        What::Events => format!("/events?org={slug}"),
        What::Indicators => format!("/indicators?org={slug}"),
    };
    // An empty snapshot refuses nothing, and has ended something.
    let brought_nothing = r.row.outdated || (r.row.kept == 0 && r.row.failed > 0);
    let href = if brought_nothing { String::new() } else { href };
    Ok(Receipt {
        class: r.what.class(),
        status: if r.row.kept == 0 && r.row.failed > 0 { "refused".into() } else { "complete".into() },
        failures: r.failures.into_iter().map(|f| ReceiptFailure { index: f.index, pointer: f.pointer, code: f.code, detail: f.detail }).collect(),
        bytes: r.bytes,
        sha256: r.sha256.iter().map(|b| format!("{b:02x}")).collect(),
        request: (r.owner == l.viewer.org).then_some(SentRequest { user_agent: r.user_agent, idempotency_key: r.idempotency_key }),
        payload,
        notes,
        highest_tlp,
        href,
        row: r.row,
    })
}

/// The narrowest marking of what was pushed: what does not say is AMBER+STRICT.
fn highest_tlp(payload: &str) -> Tlp {
    let words = payload.split("\"tlp\"").skip(1).filter_map(|rest| rest.split('"').nth(1)?.parse::<Tlp>().ok());
    words.chain([Tlp::default()]).max().unwrap_or_default()
}

/// A stored payload, pretty-printed where it is one JSON document, cut where it is very long.
fn readable(body: &[u8]) -> anyhow::Result<String> {
    let bytes = zstd::bulk::decompress(body, crate::api::MAX_INFLATED)?;
    // As it was read when it came: a byte order mark or UTF-16 hides no word of it.
    let text = crate::encoding::text(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes));
    let mut text = if serde_json::from_str::<IgnoredAny>(&text).is_ok() { json_text::pretty(&text) } else { text.into_owned() };
    if text.len() > SHOWN {
        let mut end = SHOWN;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("\n…");
    }
    Ok(text)
}
