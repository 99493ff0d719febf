//! The Reference Security Incident Taxonomy: 11 classes, 39 entries
//! (ENISA and TF-CSIRT, <https://github.com/enisaeu/Reference-Security-Incident-Taxonomy-Task-Force>).

/// One class with its entries.
#[derive(Debug)]
pub struct Class {
    pub key: &'static str,
    pub title: &'static str,
    pub entries: &'static [(&'static str, &'static str)],
}

/// The taxonomy, in its own order.
pub const CLASSES: [Class; 11] = [
    Class {
        key: "abusive-content",
        title: "Abusive content",
        entries: &[("spam", "Spam"), ("harmful-speech", "Harmful speech"), ("violence", "Sexual or violent content")],
    },
    Class {
        key: "malicious-code",
        title: "Malicious code",
        entries: &[
            ("infected-system", "Infected system"),
            ("c2-server", "C2 server"),
            ("malware-distribution", "Malware distribution"),
            ("malware-configuration", "Malware configuration"),
        ],
    },
    Class {
        key: "information-gathering",
        title: "Information gathering",
        entries: &[("scanner", "Scanning"), ("sniffing", "Sniffing"), ("social-engineering", "Social engineering")],
    },
    Class {
        key: "intrusion-attempts",
        title: "Intrusion attempts",
        entries: &[("ids-alert", "Exploitation of known vulnerabilities"), ("brute-force", "Login attempts"), ("exploit", "New attack signature")],
    },
    Class {
        key: "intrusions",
        title: "Intrusions",
        entries: &[
            ("privileged-account-compromise", "Privileged account compromise"),
            ("unprivileged-account-compromise", "Unprivileged account compromise"),
            ("application-compromise", "Application compromise"),
            ("system-compromise", "System compromise"),
            ("burglary", "Burglary"),
        ],
    },
    Class {
        key: "availability",
        title: "Availability",
        entries: &[
            ("dos", "Denial of service"),
            ("ddos", "Distributed denial of service"),
            ("misconfiguration", "Misconfiguration"),
            ("sabotage", "Sabotage"),
            ("outage", "Outage"),
        ],
    },
    Class {
        key: "information-content-security",
        title: "Information content security",
        entries: &[
            ("unauthorised-information-access", "Unauthorised access to information"),
            ("unauthorised-information-modification", "Unauthorised modification of information"),
            ("data-loss", "Data loss"),
            ("data-leak", "Leak of confidential information"),
        ],
    },
    Class {
        key: "fraud",
        title: "Fraud",
        entries: &[
            ("unauthorised-use-of-resources", "Unauthorised use of resources"),
            ("copyright", "Copyright"),
            ("masquerade", "Masquerade"),
            ("phishing", "Phishing"),
        ],
    },
    Class {
        key: "vulnerable",
        title: "Vulnerable",
        entries: &[
            ("weak-crypto", "Weak cryptography"),
            ("ddos-amplifier", "DDoS amplifier"),
            ("potentially-unwanted-accessible", "Potentially unwanted accessible services"),
            ("information-disclosure", "Information disclosure"),
            ("vulnerable-system", "Vulnerable system"),
        ],
    },
    Class { key: "other", title: "Other", entries: &[("other", "Uncategorised"), ("undetermined", "Undetermined")] },
    Class { key: "test", title: "Test", entries: &[("test", "Test")] },
];

/// Whether `key` is a class, or `class/entry`, of the taxonomy.
#[must_use]
pub fn is_known(key: &str) -> bool {
    let (class, entry) = key.split_once('/').map_or((key, None), |(c, e)| (c, Some(e)));
    CLASSES.iter().find(|c| c.key == class).is_some_and(|c| entry.is_none_or(|e| c.entries.iter().any(|(k, _)| *k == e)))
}

/// Reads a class, or `class/entry`, by its key or its title, in any case; blanks may stand for hyphens. An entry alone is read where only one class has it.
#[must_use]
pub fn read(text: &str) -> Option<String> {
    let plain = |text: &str| crate::text::trimmed(text).to_lowercase().replace([' ', '_'], "-");
    let is = |text: &str, key: &str, title: &str| plain(text) == key || plain(text) == plain(title);
    if let Some((class, entry)) = text.split_once('/') {
        let class = CLASSES.iter().find(|c| is(class, c.key, c.title))?;
        return class.entries.iter().find(|(key, title)| is(entry, key, title)).map(|(key, _)| format!("{}/{key}", class.key));
    }
    if let Some(class) = CLASSES.iter().find(|c| is(text, c.key, c.title)) {
        return Some(class.key.to_owned());
    }
    let mut entries = CLASSES.iter().flat_map(|c| c.entries.iter().filter(|(key, title)| is(text, key, title)).map(|(key, _)| format!("{}/{key}", c.key)));
    entries.next().filter(|_| entries.next().is_none())
}

/// The words for a `class` or `class/entry`; the key itself where it is unknown.
#[must_use]
pub fn title(key: &str) -> String {
    let (class, entry) = key.split_once('/').map_or((key, None), |(c, e)| (c, Some(e)));
    let Some(found) = CLASSES.iter().find(|c| c.key == class) else { return key.to_owned() };
    let entry = entry.and_then(|e| found.entries.iter().find(|(k, _)| *k == e));
    entry.map_or_else(|| found.title.to_owned(), |(_, title)| (*title).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_whole_taxonomy() {
        assert_eq!(CLASSES.len(), 11);
        assert_eq!(CLASSES.iter().map(|c| c.entries.len()).sum::<usize>(), 39);
        for class in CLASSES {
            assert_eq!(read(class.title).as_deref(), Some(class.key));
            for (key, title) in class.entries {
                let whole = format!("{}/{key}", class.key);
                assert_eq!(read(&whole), Some(whole.clone()));
                // "Other" and "Test" are classes and entries of the same words.
                assert!(CLASSES.iter().any(|c| c.title == *title) || read(title) == Some(whole), "{title}");
            }
        }
        assert_eq!(read(" Fraud/Phishing").as_deref(), Some("fraud/phishing"));
        assert!(read("").is_none() && read("fraud/").is_none() && read("fire").is_none());
        assert!(is_known("fraud/phishing") && is_known("fraud") && !is_known("fraud/ddos") && !is_known("fraud/"));
    }
}
