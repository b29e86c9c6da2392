//! What optimal interpolation learns from a column: climatology, spread, neighbours and their covariances.

use std::ops::Range;
use std::sync::OnceLock;

use super::grid::{Bits, Grid, HOURS, SLOTS, Series, WORD};

/// Fewest hours from which a relation is learnt.
pub const FEWEST_COMMON: u64 = 240;
/// Most stations that may take part in the fills of one.
pub const MOST_CANDIDATES: usize = 10;
/// Most stations that take part in one fill.
pub const MOST_NEIGHBOURS: usize = 4;
/// Numbers of a set's transition and of its covariance, as stored.
pub const TRANSITION: usize = 8;
/// See [`TRANSITION`].
pub const COVARIANCE: usize = 16;

const MOST_SETS: usize = 16;
const DAYS_AROUND: usize = 15;
/// Of the climatology's daily cycle: what varies faster is chance, and differs where a value is missing.
const HARMONICS: usize = 5;
const DAYS_AROUND_SPREAD: usize = 30;
const PRIOR_HOURS: f64 = 10.0;
const SMALLEST_VARIANCE: f64 = 1e-12;
const WEAKEST_CORRELATION: f64 = 0.1;
const OPINION_RIDGE: f64 = 0.02;
const COVARIANCE_RIDGE: f64 = 1e-9;
/// Predictors lie up to 168 steps on each side of a missing value.
const LAGS: usize = 345;
/// From here on values are scaled down, so that their squares can be summed.
const LARGE_VALUES: f64 = 1e100;

/// The factor that brings values into a range in which their squares can be summed: a power of two.
pub fn scale_of(largest: f64) -> f64 {
    if largest > LARGE_VALUES { 2f64.powi(-(largest.log2() as i32 + 1)) } else { 1.0 }
}

/// Mean and standard deviation of a station's values by hour of the year.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// The means.
    pub climatology: Vec<f64>,
    /// The standard deviations.
    pub spread: Vec<f64>,
    /// The standard deviation of the daily mean difference from the station whose climatology this is; NaN where it is
    /// its own.
    pub borrowed: Vec<f64>,
}

impl Tables {
    /// Turns values into standardised anomalies.
    pub fn standardise(&self, series: &mut Series, grid: &Grid) {
        let first = series.first_word * WORD;
        for (word, &seen) in series.seen.iter().enumerate() {
            for bit in Bits(seen) {
                let place = word * WORD + bit;
                let slot = usize::from(grid.slot[first + place]);
                series.values[place] =
                    (series.values[place] - self.climatology[slot]) / self.spread[slot];
            }
        }
    }
}

/// What is known of one station and column.
#[derive(Debug, Clone, Default)]
pub struct StationModel {
    /// The station.
    pub name: String,
    /// How often three observed values follow one another.
    pub windows: u64,
    /// The stations that may take part, best first, by their position among the models.
    pub candidates: Vec<usize>,
    /// The sets of neighbours that are used, as bits of the candidates; the first is empty.
    pub members: Vec<u16>,
    /// How much of the variance each explains, in millionths.
    pub merits: Vec<i64>,
    /// Climatology and spread; not kept where nothing but fills is wanted.
    pub tables: Option<Tables>,
    /// The sets, where they are fitted.
    pub sets: Vec<Option<NeighbourSet>>,
    /// The quantiles of their standardised errors, where they are calibrated.
    pub quantiles: Vec<Option<Vec<f64>>>,
}

impl StationModel {
    /// Whether the station's own values suffice.
    pub fn is_sufficient(&self) -> bool {
        self.windows >= FEWEST_COMMON
    }
}

/// How one set of neighbours and the station's own past tell a value.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourSet {
    /// The weights of the candidates' anomalies in the opinion; 0 for those outside the set.
    pub beta: [f64; MOST_CANDIDATES],
    /// Coefficients of the autoregression, row by row, as long as they are.
    pub transition: [f64; TRANSITION],
    /// Stationary covariance of two successive states, row by row, as long as it is.
    pub covariance: [f64; COVARIANCE],
    has_neighbours: bool,
    /// E u(t + h) u(t)' for h = 0, 1, …: the entries (0, 0), (0, 1), (1, 0), (1, 1). Of the many sets of a stored
    /// model a run meets few.
    lagged: OnceLock<Vec<[f64; 4]>>,
}

