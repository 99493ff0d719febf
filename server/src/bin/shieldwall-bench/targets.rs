//! What is to be reached, in one table, and what was reached of it.
//!
//! Figures belong to a machine: the targets are meant for 2 cores with the load generator on them, and a run that misses one ends as well as any other.

use crate::{
    options::Part,
    report::{Figure, Scene, Unit, grouped},
};
use serde_json::{Value, json};

/// A bound of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    Least(f64),
    Most(f64),
}
use Limit::{Least, Most};

impl Limit {
    const fn holds(self, value: f64) -> bool {
        match self {
            Least(limit) => value >= limit,
            Most(limit) => value <= limit,
        }
    }

    pub fn text(self, unit: Unit) -> String {
        match self {
            Least(limit) => format!("≥ {}", unit.text(limit)),
            Most(limit) => format!("≤ {}", unit.text(limit)),
        }
    }

    const fn number(self) -> f64 {
        let (Least(limit) | Most(limit)) = self;
        limit
    }
}

/// One thing to be reached.
#[derive(Debug)]
struct Target {
    name: &'static str,
    part: Part,
    measure: &'static str,
    /// What it must be measured with; what is left out does not matter. Of samples at least so many.
    scene: Scene,
    sqlite: Option<Limit>,
    postgres: Option<Limit>,
}

const ANY: Scene = Scene::ANY;
const SMALL: Scene = Scene { organisations: Some(12), ..ANY };
const LARGE: Scene = Scene { organisations: Some(500), ..ANY };
/// History that must not be felt.
const LONG: Scene = Scene { samples: Some(10_000_000), ..ANY };
const BUSY: Scene = Scene { viewers: Some(10), offered: Some(200), ..ANY };

const fn target(name: &'static str, part: Part, measure: &'static str, scene: Scene, sqlite: Limit, postgres: Limit) -> Target {
    Target { name, part, measure, scene, sqlite: Some(sqlite), postgres: Some(postgres) }
}

const fn both(name: &'static str, part: Part, measure: &'static str, scene: Scene, limit: Limit) -> Target {
    target(name, part, measure, scene, limit, limit)
}

const fn on_postgres(name: &'static str, part: Part, measure: &'static str, limit: Limit) -> Target {
    Target { name, part, measure, scene: ANY, sqlite: None, postgres: Some(limit) }
}

const fn crowd(viewers: usize, offered: usize) -> Scene {
    Scene { viewers: Some(viewers), offered: Some(offered), ..ANY }
}

