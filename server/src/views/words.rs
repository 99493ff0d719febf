//! Small pieces that several views share.

use super::Looking;
use crate::live::board::OrgState;
use domain::{
    DataClass, Level, OrgId, Tlp,
    view::{OrgRef, Peers},
};

/// An organisation by name.
#[must_use]
pub fn org_ref(org: &OrgState) -> OrgRef {
    OrgRef { slug: org.info.slug.clone(), name: org.info.name.clone() }
}

/// Who can see a record, in a sentence.
#[must_use]
pub fn reach(l: &Looking, class: DataClass, tlp: Tlp, owner: (OrgId, &str), recipients: &[OrgRef]) -> String {
    let (id, owner) = owner;
    let open = l.board.orgs().all(|o| l.board.sharing.level(o.info.id, id, class) == Level::Detail);
    let all =
        if open { "Everyone in the alliance".to_owned() } else { format!("Everyone in the alliance to whom {owner} shows its {} in detail", class.name()) };
    let named = match recipients {
        [] => format!("only {owner}"),
        [one] => format!("{owner} and {}", one.name),
        many => format!("{owner} and {} named organisations: {}", many.len(), many.iter().map(|o| o.name.as_str()).collect::<Vec<_>>().join(", ")),
    };
    match tlp {
        Tlp::Clear => format!("{all} can see it; TLP:CLEAR may go to anyone."),
        Tlp::Green => format!("{all} can see it; TLP:GREEN stays within it."),
        Tlp::Amber => format!("TLP:AMBER: {named} can see it, and whoever is in a sharing group with {owner}."),
        Tlp::AmberStrict => format!("TLP:AMBER+STRICT: {named} can see it, for use inside those organisations."),
        Tlp::Red => format!("TLP:RED: {named} can see it; it is in nobody else's totals."),
    }
}

/// How many organisations do not share their posture with the viewer.
#[must_use]
pub fn unshared(l: &Looking) -> u32 {
    l.board.orgs().filter(|o| l.sight().level(o.info.id, DataClass::Posture) == Level::None).count() as u32
}

/// What those that share only totals bring into the index, in a sentence; none where there is nobody like that.
#[must_use]
pub fn totals_only(l: &Looking) -> Option<String> {
    let orgs = l.board.orgs().filter(|o| l.sight().level(o.info.id, DataClass::Posture) == Level::Aggregate).count();
    let share = if orgs == 1 {
        "One organisation shares its posture only in totals".to_owned()
    } else {
        format!("{orgs} organisations share their posture only in totals")
    };
    match l.board.total_of(l.viewer, l.now.day()) {
        Some(total) => {
            let (n, score) = (total.members.len(), total.score);
            Some(format!("{share}; this week's total of {n} unnamed ones stands at {score:.0} and counts in the index."))
        }
        None if orgs == 0 => None,
        None => Some(format!("{share}; a total of so few, or as alike, or changed as lately would tell of single ones, so it is suppressed and not counted.")),
    }
}

/// Points between two scores, as shown: both rounded first, so that what is printed adds up.
#[must_use]
pub fn change(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(now?.round() - before?.round())
}

/// Parts to a tenth of a point each, so that what is shown adds up to the sum that is shown: those that lose most by it are rounded up.
#[must_use]
pub fn tenths(parts: &[f64]) -> Vec<f64> {
    let whole = (parts.iter().sum::<f64>() * 10.0).round();
    let mut rounded: Vec<f64> = parts.iter().map(|p| (p * 10.0).floor()).collect();
    let missing = (whole - rounded.iter().sum::<f64>()).max(0.0) as usize;
    let mut by_loss: Vec<usize> = (0..parts.len()).collect();
    by_loss.sort_by(|a, b| (parts[*b] * 10.0).rem_euclid(1.0).total_cmp(&(parts[*a] * 10.0).rem_euclid(1.0)));
    by_loss.into_iter().take(missing).for_each(|i| rounded[i] += 1.0);
    rounded.into_iter().map(|p| p / 10.0).collect()
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

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shown_adds_up() {
        for parts in [vec![-10.24, -7.14, -0.04, 0.02], vec![0.04, 0.04, 0.04], vec![0.35, -0.31], vec![], vec![1.0]] {
            let shown = super::tenths(&parts);
            let tenths: f64 = shown.iter().map(|p| (p * 10.0).round()).sum();
            assert!((tenths - (parts.iter().sum::<f64>() * 10.0).round()).abs() < 1e-9, "{parts:?} {shown:?}");
            assert!(parts.iter().zip(&shown).all(|(a, b)| (a - b).abs() < 0.1), "{parts:?} {shown:?}");
        }
    }
}
