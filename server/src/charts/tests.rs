//! What every drawing must hold, and what each chart must show.

use super::*;
use domain::catalogue::{Domain, MetricDefinition};
use domain::query::Window;
use domain::timestamp::{DAY, HOUR, Timestamp};

const START: &str = "2025-11-03";

fn day(n: i64) -> Timestamp {
    Timestamp::parse(START).unwrap().plus(n * DAY)
}

fn wave(i: i64) -> f64 {
    70.0 + 12.0 * (i as f64 / 9.0).sin()
}

fn metric(unit: &str, target: f64, floor: f64) -> MetricDefinition {
    MetricDefinition { key: "k".into(), title: "Patched <in> time & \"SLA\"".into(), unit: unit.into(), domain: Domain::Pr, target, floor, weight: 1.0 }
}

fn window(days: i64) -> Window {
    Window { from: day(0), to: day(days) }
}

/// The classes of the elements drawn, and a failure when the markup is not well-formed XML or breaks a rule of the module.
fn classes(svg: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut classes = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "stray > in {rest}");
        let end = rest.find('>').expect("unfinished tag");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert!(!tag.contains(['<', '\'']) && tag.matches('"').count().is_multiple_of(2), "{tag}");
        let class = tag.split(" class=\"").nth(1).and_then(|t| t.split('"').next());
        classes.extend(class.into_iter().flat_map(str::split_whitespace).map(str::to_owned));
        if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    let root = &svg[..svg.find('>').unwrap()];
    assert!(root.contains("viewBox=\"0 0 ") && !root.contains(" width=") && !root.contains(" height="), "{root}");
    for banned in [" style=", "<style", "#0102", "stroke=", "opacity", "font-family", "NaN", "inf"] {
        assert!(!svg.contains(banned), "{banned} in {svg}");
    }
    classes
}

fn count(svg: &str, class: &str) -> usize {
    classes(svg).iter().filter(|c| *c == class).count()
}

/// The checks of a whole chart; returns both drawings.
fn drawings(chart: &Chart) -> [&str; 2] {
    for (svg, size) in [(&chart.narrow, "narrow"), (&chart.wide, "wide")] {
        assert!(count(svg, size) == 1, "{size}");
        assert!(svg.contains("role=\"img\"") && svg.contains(&format!("aria-labelledby=\"{0}-{size}-title {0}-{size}-desc\"", chart.id)));
        assert!(svg[svg.find('>').unwrap()..].starts_with("><title id="), "the title comes first");
        assert!(svg.contains("</title><desc id="));
    }
    assert!(chart.rows.iter().all(|row| row.len() == chart.columns.len()));
    [&chart.narrow, &chart.wide]
}

fn labels(svg: &str) -> Vec<String> {
    svg.split("<text ").skip(1).map(|t| t[t.find('>').unwrap() + 1..t.find('<').unwrap()].to_owned()).collect()
}

#[test]
fn sparkline_is_small_broken_and_hatched() {
    let full: Vec<_> = (0..90).map(|i| Some(wave(i) + (i * 7 % 5) as f64)).collect();
    let svg = sparkline(&full, (0.0, 100.0), SparkOptions::default());
    assert_eq!((count(&svg, "line"), count(&svg, "dot"), count(&svg, "gap")), (1, 1, 0));
    assert!(svg.len() < 1_200, "{} bytes", svg.len());
    assert!(svg.contains("aria-hidden=\"true\" focusable=\"false\"") && svg.contains("preserveAspectRatio=\"none\""));

    let mut silent = full.clone();
    silent[40..50].fill(None);
    silent[80..].fill(None);
    let svg = sparkline(&silent, (0.0, 100.0), SparkOptions::default());
    assert_eq!((count(&svg, "line"), count(&svg, "dot"), count(&svg, "gap"), count(&svg, "hatch")), (2, 1, 1, 1));
    let mostly: Vec<_> = full.iter().enumerate().map(|(i, v)| v.filter(|_| i < 5)).collect();
    let svg = sparkline(&mostly, (0.0, 100.0), SparkOptions::default());
    assert!(count(&svg, "gap") == 1 && svg.len() < 1_200, "{} bytes", svg.len());

    let band: Vec<_> = (0..90).map(|i| (wave(i) - 6.0, wave(i) + 6.0)).collect();
    let svg = sparkline(&silent, (0.0, 100.0), SparkOptions { band: Some(&band) });
    assert_eq!(count(&svg, "band"), 2);
    assert!(svg.len() < 2_400, "{} bytes", svg.len());
}

