//! One page: its title, where it stands, its main landmark.

use super::{TlpBadge, kept, use_page_query};
use domain::Tlp;
use leptos::prelude::*;
use leptos_meta::Title;

/// The `<main>` of a page. The page's own view brings the one `<h1>`. A page whose name comes with its data puts a [`Trail`] into the
/// loaded view: what is read outside of it would be rendered before the data is there.
#[component]
pub fn Page(
    /// The document's title; the product's name is added.
    #[prop(into)]
    title: Signal<String>,
    /// The way here, without the page itself: label and path.
    #[prop(optional, into)]
    crumbs: Vec<(String, String)>,
    children: Children,
) -> impl IntoView {
    let trail = if crumbs.is_empty() { view! { <Title text=title.get_untracked()/> }.into_any() } else { view! { <Trail title crumbs/> }.into_any() };
    view! {
        <main id="main" tabindex="-1">
            {trail}
            {children()}
        </main>
    }
    .into_any()
}

/// The document's title and the breadcrumbs, which keep the query's range and zone. The title is given as text, not as a signal: it is
/// written with the document's head, when the signals of what was loaded may be gone.
#[component]
pub fn Trail(
    /// The page's name: the last crumb.
    #[prop(into)]
    title: Signal<String>,
    /// The way here, without the page itself: label and path.
    #[prop(into)]
    crumbs: Signal<Vec<(String, String)>>,
) -> impl IntoView {
    let query = use_page_query();
    // Back to the list that a record stands in, as it was narrowed there.
    let here = super::use_path();
    let way = move |path: &str| {
        let record = |rest: &str| rest.strip_prefix('/').is_some_and(|id| !id.contains('/'));
        let list = path.rfind('/') == Some(0) && here.with(|here| here.strip_prefix(path).is_some_and(record));
        if list { super::with_filters(query, path) } else { kept(query, path) }
    };
    let steps = move || crumbs.get().into_iter().map(|(label, path)| view! { <li><a href=way(&path)>{label}</a></li> }).collect_view();
    view! {
        <Title text=title.get_untracked()/>
        <nav class="crumbs" aria-label="Breadcrumbs"><ol>{steps}<li aria-current="page">{title}</li></ol></nav>
    }
    .into_any()
}

/// The head of a page below the overview: its `<h1>`, a line of facts, and how far the page may travel.
#[component]
pub fn PageHead(
    /// The `<h1>`.
    #[prop(into)]
    title: Signal<String>,
    /// The narrowest marking of anything on the page. What is unmarked, as posture, rules and people are, is AMBER+STRICT.
    #[prop(default = Signal::stored(Tlp::default()), into)]
    tlp: Signal<Tlp>,
    /// Facts and marks under the heading.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="page-head">
            <div>
                <h1>{title}</h1>
                {children.map(|children| view! { <div class="facts">{children()}</div> })}
            </div>
            {move || view! { <TlpBadge tlp=tlp.get()/> }}
        </header>
    }
    .into_any()
}

/// The line that ends a page of live numbers: the moment, the way they are made, and the same rows as CSV.
#[component]
pub fn PageFoot(
    /// The moment the page stands for.
    #[prop(into)]
    as_of: Signal<domain::Timestamp>,
    /// The scoring policy's version, where scores are shown.
    #[prop(optional, into)]
    policy: Signal<Option<u32>>,
    /// The path of the CSV; the page's query is added. Empty: none.
    #[prop(optional, into)]
    csv: Signal<String>,
    /// What the list counts and the file lacks, in words.
    #[prop(optional, into)]
    csv_lacks: String,
) -> impl IntoView {
    let query = use_page_query();
    view! {
        <p class="page-foot">
            <span>"As of " {move || view! { <super::Time at=as_of.get() seconds=true/> }}</span>
            {move || policy.get().map(|version| view! { <a href=kept(query, "/about/scoring")>{format!("How computed (policy {version})")}</a> })}
            {move || {
                let csv = csv.get();
                let lacks = (!csv_lacks.is_empty()).then(|| view! { " "<span class="quiet">{csv_lacks.clone()}</span> });
                (!csv.is_empty()).then(|| view! { <span><a href=query.with(|q| q.whole().href(&csv)) download="">"CSV"</a>{lacks}</span> })
            }}
        </p>
    }
    .into_any()
}
