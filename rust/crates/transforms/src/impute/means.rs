//! Means of many numbers: one that is quick, and one from the exact sum, which has the same bits in any order and from
//! any division into parts.

/// Numbers that are added without compensation, in so many lanes.
const BLOCK: usize = 512;
const LANES: usize = 8;

/// Bits that one limb of the sum stands for; the rest of it takes carries.
const BITS: usize = 32;
/// Limbs below the smallest of all doubles, for what a division leaves of it.
const LIMBS_BELOW: usize = 2;
/// Limbs that hold the sum of any finite numbers.
const LIMBS: usize = LIMBS_BELOW + 70;
/// Numbers that can be added before the carries no longer fit.
const BETWEEN_CARRIES: u64 = 1 << 30;
/// The exponent of the smallest double: every finite number is a multiple of two to this.
const LOWEST: i32 = -1074;

/// The exact sum of finite numbers, in fixed point.
struct ExactSum {
    limbs: [i64; LIMBS],
    count: u64,
}

impl ExactSum {
    fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as usize, bits & ((1 << 52) - 1));
        // A number of the lowest exponent has no leading one, and the place of the next one.
        let mantissa = fraction | u64::from(exponent > 0) << 52;
        let place = exponent.max(1) - 1;
        let shifted = u128::from(mantissa) << (place % BITS);
        for (offset, limb) in self.limbs[LIMBS_BELOW + place / BITS..][..3].iter_mut().enumerate() {
            let part = (shifted >> (offset * BITS)) as u32;
            *limb += if value < 0.0 { -i64::from(part) } else { i64::from(part) };
        }
        self.count += 1;
        if self.count.is_multiple_of(BETWEEN_CARRIES) {
            self.carry();
        }
    }

    /// Leaves in each limb but the highest a number of its bits, not negative.
    fn carry(&mut self) {
        let mut carry = 0;
        let [lower @ .., highest] = &mut self.limbs;
        for limb in lower {
            let whole = *limb + carry;
            carry = whole >> BITS;
            *limb = whole & i64::from(u32::MAX);
        }
        *highest += carry;
    }

    /// The sum divided by the count, rounded once, to the nearest double, ties to even.
    fn mean(mut self) -> f64 {
        self.carry();
        let is_negative = self.limbs[LIMBS - 1] < 0;
        if is_negative {
            self.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            self.carry();
        }
        let mut rest = 0u128;
        for limb in self.limbs.iter_mut().rev() {
            let dividend = rest << BITS | (*limb as u128);
            *limb = (dividend / u128::from(self.count)) as i64;
            rest = dividend % u128::from(self.count);
        }
        let magnitude = rounded(&self.limbs, rest > 0);
        if is_negative { -magnitude } else { magnitude }
    }
}

/// The double nearest to a number in fixed point, or to what is more than it by less than its last bit.
fn rounded(limbs: &[i64; LIMBS], more: bool) -> f64 {
    let Some(top) = limbs.iter().rposition(|&limb| limb != 0) else { return 0.0 };
    // Three limbs hold the 53 bits that count, and one at least behind them.
    let low = top.saturating_sub(2);
    let head = limbs[low..=top].iter().rev().fold(0u128, |head, &limb| head << BITS | limb as u128);
    let more = more || limbs[..low].iter().any(|&limb| limb != 0);
    let below = LIMBS_BELOW.saturating_sub(low) * BITS;
    let dropped = (128 - 53 - head.leading_zeros() as i32).max(below as i32);
    let (kept, half) = (head >> dropped, (1u128 << dropped) >> 1);
    let behind = head - (kept << dropped);
    let up = behind > half || behind == half && (more || kept & 1 == 1) && half > 0;
    let kept = (kept + u128::from(up)) as f64;
    // In two steps: one alone can lie below all doubles.
    let exponent = ((low as i32) - LIMBS_BELOW as i32) * BITS as i32 + dropped + LOWEST;
    kept * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
}

/// The mean of observed values, with the rounding of the sums of blocks compensated (Neumaier 1974); None where there
/// are none.
pub fn compensated_mean<'a>(parts: impl Iterator<Item = &'a [f64]>) -> Option<f64> {
    let (mut sum, mut lost, mut count) = (0.0f64, 0.0f64, 0u64);
    for block in parts.flat_map(|part| part.chunks(BLOCK)) {
        let (value, observed) = sum_of_block(block);
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
        count += observed;
    }
    (count > 0).then(|| (sum + lost) / count as f64)
}

