//! The not-a-knot cubic spline, evaluated inside gaps only.
//!
//! The second derivatives M of the spline solve a tridiagonal system. Eliminating it from the far end of
//! the series towards a gap leaves, on each side, one linear relation between the M of the two knots that
//! bound the gap: `M_inner = offset - factor * M_outer`. The two relations together give both M.
//!
//! What lies far away hardly matters: each knot in between damps it by a factor of at most 1/2 (2/7 where
//! the spacing is uniform). So the elimination starts a window away, where what is left is below the
//! rounding of a double; `docs/transforms/impute.md` has the bound. Sweeps reuse what an earlier gap left,
//! so that the cost is that of the windows or of one pass over the series, whichever is less.

use super::gaps::Gap;

/// Fewest observed values for which the not-a-knot spline is determined.
pub const FEWEST_POINTS: usize = 4;

/// The factor of a long uniform stretch, 2 - sqrt(3): the fixed point of c = 1 / (4 - c).
const UNIFORM_FACTOR: f64 = 0.267_949_192_431_122_7;
/// Steps after which a factor on a uniform stretch has reached the fixed point (it nears it 14-fold a step).
const STEPS_TO_UNIFORM: usize = 18;
/// Knots that a uniform stretch remembers: `UNIFORM_FACTOR` to this power is below 2^-64.
const TAPS: usize = 36;
/// What the curvature of the last, second to last, … knot contributes to the offset of a uniform stretch.
const WEIGHTS: [f64; TAPS] = uniform_weights();
const WEIGHTS_OLDEST_FIRST: [f64; TAPS] = reversed(WEIGHTS);
/// How much of a distant knot may remain, in bits.
const WINDOW_BITS: f64 = 64.0;
/// Bits lost per knot on a uniform stretch: log2(7/2).
const BITS_PER_UNIFORM_KNOT: f64 = 1.807;
/// Bits lost per knot at least.
const BITS_PER_KNOT: f64 = 1.0;

const fn uniform_weights() -> [f64; TAPS] {
    let mut weights = [0.0; TAPS];
    let mut weight = 6.0 * UNIFORM_FACTOR;
    let mut tap = 0;
    while tap < TAPS {
        weights[tap] = weight;
        weight *= -UNIFORM_FACTOR;
        tap += 1;
    }
    weights
}

const fn reversed(weights: [f64; TAPS]) -> [f64; TAPS] {
    let mut result = [0.0; TAPS];
    let mut tap = 0;
    while tap < TAPS {
        result[tap] = weights[TAPS - 1 - tap];
        tap += 1;
    }
    result
}

/// One relation between neighbouring second derivatives: `M_behind = offset - factor * M_knot`.
#[derive(Debug, Clone, Copy)]
struct Relation {
    factor: f64,
    offset: f64,
}

/// What one side of a gap tells about its bounding knots.
#[derive(Debug, Clone, Copy)]
enum Side {
    /// `M_near = offset - factor * M_far`, eliminated up to and through the near knot.
    Inner(Relation),
    /// The near knot is the last of the series on this side: its M follows from the next two knots.
    End,
}

/// Looks at a series from one of its ends, so that one sweep serves both directions.
struct View<'a, const REVERSED: bool> {
    values: &'a [f64],
    gaps: &'a [Gap],
}