impl NeighbourSet {
    /// A set by its numbers as they are stored.
    pub fn new(
        has_neighbours: bool,
        beta: [f64; MOST_CANDIDATES],
        transition: [f64; TRANSITION],
        covariance: [f64; COVARIANCE],
    ) -> Self {
        Self { beta, transition, covariance, has_neighbours, lagged: OnceLock::new() }
    }

    fn lagged(&self) -> Vec<[f64; 4]> {
        let m = if self.has_neighbours { 2 } else { 1 };
        let size = 2 * m;
        let step = companion(&self.transition, m);
        let mut product = self.covariance;
        let mut lagged = Vec::with_capacity(LAGS);
        for _ in 0..LAGS {
            lagged.push(if m == 1 {
                [product[0], 0.0, 0.0, 0.0]
            } else {
                [product[0], product[1], product[size], product[size + 1]]
            });
            product = times(&step, &product, size);
        }
        lagged
    }

    /// E first(t) second(t + lag), where 0 is the anomaly and 1 the opinion.
    pub fn covariance_at(&self, lag: i64, first: usize, second: usize) -> f64 {
        let entries = &self.lagged.get_or_init(|| self.lagged())[lag.unsigned_abs() as usize];
        if lag >= 0 { entries[2 * second + first] } else { entries[2 * first + second] }
    }
}

/// A station's climatology before it is completed from others, and which hours of the year it covers.
pub struct Own {
    mean: Vec<f64>,
    /// Whether any value is observed in the days around.
    pub covered: Vec<bool>,
}

/// The means of the values by hour of the year, each over the days around.
pub fn own_climatology(series: &Series, grid: &Grid) -> Own {
    let count = series.count() as f64;
    let mean = series.observed().map(|(_, value)| value).sum::<f64>() / count;
    // The mean of what the rough mean leaves over takes back the rounding of a long sum.
    let mean = mean + series.observed().map(|(_, value)| value - mean).sum::<f64>() / count;
    let mut by_hour = [(0.0, 0u32); HOURS];
    let mut total = vec![0.0; SLOTS];
    let mut number = vec![0.0; SLOTS];
    for (at, value) in series.observed() {
        let slot = usize::from(grid.slot[at]);
        total[slot] += value - mean;
        number[slot] += 1.0;
        let hour = &mut by_hour[slot % HOURS];
        hour.0 += value - mean;
        hour.1 += 1;
    }
    let (total, number) = (around(&total, DAYS_AROUND), around(&number, DAYS_AROUND));
    let departure = total.iter().zip(&number).enumerate().map(|(slot, (total, &number))| {
        let (sum, seen) = by_hour[slot % HOURS];
        if number > 0.0 { total / number } else { sum / f64::from(seen.max(1)) }
    });
    let mut table: Vec<f64> = departure.collect();
    let covered: Vec<bool> = number.iter().map(|&number| number > 0.0).collect();
    let kernel = smoothing();
    for (day, covered) in table.chunks_exact_mut(HOURS).zip(covered.chunks_exact(HOURS)) {
        if covered.iter().all(|covered| *covered) {
            smooth(day, &kernel);
        }
    }
    table.iter_mut().for_each(|departure| *departure += mean);
    Own { mean: table, covered }
}

/// The weights, by distance, that leave the mean and the first harmonics of a day's hours.
fn smoothing() -> [f64; HOURS] {
    std::array::from_fn(|distance| {
        let angle = std::f64::consts::TAU / HOURS as f64 * distance as f64;
        let harmonics: f64 = (1..=HARMONICS).map(|harmonic| (angle * harmonic as f64).cos()).sum();
        (1.0 + 2.0 * harmonics) / HOURS as f64
    })
}

fn smooth(day: &mut [f64], kernel: &[f64; HOURS]) {
    let rough: [f64; HOURS] = std::array::from_fn(|hour| day[hour]);
    for (hour, smooth) in day.iter_mut().enumerate() {
        *smooth = (0..HOURS).map(|other| rough[other] * kernel[hour.abs_diff(other)]).sum();
    }
}

