//! Seeded chance: the same alliance at every start.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A generator of its own for each thing drawn, so that changing one leaves the others as they were.
pub fn rng(what: &str, partner: usize) -> StdRng {
    // FNV-1a: short and the same on every machine.
    let name = what.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    StdRng::seed_from_u64(name.wrapping_add(partner as u64))
}

/// A draw from about the standard normal distribution (sum of twelve uniform ones).
pub fn normal(rng: &mut StdRng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// One of the list.
pub fn pick<T: Copy>(rng: &mut StdRng, list: &[T]) -> T {
    list[rng.random_range(0..list.len())]
}

/// An index, by weight.
pub fn weighted(rng: &mut StdRng, weights: &[f64]) -> usize {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_repeatable_and_spread() {
        assert_eq!(rng("a", 1).random::<u64>(), rng("a", 1).random::<u64>());
        assert_ne!(rng("a", 1).random::<u64>(), rng("b", 1).random::<u64>());
        let mut rng = rng("spread", 0);
        let draws: Vec<f64> = (0..4_000).map(|_| normal(&mut rng)).collect();
        assert!(draws.iter().sum::<f64>().abs() / 4_000.0 < 0.1);
        let hits = (0..1_000).filter(|_| weighted(&mut rng, &[1.0, 3.0]) == 1).count();
        assert!((650..850).contains(&hits));
    }
}
