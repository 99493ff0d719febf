//! What demo incidents, events and indicators are called. Names of hosts and addresses are those set aside for examples
//! (RFC 2606, RFC 5737, RFC 3849), so that none of them is anybody's.

use super::chance::{normal, pick, weighted};
use domain::{Severity, Timestamp, Tlp};
use rand::{RngExt, rngs::StdRng};

/// One kind of incident.
pub struct Kind {
    pub class: &'static str,
    /// How often it happens, against the others.
    pub often: f64,
    pub titles: &'static [&'static str],
    /// What the events before and during it are called.
    pub signs: &'static [&'static str],
}

/// The phishing kind, which comes in waves.
pub const PHISHING: usize = 0;

/// What happens to the alliance.
pub const KINDS: [Kind; 10] = [
    Kind {
        class: "fraud/phishing",
        often: 26.0,
        titles: &[
            "Invoice phishing against {team}",
            "Credential phishing with a copied sign-in page",
            "Parcel notice phishing reached {team}",
            "QR code phishing on printed notices",
        ],
        signs: &[
            "Mail with look-alike sender delivered",
            "User reported a suspicious mail",
            "Sign-in page opened from a quarantined link",
            "Credentials entered on an unknown page",
        ],
    },
    Kind {
        class: "intrusion-attempts/brute-force",
        often: 14.0,
        titles: &["Password spraying against {system}", "Repeated sign-in attempts on {system}"],
        signs: &["Many failed sign-ins from one network", "Account locked after repeated failures"],
    },
    Kind {
        class: "malicious-code/infected-system",
        often: 13.0,
        titles: &["Information stealer on a laptop of {team}", "Loader found on a workstation of {team}", "USB worm on {system}"],
        signs: &["Unsigned binary started from a temporary folder", "Endpoint sensor blocked a script", "Connection to a newly registered name"],
    },
    Kind {
        class: "intrusions/unprivileged-account-compromise",
        often: 11.0,
        titles: &["Mailbox of {team} used from abroad", "Forwarding rule added to a mailbox of {team}", "Session token replayed on {system}"],
        signs: &["Impossible travel", "Mailbox rule forwards outside", "New device enrolled for sign-in"],
    },
    Kind {
        class: "vulnerable/vulnerable-system",
        often: 10.0,
        titles: &["Exposed management page of {system}", "Unpatched {system} reachable from outside"],
        signs: &["Scan found an outdated version", "Probe of a known weakness"],
    },
    Kind {
        class: "information-gathering/scanner",
        often: 8.0,
        titles: &["Targeted scan of {system}", "Slow scan across remote access"],
        signs: &["Port scan from one network", "Requests for paths that do not exist"],
    },
    Kind {
        class: "availability/ddos",
        often: 6.0,
        titles: &["Flood of requests against {system}", "Reflection attack on {system}"],
        signs: &["Traffic above the usual peak", "Response time above threshold"],
    },
    Kind {
        class: "information-content-security/data-leak",
        often: 5.0,
        titles: &["Shared folder of {team} open to everyone", "Documents of {team} sent to the wrong recipient"],
        signs: &["Public link to an internal folder", "Large download by one account"],
    },
    Kind {
        class: "intrusions/system-compromise",
        often: 4.0,
        titles: &["Web shell on {system}", "Remote access tool installed on {system}"],
        signs: &["Web server started a shell", "New scheduled task", "Log gap on a server"],
    },
    Kind {
        class: "availability/outage",
        often: 3.0,
        titles: &["Backup of {system} failed for three nights", "Supplier outage stops {system}"],
        signs: &["Backup job failed", "Health check failed"],
    },
];

const TEAMS: [&str; 8] =
    ["accounts", "customer service", "operations", "procurement", "the control room", "human resources", "the planning office", "field service"];
const SYSTEMS: [&str; 9] = [
    "the customer portal",
    "the VPN gateway",
    "the booking system",
    "the mail gateway",
    "a file server",
    "the maintenance network",
    "a test server",
    "the telephone system",
    "the public website",
];
const SOURCES: [&str; 5] = ["endpoint sensor", "mail gateway", "sign-in log", "network sensor", "user report"];