/// The sums over each hour of the year and the same hour of so many days before and after.
fn around(table: &[f64], days: usize) -> Vec<f64> {
    let wide = 2 * days + 1;
    let all_days = SLOTS / HOURS;
    // Running sums over the year with its last days before and its first days behind it, day by day.
    let mut running = vec![0.0; (all_days + 2 * days + 1) * HOURS];
    for day in 0..all_days + 2 * days {
        let source = (day + all_days - days) % all_days * HOURS;
        for hour in 0..HOURS {
            running[(day + 1) * HOURS + hour] = running[day * HOURS + hour] + table[source + hour];
        }
    }
    running[wide * HOURS..].iter().zip(&running).map(|(end, begin)| end - begin).collect()
}

/// How a station differs from another over their common hours.
struct Difference {
    deviation: f64,
    other: usize,
    mean: f64,
    daily_deviation: f64,
}

/// A station's climatology, completed from the closest stations, and its spread.
///
/// `values` gives the values of a station, and `own` its own climatology with the hours it covers.
pub fn tables(
    station: usize,
    series: &Series,
    own: Own,
    covered: &[Vec<bool>],
    grid: &Grid,
    values: impl Fn(usize) -> Series,
) -> Tables {
    let Own { mean: mut climatology, covered: own_covered } = own;
    let mut borrowed = vec![f64::NAN; SLOTS];
    let mut empty: Vec<bool> = if windows(series) < FEWEST_COMMON {
        vec![true; SLOTS]
    } else {
        own_covered.iter().map(|covered| !covered).collect()
    };
    if empty.iter().any(|&empty| empty) {
        let lends = |other: usize, empty: &[bool]| {
            other != station && empty.iter().zip(&covered[other]).any(|(&empty, &has)| empty && has)
        };
        let mut closest: Vec<Difference> = (0..covered.len())
            .filter(|&other| lends(other, &empty))
            .filter_map(|other| difference(series, &values(other), grid, other))
            .collect();
        closest.sort_by(|a, b| a.deviation.total_cmp(&b.deviation).then(a.other.cmp(&b.other)));
        for one in closest {
            if !lends(one.other, &empty) {
                continue;
            }
            let other = own_climatology(&values(one.other), grid);
            for slot in 0..SLOTS {
                if empty[slot] && other.covered[slot] {
                    climatology[slot] = other.mean[slot] + one.mean;
                    borrowed[slot] = one.daily_deviation;
                    empty[slot] = false;
                }
            }
        }
    }
    let spread = spread(series, &climatology, grid);
    Tables { climatology, spread, borrowed }
}

/// The standard deviation of the values from their climatology, by hour of the year.
fn spread(series: &Series, climatology: &[f64], grid: &Grid) -> Vec<f64> {
    let mut total = vec![0.0; SLOTS];
    let mut number = vec![0.0; SLOTS];
    let mut sum = 0.0;
    for (at, value) in series.observed() {
        let slot = usize::from(grid.slot[at]);
        let square = (value - climatology[slot]) * (value - climatology[slot]);
        total[slot] += square;
        number[slot] += 1.0;
        sum += square;
    }
    let prior = (sum / series.count() as f64).max(SMALLEST_VARIANCE);
    let total = around(&total, DAYS_AROUND_SPREAD);
    let number = around(&number, DAYS_AROUND_SPREAD);
    let variance = total
        .iter()
        .zip(&number)
        .map(|(total, number)| (total.max(0.0) + PRIOR_HOURS * prior) / (number + PRIOR_HOURS));
    variance.map(f64::sqrt).collect()
}

fn difference(series: &Series, other: &Series, grid: &Grid, name: usize) -> Option<Difference> {
    let common: Vec<(usize, f64)> = series
        .observed()
        .filter(|(at, _)| other.is_seen(*at))
        .map(|(at, value)| (at, value - other.value(at)))
        .collect();
    if (common.len() as u64) < FEWEST_COMMON {
        return None;
    }
    let (mean, variance) = moments(common.iter().map(|(_, difference)| *difference));
    let days = common.chunk_by(|a, b| grid.day[a.0] == grid.day[b.0]);
    let daily: Vec<f64> = days
        .map(|day| day.iter().map(|(_, difference)| difference).sum::<f64>() / day.len() as f64)
        .collect();
    let (_, daily_variance) = moments(daily.iter().copied());
    Some(Difference {
        deviation: variance.sqrt(),
        other: name,
        mean,
        daily_deviation: daily_variance.sqrt(),
    })
}

/// Mean and variance.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (count, sum) = values.clone().fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    let mean = sum / count;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    (mean, squares / count)
}

