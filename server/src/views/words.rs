//! Small pieces that several views share.

use super::Looking;
use crate::live::board::OrgState;
use domain::{
    Tlp,
    view::{OrgRef, Peers},
};

/// An organisation by name.
#[must_use]
pub fn org_ref(org: &OrgState) -> OrgRef {
    OrgRef { slug: org.info.slug.clone(), name: org.info.name.clone() }
}

/// Who can see a record, in a sentence.
#[must_use]
pub fn reach(tlp: Tlp, owner: &str, recipients: &[OrgRef]) -> String {
    let named = match recipients {
        [] => format!("only {owner}"),
        [one] => format!("{owner} and {}", one.name),
        many => format!("{owner} and {} named organisations: {}", many.len(), many.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", ")),
    };
    match tlp {
        Tlp::Clear => "Everyone in the alliance can see it; TLP:CLEAR may go to anyone.".into(),
        Tlp::Green => "Everyone in the alliance can see it; TLP:GREEN stays within it.".into(),
        Tlp::Amber => format!("TLP:AMBER: {named} can see it."),
        Tlp::AmberStrict => format!("TLP:AMBER+STRICT: {named} can see it, for use inside those organisations."),
        Tlp::Red => format!("TLP:RED: {named} can see it; it is in nobody else's totals."),
    }
}

/// Points between two scores, as shown: both rounded first, so that what is printed adds up.
#[must_use]
pub fn change(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(now?.round() - before?.round())
}

/// Where the others stand; from five contributors on.
#[must_use]
pub fn peers(mut values: Vec<f64>) -> Option<Peers> {
    if values.len() < 5 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Some(Peers { n: values.len() as u32, lower_quartile: at(0.25), median: at(0.5), upper_quartile: at(0.75) })
}

/// One value for each of the days before today, and for now: `None` where nothing is known.
#[must_use]
pub fn history(looking: &Looking, org: &OrgState, days: i64, pick: impl Fn(&store::DayRow) -> Option<f64>, now: Option<f64>) -> Vec<Option<f64>> {
    let today = looking.now.day();
    let mut points: Vec<Option<f64>> =
        (today - days + 1..today).map(|day| org.days.binary_search_by_key(&day, |d| d.day).ok().and_then(|i| pick(&org.days[i]))).collect();
    points.push(now);
    points
}

/// The narrowest marking among open incidents a viewer sees on an overview; posture itself is unmarked and shared whole.
#[must_use]
pub fn highest<'a>(tlps: impl IntoIterator<Item = &'a Tlp>) -> Tlp {
    tlps.into_iter().copied().max().unwrap_or(Tlp::Clear)
}