#[test]
fn sparkline_of_nothing_and_of_little() {
    let draw = |values: &[Option<f64>]| sparkline(values, (0.0, 100.0), SparkOptions::default());
    assert_eq!(draw(&[]), "");
    assert_eq!(draw(&[None, None]), "");
    assert_eq!(draw(&[Some(f64::NAN)]), "");
    assert_eq!(count(&draw(&[Some(50.0)]), "dot"), 1);
    let lone = draw(&[Some(1.0), None, Some(50.0), None, Some(-900.0)]);
    assert_eq!((count(&lone, "line"), count(&lone, "dot"), count(&lone, "gap")), (2, 1, 0));
    assert_eq!(count(&sparkline(&[Some(3.0), Some(3.0)], (3.0, 3.0), SparkOptions::default()), "line"), 1);
}

#[test]
fn years_of_history_do_not_grow_a_drawing() {
    let long: Vec<_> = (0..200_000).map(|i| Some(wave(i * 37))).collect();
    assert!(sparkline(&long, (0.0, 100.0), SparkOptions::default()).len() < 6_000);
    let points: Vec<_> = (0..200_000).map(|i| (day(0).plus(i * HOUR), Some(wave(i * 37)))).collect();
    let chart = metric_series("m", &metric("percent", 90.0, 40.0), &points, window(200_000 / 24 + 1), "", "");
    assert!(drawings(&chart)[1].len() < 45_000, "{} bytes", chart.wide.len());
    assert_eq!(chart.rows.len(), 120);
    assert_eq!(chart.rows.last().unwrap()[0], points.last().unwrap().0.rfc3339());
}

#[test]
fn score_history_shows_band_target_breaks_and_last_value() {
    let points: Vec<_> = (0..90).map(|i| (day(i), Some(wave(i)).filter(|_| !(30..45).contains(&i)), wave(i) - 8.0, wave(i) + 8.0)).collect();
    let chart = score_history("index", "Index", "Up 3 in 30 days.", &points, 80.0, "/csv/collective");
    for svg in drawings(&chart) {
        let n = |class| count(svg, class);
        assert_eq!((n("line"), n("band"), n("gap"), n("target"), n("zone"), n("dot")), (2, 2, 1, 1, 1, 1));
        assert!(svg.contains("<pattern id=\"index-") && n("hatch") == 1);
        let labels = labels(svg);
        for wanted in ["target 80", "0", "100", "score, 0–100", "65"] {
            assert!(labels.iter().any(|l| l == wanted), "{wanted} in {labels:?}");
        }
        assert!(svg.contains(">Up 3 in 30 days.</desc>"));
    }
    assert!(labels(&chart.wide).contains(&"no data".to_owned()));
    assert_eq!(chart.columns, ["Date (UTC)", "Score", "Spread from", "Spread to"]);
    assert_eq!(chart.rows[0], ["2025-11-03", "70", "62", "78"]);
    assert_eq!(chart.rows[30], ["2025-12-03", "no data", "no data", "no data"]);
    assert_eq!(chart.csv, "/csv/collective");

    let plain: Vec<_> = points.iter().map(|(at, score, ..)| (*at, *score, f64::NAN, f64::NAN)).collect();
    let chart = score_history("org", "Score", "", &plain, 80.0, "");
    assert_eq!((count(&chart.wide, "band"), chart.columns.len()), (0, 2));
}

#[test]
fn metric_series_labels_target_floor_and_value() {
    let points: Vec<_> = (0..60).map(|i| (day(i), Some(wave(i)).filter(|_| i < 50))).collect();
    let chart = metric_series("patch", &metric("percent", 90.0, 50.0), &points, window(60), "61 %, target 90 %", "/csv/x");
    for svg in drawings(&chart) {
        let n = |class| count(svg, class);
        assert_eq!((n("line"), n("gap"), n("target"), n("floor"), n("zone"), n("last")), (1, 1, 1, 1, 1, 1));
        let labels = labels(svg);
        for wanted in ["target 90 %", "floor 50 %", "percent", "last 61.1 %"] {
            assert!(labels.iter().any(|l| l == wanted), "{wanted} in {labels:?}");
        }
        assert!(svg.contains("Patched &lt;in&gt; time &amp; &quot;SLA&quot;"));
    }
    assert_eq!(chart.columns[2], "Target met (90 %)");
    assert_eq!(chart.rows[0], ["2025-11-03", "70 %", "no"]);
    assert_eq!(chart.rows[59][1], "no data");
}