/// For each step whether it and the two before are observed, as words.
fn window_words(series: &Series) -> impl Iterator<Item = u64> {
    let mut before = 0u64;
    series.seen.iter().map(move |&seen| {
        let one = seen << 1 | before >> (WORD - 1);
        let two = seen << 2 | before >> (WORD - 2);
        before = seen;
        seen & one & two
    })
}

/// How often three observed values follow one another.
pub fn windows(series: &Series) -> u64 {
    window_words(series).map(|word| u64::from(word.count_ones())).sum()
}

/// The squares of a series' anomalies, summed word by word.
pub fn squares(series: &Series) -> Vec<f64> {
    series.values.chunks(WORD).map(|word| dot(word, word)).collect()
}

/// The correlation of two series over their common steps; NaN for fewer than are needed, or without any variance.
pub fn correlation(series: [&Series; 2], squares: [&[f64]; 2]) -> f64 {
    let words = common_words(series);
    let (mut count, mut product, mut variance) = (0u64, 0.0, [0.0; 2]);
    for word in words {
        let seen = series.map(|one| one.seen_in(word));
        let both = seen[0] & seen[1];
        count += u64::from(both.count_ones());
        if both == 0 {
            continue;
        }
        product += dot(series[0].word(word), series[1].word(word));
        for side in 0..2 {
            variance[side] += if both == seen[side] {
                squares[side][word - series[side].first_word]
            } else {
                let values = series[side].word(word);
                Bits(both).map(|bit| values[bit] * values[bit]).sum()
            };
        }
    }
    let scale = (variance[0] * variance[1]).sqrt();
    if count < FEWEST_COMMON || scale <= 0.0 { f64::NAN } else { product / scale }
}

fn common_words(series: [&Series; 2]) -> Range<usize> {
    let [a, b] = series.map(Series::words);
    a.start.max(b.start)..a.end.min(b.end)
}

/// The sum of products, in eight lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum()
}

/// The stations that may take part in a station's fills, best first, by their correlation with it.
pub fn candidates(correlations: impl Iterator<Item = (usize, f64)>) -> Vec<(usize, f64)> {
    let mut usable: Vec<_> =
        correlations.filter(|(_, one)| one.abs() >= WEAKEST_CORRELATION).collect();
    // Stations stand in the order of their names: that settles ties.
    usable.sort_by_key(|(other, one)| (-(one.abs() * 1e9).round_ties_even() as i64, *other));
    usable.truncate(MOST_CANDIDATES);
    usable
}

/// For each step of the grid the candidates that are observed then, as bits.
pub fn observed_members(steps: usize, others: &[&Series]) -> Vec<u16> {
    let mut observed = vec![0u16; steps.div_ceil(WORD) * WORD];
    for (member, other) in others.iter().enumerate() {
        let bit = 1u16 << member;
        for (word, &seen) in other.words().zip(&other.seen) {
            let steps = &mut observed[word * WORD..(word + 1) * WORD];
            if seen == !0 {
                steps.iter_mut().for_each(|step| *step |= bit);
            } else {
                Bits(seen).for_each(|place| steps[place] |= bit);
            }
        }
    }
    observed.truncate(steps);
    observed
}