impl<const REVERSED: bool> View<'_, REVERSED> {
    fn value(&self, row: usize) -> f64 {
        self.values[if REVERSED { self.values.len() - 1 - row } else { row }]
    }

    fn gap(&self, position: usize) -> Gap {
        if REVERSED {
            let gap = self.gaps[self.gaps.len() - 1 - position];
            let rows = self.values.len();
            Gap { start: rows - gap.stop, stop: rows - gap.start }
        } else {
            self.gaps[position]
        }
    }

    /// The offset of the relation of `knot`, where the knots behind it are a long uniform stretch: the
    /// elimination is then a filter with fixed weights.
    fn uniform_offset(&self, knot: usize) -> f64 {
        let (begin, weights) = if REVERSED {
            (self.values.len() - 1 - knot, &WEIGHTS)
        } else {
            (knot - TAPS - 1, &WEIGHTS_OLDEST_FIRST)
        };
        let values = &self.values[begin..begin + TAPS + 2];
        // Four sums let the processor add side by side.
        let mut sums = [0.0; 4];
        for (tap, weight) in weights.iter().enumerate() {
            let here = values[tap + 1];
            sums[tap % 4] += weight * ((values[tap] - here) + (values[tap + 2] - here));
        }
        (sums[0] + sums[1]) + (sums[2] + sums[3])
    }

    /// The first observed row behind gap `position - 1`, that is, the begin of the run before `position`.
    fn run_start(&self, position: usize) -> usize {
        if position == 0 { 0 } else { self.gap(position - 1).stop }
    }

    /// Where the elimination towards gap `target` has to begin: a row, the position of the gap behind it,
    /// and whether that row is the end of the series. The search ends in the run of a knot that a sweep has
    /// reached already: it will go on from there.
    fn window_start(&self, target: usize, reached: Option<usize>) -> (usize, usize, bool) {
        let length = self.gap(target).len() as f64 + 1.0;
        // A fill weighs its neighbours' second derivatives with up to an eighth of its squared length.
        let mut bits = WINDOW_BITS + 2.0 * length.log2();
        let mut position = target;
        loop {
            let start = self.run_start(position);
            let steps = self.gap(position).start - 1 - start;
            let needed = (bits / BITS_PER_UNIFORM_KNOT).ceil();
            if (steps as f64) > needed {
                return (start + steps - needed as usize, position, false);
            }
            if reached.is_some_and(|knot| start <= knot) {
                return (start, position, false);
            }
            if position == 0 || (position == 1 && self.gap(0).start == 0) {
                return (start, position, true);
            }
            bits -= steps as f64 * BITS_PER_UNIFORM_KNOT + BITS_PER_KNOT;
            position -= 1;
            if bits <= 0.0 {
                // The knot before the gap just crossed.
                return (self.gap(position).start - 1, position, false);
            }
        }
    }
}

/// The state of a sweep: the relation of `knot` to the knot behind it.
struct Sweep<'a, const REVERSED: bool> {
    view: View<'a, REVERSED>,
    knot: usize,
    behind: usize,
    /// The first gap that ends beyond `knot`.
    next_gap: usize,
    relation: Relation,
    started: bool,
}

impl<'a, const REVERSED: bool> Sweep<'a, REVERSED> {
    fn new(values: &'a [f64], gaps: &'a [Gap]) -> Self {
        Self {
            view: View { values, gaps },
            knot: 0,
            behind: 0,
            next_gap: 0,
            relation: Relation { factor: 0.0, offset: 0.0 },
            started: false,
        }
    }

    /// Eliminates up to gap `target` and through its near knot.
    fn side_of(&mut self, target: usize) -> Side {
        let reached = self.started.then_some(self.knot);
        let (start, position, is_end) = self.view.window_start(target, reached);
        let gap = self.view.gap(target);
        let near = gap.start - 1;
        if is_end && start == near {
            return Side::End;
        }
        if !self.started || start > self.knot {
            self.begin(start, position, is_end);
        }
        if self.knot == gap.stop {
            // The gap lies between the second and third knot, where the elimination begins.
            return Side::Inner(self.relation);
        }
        self.advance_to(near);
        Side::Inner(self.relation_through(gap.stop))
    }

    fn begin(&mut self, start: usize, position: usize, is_end: bool) {
        self.started = true;
        self.next_gap = position;
        self.behind = start;
        self.knot = self.next_knot(start);
        self.relation = if is_end {
            self.end_relation()
        } else {
            // Far enough away for the gap not to feel what is assumed here.
            Relation { factor: UNIFORM_FACTOR, offset: 0.0 }
        };
    }

