//! The buckets of histograms: fixed bounds, so that what different processes and times counted can be added up.

/// Upper bounds of the buckets of a refresh's latency, in microseconds.
pub const LATENCY_US: [u64; 24] = [
    250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 75_000, 100_000,
    150_000, 200_000, 300_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
];

/// Upper bounds of the buckets of a session's duration, in seconds.
pub const DURATION_SECONDS: [u64; 13] = [
    60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800, 2_592_000,
];

/// The bucket of a value: the first whose bound is not below it, or the one beyond all bounds.
pub fn bucket(bounds: &[u64], value: u64) -> usize {
    bounds.partition_point(|bound| *bound < value)
}

/// The bound that so many of 100 values do not pass; `None` where there are no values. What lies beyond all bounds counts as
/// the last one.
pub fn percentile(bounds: &[u64], counts: &[u64], percent: u64) -> Option<u64> {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return None;
    }
    let wanted = all.saturating_mul(percent).div_ceil(100);
    let mut reached = 0_u64;
    let at = counts.iter().position(|count| {
        reached = reached.saturating_add(*count);
        reached >= wanted
    })?;
    bounds.get(at).or(bounds.last()).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{DURATION_SECONDS, LATENCY_US, bucket, percentile};

    #[test]
    fn bounds_rise() {
        assert!(LATENCY_US.is_sorted_by(|a, b| a < b));
        assert!(DURATION_SECONDS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        assert_eq!(bucket(&[10, 20], 0), 0);
        assert_eq!(bucket(&[10, 20], 10), 0);
        assert_eq!(bucket(&[10, 20], 11), 1);
        assert_eq!(bucket(&[10, 20], 21), 2);
    }

    #[test]
    fn a_percentile_is_the_bound_of_the_bucket_that_reaches_it() {
        let bounds = [10, 20, 30];
        assert_eq!(percentile(&bounds, &[0, 0, 0, 0], 50), None);
        assert_eq!(percentile(&bounds, &[50, 50, 0, 0], 50), Some(10));
        assert_eq!(percentile(&bounds, &[49, 51, 0, 0], 50), Some(20));
        assert_eq!(percentile(&bounds, &[95, 0, 5, 0], 95), Some(10));
        assert_eq!(percentile(&bounds, &[0, 0, 0, 1], 99), Some(30));
    }

    proptest! {
        #[test]
        fn a_percentile_is_not_below_the_true_one(mut values in proptest::collection::vec(0..20_000_000_u64, 1..200), percent in 1..100_u64) {
            let mut counts = vec![0; LATENCY_US.len() + 1];
            for value in &values {
                counts[bucket(&LATENCY_US, *value)] += 1;
            }
            values.sort_unstable();
            let rank = (values.len() as u64 * percent).div_ceil(100).max(1) as usize;
            let truth = values[rank - 1];
            let said = percentile(&LATENCY_US, &counts, percent).unwrap();
            prop_assert!(said >= truth);
            let below = LATENCY_US.iter().rev().find(|bound| **bound < said).copied().unwrap_or(0);
            prop_assert!(truth > below || truth == 0);
        }
    }
}