/// Chooses the sets of neighbours that explain most over all steps, by what is observed in each.
///
/// `correlations` are those of the candidates with the station, `between` those among them. Returns the sets and
/// their merits.
pub fn choose_sets(
    own: &Series,
    observed: &[u16],
    correlations: &[f64],
    between: &[[f64; MOST_CANDIDATES]; MOST_CANDIDATES],
    neighbours: usize,
) -> (Vec<u16>, Vec<i64>) {
    let count = correlations.len();
    let mut support = vec![0u64; 1 << count];
    for (word, seen) in own.words().zip(window_words(own)) {
        for bit in Bits(seen) {
            let at = word * WORD + bit;
            support[usize::from(observed[at] & observed[at - 1] & observed[at - 2])] += 1;
        }
    }
    for bit in 0..count {
        for bits in 0..support.len() {
            if bits >> bit & 1 == 0 {
                support[bits] += support[bits | 1 << bit];
            }
        }
    }
    let mut hours = vec![0u64; 1 << count];
    observed.iter().for_each(|&bits| hours[usize::from(bits)] += 1);
    for (bits, hours) in hours.iter_mut().enumerate() {
        let absent = count as u32 - bits.count_ones();
        *hours += observed.len() as u64 / 10u64.pow(absent + 1);
    }
    let patterns: Vec<(u16, u64)> = (0u16..).zip(hours).filter(|(_, hours)| *hours > 0).collect();

    // For each set its gain when it was last looked at; gains only fall.
    let mut pool: Vec<(u16, i64, u64)> = Vec::new();
    let mut best = vec![0i64; 1 << count];
    let gain = |bits: u16, merit: i64, best: &[i64]| {
        let have = patterns.iter().filter(|(pattern, _)| pattern & bits == bits);
        have.map(|(pattern, hours)| {
            hours * (merit - best[usize::from(*pattern)]).max(0).unsigned_abs()
        })
        .sum::<u64>()
    };
    for size in 1..=neighbours.min(count) {
        for_each_combination(count, size, |members| {
            let bits = members.iter().fold(0u16, |bits, member| bits | 1 << member);
            if support[usize::from(bits)] >= FEWEST_COMMON {
                let merit = explained(members, correlations, between);
                pool.push((bits, merit, gain(bits, merit, &best)));
            }
        });
    }
    let (mut members, mut merits) = (vec![0], vec![0]);
    while members.len() < MOST_SETS {
        let Some(chosen) = take_best(&mut pool, |bits, merit| gain(bits, merit, &best)) else {
            break;
        };
        let (bits, merit, _) = pool.remove(chosen);
        members.push(bits);
        merits.push(merit);
        for (pattern, best) in best.iter_mut().enumerate() {
            if pattern as u16 & bits == bits {
                *best = merit.max(*best);
            }
        }
    }
    (members, merits)
}

/// The position of the first set of the largest gain, where there is any gain left.
fn take_best(pool: &mut [(u16, i64, u64)], gain: impl Fn(u16, i64) -> u64) -> Option<usize> {
    let mut fresh = vec![false; pool.len()];
    loop {
        let mut top: Option<usize> = None;
        for index in 0..pool.len() {
            if top.is_none_or(|top| pool[index].2 > pool[top].2) {
                top = Some(index);
            }
        }
        let top = top.filter(|&top| pool[top].2 > 0)?;
        if fresh[top] {
            return Some(top);
        }
        fresh[top] = true;
        pool[top].2 = gain(pool[top].0, pool[top].1);
    }
}

fn for_each_combination(count: usize, size: usize, mut visit: impl FnMut(&[usize])) {
    let mut members: Vec<usize> = (0..size).collect();
    loop {
        visit(&members);
        let Some(place) = (0..size).rev().find(|&place| members[place] < count - size + place)
        else {
            return;
        };
        members[place] += 1;
        for next in place + 1..size {
            members[next] = members[next - 1] + 1;
        }
    }
}

/// How much of the variance a set explains, in millionths.
fn explained(
    members: &[usize],
    correlations: &[f64],
    between: &[[f64; MOST_CANDIDATES]; MOST_CANDIDATES],
) -> i64 {
    let n = members.len();
    let mut matrix = [0.0; MOST_NEIGHBOURS * MOST_NEIGHBOURS];
    let mut beta = [0.0; MOST_NEIGHBOURS];
    for (row, &member) in members.iter().enumerate() {
        beta[row] = correlations[member];
        for (column, &other) in members.iter().enumerate() {
            matrix[row * n + column] = between[member][other];
        }
        matrix[row * n + row] *= 1.0 + OPINION_RIDGE;
    }
    solve(&mut matrix[..n * n], n, &mut beta[..n], 1);
    let explained: f64 =
        members.iter().zip(beta).map(|(&member, beta)| correlations[member] * beta).sum();
    (explained * 1e6).round_ties_even() as i64
}

/// What the neighbours of a set expect, step by step of the grid.
#[derive(Debug)]
pub struct Opinion {
    /// The opinions, whole words of them; 0 where not all neighbours are observed.
    pub values: Vec<f64>,
    /// Where all are observed.
    pub seen: Vec<u64>,
}

