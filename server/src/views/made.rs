//! What the hub made of a record, in a sentence beside what was pushed.

use domain::Timestamp;
use store::{EventDetail, IncidentDetail, IndicatorDetail};

pub fn incident(i: &IncidentDetail) -> String {
    let row = &i.row;
    let kept = format!(
        "The hub keeps it as {}, {}, TLP:{}, {}; opened {}",
        row.severity,
        row.status.label().to_lowercase(),
        row.tlp,
        row.class,
        row.opened_at.human()
    );
    let ended = row.closed_at.filter(|_| i.left_out_at.is_none()).map_or_else(String::new, |at| format!(", closed {}", at.human()));
    format!("{kept}{ended}.{}", left_out(i.left_out_at, "closed", "opens it again"))
}

pub fn event(e: &EventDetail) -> String {
    let kept = format!("The hub keeps it as {}, {}, TLP:{}; observed {}.", e.kind, e.severity, e.tlp, e.observed_at.human());
    kept + &left_out(e.left_out_at, "withdrawn", "brings it back")
}

pub fn indicator(i: &IndicatorDetail) -> String {
    let row = &i.row;
    let until = i.valid_until.map_or_else(String::new, |at| format!(", valid until {}", at.human()));
    let kept = format!(
        "The hub keeps it as {} {}, TLP:{}; first seen {}, last seen {}{until}.",
        row.kind,
        row.observed,
        row.tlp,
        row.first_seen.human(),
        row.last_seen.human()
    );
    kept + &left_out(i.left_out_at, "ended", "makes it active again")
}

fn left_out(at: Option<Timestamp>, ended: &str, lifts: &str) -> String {
    at.map_or_else(String::new, |at| format!(" It was {ended} by the snapshot taken {}, which left it out; a later push that names it {lifts}.", at.human()))
}