/// Who works on incidents.
pub const OWNERS: [&str; 5] = ["Duty officer", "Response team", "Early shift", "Late shift", "Night shift"];

/// A title with its blanks filled.
pub fn title(rng: &mut StdRng, kind: &Kind) -> String {
    let (team, system) = (pick(rng, &TEAMS), pick(rng, &SYSTEMS));
    pick(rng, kind.titles).replace("{team}", team).replace("{system}", system)
}

/// One of the kinds, by how often they happen.
pub fn kind(rng: &mut StdRng) -> &'static Kind {
    &KINDS[weighted(rng, &KINDS.each_ref().map(|k| k.often))]
}

/// How bad an incident is: most are not.
pub fn severity(rng: &mut StdRng) -> Severity {
    Severity::ALL[weighted(rng, &[3.0, 15.0, 38.0, 36.0, 8.0])]
}

/// A marking: most of what partners share is for all.
pub fn tlp(rng: &mut StdRng) -> Tlp {
    Tlp::ALL[weighted(rng, &[14.0, 60.0, 14.0, 8.0, 4.0])]
}

/// Attributes of an event, in its organisation's own words.
pub fn attributes(rng: &mut StdRng) -> serde_json::Value {
    serde_json::json!({ "host": format!("host-{:03}", rng.random_range(1..400)), "source": pick(rng, &SOURCES), "count": rng.random_range(1..40) })
}

/// An external id that says when: the same moment, the same id.
pub fn id(prefix: &str, at: Timestamp) -> String {
    let c = at.civil();
    format!("{prefix}-{:04}{:02}{:02}-{:02}{:02}{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second)
}

/// A factor around 1, from about a third to about three.
pub fn spread(rng: &mut StdRng) -> f64 {
    (normal(rng) * 0.5).exp().clamp(0.3, 3.0)
}

const FIRST: [&str; 14] = ["secure", "billing", "parcel", "account", "mail", "update", "portal", "sso", "help", "docs", "invoice", "track", "meeting", "hr"];
const SECOND: [&str; 12] = ["check", "verify", "desk", "center", "gate", "cloud", "notice", "login", "share", "office", "service", "online"];

/// A domain name nobody can register.
pub fn host(rng: &mut StdRng) -> String {
    let tld = pick(rng, &["example", "example", "test", "invalid"]);
    format!("{}-{}{}.{tld}", pick(rng, &FIRST), pick(rng, &SECOND), rng.random_range(2..999))
}

/// Type and value of an indicator.
pub fn indicator(rng: &mut StdRng) -> (&'static str, String) {
    let hex = |rng: &mut StdRng, digits: usize| (0..digits).map(|_| char::from(b"0123456789abcdef"[rng.random_range(0..16)])).collect::<String>();
    match weighted(rng, &[36.0, 20.0, 3.0, 14.0, 6.0, 5.0, 16.0]) {
        0 => ("domain-name", host(rng)),
        1 => ("ipv4-addr", format!("{}.{}", pick(rng, &["192.0.2", "198.51.100", "203.0.113"]), rng.random_range(1..255))),
        2 => ("ipv6-addr", format!("2001:db8:{:x}::{:x}", rng.random_range(1..0xffff), rng.random_range(1..0xffff))),
        3 => ("url", format!("https://{}/{}", host(rng), hex(rng, 8))),
        4 => ("email-addr", format!("{}@{}", pick(rng, &FIRST), host(rng))),
        5 => ("file-md5", hex(rng, 32)),
        _ => ("file-sha256", hex(rng, 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::chance::rng;
    use domain::{indicator::IndicatorType, rsit};

    #[test]
    fn every_class_is_of_the_taxonomy() {
        assert!(KINDS.iter().all(|k| rsit::is_known(k.class)));
        assert_eq!(KINDS[PHISHING].class, "fraud/phishing");
    }

    #[test]
    fn indicators_are_well_formed() {
        let mut rng = rng("words", 0);
        for _ in 0..2_000 {
            let (kind, value) = indicator(&mut rng);
            let kind: IndicatorType = kind.parse().unwrap();
            assert_eq!(kind.canonical(&value).map(|one| one.value), Ok(value.clone()));
        }
    }
}