impl Opinion {
    /// The weighted sum of the neighbours' anomalies.
    pub fn new(steps: usize, others: &[(&Series, f64)]) -> Self {
        let words = steps.div_ceil(WORD);
        let mut opinion = Self { values: vec![0.0; words * WORD], seen: vec![!0; words] };
        for &(other, weight) in others {
            for (word, seen) in opinion.seen.iter_mut().enumerate() {
                *seen &= other.seen_in(word);
                if *seen != 0 {
                    let values = &mut opinion.values[word * WORD..(word + 1) * WORD];
                    for (value, one) in values.iter_mut().zip(other.word(word)) {
                        *value += weight * one;
                    }
                }
            }
        }
        opinion
    }

    /// The opinion on a step, where there is one.
    pub fn get(&self, at: usize) -> Option<f64> {
        self.is_seen(at).then(|| self.values[at])
    }

    /// Whether there is an opinion on a step.
    pub fn is_seen(&self, at: usize) -> bool {
        self.seen.get(at / WORD).is_some_and(|seen| seen >> (at % WORD) & 1 == 1)
    }
}

/// Fits the opinion of a set of neighbours, and the autoregression of anomaly and opinion.
pub fn fit_set(
    own: &Series,
    others: &[(usize, &Series)],
    steps: usize,
) -> (NeighbourSet, Option<Opinion>) {
    let mut beta = [0.0; MOST_CANDIDATES];
    if others.is_empty() {
        return (autoregression(own, None, beta), None);
    }
    let weights = opinion_weights(own, others);
    for ((member, _), weight) in others.iter().zip(&weights) {
        beta[*member] = *weight;
    }
    let weighted: Vec<_> =
        others.iter().zip(&weights).map(|((_, other), beta)| (*other, *beta)).collect();
    let opinion = Opinion::new(steps, &weighted);
    (autoregression(own, Some(&opinion), beta), Some(opinion))
}

/// The regression of a station's anomalies on those of others.
fn opinion_weights(own: &Series, others: &[(usize, &Series)]) -> Vec<f64> {
    let n = others.len();
    let mut matrix = [0.0; MOST_NEIGHBOURS * MOST_NEIGHBOURS];
    let mut right = [0.0; MOST_NEIGHBOURS];
    let mut count = 0u64;
    let mut masked = [[0.0; WORD]; MOST_NEIGHBOURS];
    for word in own.words() {
        let seen =
            others.iter().fold(own.seen_in(word), |seen, (_, other)| seen & other.seen_in(word));
        if seen == 0 {
            continue;
        }
        count += u64::from(seen.count_ones());
        for (masked, (_, other)) in masked.iter_mut().zip(others) {
            copy_seen(masked, other.word(word), seen);
        }
        for row in 0..n {
            right[row] += dot(&masked[row], own.word(word));
            for column in 0..=row {
                matrix[row * n + column] += dot(&masked[row], &masked[column]);
            }
        }
    }
    for row in 0..n {
        right[row] /= count as f64;
        for column in 0..=row {
            matrix[row * n + column] /= count as f64;
            matrix[column * n + row] = matrix[row * n + column];
        }
        matrix[row * n + row] *= 1.0 + OPINION_RIDGE;
    }
    solve(&mut matrix[..n * n], n, &mut right[..n], 1);
    right[..n].to_vec()
}

fn copy_seen(target: &mut [f64; WORD], values: &[f64], seen: u64) {
    target.copy_from_slice(&values[..WORD]);
    Bits(!seen).for_each(|bit| target[bit] = 0.0);
}

