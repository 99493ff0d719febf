//! `/orgs`: organisation × domain.

use super::{Looking, from_store, versions, words};
use app::api::Answer;
use domain::{DataClass, Level, catalogue::Domain, points, query::PageQuery, view::*};
use std::sync::Arc;

/// Rows on one page.
const ROWS: usize = 200;

/// The matrix, sorted and narrowed as the query asks.
///
/// # Errors
/// When the database cannot be read.
pub async fn organisations(l: &Looking, query: &PageQuery) -> Answer<Organisations> {
    let open = l.once("open incidents", "", &PageQuery::default(), versions!(l, incidents), async {
        l.reads().counts().open_by_org().await.map(Arc::new).map_err(from_store(l.now))
    });
    let open = open.await?;
    let wanted = store::fold(&query.q);
    let mut rows: Vec<OrgRow> = l
        .seen()
        .filter(|s| [&s.org.info.name, &s.org.info.slug, &s.org.info.sector].into_iter().any(|text| wanted.is_empty() || store::fold(text).contains(&wanted)))
        .map(|s| {
            let (o, total) = (s.org, &s.score.total);
            OrgRow {
                org: words::org_ref(o),
                sector: o.info.sector.clone(),
                standing: s.standing,
                freshness: s.freshness,
                seen: s.last_data,
                score: s.counted(),
                at_most: s.at_most(),
                hidden: words::hidden(l, o),
                last: total.last,
                change: points::change(total.value, s.month_ago(l).and_then(|then| then.value)),
                coverage: total.coverage,
                domains: s.score.domains.map(|d| d.value),
                open_incidents: (l.sight().level(o.info.id, DataClass::Incidents) >= Level::Summary).then(|| open.get(&o.info.id).copied().unwrap_or(0)),
                incidents_partial: o.is_partial(l.sight(), DataClass::Incidents),
            }
        })
        .collect();
    sort(&mut rows, &query.sort);
    let total = rows.len() as u32;
    let (unshared, totals_only) = (words::unshared(l), words::totals_only(l));
    let begin = query.cursor.parse::<usize>().unwrap_or(0).min(rows.len());
    let end = (begin + ROWS).min(rows.len());
    let next = (end < rows.len()).then(|| end.to_string());
    let (no_longer_shared, hidden) = (words::no_longer_shared(l), l.board.unnamed_to(l.viewer));
    Ok(Organisations {
        unshared,
        no_longer_shared,
        hidden,
        totals_only,
        as_of: l.now,
        policy_version: l.board.policy.version,
        rows: rows.drain(begin..end).collect(),
        total,
        next,
    })
}

/// By a column, with `-` in front for descending; unknown values last either way. Default: lowest score first.
fn sort(rows: &mut [OrgRow], by: &str) {
    let (column, down) = by.strip_prefix('-').map_or((by, false), |c| (c, true));
    match column {
        "name" => rows.sort_by_key(|r| r.org.name.to_lowercase()),
        "sector" => rows.sort_by(|a, b| a.sector.cmp(&b.sector).then_with(|| a.org.name.cmp(&b.org.name))),
        _ => {
            let key = |r: &OrgRow| match column {
                "change" => r.change,
                "incidents" => r.open_incidents.map(f64::from),
                "seen" => r.seen.map(|t| t.0 as f64),
                "coverage" => Some(r.coverage),
                "standing" => Some(f64::from(r.standing as u8)),
                _ => Domain::from_code(&column.to_uppercase()).map_or(r.score, |d| r.domains[d.index()]),
            };
            rows.sort_by(|a, b| match (key(a), key(b)) {
                (Some(x), Some(y)) => if down { y.total_cmp(&x) } else { x.total_cmp(&y) }.then_with(|| a.org.name.cmp(&b.org.name)),
                (None, None) => a.org.name.cmp(&b.org.name),
                (x, y) => x.is_none().cmp(&y.is_none()),
            });
            return;
        }
    }
    if down {
        rows.reverse();
    }
}
