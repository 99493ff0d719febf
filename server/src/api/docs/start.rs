//! The beginning of the page: a push that works as it stands, its answer, and the same from a file. And its end: the words for incidents.

use super::escape;
use crate::api::submit::Receipt;
use std::fmt::Write;
use uuid::Uuid;

/// A key, a command, its answer.
pub fn first_push(html: &mut String, base: &str) {
    html.push_str(
        "<section class=\"card\" id=\"first\"><h2>Your first push</h2><p>Make a key under <a href=\"/connect\">Connect</a> and take it into a variable. \
         This waits for you to paste it, and keeps it off the screen and out of the shell's history:</p>",
    );
    code(html, "Taking the key", "read -rs SHIELDWALL_KEY && export SHIELDWALL_KEY");
    html.push_str("<p>Then push one value. Which metrics there are, and their units: <a href=\"/about/scoring#metrics\">the catalogue</a>.</p>");
    code(
        html,
        "Pushing a value",
        &format!(
            "curl '{base}/api/v1/metrics' \\\n  -H \"Authorization: Bearer $SHIELDWALL_KEY\" \\\n  -H 'Content-Type: application/json' \\\n  -d @- <<END\n\
             {{\"items\": [{{\"metric\": \"mfa_coverage_pct\", \"value\": 93.5, \"unit\": \"percent\", \"observed_at\": \"$(date -u +%FT%TZ)\"}}]}}\nEND"
        ),
    );
    html.push_str("<p>The answer comes when the value is on disk: <a href=\"#receipt\">a receipt</a>.</p>");
    let receipt = Receipt {
        id: Uuid::from_u128(0x019d_e3a1_6c00_7000_8000_0000_0000_0001),
        status: "complete",
        request_timestamp: "2026-05-01T12:00:00.123456Z".to_owned(),
        total_count: 1,
        success_count: 1,
        failure_count: 0,
        pending_count: 0,
        failures: vec![],
        as_of: None,
        outdated_by: None,
        left_out: None,
        notes: vec![],
        audit_checkpoint: None,
    };
    code(html, "The answer", &serde_json::to_string_pretty(&receipt).unwrap_or_default());
    html.push_str("<p>With <code>?dry_run=true</code> after the address the answer is the same and nothing is kept.</p></section>");
}

/// `shieldwall push`, and how a CSV becomes items.
pub fn files(html: &mut String, base: &str) {
    html.push_str(
        "<section class=\"card\" id=\"files\"><h2>Files</h2><p>The hub's own program pushes files, with the same key from the same variable. It tries again where the network fails, \
         and nothing counts twice:</p>",
    );
    code(html, "Pushing a file", &format!("shieldwall push metrics posture.csv --url '{base}'"));
    html.push_str(
        "<p>JSON (<code>{\"items\": […]}</code> or the list alone), NDJSON, or CSV, in UTF-8, UTF-16 or Windows-1252. The head of a CSV names the fields below, in any case; commas, tabs or bars part \
         the cells, or semicolons. With semicolons, or where a number of the file has a decimal comma, <code>93,5</code> is 93.5. Comments (<code>#</code>) and <code>sep=;</code> may stand before the head; columns and rows with nothing in them are none. \
         The CSV files of this hub's lists, narrowed to your organisation, can be pushed as they are and change nothing: your rows have all fields. An empty cell, or one that \
         is missing at the end of a row, is a field left out, and a row of metrics without a value is not sent: unknown is not zero. A column <code>label.site</code> of metrics is the label <code>site</code>; \
         more columns of incidents and events become attributes, and <code>attributes</code> holds several in one JSON object; <code>recipients</code> are parted by blanks. A row whose \
         <code>org</code> names another organisation is said by its line, and nothing of its push is kept, as in a request. Numbers have no grouped thousands: <code>1,234.5</code> is refused, \
         and so is <code>1.234</code> where decimals have a comma; a count is a whole number.</p>\
         <p>With <code>--mode snapshot</code> the file is the whole truth of its class, as of now or of <code>--as-of</code>. Its receipt says what it ended (<code>left_out</code>), and that of a dry run what it would. A file without a row then needs <code>--empty-closes-everything</code>: \
         an export that failed looks the same. In a request <code>{\"items\": []}</code> is meant as it is written.</p></section>",
    );
}

/// What an incident can be.
pub fn classes(html: &mut String) {
    html.push_str(
        "<section class=\"card\" id=\"classes\"><h2>Classes of incidents</h2><p>ENISA's Reference Security Incident Taxonomy (RSIT): the class alone, or <code>class/entry</code>.</p>\
         <table><caption>RSIT</caption><thead><tr><th scope=\"col\">Class</th><th scope=\"col\">Entries</th></tr></thead><tbody>",
    );
    for class in &domain::rsit::CLASSES {
        let entries: Vec<String> = class.entries.iter().map(|(key, _)| format!("<code>{key}</code>")).collect();
        let _ = write!(html, "<tr><td><code>{}</code></td><td>{}</td></tr>", class.key, entries.join(" "));
    }
    html.push_str("</tbody></table></section>");
}

/// Text to copy; it scrolls sideways by itself, by keyboard too.
pub(super) fn code(html: &mut String, label: &str, text: &str) {
    let _ = write!(html, "<pre class=\"raw\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">{}</pre>", escape(text));
}