#[test]
fn metric_where_lower_is_better_begins_at_zero_and_marks_the_low_side() {
    let points = [(day(0), Some(12.0)), (day(1), Some(4.0)), (day(2), Some(f64::INFINITY)), (day(99), Some(1.0))];
    let chart = metric_series("m", &metric("days", 5.0, 30.0), &points, window(3), "", "");
    for svg in drawings(&chart) {
        assert!(labels(svg).contains(&"0".to_owned()) && count(svg, "zone") == 1);
    }
    assert_eq!(chart.rows.iter().map(|r| r[2].as_str()).collect::<Vec<_>>(), ["no", "yes", "no data"]);
}

#[test]
fn direct_labels_never_cover_each_other() {
    let points = [(day(0), Some(90.0)), (day(1), Some(90.0))];
    let chart = metric_series("m", &metric("percent", 90.0, 89.0), &points, window(1), "", "");
    for svg in drawings(&chart) {
        let mut heights: Vec<f64> = ["lbl last", "lbl of-target", "lbl of-floor"]
            .iter()
            .map(|class| {
                let text = svg.split(&format!("<text class=\"{class}\"")).nth(1).unwrap();
                text.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
            })
            .collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights.windows(2).all(|w| w[1] - w[0] >= 17.9), "{heights:?}");
    }
}

#[test]
fn incident_flow_draws_a_pair_and_a_tooltip_per_week() {
    let weeks: Vec<_> = (0..18).map(|i| (day(i * 7), [5, 3, 0, 13, 4][i as usize % 5], [4, 6, 1][i as usize % 3])).collect();
    let chart = incident_flow("flow", "More closed than opened.", &weeks, "/csv/incidents");
    for svg in drawings(&chart) {
        let n = |class| count(svg, class);
        assert_eq!((n("week"), n("hit"), n("bar-opened"), n("bar-closed")), (18, 18, 18, 18));
        assert!(svg.contains("<title>Week of 24 Nov 2025: 13 opened, 4 closed</title><rect class=\"hit\""));
        let labels = labels(svg);
        for wanted in ["opened", "closed", "Nov", "Dec", "2026", "Feb", "13 opened, week of 2 Feb"] {
            assert!(labels.iter().any(|l| l == wanted), "{wanted} in {labels:?}");
        }
        assert!(labels.iter().all(|l| !l.starts_with('-')), "counts have no sign: {labels:?}");
    }
    assert_eq!(chart.rows[3], ["2025-11-24", "13", "4"]);
}

#[test]
fn nothing_to_draw_is_an_empty_drawing() {
    let none = [(day(0), None), (day(1), None)];
    let series = metric_series("m", &metric("percent", 90.0, 50.0), &none, window(1), "", "");
    let empty = [score_history("s", "", "", &[], 80.0, ""), incident_flow("f", "", &[], ""), incident_flow("f", "", &[(day(0), 0, 0)], "")];
    for chart in empty.iter().chain([&series]) {
        assert_eq!((chart.narrow.as_str(), chart.wide.as_str()), ("", ""));
    }
    assert_eq!(series.rows.len(), 2);
}

#[test]
fn extremes_draw_and_every_run_draws_the_same() {
    let points = [(day(0), Some(1e300)), (day(1), Some(-1e300)), (day(1), Some(0.1))];
    for unit in ["percent", "days", "hours", "count", "per_1000_assets"] {
        let once = || metric_series("m", &metric(unit, 1e9, 0.0), &points, window(2), "\u{0}<&>", "");
        drawings(&once());
        assert_eq!(once(), once());
    }
    let late = Window { from: day(0), to: day(0) };
    drawings(&metric_series("m", &metric("count", 0.0, 1.0), &[(day(0), Some(0.0))], late, "", ""));
    drawings(&incident_flow("f", "", &[(day(0), u64::MAX / 2, 0)], ""));
}

#[test]
fn time_labels_fit_their_span() {
    let shown = |days: i64, hours: i64| {
        let points = [(day(0), Some(1.0)), (day(days).plus(hours * HOUR), Some(2.0))];
        let to = points[1].0;
        labels(&metric_series("m", &metric("count", 0.0, 9.0), &points, Window { from: day(0), to }, "", "").narrow)
    };
    for (labels, wanted) in [(shown(0, 20), "06:00Z"), (shown(7, 0), "4 Nov"), (shown(30, 0), "17 Nov"), (shown(90, 0), "2026"), (shown(730, 0), "2027")] {
        assert!(labels.iter().any(|l| l == wanted), "{wanted} in {labels:?}");
    }
}
