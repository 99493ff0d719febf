//! Whatever an organisation ceases to show, nothing that anybody sees gets better by its lower end.

use super::{
    tests::{NOW, inputs, policy},
    *,
};
use crate::{
    verdict::{Facts, Standing, Verdict},
    view::Coverage,
};
use proptest::prelude::*;

/// What one viewer is shown of an organisation.
#[derive(Clone, Debug)]
struct Shown {
    inputs: Inputs,
    /// Whether the posture is shown; if not, the last score that was.
    posture: Result<(), Option<OrgScore>>,
    /// Whether incidents are shown.
    incidents: bool,
    /// Whether a critical incident that was open is shown no longer.
    withdrawn: bool,
}

impl Shown {
    fn critical(&self) -> Critical {
        match self.inputs.critical {
            Critical::Open if self.incidents && !self.withdrawn => Critical::Open,
            _ if !self.incidents || self.withdrawn => Critical::Unknown,
            _ => Critical::None,
        }
    }

    fn score(&self) -> OrgScore {
        let (policy, critical) = (policy(), self.critical());
        match &self.posture {
            Ok(()) => org_score(&policy, &Inputs { critical, ..self.inputs.clone() }, NOW),
            Err(last) => {
                let last = last.as_ref();
                OrgScore::hidden(last.and_then(|s| s.total.last), last.map_or([None; 6], |s| s.domains.map(|d| d.last))).under(critical, policy.critical_cap)
            }
        }
    }

