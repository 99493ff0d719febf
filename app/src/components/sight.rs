//! Who sees what: what a list counts beside its rows, and who can see a record.

use super::{OrgLink, count, plural};
use domain::view::{Beside, Reach};
use leptos::prelude::*;

/// The heading of a list with its number, which may be more than can be counted.
#[must_use]
pub fn at_least(heading: String, beside: &Beside) -> String {
    if beside.partial { format!("At least {heading}") } else { heading }
}

/// What belongs to a list's number and is not among its rows, and what is in neither.
#[component]
pub fn BesideRows(
    #[prop(into)] beside: Signal<Beside>,
    /// The class of data in a sentence: "incidents".
    what: &'static str,
) -> impl IntoView {
    let body = move || {
        beside.with(|b| {
            let rows = b.counted.iter().map(|(org, n)| {
                view! { <li><OrgLink org=org.clone()/><b>{count(*n)}</b></li> }
            });
            let counted = (!b.counted.is_empty()).then(|| {
                view! {
                    <p>{format!("{} more, counted in the number above: their organisations share how many {what} they have, and not the {what} themselves.", count(b.number()))}</p>
                    <ul class="beside-counts">{rows.collect_view()}</ul>
                }
            });
            let totals = b.totals.clone().map(|text| view! { <p>{text}" It is in no number on this page."</p> });
            let unshared = (b.unshared > 0).then(|| {
                let orgs = plural(b.unshared.into(), "organisation does", "organisations do");
                view! { <p>{format!("{orgs} not share {what} with you, which does not mean zero.")}</p> }
            });
            let withdrawn = (b.withdrawn > 0).then(|| {
                let n = plural(b.withdrawn.into(), "critical incident that was open is", "critical incidents that were open are");
                view! { <p>{format!("{n} no longer shown to you, and may be open.")}</p> }
            });
            let any = counted.is_some() || withdrawn.is_some() || totals.is_some() || unshared.is_some();
            any.then(|| view! { <div class="beside quiet">{counted}{withdrawn}{totals}{unshared}</div> })
        })
    };
    view! { {body} }.into_any()
}

/// Who can see a record, and why.
#[component]
pub fn WhoSees(#[prop(into)] reach: Signal<Reach>) -> impl IntoView {
    let body = move || {
        reach.with(|r| {
            let orgs = r.seen_by.iter().map(|(org, why)| view! { <li><OrgLink org=org.clone()/><small class="quiet">{why.clone()}</small></li> });
            let list = match (r.own, r.seen_by.len() as u64) {
                (false, _) => None,
                (true, 0) => Some(view! { <p>"Nobody outside your organisation sees it now."</p> }.into_any()),
                (true, n) => Some(
                    view! {
                        <details class="data">
                            <summary>{plural(n, "other organisation sees", "other organisations see")}" it now, and why"</summary>
                            <ul class="plain-list who-sees">{orgs.collect_view()}</ul>
                        </details>
                    }
                    .into_any(),
                ),
            };
            view! { <p>{r.words.clone()}</p>{list} }
        })
    };
    view! { {body} }.into_any()
}
