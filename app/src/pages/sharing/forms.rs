//! Changing a rule: asking what it would do, seeing whom it shows what, saving it, agreeing to it.

use super::{level_words, title, words};
use crate::components::*;
use domain::{
    DataClass, Level,
    query::percent_encoded,
    view::{Disclosure, DisclosureRow, SharingRules, WaitingRow},
};
use leptos::prelude::*;

/// What stands first until the administrators have confirmed what the organisation shares. The form says what was seen, so that nothing else is confirmed.
#[component]
pub fn ConfirmCard(page: Signal<SharingRules>) -> impl IntoView {
    let (confirmed, may_change, rules, first) = page.with_untracked(|p| (p.confirmed, p.may_change, p.rules.clone(), p.first.clone()));
    if confirmed {
        return ().into_any();
    }
    let everyone = rules.first().map(|row| row.levels).unwrap_or_default();
    let line = move |class: DataClass| view! { <li>{title(class)}": "<b>{level_words(class, everyone[class])}</b></li> };
    let seen = move |class: DataClass| {
        let level = everyone[class].unwrap_or(Level::None);
        view! { <input type="hidden" name=class.name() value=level.name()/> }
    };
    // An only administrator confirms again, and is told when.
    let waits = first.as_ref().filter(|first| first.own).and_then(|first| first.alone_from);
    let end = if first.as_ref().is_some_and(|first| first.own) && waits.is_none() {
        view! { <p class="quiet">"You have confirmed this. A second administrator of your organisation must confirm it too."</p> }.into_any()
    } else if may_change {
        view! { <form class="inline-form" method="post" action="/admin/sharing/confirm">{DataClass::ALL.map(seen).collect_view()}<button class="primary">"Confirm and begin to share"</button></form> }
            .into_any()
    } else {
        view! { <p class="quiet">"Your organisation's administrators (role org_admin) confirm it."</p> }.into_any()
    };
    let first = first.filter(|first| !first.own).map(|first| {
        view! { <p>{first.by}" has confirmed this. If you confirm it too, sharing begins. The first confirmation holds until "<Time at=first.expires_at/>"."</p> }
    });
    let waits = waits.map(|at| {
        view! { <p>"You have confirmed this, and your organisation has no other administrator. Confirm it once more from "<Time at/>" on; sharing begins then."</p> }
    });
    view! {
        <Card title="Nothing is shared yet" id="confirm" class="disclosure">
            <p class="lead">"What your organisation pushes is seen by its own people only, until this is confirmed. Everyone in the alliance would then see:"</p>
            <ul class="plain-list">{DataClass::ALL.map(line).collect_view()}</ul>
            <p>"Change the rules below first, if that is not what you want. What you confirm stays as it is: if the alliance proposes a wider default later, it is offered to you and applies only if you accept. Two administrators confirm where your organisation has two."</p>
            {first}
            {waits}
            {end}
        </Card>
    }
    .into_any()
}

