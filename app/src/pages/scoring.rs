//! `/about/scoring`: how scores are made, the policy in force, and the collective score worked through, so that anybody
//! can do the sum again.

mod policy;
mod worked;

use crate::{api::pages, components::*};
use domain::view::Scoring;
use leptos::prelude::*;
use policy::{DomainTable, MetricTables, Thresholds};
use worked::WorkedExample;

/// The rules and the sum.
#[component]
pub fn ScoringPage() -> impl IntoView {
    let data = async move { pages().scoring().await };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="How scores are made" crumbs=crumbs>{loaded(data, |page| view! { <Rules page/> })}</Page> }
}

#[component]
fn Rules(page: Signal<Scoring>) -> impl IntoView {
    let version = move || page.with(|p| p.policy.version);
    view! {
        <Live topics="posture: incidents:"/>
        <PageHead title="How scores are made">
            <span>"Policy " {version}" is in force. Every score names the policy it was made with, and can be made again from what is stored."</span>
        </PageHead>
        <nav class="contents" aria-label="On this page">
            <a href="#worked">"The index, worked through"</a>
            <a href="#rules">"Rules"</a>
            <a href="#domains">"Domains"</a>
            <a href="#metrics">"Metrics"</a>
        </nav>
        <WorkedExample page/>
        <Card title="The rules" id="rules"><RuleList page/></Card>
        <div class="halves even">
            <Card title="Thresholds and caps"><Thresholds page/></Card>
            <Card title="Domains" id="domains"><DomainTable page/></Card>
        </div>
        <MetricTables page/>
        <PageFoot as_of=Signal::derive(move || page.with(|p| p.as_of))/>
    }
}

/// The rules in plain words, from the single value up.
#[component]
fn RuleList(page: Signal<Scoring>) -> impl IntoView {
    let example = move || {
        page.with(|p| {
            // A value halfway shows the rule best.
            p.policy.metrics.iter().find(|m| m.unit == "percent").map(|m| {
                let middle = ((m.floor + m.target) / 2.0).round();
                let score = domain::scoring::metric_score(m, middle);
                format!(
                    "Example: {} has its floor at {} and its target at {}. A value of {} earns {} points.",
                    m.title,
                    m.format(m.floor),
                    m.format(m.target),
                    m.format(middle),
                    points(score)
                )
            })
        })
    };
    let cap = move || page.with(|p| points(p.policy.critical_cap));
    view! {
        <dl class="rules">
            <div><dt>"Value"</dt><dd>"A metric's value is the one that is pushed without labels. Values with labels are parts of it, shown beneath it. Where there are only parts, it is their mean, weighted by the label "<code>"assets"</code>" if all carry it."</dd></div>
            <div><dt>"Metric"</dt><dd>"The target earns 100 points and the floor none; between them points rise in a straight line, beyond them nothing is added or taken. Where less is better, the target lies below the floor and the rule is the same. " {example}</dd></div>
            <div><dt>"Domain"</dt><dd>"The mean of its current metric scores, each with the weight of its metric."</dd></div>
            <div><dt>"Organisation"</dt><dd>"The mean of its domain scores, each with the weight of its domain. While a critical incident is open, the score is at most " {cap}"."</dd></div>
            <div><dt>"Collective"</dt><dd>"The mean of the organisations, each with its weight. It never stands alone: the coverage, the three weakest and the band stand beside it."</dd></div>
            <div><dt>"Unknown"</dt><dd>"A value that is missing, stale or worse is neither 0 nor 100. It leaves the mean, lowers the coverage, and widens the band: from what the score would be with everything unknown at 0 to what it would be at 100."</dd></div>
            <div><dt>"Held by silence"</dt><dd>"Silence never improves anything. If a bad value simply left the mean, the mean would rise; so a score is the lowest of what the current values say and what they said before the silent ones dropped out, one after the other. Such a score is called held. For the index this means: a silent organisation whose last score lies below the mean stays in the sum with that score."</dd></div>
        </dl>
        <h3 class="sub">"When is a value current? Its age against the push interval I that the organisation is expected to keep:"</h3>
        <div class="scroll" tabindex="0" role="region" aria-label="Freshness">
            <table class="narrow-table">
                <caption class="sr">"Freshness"</caption>
                <thead><tr><th scope="col">"State"</th><th scope="col">"Age"</th><th scope="col">"In the mean"</th></tr></thead>
                <tbody>
                    <tr><th scope="row">"Fresh"</th><td>"up to 1 I"</td><td>"yes"</td></tr>
                    <tr><th scope="row">"Late"</th><td>"up to 2 I"</td><td>"yes"</td></tr>
                    <tr><th scope="row">"Stale"</th><td>"more than 2 I"</td><td>"no"</td></tr>
                    <tr><th scope="row">"Silent"</th><td>"more than 24 h and more than 4 I"</td><td>"no"</td></tr>
                    <tr><th scope="row">"Never"</th><td>"nothing was ever received"</td><td>"no"</td></tr>
                </tbody>
            </table>
        </div>
        <p class="card-end">"Between two moments the change of a score splits exactly into named causes, and the parts add up to the whole: they stand on each organisation's page."</p>
    }
}
