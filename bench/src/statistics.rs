//! Quantiles, and ratios with their bounds by resampling.

/// How many times blocks are drawn again.
const RESAMPLES: usize = 10_000;

/// A ratio, and the bounds that it stays above and below with 95 % certainty each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// The ratio.
    pub(crate) ratio: f64,
    /// The one-sided lower 95 % bound.
    pub(crate) lower: f64,
    /// The one-sided upper 95 % bound.
    pub(crate) upper: f64,
}

/// The value below which this share of the samples lies. The samples are put in order.
pub(crate) fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    let at = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
    samples.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle value.
pub(crate) fn median(samples: &[f64]) -> f64 {
    quantile(&mut samples.to_vec(), 0.5)
}

/// The mean.
pub(crate) fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// The ratio of the sums of blocks of two contenders measured in turn, with bounds by bootstrap over the blocks. Drawing
/// blocks and not single samples keeps what lasts longer than one sample, such as another program's burst, together.
pub(crate) fn ratio_of_sums(blocks: &[(f64, f64)]) -> Estimate {
    let of = |drawn: &mut dyn Iterator<Item = &(f64, f64)>| {
        let (above, below) = drawn.fold((0.0, 0.0), |(a, b), block| (a + block.0, b + block.1));
        above / below
    };
    let mut chance = Chance::default();
    let mut drawn: Vec<f64> = (0..RESAMPLES)
        .map(|_| of(&mut (0..blocks.len()).filter_map(|_| blocks.get(chance.below(blocks.len())))))
        .collect();
    Estimate {
        ratio: of(&mut blocks.iter()),
        lower: quantile(&mut drawn, 0.05),
        upper: quantile(&mut drawn, 0.95),
    }
}

/// The ratio of the medians of two contenders measured in turn, with bounds by bootstrap over the rounds.
pub(crate) fn ratio_of_medians(rounds: &[(f64, f64)]) -> Estimate {
    let of = |drawn: &[(f64, f64)]| {
        let (above, below): (Vec<f64>, Vec<f64>) = drawn.iter().copied().unzip();
        median(&above) / median(&below)
    };
    let mut chance = Chance::default();
    let mut drawn: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let again: Vec<_> = (0..rounds.len())
                .filter_map(|_| rounds.get(chance.below(rounds.len())).copied())
                .collect();
            of(&again)
        })
        .collect();
    Estimate {
        ratio: of(rounds),
        lower: quantile(&mut drawn, 0.05),
        upper: quantile(&mut drawn, 0.95),
    }
}

/// A small generator with a fixed start (xorshift64*), so that the same samples always give the same bounds.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Default for Chance {
    fn default() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }
}

impl Chance {
    /// A number below this bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let wide = u128::from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)) * bound as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, median, quantile, ratio_of_medians, ratio_of_sums};

    #[test]
    fn quantiles_are_values_that_occurred() {
        let mut samples: Vec<f64> = (0..=100).map(f64::from).rev().collect();
        assert_eq!(quantile(&mut samples, 0.99), 99.0);
        assert_eq!(quantile(&mut samples, 0.0), 0.0);
        assert_eq!(quantile(&mut samples, 1.0), 100.0);
        assert!(quantile(&mut [], 0.5).is_nan());
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn equal_contenders_have_a_ratio_of_one_without_doubt() {
        let estimate = ratio_of_sums(&[(5.0, 5.0); 50]);
        assert_eq!((estimate.lower, estimate.ratio, estimate.upper), (1.0, 1.0, 1.0));
    }

    #[test]
    fn the_bounds_enclose_the_ratio_and_narrow_with_more_blocks() {
        let mut chance = Chance::default();
        let mut noisy = |count: usize| -> Vec<(f64, f64)> {
            (0..count)
                .map(|_| (110.0 + chance.below(20) as f64, 100.0 + chance.below(20) as f64))
                .collect()
        };
        let (few, many) = (ratio_of_sums(&noisy(20)), ratio_of_sums(&noisy(2_000)));
        for estimate in [few, many, ratio_of_medians(&noisy(101))] {
            assert!(estimate.lower <= estimate.ratio && estimate.ratio <= estimate.upper);
            assert!((1.03..1.15).contains(&estimate.ratio), "{estimate:?}");
        }
        assert!(many.upper - many.lower < (few.upper - few.lower) / 3.0);
    }

    #[test]
    fn one_wild_round_does_not_move_the_ratio_of_medians() {
        let mut rounds = vec![(6.0, 10.0); 9];
        rounds.push((600.0, 10.0));
        assert_eq!(ratio_of_medians(&rounds).ratio, 0.6);
    }

    #[test]
    fn draws_reach_every_block() {
        let mut chance = Chance::default();
        let mut seen = [false; 7];
        for _ in 0..1_000 {
            seen[chance.below(7)] = true;
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}