    /// Starts from the end of the series: the not-a-knot condition makes the second and third knot the
    /// first two unknowns.
    fn end_relation(&mut self) -> Relation {
        let (first, second) = (self.behind, self.knot);
        let third = self.next_knot(second);
        let (h0, h1) = ((second - first) as f64, (third - second) as f64);
        let ratio = h0 / h1;
        let right = self.curvature(first, second, third);
        let pivot = h0 * (1.0 + ratio) + 2.0 * (h0 + h1);
        self.behind = second;
        self.knot = third;
        Relation { factor: (h1 - h0 * ratio) / pivot, offset: right / pivot }
    }

    /// The knot after `row`; moves past the gap in between.
    fn next_knot(&mut self, row: usize) -> usize {
        if self.next_gap < self.view.gaps.len() {
            let gap = self.view.gap(self.next_gap);
            if gap.start == row + 1 {
                self.next_gap += 1;
                return gap.stop;
            }
        }
        row + 1
    }

    fn advance_to(&mut self, near: usize) {
        while self.knot < near {
            let uniform = self.uniform_steps(near);
            if uniform > 1 {
                self.advance_uniform(uniform);
            } else {
                let next = self.next_knot(self.knot);
                self.relation = self.relation_through(next);
                self.behind = self.knot;
                self.knot = next;
            }
        }
    }

    /// How many steps from here have unit spacing on both sides of the knot.
    fn uniform_steps(&self, near: usize) -> usize {
        if self.knot - self.behind != 1 {
            return 0;
        }
        let run_end = if self.next_gap < self.view.gaps.len() {
            self.view.gap(self.next_gap).start - 1
        } else {
            near
        };
        near.min(run_end).saturating_sub(self.knot)
    }

    fn advance_uniform(&mut self, steps: usize) {
        let Relation { mut factor, mut offset } = self.relation;
        let (mut before, mut here) = (self.view.value(self.knot - 1), self.view.value(self.knot));
        let forgets = if factor == UNIFORM_FACTOR { TAPS } else { STEPS_TO_UNIFORM + TAPS };
        if steps >= forgets {
            self.relation = Relation {
                factor: UNIFORM_FACTOR,
                offset: self.view.uniform_offset(self.knot + steps),
            };
            self.knot += steps;
            self.behind = self.knot - 1;
            return;
        }
        for step in 0..steps {
            let next = self.view.value(self.knot + step + 1);
            let right = 6.0 * ((next - here) + (before - here));
            if step < STEPS_TO_UNIFORM && factor != UNIFORM_FACTOR {
                factor = 1.0 / (4.0 - factor);
            } else {
                factor = UNIFORM_FACTOR;
            }
            offset = (right - offset) * factor;
            (before, here) = (here, next);
        }
        self.relation = Relation { factor, offset };
        self.knot += steps;
        self.behind = self.knot - 1;
    }

    /// The relation of `next` to the current knot: one step of the elimination.
    fn relation_through(&self, next: usize) -> Relation {
        let (h0, h1) = ((self.knot - self.behind) as f64, (next - self.knot) as f64);
        let right = self.curvature(self.behind, self.knot, next);
        let pivot = 2.0 * (h0 + h1) - h0 * self.relation.factor;
        Relation { factor: h1 / pivot, offset: (right - h0 * self.relation.offset) / pivot }
    }

    /// Six times the difference of the two slopes at `row`.
    fn curvature(&self, behind: usize, row: usize, next: usize) -> f64 {
        let here = self.view.value(row);
        let ahead = (self.view.value(next) - here) / (next - row) as f64;
        let back = (self.view.value(behind) - here) / (row - behind) as f64;
        6.0 * (ahead + back)
    }
}