const TARGETS: &[Target] = &[
    target("pushes, 12 organisations", Part::Pushes, "pushes", SMALL, Least(3_500.0), Least(2_500.0)),
    target("  acknowledged p99", Part::Pushes, "acknowledged_p99", SMALL, Most(30.0), Most(50.0)),
    target("pushes, 500 organisations", Part::Pushes, "pushes", LARGE, Least(3_000.0), Least(2_500.0)),
    target("  acknowledged p99", Part::Pushes, "acknowledged_p99", LARGE, Most(30.0), Most(50.0)),
    target("items, of bare inserts of 100 rows", Part::Pushes, "of_bare_rows_100", SMALL, Least(0.93), Least(0.9)),
    on_postgres("pushes of two hubs, of one's", Part::Hubs, "of_one_hub", Least(1.0)),
    target("acknowledged at 200 pushes/s, p95", Part::Streams, "acknowledged_p95", BUSY, Most(8.0), Most(12.0)),
    target("push → event at 200 pushes/s, 10 viewers, p95", Part::Streams, "event_p95", BUSY, Most(40.0), Most(50.0)),
    both("  events that did not arrive", Part::Streams, "events_missing", BUSY, Most(0.0)),
    both("push → event, 1 000 viewers, 20 pushes/s, p95", Part::Viewers, "event_p95", crowd(1_000, 20), Most(50.0)),
    both("push → event, 5 000 viewers, 2 pushes/s, p95", Part::Viewers, "event_p95", crowd(5_000, 2), Most(100.0)),
    both("push → event, 5 000 viewers, 30 pushes/s, p95", Part::Viewers, "event_p95", crowd(5_000, 30), Most(250.0)),
    both("  events that did not arrive", Part::Viewers, "events_missing", ANY, Most(0.0)),
    both("memory a viewer", Part::Viewers, "memory_a_viewer", ANY, Most(40.0)),
    target("/ right after a push, 500 organisations, p50", Part::Pages, "overview_after_push_p50", LARGE, Most(6.0), Most(8.0)),
    target("/orgs/:org right after a push, p50", Part::Pages, "organisation_after_push_p50", LARGE, Most(6.0), Most(8.0)),
    both("/ while nothing happens, p99", Part::Pages, "overview_p99", LARGE, Most(10.0)),
    both("10 million samples against 10 thousand: /", Part::Pages, "overview_growth", LONG, Most(1.1)),
    both("  / right after a push", Part::Pages, "overview_after_push_growth", LONG, Most(1.1)),
    both("  /orgs/:org", Part::Pages, "organisation_growth", LONG, Most(1.1)),
    both("  /orgs/:org right after a push", Part::Pages, "organisation_after_push_growth", LONG, Most(1.1)),
    both("  pushes", Part::Pushes, "growth", LONG, Most(1.1)),
    target("a sample on disk, without payloads", Part::Disk, "a_sample", Scene { samples: Some(1_000_000), ..ANY }, Most(25.0), Most(40.0)),
    both("start with 10 million samples", Part::Start, "ready", LONG, Most(3.0)),
    both("5 000 organisations × 30 series: memory", Part::Alliance, "memory", ANY, Most(600.0)),
    both("  / right after a push, p50", Part::Alliance, "overview_after_push_p50", ANY, Most(15.0)),
    both("a page during a flood of strangers, p99", Part::Flood, "kept_p99", ANY, Most(300.0)),
    both("  the same over a new connection, p99", Part::Flood, "new_p99", ANY, Most(300.0)),
    both("  not answered", Part::Flood, "not_answered", ANY, Most(0.0)),
    on_postgres("primary killed: both hubs take pushes again after", Part::Failover, "healed_after_kill", Most(45.0)),
    on_postgres("primary cut off: the same", Part::Failover, "healed_after_cut", Most(45.0)),
    on_postgres("planned switchover: the same", Part::Failover, "healed_after_switchover", Most(45.0)),
    on_postgres("  acknowledged pushes that were lost", Part::Failover, "lost", Most(0.0)),
    on_postgres("  pushes that are there twice", Part::Failover, "twice", Most(0.0)),
    on_postgres("  hubs that did not say that they were not live", Part::Failover, "silent", Most(0.0)),
];

const DATABASES: [&str; 2] = ["SQLite", "PostgreSQL"];

impl Target {
    fn limit(&self, database: &str) -> Option<Limit> {
        if database == DATABASES[0] { self.sqlite } else { self.postgres }
    }

    /// Whether a figure is of this kind, whatever was in the database.
    fn means(&self, figure: &Figure) -> bool {
        fn fits(wanted: Option<usize>, is: Option<usize>) -> bool {
            wanted.is_none() || wanted == is
        }
        let (wanted, is) = (&self.scene, &figure.scene);
        self.part == figure.part
            && self.measure == figure.measure
            && fits(wanted.organisations, is.organisations)
            && fits(wanted.viewers, is.viewers)
            && fits(wanted.offered, is.offered)
    }

    /// Whether there was as much in the database as it takes.
    fn counts(&self, figure: &Figure) -> bool {
        self.scene.samples.is_none_or(|least| figure.scene.samples.is_some_and(|is| is >= least))
    }
}

/// The bound of a figure that counts, and whether it keeps to it, if there is one.
pub fn of(figure: &Figure) -> Option<(Limit, bool)> {
    let database = figure.scene.database?;
    let limit = TARGETS.iter().find(|target| target.means(figure) && target.counts(figure)).and_then(|target| target.limit(database))?;
    Some((limit, limit.holds(figure.value)))
}

/// What came of one target on one database.
pub struct Verdict<'t> {
    database: &'static str,
    target: &'t Target,
    limit: Limit,
    /// The worst figure that counts.
    figure: Option<&'t Figure>,
    /// One that was measured with too little to count.
    small: Option<&'t Figure>,
}

