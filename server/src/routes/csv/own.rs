//! What a row of the viewer's own organisation has beyond everybody's: all that a push takes, so that the file can be pushed back and changes nothing. Of other
//! organisations' records these cells are empty; whom they name and what else they say stands on their pages.

use crate::json_text;
use domain::{
    Timestamp, rsit,
    text::{is_visible, trimmed},
};
use std::collections::HashMap;
use store::Said;
use uuid::Uuid;

/// What one's own organisation said of a record; `None` of another's.
#[derive(Clone, Copy)]
pub struct Own<'s>(Option<&'s Said>);

impl<'s> Own<'s> {
    /// Of the record with this id.
    pub fn of(said: &'s HashMap<Uuid, Said>, id: &str) -> Self {
        Self(id.parse().ok().and_then(|id: Uuid| said.get(&id)))
    }

    /// A field as it was pushed; empty where it was not set.
    pub fn text(self, field: &str) -> String {
        let pushed = self.0.map(|said| json_text::fields(&said.raw)).unwrap_or_default();
        let text = pushed.into_iter().find(|(name, raw)| name == field && raw.get() != "null").map(|(_, raw)| json_text::plain(raw)).unwrap_or_default();
        if is_visible(&text) { trimmed(&text).to_owned() } else { String::new() }
    }

    /// The attributes as one JSON object: a column for each would be as many as all records have names for them, and would not tell a number from a text.
    pub fn attributes(self) -> String {
        let attributes = self.text("attributes");
        if json_text::fields(&attributes).is_empty() { String::new() } else { attributes }
    }

    /// The organisations that the record names.
    pub fn recipients(self) -> String {
        self.0.map(|said| said.recipients.join(" ")).unwrap_or_default()
    }

    /// The class of an incident, in the word that a push takes; `shown` is what lists call it.
    pub fn class(self, shown: String) -> String {
        let pushed = self.text("class");
        match self.0 {
            Some(_) if pushed.is_empty() => "other/undetermined".to_owned(),
            Some(_) => rsit::read(&pushed).unwrap_or(pushed),
            None => rsit::read(&shown).unwrap_or(shown),
        }
    }

    /// `valid_until`.
    pub fn until(self) -> String {
        let until = Some(self.text("valid_until")).filter(|text| !Timestamp::is_unset(text));
        until.and_then(|text| Timestamp::parse(&text).ok()).map(exact).unwrap_or_default()
    }

    /// The number of the alliance's key that a hash was made with: left out, it would be taken for another one's.
    pub fn hmac_key(self) -> String {
        let pushed = self.text("hmac_key");
        if pushed.is_empty() { self.0.and_then(|said| said.key_no).map(|no| no.to_string()).unwrap_or_default() } else { pushed }
    }

    /// A moment: of one's own record to the microsecond, for a push of an earlier one says nothing new.
    pub fn moment(self, at: Timestamp) -> String {
        if self.0.is_some() { exact(at) } else { at.rfc3339() }
    }
}

/// A moment as it is kept, with its fraction of a second where it has one.
pub fn exact(at: Timestamp) -> String {
    let micros = at.rfc3339_micros();
    micros.strip_suffix(".000000Z").map_or_else(|| micros.clone(), |whole| format!("{whole}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_a_push_takes() {
        let raw = r#"{"owner":" SOC ","description":"\u200b","confidence":85,"class":"Phishing","valid_until":"2026-06-01","attributes":{"n":1.50,"a":"x"}}"#;
        let said = Said { raw: raw.into(), recipients: vec!["alpha".into(), "beta".into()], key_no: Some(3) };
        let (own, other) = (Own(Some(&said)), Own(None));
        assert_eq!([own.text("owner"), own.text("description"), own.text("confidence"), own.text("tlp")], ["SOC", "", "85", ""]);
        assert_eq!([own.attributes(), own.recipients(), own.until(), own.hmac_key()], [r#"{"n":1.50,"a":"x"}"#, "alpha beta", "2026-06-01T00:00:00Z", "3"]);
        assert_eq!([own.class(String::new()), other.class("Phishing".into())], ["fraud/phishing", "fraud/phishing"]);
        let at = Timestamp(1_500_000);
        assert_eq!(
            [own.moment(at), other.moment(at), exact(Timestamp(1_000_000))],
            ["1970-01-01T00:00:01.500000Z", "1970-01-01T00:00:01Z", "1970-01-01T00:00:01Z"]
        );
        assert!([other.text("owner"), other.attributes(), other.recipients(), other.until(), other.hmac_key()].iter().all(String::is_empty));
        let none = Said { raw: r#"{"attributes":{},"owner":null}"#.into(), ..Said::default() };
        assert_eq!([Own(Some(&none)).attributes(), Own(Some(&none)).text("owner"), Own(Some(&none)).class("Fraud".into())], ["", "", "other/undetermined"]);
    }
}
