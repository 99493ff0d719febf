//! Fields of a form that say what was typed, and beside it what is wrong with it. Numbers are text fields: a browser would empty one of type
//! number where it holds something else, and nothing that was typed may be lost.

use domain::catalogue::{Faults, Typed};
use leptos::prelude::*;

/// A form as it was filled in.
#[derive(Clone, Copy)]
pub struct Filled<'a> {
    pub typed: &'a Typed,
    pub faults: &'a Faults,
}

impl Filled<'_> {
    /// A line of text.
    #[must_use]
    pub fn text(self, name: &str, label: &str, hint: &str) -> AnyView {
        self.input(name, label, hint, "text")
    }

    /// A number.
    #[must_use]
    pub fn number(self, name: &str, label: &str, hint: &str) -> AnyView {
        self.input(name, label, hint, "decimal")
    }

    fn input(self, name: &str, label: &str, hint: &str, mode: &'static str) -> AnyView {
        let (id, value) = (name.to_owned(), self.typed.get(name).cloned().unwrap_or_default());
        let (wrong, described) = self.described(name, hint);
        let field = view! {
            <input id=id.clone() name=id value=value inputmode=mode class:short=mode == "decimal" autocomplete="off" spellcheck="false" maxlength="200"
                aria-invalid=wrong aria-describedby=described/>
        };
        self.around(name, label, hint, field.into_any())
    }

    /// One of several: value and words.
    #[must_use]
    pub fn choice(self, name: &str, label: &str, hint: &str, choices: impl IntoIterator<Item = (String, String)>) -> AnyView {
        let (id, chosen) = (name.to_owned(), self.typed.get(name).cloned().unwrap_or_default());
        let (wrong, described) = self.described(name, hint);
        let option = |(value, words): (String, String)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        };
        let options = choices.into_iter().map(option).collect_view();
        let field = view! { <select id=id.clone() name=id aria-invalid=wrong aria-describedby=described>{options}</select> };
        self.around(name, label, hint, field.into_any())
    }

    /// Whether a field is wrong, and where it is said what about it.
    fn described(self, name: &str, hint: &str) -> (Option<&'static str>, Option<String>) {
        let wrong = self.faults.contains_key(name);
        let said = [(wrong, "fault"), (!hint.is_empty(), "hint")];
        let ids: Vec<String> = said.into_iter().filter(|(is, _)| *is).map(|(_, what)| format!("{name}-{what}")).collect();
        (wrong.then_some("true"), (!ids.is_empty()).then(|| ids.join(" ")))
    }

    fn around(self, name: &str, label: &str, hint: &str, field: AnyView) -> AnyView {
        let hint = (!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{name}-hint")>{hint.to_owned()}</p> });
        view! {
            <div class="field">
                <label for=name.to_owned()>{label.to_owned()}</label>
                {field}
                {self.fault(name)}
                {hint}
            </div>
        }
        .into_any()
    }

    /// What is wrong with a field, for a form that lays its fields out itself.
    #[must_use]
    pub fn fault(self, name: &str) -> Option<AnyView> {
        let text = self.faults.get(name)?.clone();
        Some(view! { <p class="fault" id=format!("{name}-fault")><span aria-hidden="true">"✕ "</span>{text}</p> }.into_any())
    }

    /// A bare field in a table; its label is for those who listen.
    #[must_use]
    pub fn cell(self, name: &str, label: &str) -> AnyView {
        let (id, value) = (name.to_owned(), self.typed.get(name).cloned().unwrap_or_default());
        let (wrong, described) = self.described(name, "");
        view! {
            <input id=id.clone() name=id value=value inputmode="decimal" class="short" autocomplete="off" maxlength="200" aria-label=label.to_owned()
                aria-invalid=wrong aria-describedby=described/>
            {self.fault(name)}
        }
        .into_any()
    }

    /// Said first where anything is wrong: how much, with a way to each field.
    #[must_use]
    pub fn summary(self) -> Option<AnyView> {
        let n = self.faults.len() as u64;
        let link = |(field, text): (&String, &String)| view! { <li><a href=format!("#{field}")>{format!("{field}: {text}")}</a></li> };
        (n > 0).then(|| {
            let head = format!("Nothing was saved: {} wrong. What you typed is still there.", super::plural(n, "field is", "fields are"));
            view! { <div class="fault-summary" role="alert"><p><b>{head}</b></p><ul class="plain-list">{self.faults.iter().map(link).collect_view()}</ul></div> }.into_any()
        })
    }
}