/// A default of the alliance that shows more than the organisation confirmed. It applies only if it is taken, as any rule that shows more.
#[component]
pub fn OfferCard(page: Signal<SharingRules>) -> impl IntoView {
    let (offers, may_change) = page.with_untracked(|p| (p.offers.clone(), p.may_change));
    if offers.is_empty() {
        return ().into_any();
    }
    let row = move |(class, now, offered): (DataClass, Level, Level)| {
        let preview = format!("/admin/sharing?class={}&audience=everyone&level={}#preview", class.name(), offered.name());
        let answer = may_change.then(|| {
            view! {
                <td>
                    <form class="inline-form" method="post" action="/admin/sharing">
                        <input type="hidden" name="class" value=class.name()/>
                        <input type="hidden" name="audience" value="everyone"/>
                        <input type="hidden" name="level" value=now.name()/>
                        <a class="button" href=preview>"Preview and accept"</a>
                        <button>"Keep as it is"</button>
                    </form>
                </td>
            }
        });
        view! { <tr><th scope="row">{title(class)}</th><td>{words(class, now)}</td><td><b>{words(class, offered)}</b></td>{answer}</tr> }
    };
    view! {
        <Card title="The alliance proposes a wider default" id="offers" class="disclosure">
            <p class="lead">"The alliance has adopted another default for what everyone sees. You confirmed less, and nothing has changed for you. Accepting shows everyone more, so a second administrator must agree."</p>
            <div class="scroll" tabindex="0" role="region" aria-label="What the default would show">
                <table class="sharing">
                    <caption class="sr">"What everyone sees now, and what the default would show"</caption>
                    <thead><tr><th scope="col">"Class"</th><th scope="col">"Everyone sees now"</th><th scope="col">"By the default"</th>{may_change.then(|| view! { <th scope="col"><span class="sr">"Answer"</span></th> })}</tr></thead>
                    <tbody>{offers.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </Card>
    }
    .into_any()
}

/// One form for each class. It only asks; the answer shows who would see what.
#[component]
pub fn ChangeCard(page: Signal<SharingRules>) -> impl IntoView {
    let (audiences, asked, now) = page.with_untracked(|p| {
        let everyone = p.rules.iter().find(|row| row.audience == "everyone").map(|row| row.levels);
        (p.audiences.clone(), p.disclosure.as_ref().map(|d| (d.class, d.change.audience.clone(), d.level)), everyone)
    });
    let form = move |class: DataClass| {
        let (whom, what) = (format!("whom-{}", class.name()), format!("what-{}", class.name()));
        // What is asked for, else what everyone sees now.
        let asked = asked.as_ref().filter(|asked| asked.0 == class);
        let chosen = asked.map_or_else(|| now.and_then(|levels| levels[class]), |asked| asked.2);
        let whom_asked = asked.map_or("everyone", |asked| asked.1.as_str()).to_owned();
        view! {
            <form class="inline-form rule-form" method="get" action="/admin/sharing">
                <input type="hidden" name="class" value=class.name()/>
                <b>{title(class)}</b>
                <label for=whom.clone()>"for"</label>
                <select id=whom name="audience">{audiences.iter().map(|(value, label)| view! { <option value=value.clone() selected=*value == whom_asked>{label.clone()}</option> }).collect_view()}</select>
                <label for=what.clone()>"shows"</label>
                <select id=what name="level">
                    {Level::ALL.map(|level| view! { <option value=level.name() selected=chosen == Some(level)>{words(class, level)}</option> }).collect_view()}
                    <option value="" selected=chosen.is_none()>"as the next wider audience"</option>
                </select>
                <button>"Preview"</button>
            </form>
        }
    };
    view! { <Card title="Change a rule" id="change">{DataClass::ALL.map(form).collect_view()}</Card> }.into_any()
}

/// Who would see what, before anything is saved.
#[component]
pub fn DisclosureCard(page: Signal<SharingRules>) -> impl IntoView {
    page.with_untracked(|p| p.disclosure.clone()).map(|d| view! { <Card title="Before you save" id="preview" class="disclosure"><Preview d/></Card> })
}

#[component]
fn Preview(d: Disclosure) -> impl IntoView {
    let orgs = plural(d.rows.len() as u64, "organisation", "organisations");
    let sentence = match (d.rows.is_empty(), d.widens) {
        (true, false) => "This changes nothing for anybody.".to_owned(),
        (true, true) => "Nobody sees anything else by it now, and whoever comes later would see more. A second administrator must agree.".to_owned(),
        (_, true) if d.rows.iter().all(|r| r.after > r.before || r.earlier) => {
            format!("{orgs} would see more than now. A second administrator must agree.")
        }
        (_, true) => format!("{orgs} would see other things than now, some of them more. A second administrator must agree."),
        (_, false) => format!("{orgs} would see less than now, at once."),
    };
    let class = d.class;
    let eyes = |slug: &str| {
        let c = &d.change;
        format!("/admin/sharing/as?org={slug}&class={}&audience={}&level={}", c.class, c.audience, c.level)
    };
    let row = |r: &DisclosureRow| {
        view! {
            <tr>
                <th scope="row"><a href=eyes(&r.org.slug)>{r.org.name.clone()}</a></th>
                <td>{words(class, r.before)}</td>
                <td><b>{words(class, r.after)}</b>{r.earlier.then_some(", also of what was handed in earlier")}</td>
            </tr>
        }
    };
    let table = (!d.rows.is_empty()).then(|| {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Who would see what">
                <table class="sharing">
                    <caption class="sr">"Who would see what"</caption>
                    <thead><tr><th scope="col">"Organisation"</th><th scope="col">"Sees now"</th><th scope="col">"Would see"</th></tr></thead>
                    <tbody>{d.rows.iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
    });
    let exports = (!d.exports.is_empty()).then(|| {
        let line = |(org, file, at): &(domain::view::OrgRef, String, domain::Timestamp)| view! { <li>{org.name.clone()}": "<code>{file.clone()}</code>" "<Time at=*at/></li> };
        view! { <div class="examples exports"><p>"What was taken away before stays there; files of them that may hold your rows:"</p><ul class="plain-list">{d.exports.iter().map(line).collect_view()}</ul></div> }
    });
    let examples = (!d.examples.is_empty() && !d.rows.is_empty()).then(|| {
        view! { <div class="examples"><p>"This is about rows such as:"</p><ul class="plain-list">{d.examples.iter().map(|text| view! { <li>{text.clone()}</li> }).collect_view()}</ul></div> }
    });
    view! {
        <p class="lead">{title(class)}" for "{d.audience.clone()}": "<b>{level_words(class, d.level)}</b>". "{sentence}</p>
        {table}
        {(!d.rows.is_empty()).then(|| view! { <p class="quiet">"Choose an organisation to see your data with its eyes, as they would then be."</p> })}
        {examples}
        {exports}
        <form class="inline-form" method="post" action="/admin/sharing">
            <input type="hidden" name="class" value=d.change.class.clone()/>
            <input type="hidden" name="audience" value=d.change.audience.clone()/>
            <input type="hidden" name="level" value=d.change.level.clone()/>
            <button class="primary">{if d.widens { "Propose" } else { "Save" }}</button>
            <a class="button" href="/admin/sharing">"Leave it as it is"</a>
        </form>
    }
    .into_any()
}

/// Changes that wait for a second administrator.
#[component]
pub fn WaitingCard(page: Signal<SharingRules>) -> impl IntoView {
    let (waiting, may_change) = page.with_untracked(|p| (p.waiting.clone(), p.may_change));
    let waits = |w: WaitingRow| {
        let what = format!("{} for {}: now {}, then {}", title(w.class), w.audience, level_words(w.class, w.now), level_words(w.class, w.level));
        let asked = [("class", &w.asked.class), ("audience", &w.asked.audience), ("level", &w.asked.level)];
        let asked = asked.map(|(key, value)| format!("{key}={}", percent_encoded(value))).join("&");
        Waiting { id: w.id, what, details: vec![], preview: format!("/admin/sharing?{asked}#preview"), by: w.by, own: w.own, expires_at: w.expires_at }
    };
    view! { <SecondPerson waiting=waiting.into_iter().map(waits).collect() forms="/admin/sharing" may_change/> }
}