pub fn verdicts(figures: &[Figure]) -> Vec<Verdict<'_>> {
    let on = |database: &'static str| {
        TARGETS.iter().filter_map(move |target| {
            let limit = target.limit(database)?;
            let meant = || figures.iter().filter(|figure| figure.scene.database == Some(database) && target.means(figure));
            let by_value = |a: &&Figure, b: &&Figure| a.value.total_cmp(&b.value);
            let counting = meant().filter(|figure| target.counts(figure));
            let figure = match limit {
                Least(_) => counting.min_by(by_value),
                Most(_) => counting.max_by(by_value),
            };
            Some(Verdict { database, target, limit, figure, small: meant().next() })
        })
    };
    DATABASES.into_iter().flat_map(on).collect()
}

impl Verdict<'_> {
    fn reached(&self) -> Option<bool> {
        self.figure.map(|figure| self.limit.holds(figure.value))
    }

    pub fn json(&self) -> Value {
        let value = self.figure.map(|figure| figure.value);
        let at = if matches!(self.limit, Least(_)) { "least" } else { "most" };
        json!({
            "database": self.database, "target": self.target.name.trim(), "part": self.target.part, "measure": self.target.measure,
            at: self.limit.number(), "value": value, "reached": self.reached(),
        })
    }
}

/// The verdict for people: what was missed and reached, and what was not measured.
pub fn lines(verdicts: &[Verdict<'_>]) -> Vec<String> {
    let mut lines = vec![];
    for database in DATABASES {
        let all: Vec<_> = verdicts.iter().filter(|verdict| verdict.database == database).collect();
        if all.iter().all(|verdict| verdict.small.is_none()) {
            lines.push(format!("{database}: nothing was measured that has a target"));
            continue;
        }
        lines.push(format!("{database}:"));
        let mut counts = [0; 3];
        for verdict in &all {
            let name = verdict.target.name;
            let (word, place, said) = match (verdict.reached(), verdict.figure, verdict.small) {
                (Some(reached), Some(figure), _) => {
                    let said = format!("{:>14}   ({})", figure.unit.text(figure.value), verdict.limit.text(figure.unit));
                    if reached { ("reached", 0, said) } else { ("MISSED", 1, said) }
                }
                (_, _, Some(small)) => {
                    let wanted = grouped(verdict.target.scene.samples.unwrap_or_default() as f64);
                    let samples = grouped(small.scene.samples.unwrap_or_default() as f64);
                    ("not measured", 2, format!("with {wanted} samples; with {samples} it is {}", small.unit.text(small.value)))
                }
                _ => ("not measured", 2, String::new()),
            };
            counts[place] += 1;
            lines.push(format!("  {word:<13} {name:<50} {said}").trim_end().to_owned());
        }
        let [reached, missed, open] = counts;
        lines.push(format!("  {reached} reached, {missed} missed, {open} not measured"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(part: Part, measure: &str, value: f64, scene: Scene) -> Figure {
        Figure { part, measure: measure.to_owned(), value, unit: Unit::PerSecond, scene: Scene { database: Some("SQLite"), ..scene } }
    }

    #[test]
    fn the_worst_figure_decides_and_too_little_history_does_not_count() {
        let figures = [
            figure(Part::Pushes, "pushes", 3_600.0, Scene { samples: Some(10_000), ..LARGE }),
            figure(Part::Pushes, "pushes", 2_900.0, Scene { samples: Some(10_000_000), ..LARGE }),
            figure(Part::Pushes, "pushes", 3_500.0, SMALL),
            figure(Part::Start, "ready", 0.4, Scene { samples: Some(100_000), ..LARGE }),
        ];
        let all = verdicts(&figures);
        let reached = |name: &str| all.iter().find(|v| v.database == "SQLite" && v.target.name == name).expect("a target").reached();
        assert_eq!(reached("pushes, 12 organisations"), Some(true));
        assert_eq!(reached("pushes, 500 organisations"), Some(false));
        assert_eq!(reached("start with 10 million samples"), None);
        let text = lines(&all).join("\n");
        assert!(text.contains("MISSED") && text.contains("with 10 000 000 samples; with 100 000 it is 0 /s"), "{text}");
        assert!(text.contains("PostgreSQL: nothing was measured"), "{text}");
        assert_eq!(of(&figures[1]), Some((Least(3_000.0), false)));
        assert_eq!(of(&figures[3]), None);
        let json: Vec<Value> = all.iter().map(Verdict::json).collect();
        assert!(json.iter().any(|v| v["target"] == "pushes, 12 organisations" && v["least"] == 3_500.0 && v["reached"] == true), "{json:?}");
    }
}
