//! Whose indicators are compared with the organisation's own, and keyed hashes.

use crate::components::*;
use domain::{
    aggregate::LEAST,
    view::{OrgRef, SharingRules},
};
use leptos::prelude::*;

/// Who compares indicators with the own ones, and how much.
#[component]
pub fn ComparedCard(page: Signal<SharingRules>) -> impl IntoView {
    let compared = page.with_untracked(|p| p.compared.clone());
    if compared.by.is_empty() {
        return ().into_any();
    }
    let line = |(org, n): (OrgRef, Option<u64>)| {
        let number = match n {
            Some(0) => "no new ones in seven days".to_owned(),
            Some(n) => format!("{} in seven days", plural(n, "new one", "new ones")),
            None => "does not show you how many it reports".to_owned(),
        };
        view! { <li>{org.name}<small class="quiet">": "{number}</small></li> }
    };
    let together = match compared.together {
        Some(0) => "Together they compared fewer than 100 new indicators in the seven days before today.".to_owned(),
        Some(n) => format!("Together they compared about {} new indicators in the seven days before today.", count(n)),
        None => format!("How many they compared is shown from {LEAST} organisations on, so that it tells of none of them."),
    };
    let per_day = count(compared.per_day);
    view! {
        <Card title="Compared with your indicators" id="compared">
            <p>{format!("You show these organisations none of your indicators individually. They are told when {LEAST} or more organisations reported the same as they did, and yours may be one of those. They are never told which.")}</p>
            <ul class="plain-list">{compared.by.into_iter().map(line).collect_view()}</ul>
            <p class="quiet">{together}" Each may compare "{per_day}" new ones a day."</p>
        </Card>
    }
    .into_any()
}

/// Taking part with keyed hashes.
#[component]
pub fn HashesCard(page: Signal<SharingRules>) -> impl IntoView {
    let (since, may_change) = page.with_untracked(|p| (p.hashes_since, p.may_change));
    let state = match since {
        Some(at) => view! { <p>"Taking part since "<Time at/>"."</p> }.into_any(),
        None => view! { <p>"Your organisation does not take part, and its API keys are not given the alliance's key."</p> }.into_any(),
    };
    let (value, word) = if since.is_some() { ("no", "Stop taking part") } else { ("yes", "Take part") };
    let form = may_change.then(|| {
        view! { <form class="inline-form" method="post" action="/admin/sharing/hashes"><input type="hidden" name="takes_part" value=value/><button>{word}</button></form> }
    });
    view! {
        <Card title="Keyed hashes" id="hashes" href="/docs/api#alliance_key" more="how to hash">
            <p>"Organisations that take part can push indicators as keyed hashes, without their values, and are given the alliance's key for it. Whoever has the key can try out likely values, so it is given to no others."</p>
            {state}
            {form}
        </Card>
    }
    .into_any()
}
