//! The commands to paste, and the button that copies them.

use crate::components::*;
use domain::view::Connect;
use leptos::prelude::*;

/// The push as a ready command, and the same as a dry run.
#[component]
pub fn Commands(page: Signal<Connect>) -> impl IntoView {
    // Taken once: a command must not change while the reader copies it, and the key is in the first answer only.
    let (real, dry, file, has_key) = page.with_untracked(|p| (command(p, false), command(p, true), from_file(p), p.new_key.is_some()));
    let hint = if has_key {
        view! { <p>"This command works as it stands: it holds your new key, and pushes one value."</p> }.into_any()
    } else {
        view! { <p>"Put your key into a variable first; this waits for you to paste it and shows it nowhere: "<code>{TAKE_KEY}</code>". Then push one value:"</p> }.into_any()
    };
    view! {
        {hint}
        <Command label="Command for the first push" text=real/>
        <details class="data">
            <summary>"Try it first without keeping anything (dry run)"</summary>
            <p class="quiet">"The answer is the one of a real push; nothing is stored and nothing is shown."</p>
            <Command label="Command for a dry run" text=dry/>
        </details>
        <details class="data">
            <summary>"Push a file (CSV, JSON, NDJSON)"</summary>
            <p class="quiet">"The same program as the hub, with the same key; it tries again where the network fails, and nothing counts twice. The first part waits for the key, so that it stays out of your shell's history. A CSV begins with "<code>"metric,value,unit,observed_at"</code>"."</p>
            <Command label="Command for a file" text=file/>
        </details>
    }
}

/// Takes a key from the terminal into the environment of what is started from there, past the screen and the history.
const TAKE_KEY: &str = "read -rs SHIELDWALL_KEY && export SHIELDWALL_KEY";

/// The command for a file. In one line: a second line in the clipboard would be taken for the key.
fn from_file(page: &Connect) -> String {
    format!("{TAKE_KEY} && shieldwall push metrics posture.csv --url '{}'", base(page))
}

/// The hub's address for use between single quotes.
fn base(page: &Connect) -> String {
    page.base_url.trim_end_matches('/').replace('\'', "%27")
}

/// The command for a POSIX shell.
fn command(page: &Connect, dry_run: bool) -> String {
    // A key of our own alphabet needs no escaping; the variable needs quotes that let it through.
    let key = match &page.new_key {
        Some(key) => format!("'Authorization: Bearer {key}'"),
        None => "\"Authorization: Bearer $SHIELDWALL_KEY\"".to_owned(),
    };
    let base = base(page);
    let (metric, value) = &page.example;
    let at = page.now.rfc3339();
    let query = if dry_run { "?dry_run=true" } else { "" };
    format!(
        "curl '{base}/api/v1/metrics{query}' \\\n  -H {key} \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"items\": [{{\"metric\": \"{metric}\", \"value\": {value}, \"observed_at\": \"{at}\"}}]}}'"
    )
}

/// A command with its copy button; without WASM the text can be selected as any other.
#[component]
pub fn Command(label: &'static str, text: String) -> impl IntoView {
    view! {
        <div class="command">
            <Raw label text=Signal::stored(text)/>
            <button type="button" class="copy" data-copy="" data-client="" hidden=""><Icon name="copy"/>" "<span aria-live="polite">"Copy"</span></button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Timestamp, view::OrgRef};

    #[test]
    fn the_command_is_ready_for_a_shell() {
        let mut page = Connect {
            org: OrgRef { slug: "halden-grid".into(), name: "Halden Grid".into() },
            base_url: "https://hub.example/".into(),
            may_create: true,
            confirmed: true,
            new_key: Some("swk_abc".into()),
            keys: Vec::new(),
            quotas: vec![],
            pushes: Vec::new(),
            example: ("mfa_coverage_pct".into(), 91.5),
            now: Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
        };
        let text = command(&page, false);
        assert!(text.starts_with("curl 'https://hub.example/api/v1/metrics' \\\n"), "{text}");
        assert!(text.contains("-H 'Authorization: Bearer swk_abc'"), "{text}");
        assert!(text.ends_with(r#"-d '{"items": [{"metric": "mfa_coverage_pct", "value": 91.5, "observed_at": "2026-05-01T12:00:00Z"}]}'"#), "{text}");
        page.new_key = None;
        let text = command(&page, true);
        // Double quotes, or the shell would send the variable's name.
        assert!(text.contains("-H \"Authorization: Bearer $SHIELDWALL_KEY\""), "{text}");
        assert!(text.contains("/metrics?dry_run=true'"), "{text}");
        let text = from_file(&page);
        assert!(text.contains("&& export SHIELDWALL_KEY &&") && text.ends_with("--url 'https://hub.example'") && !text.contains('\n'), "{text}");
    }
}