/// Sum and count of the observed values of a block.
fn sum_of_block(block: &[f64]) -> (f64, u64) {
    let (mut sums, mut counts) = ([0.0f64; LANES], [0u64; LANES]);
    let (lanes, rest) = block.as_chunks::<LANES>();
    let mut add = |lane: usize, value: f64| {
        sums[lane] += if value.is_nan() { 0.0 } else { value };
        counts[lane] += u64::from(!value.is_nan());
    };
    lanes.iter().for_each(|values| (0..LANES).for_each(|lane| add(lane, values[lane])));
    rest.iter().enumerate().for_each(|(lane, &value)| add(lane, value));
    (sums.iter().sum(), counts.iter().sum())
}

/// The mean of observed values, rounded once; None where there are none.
pub fn exact_mean<'a>(parts: impl Iterator<Item = &'a [f64]>) -> Option<f64> {
    let mut sum = ExactSum { limbs: [0; LIMBS], count: 0 };
    for value in parts.flatten().copied().filter(|value| value.is_finite()) {
        sum.add(value);
    }
    (sum.count > 0).then(|| sum.mean())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mean(values: &[f64]) -> Option<f64> {
        exact_mean([values].into_iter())
    }

    #[test]
    fn a_long_sum_keeps_its_digits() {
        let values = vec![0.1; 3_000_000];
        assert_eq!(mean(&values), Some(0.1));
        let quick = compensated_mean([values.as_slice()].into_iter());
        assert!(quick.is_some_and(|quick| (quick - 0.1).abs() < 1e-15));
    }

    #[test]
    fn what_cancels_leaves_the_rest() {
        assert_eq!(mean(&[1e300, 1.0, -1e300]), Some(1.0 / 3.0));
        assert_eq!(mean(&[f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(mean(&[-f64::MAX, -f64::MAX, -f64::MAX]), Some(-f64::MAX));
        assert_eq!(mean(&[5e-324, 5e-324]), Some(5e-324));
        // Three halves of the smallest number: a tie, to the even one.
        assert_eq!(mean(&[5e-324, 1e-323]), Some(1e-323));
        assert_eq!(mean(&[5e-324, 0.0]), Some(0.0));
        assert_eq!(mean(&[f64::MIN_POSITIVE, f64::MIN_POSITIVE]), Some(f64::MIN_POSITIVE));
        assert_eq!(mean(&[1.0, -1.0]), Some(0.0));
        assert_eq!(mean(&[0.0, -0.0]), Some(0.0));
        assert_eq!(mean(&[f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn the_quick_mean_is_near_the_exact_one(
            values in proptest::collection::vec(-1e4f64..1e4, 1..3_000),
            missing in 1usize..5,
            cut in 0usize..3_000,
        ) {
            let values: Vec<f64> = (0..).zip(&values)
                .map(|(place, &value)| if place % missing == 1 { f64::NAN } else { value })
                .collect();
            let cut = cut.min(values.len());
            let quick = compensated_mean([&values[..cut], &values[cut..]].into_iter());
            match (quick, mean(&values)) {
                (Some(quick), Some(exact)) => prop_assert!((quick - exact).abs() < 1e-11),
                (quick, exact) => prop_assert_eq!(quick, exact),
            }
        }

        /// Whole numbers have sums that are exact in 128 bits.
        #[test]
        fn it_is_the_mean_of_whole_numbers(
            values in proptest::collection::vec(-(1i64 << 53)..(1i64 << 53), 1..40),
            exponent in -1_000i32..900,
        ) {
            let scale = 2f64.powi(exponent);
            let numbers: Vec<f64> = values.iter().map(|&value| value as f64 * scale).collect();
            let total: i128 = values.iter().map(|&value| i128::from(value)).sum();
            let count = values.len() as i128;
            // Quotients of less than 53 bits with what is behind them pushed into one bit are rounded as a whole.
            let shift = 60;
            let scaled = (total.abs() << shift) / count;
            let more = i128::from((total.abs() << shift) % count != 0);
            let expected = (scaled << 1 | more) as f64 / 2f64.powi(shift + 1) * scale;
            let expected = if total < 0 { -expected } else { expected };
            prop_assert_eq!(mean(&numbers), Some(expected));
        }

        #[test]
        fn neither_order_nor_parts_matter(
            values in proptest::collection::vec(any::<f64>(), 1..60),
            cut in 0usize..60,
        ) {
            let mut turned = values.clone();
            turned.reverse();
            let cut = cut.min(values.len());
            let expected = mean(&values).map(f64::to_bits);
            prop_assert_eq!(mean(&turned).map(f64::to_bits), expected);
            let parts = exact_mean([&values[cut..], &values[..cut]].into_iter());
            prop_assert_eq!(parts.map(f64::to_bits), expected);
        }
    }
}
