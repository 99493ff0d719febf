//! Small pieces that several views share.

use super::Looking;
use crate::live::board::OrgState;
use domain::{
    DataClass, Level, OrgId, Tlp,
    scoring::OrgScore,
    sharing::ALWAYS,
    view::{Beside, OrgRef, Peers},
};
use store::{Search, Spellings};

/// An organisation by name.
#[must_use]
pub fn org_ref(org: &OrgState) -> OrgRef {
    OrgRef { slug: org.info.slug.clone(), name: org.info.name.clone() }
}

/// The name of an organisation by its slug.
#[must_use]
pub fn name_of(l: &Looking, slug: &str) -> String {
    l.board.by_slug(slug).map_or_else(|| slug.to_owned(), |o| o.info.name.clone())
}

/// What somebody typed to look for, with the organisations that are called so. `spelling` says how else a word may be written.
#[must_use]
pub fn search(l: &Looking, typed: &str, spelling: impl Fn(&str) -> Spellings) -> Search {
    let typed: String = typed.chars().take(200).collect();
    let names = l.board.orgs().flat_map(|o| [(o.info.id, o.info.name.as_str()), (o.info.id, o.info.slug.as_str())]);
    Search::new(&typed, spelling, names)
}

/// What an organisation hides of its incidents from the viewer, in a clause: empty where it shows all.
#[must_use]
pub fn hidden(l: &Looking, org: &OrgState) -> String {
    let since = l.sight().sharing.since(l.viewer.org, org.info.id, DataClass::Incidents, Level::Summary);
    match (since, org.withdrawn(l.viewer).count()) {
        (Some(ALWAYS), 0) => String::new(),
        (Some(ALWAYS), 1) => "an open critical incident is no longer shown to you".into(),
        (Some(ALWAYS), n) => format!("{n} open critical incidents are no longer shown to you"),
        (None, _) => "its incidents are not shared with you".into(),
        (Some(since), _) => format!("its incidents are shared with you only since {}", since.date()),
    }
}

/// "its score is at most 72, and 60 counts", where it is not known which; none where it makes no difference.
#[must_use]
pub fn bound(score: &OrgScore) -> Option<String> {
    let (most, least) = (score.at_most?.round(), score.total.value?.round());
    (most > least).then(|| format!("its score is at most {most:.0}, and {least:.0} counts"))
}

/// "at most 72"; empty where the score is exact.
#[must_use]
pub fn at_most(score: &OrgScore) -> String {
    bound(score).and(score.at_most).map_or_else(String::new, |most| format!("at most {:.0}", most.round()))
}

/// How many organisations showed the viewer their posture by name and do so no longer. They are not named: whether one of them is in a total, unnamed, must not
/// be told.
#[must_use]
pub fn no_longer_shared(l: &Looking) -> u32 {
    l.board.orgs().filter(|o| o.posture_withdrawn(l.sight()) && !l.board.sharing.is_suspended(o.info.id)).count() as u32
}

/// That in a sentence; none where there is nobody like that.
#[must_use]
pub fn no_longer_shared_words(number: u32) -> Option<String> {
    match number {
        0 => None,
        1 => Some("One organisation no longer shares its posture with you by name.".into()),
        n => Some(format!("{n} organisations no longer share their posture with you by name.")),
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
        None => Some(format!("{share}; their total is hidden, because so small a total could reveal single ones; in the index they are unknown, 0 to 100.")),
    }
}

/// The same of records: this week's count over organisations that share a class of records only in totals.
#[must_use]
pub fn records_in_totals(l: &Looking, class: DataClass) -> Option<String> {
    let orgs = l.board.orgs().filter(|o| l.sight().level(o.info.id, class) == Level::Aggregate).count();
    let (what, state) = match class {
        // Its total is a score, not a count.
        DataClass::Posture => return None,
        DataClass::Incidents => ("incidents", "were open when this week's count was made"),
        DataClass::Events => ("events", "came in the seven days before this week's count"),
        DataClass::Indicators => ("indicators", "were active when this week's count was made"),
    };
    let share = if orgs == 1 {
        format!("One organisation shares its {what} only in totals")
    } else {
        format!("{orgs} organisations share their {what} only in totals")
    };
    match l.board.count_of(l.viewer, class, l.now) {
        Some(total) => Some(format!("{share}; about {} of {} unnamed ones {state}.", total.count, total.members.len())),
        None if orgs == 0 => None,
        None => Some(format!("{share}; their total is hidden, because so small a total could reveal single {what}.")),
    }
}

/// What a list of records counts beside its rows; of one organisation, or of all.
#[must_use]
pub fn beside(l: &Looking, class: DataClass, org: Option<OrgId>, counted: Vec<(OrgRef, u64)>) -> Beside {
    let asked = || l.board.orgs().filter(move |o| org.is_none_or(|org| o.info.id == org));
    let unshared = l.board.orgs().filter(|o| l.sight().level(o.info.id, class) == Level::None).count() as u32;
    let withdrawn = if class == DataClass::Incidents { asked().flat_map(|o| o.withdrawn(l.viewer)).count() as u32 } else { 0 };
    let partial = asked().any(|o| o.is_partial(l.sight(), class) && !l.board.sharing.is_suspended(o.info.id));
    Beside { counted, totals: records_in_totals(l, class), unshared, withdrawn, partial: partial || withdrawn > 0 }
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
    let mut points: Vec<Option<f64>> = (today - days + 1..today).map(|day| org.day_row(looking.sight(), day).and_then(&pick)).collect();
    points.push(now);
    points
}

/// The narrowest marking on a page that shows posture, too. Posture is unmarked, and so AMBER+STRICT at least.
#[must_use]
pub fn highest<'a>(tlps: impl IntoIterator<Item = &'a Tlp>) -> Tlp {
    tlps.into_iter().copied().chain([Tlp::default()]).max().unwrap_or_default()
}
