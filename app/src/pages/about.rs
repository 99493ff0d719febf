//! `/about`: what the words on the pages mean.

use crate::components::*;
use leptos::prelude::*;

/// A word, what it means, and where to see it at work; empty: nowhere in particular.
type Word = (&'static str, &'static str, &'static str);

const POSTURE: [Word; 9] = [
    ("Posture", "How well an organisation is protected, as far as its metrics tell: a score from 0 to 100.", "/orgs"),
    (
        "Index",
        "The alliance's posture: the mean of its members' scores, each with its weight. It always stands with its coverage and its band.",
        "/about/scoring#worked",
    ),
    ("Band", "What the score could be if everything unknown were as bad, or as good, as it can be.", "/about/scoring#rules"),
    ("Coverage", "How much of what is expected was reported recently enough to count.", "/status#partners"),
    ("Metric", "Something measured and pushed regularly, such as the share of accounts with multi-factor authentication.", "/about/scoring#metrics"),
    ("Target, floor", "The value that earns a metric its 100 points, and the one that earns none.", "/about/scoring#metrics"),
    (
        "Domain",
        "One of the six functions of the NIST Cybersecurity Framework 2.0 that metrics are grouped by: Govern, Identify, Protect, Detect, Respond, Recover.",
        "/about/scoring#domains",
    ),
    (
        "Fresh, late, stale, silent",
        "How old an organisation's newest data is against the interval it is expected to push at. Stale and silent data leave the mean.",
        "/about/scoring#rules",
    ),
    ("Held", "A score that would have risen only because something bad stopped being reported; it stays where it was.", "/about/scoring#rules"),
];

const RECORDS: [Word; 8] = [
    ("Incident", "Something that happened at one organisation and that its people handle, with a severity, a status and revisions.", "/incidents"),
    ("Event", "One alert, detection or finding that an organisation shares. It may belong to an incident.", "/events"),
    ("Indicator", "A value that betrays an attack: an address, a domain, a URL, the hash of a file.", "/indicators"),
    ("Seen by several", "The same indicator was reported by more than one organisation.", "/indicators"),
    ("Push, receipt", "What an organisation's system sent at one moment, and the record of it: what was kept, what was refused and why.", "/receipts"),
    ("Snapshot", "A push that is the whole truth of its class at a moment: what it leaves out is closed.", "/docs/api"),
    ("Audit trail", "Who did what, in rows that are chained by hashes and signed, so that a change to the past shows.", "/status#evidence"),
    ("Checkpoint", "The signed hash of the newest row. Partners keep it, and can show later that the trail was cut or rewritten.", "/status#evidence"),
];

const SHARING: [Word; 8] = [
    ("Organisation", "A member of the alliance. Every person, key and record belongs to exactly one.", "/orgs"),
    (
        "Sharing rule",
        "What an organisation lets an audience see of one class of its data: nothing, a part of totals, numbers under its name, or every record.",
        "/admin/sharing",
    ),
    ("Sharing group", "Organisations that show each other more than everyone.", "/admin/groups"),
    (
        "TLP",
        "The Traffic Light Protocol 2.0: how far a single record may travel. RED: only those it names. AMBER+STRICT: those, within their own organisation. AMBER: the sharing groups. GREEN: the alliance. CLEAR: anyone.",
        "",
    ),
    ("Suppressed", "A total that would tell of single organisations, because too few contribute or one outweighs the others. It is not shown.", ""),
    ("At least, at most", "Part of what belongs to the number is not shared with you, so it is known from one side only.", ""),
    ("Second person", "Another administrator who has to approve what shows somebody more or gives somebody power.", "/admin/sharing"),
    ("Decision", "What the alliance settles by votes, one for each organisation.", "/decisions"),
];

/// The words, in three groups.
#[component]
pub fn AboutPage() -> impl IntoView {
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! {
        <Page title="Words" crumbs=crumbs>
            <PageHead title="What the words mean" tlp=Signal::stored(domain::Tlp::Clear)>
                <span>"How scores are made, with the sum worked through, is on a "<a href="/about/scoring">"page of its own"</a>"."</span>
            </PageHead>
            <Card title="Posture" id="posture"><Words words=&POSTURE/></Card>
            <Card title="Records" id="records"><Words words=&RECORDS/></Card>
            <Card title="Sharing and deciding" id="sharing"><Words words=&SHARING/></Card>
        </Page>
    }
}

#[component]
fn Words(words: &'static [Word]) -> impl IntoView {
    let word = |(word, meaning, place): &Word| {
        let see = (!place.is_empty()).then(|| view! { " "<a href=*place>"See it"<span class="sr">{format!(": {word}")}</span></a> });
        view! { <div><dt>{*word}</dt><dd>{*meaning}{see}</dd></div> }
    };
    view! { <dl class="rules">{words.iter().map(word).collect_view()}</dl> }
}