/// Evaluates the spline through all observed values inside the `chosen` gaps (positions in `gaps`, rising)
/// and hands each gap's position and values over, in that order.
///
/// `values` is a series with at least [`FEWEST_POINTS`] observed values, `gaps` are all of its gaps, and
/// the chosen ones have observed values on both sides.
pub fn fill(
    values: &[f64],
    gaps: &[Gap],
    chosen: &[usize],
    mut emit: impl FnMut(usize, &mut dyn Iterator<Item = f64>),
) {
    let mut forward = Sweep::<false>::new(values, gaps);
    let before: Vec<Side> = chosen.iter().map(|&position| forward.side_of(position)).collect();
    let mut backward = Sweep::<true>::new(values, gaps);
    for (&position, &left) in chosen.iter().zip(&before).rev() {
        let right = backward.side_of(gaps.len() - 1 - position);
        let gap = gaps[position];
        let (m0, m1) = second_derivatives(values, gaps, position, left, right);
        let (y0, y1) = (values[gap.start - 1], values[gap.stop]);
        let length = (gap.len() + 1) as f64;
        let scale = length * length / 6.0;
        let mut fills = (1..=gap.len()).map(|step| {
            let b = step as f64 / length;
            let a = 1.0 - b;
            a * y0 + b * y1 + ((a * a * a - a) * m0 + (b * b * b - b) * m1) * scale
        });
        emit(position, &mut fills);
    }
}

/// The second derivatives at the two knots that bound a gap.
fn second_derivatives(
    values: &[f64],
    gaps: &[Gap],
    position: usize,
    left: Side,
    right: Side,
) -> (f64, f64) {
    match (left, right) {
        (Side::Inner(left), Side::Inner(right)) => {
            let m0 =
                (left.offset - left.factor * right.offset) / (1.0 - left.factor * right.factor);
            (m0, right.offset - right.factor * m0)
        }
        (Side::End, _) => {
            end_derivatives(&mut Sweep::<true>::new(values, gaps), gaps.len() - 1 - position)
        }
        (Side::Inner(_), Side::End) => {
            let (m1, m0) = end_derivatives(&mut Sweep::<false>::new(values, gaps), position);
            (m0, m1)
        }
    }
}

