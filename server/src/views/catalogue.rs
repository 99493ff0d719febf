//! `/admin/catalogue`: the metrics, and the form of each.

use super::{
    Looking, Viewing, from_store,
    policy::{Desk, typed, user},
};
use app::api::Answer;
use domain::{
    catalogue::{Domain, Faults, MetricDefinition, ScoringPolicy, Typed},
    view::*,
};

/// The catalogue; where the viewer prepares another, as it would be.
///
/// # Errors
/// When the database cannot be read.
pub async fn catalogue(viewing: &Viewing, l: &Looking) -> Answer<CataloguePage> {
    let desk = Desk::of(l, user(viewing)?).await.map_err(from_store(l.now))?;
    let next = desk.next();
    let retired = desk.in_force.metrics.iter().filter(|m| next.metric(&m.key).is_none());
    let all: Vec<&MetricDefinition> = next.metrics.iter().chain(retired).collect();
    let row = |metric: &MetricDefinition| CatalogueRow { state: state(&desk.in_force, &next, &metric.key), metric: metric.clone() };
    let of = |domain: Domain| all.iter().filter(move |m| m.domain == domain).map(|m| row(m)).collect::<Vec<_>>();
    Ok(CataloguePage { head: desk.head(), rows: Domain::ALL.into_iter().flat_map(of).collect() })
}

fn state(in_force: &ScoringPolicy, next: &ScoringPolicy, key: &str) -> MetricState {
    match (in_force.metric(key), next.metric(key)) {
        (Some(old), Some(new)) if old == new => MetricState::Same,
        (Some(_), Some(_)) => MetricState::Changed,
        (None, _) => MetricState::Added,
        (Some(_), None) => MetricState::Retired,
    }
}

/// The form of a metric; of a new one where there is no key.
///
/// # Errors
/// [`Refusal::NotFound`] for a metric that is in no catalogue, [`Refusal::NotAllowed`] for a new one where the viewer may propose none; and when
/// the database cannot be read.
pub async fn metric_form(viewing: &Viewing, l: &Looking, key: Option<String>) -> Answer<MetricForm> {
    let desk = Desk::of(l, user(viewing)?).await.map_err(from_store(l.now))?;
    let next = desk.next();
    let (fields, state): (Typed, MetricState) = match &key {
        None if !desk.may_change => return Err(Refusal::NotAllowed),
        None => {
            let usual = [("unit", "percent"), ("domain", Domain::Pr.code()), ("weight", "1")];
            (usual.map(|(field, word)| (field.to_owned(), word.to_owned())).into(), MetricState::Added)
        }
        Some(key) => {
            let metric = next.metric(key).or_else(|| desk.in_force.metric(key)).ok_or(Refusal::NotFound)?;
            (metric.typed(), state(&desk.in_force, &next, key))
        }
    };
    let (mut faults, mut fields) = (Faults::new(), fields);
    if let Some(typed) = typed(viewing) {
        faults = read_metric(&desk, key.as_deref(), &typed).err().unwrap_or_default();
        // What a form does not ask for stays.
        fields.extend(typed);
    }
    let in_force = key.as_deref().and_then(|key| desk.in_force.metric(key)).cloned();
    Ok(MetricForm { head: desk.head(), in_force, state, key, typed: fields, faults })
}

/// The policy with a metric as its form says: the metric of that key, or a new one.
///
/// # Errors
/// What is wrong, by the form's fields.
pub(crate) fn read_metric(desk: &Desk, key: Option<&str>, typed: &Typed) -> Result<ScoringPolicy, Faults> {
    let (next, mut typed) = (desk.next(), typed.clone());
    match key {
        // Values are stored under a key and in a unit; another of either is another metric.
        Some(key) => {
            let old = next.metric(key).or_else(|| desk.in_force.metric(key)).map(MetricDefinition::typed).unwrap_or_default();
            typed.extend(old.into_iter().filter(|(field, _)| field == "key" || field == "unit"));
        }
        None => {
            let key = typed.get("key").map_or("", |key| key.trim());
            if next.metric(key).is_some() || desk.in_force.metric(key).is_some() {
                let mut faults = MetricDefinition::read(&typed).err().unwrap_or_default();
                faults.insert("key".to_owned(), "The catalogue has a metric of this key.".to_owned());
                return Err(faults);
            }
        }
    }
    let policy = next.with_metric(MetricDefinition::read(&typed)?);
    // The metric is sound by itself; in its place it may leave a function empty, or be one too many.
    let faults: Faults = policy
        .faults()
        .into_iter()
        .map(|(path, text)| if path.ends_with("/metrics") { ("domain".to_owned(), text) } else { ("key".to_owned(), format!("Metrics: {text}")) })
        .collect();
    if faults.is_empty() { Ok(policy) } else { Err(faults) }
}