/// The second-order autoregression of anomaly and opinion over complete windows, and its covariance.
fn autoregression(
    own: &Series,
    opinion: Option<&Opinion>,
    beta: [f64; MOST_CANDIDATES],
) -> NeighbourSet {
    let m = if opinion.is_some() { 2 } else { 1 };
    let size = 2 * m;
    let all = 3 * m;
    let mut moments = [0.0; 36];
    let mut count = 0u64;
    let mut before = 0u64;
    // Each variable's last two steps of the word before stand in front of a word.
    let mut shifted = [[0.0; WORD + 2]; 2];
    let mut masked = [[0.0; WORD]; 6];
    for word in own.words() {
        let seen = own.seen_in(word) & opinion.map_or(!0, |opinion| opinion.seen[word]);
        let window = seen & (seen << 1 | before >> (WORD - 1)) & (seen << 2 | before >> (WORD - 2));
        before = seen;
        for (variable, buffer) in shifted.iter_mut().enumerate().take(m) {
            buffer.copy_within(WORD.., 0);
            let values = match (variable, opinion) {
                (1, Some(opinion)) => &opinion.values[word * WORD..(word + 1) * WORD],
                _ => own.word(word),
            };
            buffer[2..].copy_from_slice(values);
        }
        if window == 0 {
            continue;
        }
        count += u64::from(window.count_ones());
        for lag in 0..3 {
            for variable in 0..m {
                copy_seen(&mut masked[lag * m + variable], &shifted[variable][2 - lag..], window);
            }
        }
        for row in 0..all {
            for column in 0..=row {
                moments[row * all + column] += dot(&masked[row], &masked[column]);
            }
        }
    }
    for row in 0..all {
        for column in 0..=row {
            moments[row * all + column] /= count as f64;
            moments[column * all + row] = moments[row * all + column];
        }
    }
    let (mut transition, mut covariance) = ([0.0; TRANSITION], [0.0; COVARIANCE]);
    if (0..all).all(|row| moments[row * all + row] > 0.0) {
        let mut lagged = [0.0; COVARIANCE];
        for row in 0..size {
            for column in 0..size {
                lagged[row * size + column] = moments[(row + m) * all + column + m];
            }
            lagged[row * size + row] *= 1.0 + COVARIANCE_RIDGE;
            for column in 0..m {
                transition[row * m + column] = moments[(row + m) * all + column];
            }
        }
        solve(&mut lagged[..size * size], size, &mut transition[..size * m], m);
        let mut innovation = [0.0; 4];
        for row in 0..m {
            for column in 0..m {
                let told: f64 = (0..size)
                    .map(|lag| transition[lag * m + row] * moments[(lag + m) * all + column])
                    .sum();
                innovation[row * m + column] = moments[row * all + column] - told;
            }
        }
        if m == 2 {
            let mean = (innovation[1] + innovation[2]) / 2.0;
            (innovation[1], innovation[2]) = (mean, mean);
        }
        covariance = stationary(&mut transition, innovation, m);
    }
    NeighbourSet::new(m == 2, beta, transition, covariance)
}

/// Shrinks the coefficients until the process is stable; returns its stationary covariance.
fn stationary(
    transition: &mut [f64; TRANSITION],
    innovation: [f64; 4],
    m: usize,
) -> [f64; COVARIANCE] {
    let size = 2 * m;
    // Each round brings every root closer to zero; only what is no number never gets there.
    while transition.iter().all(|entry| entry.is_finite()) {
        let mut step = companion(transition, m);
        let mut covariance = [0.0; COVARIANCE];
        for row in 0..m {
            for column in 0..m {
                covariance[row * size + column] = innovation[row * m + column];
            }
        }
        for _ in 0..18 {
            let through = times(&step, &covariance, size);
            for row in 0..size {
                for column in 0..size {
                    let more: f64 =
                        (0..size).map(|k| through[row * size + k] * step[column * size + k]).sum();
                    covariance[row * size + column] += more;
                }
            }
            step = times(&step, &step, size);
        }
        let largest = step.iter().fold(0.0, |largest: f64, entry| {
            if entry.is_nan() { f64::INFINITY } else { largest.max(entry.abs()) }
        });
        if largest < 1e-9 {
            return covariance;
        }
        for (index, entry) in transition.iter_mut().enumerate().take(size * m) {
            let lag = index / m / m;
            *entry *= if lag == 0 { 0.999 } else { 0.999 * 0.999 };
        }
    }
    *transition = [0.0; TRANSITION];
    [0.0; COVARIANCE]
}

/// The matrix that takes two successive states one step on.
fn companion(transition: &[f64; TRANSITION], m: usize) -> [f64; COVARIANCE] {
    let size = 2 * m;
    let mut step = [0.0; COVARIANCE];
    for row in 0..m {
        for column in 0..size {
            step[row * size + column] = transition[column * m + row];
        }
        step[(row + m) * size + row] = 1.0;
    }
    step
}

fn times(a: &[f64; COVARIANCE], b: &[f64; COVARIANCE], size: usize) -> [f64; COVARIANCE] {
    let mut product = [0.0; COVARIANCE];
    for row in 0..size {
        for column in 0..size {
            product[row * size + column] =
                (0..size).map(|k| a[row * size + k] * b[k * size + column]).sum();
        }
    }
    product
}