    fn standing(&self) -> Option<Standing> {
        let (policy, score) = (policy(), self.score());
        let fresh = if score.total.value.is_some() { Freshness::Fresh } else { Freshness::Silent };
        self.posture.as_ref().ok().map(|()| Standing::of(score.total.value, fresh, policy.on_target, policy.watch).where_hidden(score.at_most.is_some()))
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    HidePosture,
    HideIncidents,
    Withdraw,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![Just(Act::HidePosture), Just(Act::HideIncidents), Just(Act::Withdraw)]
}

fn apply(org: &mut Shown, act: Act) {
    match act {
        Act::HidePosture if org.posture.is_ok() => {
            org.posture = Err(Some(org_score(&policy(), &Inputs { critical: Critical::None, ..org.inputs.clone() }, NOW)))
        }
        Act::HidePosture => {}
        Act::HideIncidents => org.incidents = false,
        // Only what is shown can be withdrawn, and only what is open is remembered.
        Act::Withdraw => org.withdrawn |= org.incidents && org.inputs.critical == Critical::Open,
    }
}

struct Page {
    index: Score,
    floor: Option<f64>,
    domains: [Score; 6],
    verdict: Verdict,
    reporting: u32,
    total: u32,
    criticals: u32,
    partial: bool,
}

fn page(orgs: &[Shown]) -> Page {
    let policy = policy();
    let scores: Vec<OrgScore> = orgs.iter().map(Shown::score).collect();
    let weights = || (0..orgs.len()).map(|i| 1.0 + i as f64);
    let index = collective(weights().zip(scores.iter().map(|s| &s.total)));
    let floor = floor(weights().zip(orgs).zip(&scores).map(|((w, o), s)| (w, &s.total, o.posture.is_err())));
    let mut coverage = Coverage::default();
    for (org, score) in orgs.iter().zip(&scores) {
        match (org.posture.is_ok(), score.total.value) {
            (false, _) => coverage.hidden += 1,
            (true, Some(_)) => coverage.fresh += 1,
            (true, None) => coverage.silent += 1,
        }
    }
    let stand = |standing| orgs.iter().filter(|o| o.standing() == Some(standing)).count() as u32;
    let open = orgs.iter().filter(|o| o.critical() == Critical::Open).count() as u32;
    let facts = Facts {
        coverage,
        off: stand(Standing::Off),
        below: stand(Standing::Watch),
        open_critical: open,
        withdrawn_critical: orgs.iter().filter(|o| o.withdrawn).count() as u32,
        incidents_hidden: orgs.iter().filter(|o| !o.incidents).count() as u32,
        index: floor.map(|v| Standing::of(Some(v), Freshness::Fresh, policy.on_target, policy.watch)),
        unknown: 1.0 - index.coverage,
        ..Facts::default()
    };
    let domains = std::array::from_fn(|d| collective(weights().zip(scores.iter().map(|s| &s.domains[d]))));
    let criticals = facts.open_critical + facts.withdrawn_critical;
    let partial = facts.incidents_hidden + facts.withdrawn_critical > 0;
    let verdict = Verdict::of(facts, String::new());
    Page { index, floor, domains, verdict, reporting: coverage.reporting(), total: coverage.total(), criticals, partial }
}

fn no_better(before: &Score, after: &Score) -> Result<(), TestCaseError> {
    prop_assert!(after.low <= before.low + 1e-9 && after.high >= before.high - 1e-9, "the band narrowed: {before:?} {after:?}");
    prop_assert!(after.coverage <= before.coverage + 1e-9);
    match (before.value, after.value) {
        (Some(x), Some(y)) => prop_assert!(y <= x + 1e-6, "the score rose: {before:?} {after:?}"),
        (None, Some(_)) => prop_assert!(false, "a score out of hiding"),
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn hiding_never_improves(
        list in prop::collection::vec((inputs(), any::<bool>(), any::<bool>()), 1..6),
        acts in prop::collection::vec((0..6_usize, act()), 1..8),
    ) {
        // Some never shared anything.
        let mut orgs: Vec<Shown> = list.into_iter().map(|(inputs, never_posture, never_incidents)| Shown {
            inputs, posture: if never_posture { Err(None) } else { Ok(()) }, incidents: !never_incidents, withdrawn: false,
        }).collect();
        for (org, act) in acts {
            let org = org % orgs.len();
            let (before, single, stood) = (page(&orgs), orgs[org].score(), orgs[org].standing());
            apply(&mut orgs[org], act);
            let after = page(&orgs);
            no_better(&before.index, &after.index)?;
            (0..6).try_for_each(|d| no_better(&before.domains[d], &after.domains[d]))?;
            no_better(&single.total, &orgs[org].score().total)?;
            prop_assert!(after.floor.unwrap_or(0.0) <= before.floor.unwrap_or(0.0) + 1e-6);
            prop_assert!(after.verdict.standing >= before.verdict.standing, "{} {}", before.verdict.headline, after.verdict.headline);
            prop_assert!(after.reporting <= before.reporting && after.total == before.total);
            if let (Some(before), Some(after)) = (stood, orgs[org].standing()) {
                prop_assert!(after >= before);
            }
            // A number of critical incidents gets smaller only where it says that there may be more.
            prop_assert!(after.criticals >= before.criticals || after.partial);
            prop_assert!(!before.partial || after.partial);
        }
    }

    /// Of two organisations that differ in a hidden incident alone, the same is shown: the interval tells nothing of it.
    #[test]
    fn what_is_hidden_tells_nothing(inputs in inputs(), withdrawn in any::<bool>()) {
        let of = |critical| Shown { inputs: Inputs { critical, ..inputs.clone() }, posture: Ok(()), incidents: false, withdrawn };
        prop_assert_eq!(of(Critical::Open).score(), of(Critical::None).score());
    }

    /// Hidden from the beginning is no better than shown: by the lower end.
    #[test]
    fn never_shared_is_no_better(list in prop::collection::vec(inputs(), 1..6), org in 0..6_usize) {
        let all: Vec<Shown> = list.into_iter().map(|inputs| Shown { inputs, posture: Ok(()), incidents: true, withdrawn: false }).collect();
        let mut hidden = all.clone();
        let org = org % all.len();
        hidden[org] = Shown { posture: Err(None), incidents: false, ..hidden[org].clone() };
        let (shown, hidden) = (page(&all), page(&hidden));
        prop_assert!(hidden.index.low <= shown.index.low + 1e-9);
        prop_assert!(hidden.floor.unwrap_or(0.0) <= shown.floor.unwrap_or(0.0) + 1e-6);
        prop_assert!(hidden.verdict.standing >= shown.verdict.standing);
    }
}

#[test]
fn a_score_is_at_most_what_it_was() {
    let p = policy();
    let readings = p.metrics.iter().map(|m| Some(Reading { value: m.target, at: NOW })).collect();
    let unknown = org_score(&p, &Inputs { readings, interval: crate::HOUR, critical: Critical::Unknown }, NOW);
    assert_eq!((unknown.total.value, unknown.at_most, unknown.uncapped), (Some(60.0), Some(100.0), None));
    assert_eq!((unknown.total.low, unknown.total.high), (60.0, 100.0));
}
