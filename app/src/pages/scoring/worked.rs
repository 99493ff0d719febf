//! The collective score as a sum that the reader can do again.

use crate::components::*;
use domain::view::{Scoring, ScoringPart};
use leptos::prelude::*;

/// How an organisation enters the sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counted {
    /// With its current score.
    Now(f64),
    /// Silent or no longer shown, and held in the sum with its last score because that is below the mean.
    Held(f64),
    /// Silent or no longer shown, and leaving it out does not raise the mean.
    Out,
    /// Nothing was ever known.
    Unknown,
}

impl Counted {
    const fn score(self) -> Option<f64> {
        match self {
            Self::Now(score) | Self::Held(score) => Some(score),
            Self::Out | Self::Unknown => None,
        }
    }
}

/// Which parts count and with what: the rule of `domain::scoring::collective`, told part by part.
#[must_use]
pub fn counted(parts: &[ScoringPart]) -> Vec<Counted> {
    let mut counted: Vec<_> = parts
        .iter()
        .map(|p| match (p.score, p.last) {
            (Some(score), _) => Counted::Now(score),
            (None, Some(_)) => Counted::Out,
            (None, None) => Counted::Unknown,
        })
        .collect();
    let mut silent: Vec<_> = parts.iter().enumerate().filter_map(|(i, p)| p.score.is_none().then_some(p.last).flatten().map(|last| (i, last))).collect();
    silent.sort_by(|a, b| a.1.total_cmp(&b.1));
    for (i, last) in silent {
        let (sum, weights) = totals(parts, &counted);
        if weights == 0.0 || last >= sum / weights {
            break;
        }
        counted[i] = Counted::Held(last);
    }
    counted
}

/// The sums of weight × score and of weight.
#[must_use]
pub fn totals(parts: &[ScoringPart], counted: &[Counted]) -> (f64, f64) {
    parts.iter().zip(counted).filter_map(|(p, c)| c.score().map(|s| (p.weight * s, p.weight))).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
}

/// The sum, part by part.
#[component]
pub fn WorkedExample(page: Signal<Scoring>) -> impl IntoView {
    let row = |p: &ScoringPart, c: Counted| {
        let (score, why) = match c {
            Counted::Now(score) => (Some(score), String::new()),
            Counted::Held(score) => (Some(score), "no current score; the last is below the mean, so it is held in".to_owned()),
            Counted::Out => (None, format!("no current score; the last, {}, is not counted", p.last.map_or_else(String::new, |last| format!("{last:.1}")))),
            Counted::Unknown => (None, "nothing known yet".to_owned()),
        };
        let why = match (why.is_empty(), p.note.is_empty()) {
            (_, true) => why,
            (true, false) => p.note.clone(),
            (false, false) => format!("{}; {why}", p.note),
        };
        let number = |n: Option<f64>| match n {
            Some(n) => view! { {format!("{n:.2}")} }.into_any(),
            None => view! { <ScoreText score=None/> }.into_any(),
        };
        view! {
            <tr class:left=score.is_none()>
                <th scope="row"><OrgLink org=p.org.clone()/>{(!why.is_empty()).then(|| view! { <small>{why}</small> })}</th>
                <td class="n">{weight(p.weight)}</td>
                <td class="n">{number(score)}</td>
                <td class="n">{number(score.map(|score| score * p.weight))}</td>
                <td class="n quiet">{format!("{:.2}", p.low)}</td>
                <td class="n quiet">{format!("{:.2}", p.high)}</td>
            </tr>
        }
    };
    let rows = move || {
        page.with(|p| {
            let counted = counted(&p.parts);
            p.parts.iter().zip(counted).map(|(part, c)| row(part, c)).collect_view()
        })
    };
    let foot = move || {
        page.with(|p| {
            let (sum, weights) = totals(&p.parts, &counted(&p.parts));
            view! {
                <tr>
                    <th scope="row">"Sum of what counts"</th>
                    <td class="n">{weight(weights)}</td>
                    <td></td>
                    <td class="n">{format!("{sum:.2}")}</td>
                    <td></td>
                    <td></td>
                </tr>
                <tr>
                    <th scope="row">"Mean by weight"</th>
                    <td></td>
                    <td class="n">{p.score.map(|score| format!("{score:.2}"))}</td>
                    <td></td>
                    <td class="n quiet">{format!("{:.2}", p.low)}</td>
                    <td class="n quiet">{format!("{:.2}", p.high)}</td>
                </tr>
            }
        })
    };
    let result = move || {
        page.with(|p| {
            let (sum, weights) = totals(&p.parts, &counted(&p.parts));
            match p.score {
                Some(score) => {
                    let held = if p.held { " It is held by silence." } else { "" };
                    view! {
                        <p class="sum-line">{format!("{sum:.2} ÷ {} = {score:.2}", weight(weights))}<span class="quiet">", shown as "</span><b>{points(score)}</b></p>
                        <p class="quiet">{format!("What is unknown leaves {} to {} open.{held} Two decimals are shown; the sum is done with all of them.", points(p.low), points(p.high))}</p>
                    }
                    .into_any()
                }
                None => view! { <p class="sum-line"><ScoreText score=None/></p><p class="quiet">"Nobody reports now, so there is no index."</p> }.into_any(),
            }
        })
    };
    let none = Memo::new(move |_| page.with(|p| p.parts.is_empty()));
    view! {
        <Card title="The index, worked through" id="worked">
            {result}
            <Show when=move || !none.get() fallback=|| view! { <Empty title="No organisation has joined yet."/> }>
                <div class="scroll tall" tabindex="0" role="region" aria-label="The index as a sum">
                    <table class="compact worked">
                        <caption class="sr">"The index as a weighted mean of the organisations"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Organisation"</th>
                                <th scope="col" class="n">"Weight"</th>
                                <th scope="col" class="n">"Score"</th>
                                <th scope="col" class="n">"Weight × score"</th>
                                <th scope="col" class="n">"Unknown at 0"</th>
                                <th scope="col" class="n">"Unknown at 100"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                        <tfoot>{foot}</tfoot>
                    </table>
                </div>
            </Show>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        scoring::{Score, collective},
        view::OrgRef,
    };

    #[test]
    fn tells_the_same_sum_as_the_rule() {
        let part = |weight, score, last| ScoringPart {
            org: OrgRef { slug: String::new(), name: String::new() },
            weight,
            score,
            last,
            low: 0.0,
            high: 100.0,
            note: String::new(),
        };
        let cases = [
            vec![part(1.0, Some(80.0), Some(80.0)), part(2.0, None, Some(40.0)), part(1.0, None, Some(90.0)), part(1.0, None, None)],
            vec![part(1.0, Some(80.0), None), part(1.0, None, Some(79.0)), part(1.0, None, Some(20.0)), part(3.0, None, Some(60.0))],
            vec![part(1.0, None, Some(40.0)), part(1.0, None, Some(20.0))],
            vec![],
        ];
        for parts in cases {
            let scores: Vec<_> = parts.iter().map(|p| Score { value: p.score, last: p.last, ..Score::UNKNOWN }).collect();
            let rule = collective(parts.iter().map(|p| p.weight).zip(&scores)).value;
            let (sum, weights) = totals(&parts, &counted(&parts));
            match rule {
                Some(rule) => assert!((sum / weights - rule).abs() < 1e-9, "{parts:?}: {} is not {rule}", sum / weights),
                None => assert_eq!(weights, 0.0, "{parts:?}"),
            }
        }
    }
}