/// Both second derivatives of a gap whose far knot is the end of the series: (at the end, at the near knot).
///
/// The end's M follows from the two knots before it by the not-a-knot condition.
fn end_derivatives<const REVERSED: bool>(
    sweep: &mut Sweep<'_, REVERSED>,
    target: usize,
) -> (f64, f64) {
    let (start, position, is_end) = sweep.view.window_start(target, None);
    let gap = sweep.view.gap(target);
    sweep.begin(start, position, is_end);
    sweep.advance_to(gap.start - 1);
    let (behind, near, end) = (sweep.behind, sweep.knot, gap.stop);
    let (h0, h1) = ((near - behind) as f64, (end - near) as f64);
    let ratio = h1 / h0;
    let right = sweep.curvature(behind, near, end);
    let Relation { factor, offset } = sweep.relation;
    let coupling = h0 - h1 * ratio;
    let near_m =
        (right - coupling * offset) / (h1 * (1.0 + ratio) + 2.0 * (h0 + h1) - coupling * factor);
    let behind_m = offset - factor * near_m;
    ((1.0 + ratio) * near_m - ratio * behind_m, near_m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impute::gaps::find_gaps;
    use proptest::prelude::*;

    /// All second derivatives by a dense solution of the whole system: rows of the not-a-knot condition
    /// at both ends, continuity of the slope in between.
    fn dense_second_derivatives(x: &[f64], y: &[f64]) -> Vec<f64> {
        let n = x.len();
        let mut system = vec![vec![0.0; n + 1]; n];
        let h: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
        system[0][..3].copy_from_slice(&[h[1], -(h[0] + h[1]), h[0]]);
        let tail = [h[n - 2], -(h[n - 2] + h[n - 3]), h[n - 3]];
        system[n - 1][n - 3..n].copy_from_slice(&tail);
        for i in 1..n - 1 {
            system[i][i - 1..=i + 1].copy_from_slice(&[h[i - 1], 2.0 * (h[i - 1] + h[i]), h[i]]);
            system[i][n] = 6.0 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1]);
        }
        for column in 0..n {
            let pivot = (column..n)
                .max_by(|&a, &b| system[a][column].abs().total_cmp(&system[b][column].abs()))
                .unwrap_or(column);
            system.swap(column, pivot);
            for row in 0..n {
                if row != column {
                    let factor = system[row][column] / system[column][column];
                    let pivot_row = system[column].clone();
                    for (cell, above) in system[row].iter_mut().zip(pivot_row) {
                        *cell -= factor * above;
                    }
                }
            }
        }
        (0..n).map(|row| system[row][n] / system[row][row]).collect()
    }

    fn dense_fill(values: &[f64], gap: Gap) -> Vec<f64> {
        let known: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
        let x: Vec<f64> = known.iter().map(|&row| row as f64).collect();
        let y: Vec<f64> = known.iter().map(|&row| values[row]).collect();
        let m = dense_second_derivatives(&x, &y);
        let left = known.iter().position(|&row| row == gap.start - 1).unwrap_or(0);
        let h = x[left + 1] - x[left];
        (gap.start..gap.stop)
            .map(|row| {
                let b = (row as f64 - x[left]) / h;
                let a = 1.0 - b;
                a * y[left]
                    + b * y[left + 1]
                    + ((a.powi(3) - a) * m[left] + (b.powi(3) - b) * m[left + 1]) * h * h / 6.0
            })
            .collect()
    }

    fn check(values: &[f64]) -> std::result::Result<(), TestCaseError> {
        let gaps = find_gaps(values).gaps;
        let inner: Vec<usize> =
            (0..gaps.len()).filter(|&i| gaps[i].start > 0 && gaps[i].stop < values.len()).collect();
        let mut filled = Vec::new();
        fill(values, &gaps, &inner, |position, fills| {
            filled.push((position, fills.collect::<Vec<_>>()))
        });
        prop_assert_eq!(filled.len(), inner.len());
        for (position, fills) in filled {
            let expected = dense_fill(values, gaps[position]);
            for (fill, expected) in fills.iter().zip(&expected) {
                prop_assert!((fill - expected).abs() < 1e-9, "{fill} {expected} in {values:?}");
            }
        }
        Ok(())
    }

    fn series(runs: &[(usize, usize)], tail: usize, noise: &[f64]) -> Vec<f64> {
        let mut values = Vec::new();
        for &(observed, missing) in runs {
            values.extend((0..observed).map(|_| 0.0));
            values.extend((0..missing).map(|_| f64::NAN));
        }
        values.extend((0..tail).map(|_| 0.0));
        for (row, value) in values.iter_mut().enumerate() {
            *value += 10.0 * (row as f64 * 0.3).sin() + noise[row % noise.len()];
        }
        values
    }

    #[test]
    fn four_points_are_one_cubic() -> std::result::Result<(), TestCaseError> {
        let nan = f64::NAN;
        for values in [
            [1.0, nan, nan, 4.0, 2.0, 8.0, nan],
            [1.0, 3.0, nan, nan, 4.0, 2.0, nan],
            [nan, 1.0, 3.0, 4.0, nan, nan, 2.0],
            [1.0, nan, 3.0, nan, 4.0, nan, 2.0],
        ] {
            check(&values)?;
        }
        Ok(())
    }

    #[test]
    fn a_cubic_is_reproduced_far_from_the_ends() {
        let cubic = |row: usize| (row as f64 - 300.0).powi(3) * 1e-4;
        let mut values: Vec<f64> = (0..600).map(cubic).collect();
        values[299..302].fill(f64::NAN);
        let gaps = [Gap { start: 299, stop: 302 }];
        fill(&values, &gaps, &[0], |_, fills| {
            for (i, fill) in fills.enumerate() {
                assert!((fill - cubic(299 + i)).abs() < 1e-9);
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn fills_equal_the_dense_solution(
            runs in proptest::collection::vec((1usize..60, 0usize..6), 1..8),
            tail in 4usize..60,
            noise in proptest::collection::vec(-5.0f64..5.0, 17),
        ) {
            check(&series(&runs, tail, &noise))?;
        }

        /// Mostly missing: knots stand alone and windows cross many gaps.
        #[test]
        fn sparse_series_equal_the_dense_solution(
            runs in proptest::collection::vec((1usize..3, 1usize..9), 3..60),
            tail in 1usize..3,
            noise in proptest::collection::vec(-5.0f64..5.0, 17),
        ) {
            check(&series(&runs, tail, &noise))?;
        }
    }
}