/// Solves a system of equations, in place, by elimination with partial pivoting.
pub fn solve(matrix: &mut [f64], n: usize, right: &mut [f64], columns: usize) {
    for pivot in 0..n {
        let mut best = pivot;
        for row in pivot + 1..n {
            if matrix[row * n + pivot].abs() > matrix[best * n + pivot].abs() {
                best = row;
            }
        }
        if best != pivot {
            (0..n).for_each(|column| matrix.swap(pivot * n + column, best * n + column));
            (0..columns)
                .for_each(|column| right.swap(pivot * columns + column, best * columns + column));
        }
        for row in pivot + 1..n {
            let factor = matrix[row * n + pivot] / matrix[pivot * n + pivot];
            for column in pivot + 1..n {
                matrix[row * n + column] -= factor * matrix[pivot * n + column];
            }
            for column in 0..columns {
                right[row * columns + column] -= factor * right[pivot * columns + column];
            }
        }
    }
    for row in (0..n).rev() {
        for column in 0..columns {
            let mut value = right[row * columns + column];
            for other in row + 1..n {
                value -= matrix[row * n + other] * right[other * columns + column];
            }
            right[row * columns + column] = value / matrix[row * n + row];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_solution_satisfies_its_equations(
            entries in proptest::collection::vec(-1.0f64..1.0, 16),
            wanted in proptest::collection::vec(-10.0f64..10.0, 4),
        ) {
            let n = 4;
            let mut matrix = entries;
            (0..n).for_each(|row| matrix[row * n + row] += 5.0);
            let mut right: Vec<f64> = (0..n)
                .map(|row| (0..n).map(|column| matrix[row * n + column] * wanted[column]).sum())
                .collect();
            solve(&mut matrix, n, &mut right, 1);
            for (found, wanted) in right.iter().zip(&wanted) {
                prop_assert!((found - wanted).abs() < 1e-9);
            }
        }

        #[test]
        fn the_set_taken_is_the_first_of_the_largest_gain(
            stale in proptest::collection::vec((0u64..6, 0u64..3), 0..12),
        ) {
            // Gains only fall: what is true now is at most what was known.
            let truth: Vec<u64> = stale.iter().map(|(known, less)| known.saturating_sub(*less)).collect();
            let mut pool: Vec<(u16, i64, u64)> =
                stale.iter().zip(0u16..).map(|((known, _), bits)| (bits, 0, *known)).collect();
            let best = truth.iter().copied().max().filter(|&gain| gain > 0);
            let expected = best.and_then(|best| truth.iter().position(|&gain| gain == best));
            prop_assert_eq!(take_best(&mut pool, |bits, _| truth[usize::from(bits)]), expected);
        }
    }

    #[test]
    fn combinations_come_in_order() {
        let mut seen = Vec::new();
        for_each_combination(4, 2, |members| seen.push(members.to_vec()));
        assert_eq!(seen, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
    }

    #[test]
    fn sums_go_around_the_turn_of_the_year() {
        let mut table = vec![0.0; SLOTS];
        table[5] = 1.0;
        let sums = around(&table, 2);
        let days: Vec<usize> =
            (0..SLOTS).filter(|&slot| sums[slot] > 0.0).map(|slot| slot / HOURS).collect();
        assert_eq!(days, [0, 1, 2, 364, 365]);
        assert!((0..SLOTS).filter(|&slot| sums[slot] > 0.0).all(|slot| slot % HOURS == 5));
    }

    #[test]
    fn the_covariance_is_that_of_the_process() {
        // x(t) = 0.5 x(t - 1) + e, whose variance is 1 / (1 - 0.25) and whose covariance halves at each lag.
        let mut transition = [0.0; TRANSITION];
        transition[0] = 0.5;
        let covariance = stationary(&mut transition, [1.0, 0.0, 0.0, 0.0], 1);
        let set = NeighbourSet::new(false, [0.0; MOST_CANDIDATES], transition, covariance);
        for lag in 0..10 {
            let expected = 4.0 / 3.0 * 0.5f64.powi(lag as i32);
            assert!((set.covariance_at(lag, 0, 0) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn a_process_that_grows_is_shrunk() {
        let mut transition = [0.0; TRANSITION];
        transition[0] = 1.01;
        let covariance = stationary(&mut transition, [1.0, 0.0, 0.0, 0.0], 1);
        assert!(transition[0] < 1.0);
        assert!(covariance[0].is_finite() && covariance[0] > 1.0);
    }
}
