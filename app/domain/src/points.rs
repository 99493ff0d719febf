//! How scores are written: a score is whole points, a change of one is tenths. Everything that tells of a change, its parts, their sum, the sentence and the
//! arrow, goes by these.

/// A score to a tenth of a point.
#[must_use]
pub fn tenth(score: f64) -> f64 {
    // Adding 0 turns "-0" into "0".
    (score * 10.0).round() / 10.0 + 0.0
}

/// The points between two scores to a tenth: both rounded first, so that what is printed of them adds up.
#[must_use]
pub fn change(now: Option<f64>, before: Option<f64>) -> Option<f64> {
    Some(tenth(tenth(now?) - tenth(before?)))
}

/// What became of a score: "Fell 17.3 points, from 77.3 to 60.0". The ends are rounded as [`change`] rounds them, so that one is the other less what is said.
#[must_use]
pub fn moved(from: f64, to: f64) -> String {
    let (from, to) = (tenth(from), tenth(to));
    match tenth(to - from) {
        0.0 => format!("Unchanged at {to:.1}"),
        points => format!("{} {:.1} points, from {from:.1} to {to:.1}", if points > 0.0 { "Rose" } else { "Fell" }, points.abs()),
    }
}

/// Parts to a tenth of a point each, so that they add up to `whole`: those that lose most by it are rounded up. What moved nothing stays at nothing.
#[must_use]
pub fn tenths(parts: &[f64], whole: f64) -> Vec<f64> {
    let mut rounded: Vec<f64> = parts.iter().map(|p| (p * 10.0).floor()).collect();
    let mut missing = ((whole * 10.0).round() - rounded.iter().sum::<f64>()) as i64;
    let mut by_loss: Vec<usize> = (0..parts.len()).filter(|i| parts[*i] != 0.0).collect();
    by_loss.sort_by(|a, b| (parts[*b] * 10.0).rem_euclid(1.0).total_cmp(&(parts[*a] * 10.0).rem_euclid(1.0)));
    while missing != 0 && !by_loss.is_empty() {
        let step = missing.signum();
        let order: Vec<usize> = if step > 0 { by_loss.clone() } else { by_loss.iter().rev().copied().collect() };
        for i in order.into_iter().take(usize::try_from(missing.abs()).unwrap_or(0)) {
            rounded[i] += step as f64;
            missing -= step;
        }
    }
    rounded.into_iter().map(|p| p / 10.0 + 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    /// Tenths of a point in the numbers of a text.
    fn numbers(text: &str) -> Vec<i64> {
        let number = |word: &str| word.trim_end_matches(',').parse::<f64>().ok();
        text.split(' ').filter_map(number).map(|n| (n * 10.0).round() as i64).collect()
    }

    proptest! {
        #[test]
        fn sentence_arrow_and_sum_of_parts_are_one_number(from in 0.0..=100.0_f64, to in 0.0..=100.0_f64, parts in vec(-40.0..40.0_f64, 1..9)) {
            let arrow = change(Some(to), Some(from)).unwrap();
            let said = numbers(&moved(from, to));
            let (points, from, to) = if arrow == 0.0 { (0, said[0], said[0]) } else { (said[0] * arrow.signum() as i64, said[1], said[2]) };
            prop_assert_eq!((points, to - from), ((arrow * 10.0).round() as i64, points));
            let sum: f64 = tenths(&parts, arrow).iter().sum();
            prop_assert_eq!(tenth(sum), arrow);
        }
    }

    #[test]
    fn what_is_shown_adds_up() {
        for (parts, whole) in [
            (vec![-10.24, -7.14, -0.04, 0.02], -17.4),
            (vec![-10.24, -7.14, -0.04, 0.02], -17.3),
            (vec![0.04, 0.04, 0.04], 0.1),
            (vec![0.04, 0.0, 0.04], 0.3),
            (vec![0.35, -0.31], 0.0),
            (vec![], 0.0),
            (vec![1.0], 0.9),
        ] {
            let shown = tenths(&parts, whole);
            assert!((shown.iter().sum::<f64>() - whole).abs() < 1e-9, "{parts:?} {shown:?}");
            assert!(parts.iter().zip(&shown).all(|(a, b)| (a - b).abs() < 0.25 && (*a != 0.0 || *b == 0.0)), "{parts:?} {shown:?}");
        }
        assert_eq!((change(Some(60.66), Some(78.04)), change(None, Some(1.0)), change(Some(70.04), Some(70.01))), (Some(-17.3), None, Some(0.0)));
    }
}
