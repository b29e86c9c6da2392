//! Optimal interpolation: the best linear prediction of a missing anomaly from the gap's edges and its neighbours.

use hashbrown::HashMap;

use super::Provenance;
use super::gap_model::{
    self, FEWEST_COMMON, MOST_CANDIDATES, NeighbourSet, Opinion, StationModel, Tables, fit_set,
    observed_members, own_climatology, scale_of, solve, windows,
};
use super::grid::{Grid, Series};
use super::history::History;
use crate::error::Result;
use crate::keys::Keys;
use crate::parallel;

/// How many steps away from a missing value a predictor may lie.
const HORIZON: i64 = 168;
const NUGGET: f64 = 1e-6;
const SMALLEST_NUGGET: f64 = 1e-12;
const SMALLEST_VARIANCE: f64 = 1e-4;
const BEYOND: i64 = 1 << 40;

/// Two observed values on each side, the opinion at t - 1, t, t + 1 and at both edges.
const PREDICTORS: usize = 9;
const EDGES: usize = 4;

/// The probabilities of the quantiles.
pub const PROBABILITIES: [f64; 19] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975,
    0.99, 0.995,
];
/// Distances to the left and the right edge at which the errors of each class are measured.
const PROBES: [(i64, i64); 7] = [(1, 1), (2, 2), (4, 6), (8, 10), (16, 18), (30, 34), (60, 70)];
/// Distance to the nearest edge from which on each class of errors counts.
const SHORTEST_OF_CLASS: [i64; 7] = [1, 2, 4, 7, 13, 25, 49];
const WITHOUT_EDGES: usize = 3 * PROBES.len();
/// Quantiles of a set: classes of distance by probabilities.
pub const QUANTILES: usize = (WITHOUT_EDGES + 1) * PROBABILITIES.len();
const PROBE_HOURS: usize = 2_500;

/// One column of frame and history.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    /// The keys of the frame.
    pub keys: &'a Keys,
    /// The history.
    pub past: &'a History,
    /// The grid.
    pub grid: &'a Grid,
    /// The column's values in time order.
    pub values: &'a [f64],
    /// The column's position among those that are filled.
    pub index: usize,
}

/// A column's stations as they are known and observed.
pub struct Fitted {
    /// The stations in the order of their models, by name.
    pub stations: Vec<Station>,
    /// For each station of the frame its position among them.
    pub of_frame: Vec<Option<usize>>,
}

/// A station as it is known and observed.
pub struct Station {
    /// What is known.
    pub model: StationModel,
    /// Its standardised anomalies.
    pub anomalies: Series,
    /// For each missing row of the frame, in time order: climatology, spread, and the standard deviation of what is borrowed.
    missing: Vec<[f64; 3]>,
}

/// What a station's fills are.
pub struct Fills {
    /// The values; NaN where the model does not suffice.
    pub values: Vec<f64>,
    /// Their codes.
    pub codes: Vec<u8>,
    /// The ends of their intervals; empty where none is wanted.
    pub ends: Vec<[f64; 2]>,
}

impl Column<'_> {
    /// The stations by name: those of the frame, then those that only the history has.
    fn names(&self) -> Vec<String> {
        let elsewhere = self.past.stations.iter().filter_map(|past| past.name.as_ref());
        self.keys.names.iter().chain(elsewhere).map(ToString::to_string).collect()
    }

    /// A station's instants and values in the frame and in the history.
    fn parts(&self, station: usize) -> [(&[i64], &[f64]); 2] {
        let frame = self.keys.blocks.get(station).cloned().unwrap_or_default();
        let past = self
            .past
            .stations
            .get(station)
            .map(|past| (past.instants(), past.values[self.index].as_slice()));
        [(&self.keys.instants[frame.clone()], &self.values[frame]), past.unwrap_or_default()]
    }

    fn series(&self, station: usize) -> Series {
        Series::scattered(self.grid, self.parts(station))
    }

    /// The known numbers at a station's missing rows of the frame.
    fn at_missing(&self, station: usize, tables: &Tables) -> Vec<[f64; 3]> {
        let [(instants, values), _] = self.parts(station);
        let missing = instants.iter().zip(values).filter(|(_, value)| value.is_nan());
        missing
            .map(|(&instant, _)| {
                let slot = usize::from(self.grid.slot[self.grid.at(instant)]);
                [tables.climatology[slot], tables.spread[slot], tables.borrowed[slot]]
            })
            .collect()
    }

    /// Fits the stations that have enough values; `keep` keeps their climatologies for a model.
    pub fn fit(&self, neighbours: usize, keep: bool) -> Result<Fitted> {
        let names = self.names();
        let mut chosen: Vec<usize> = (0..names.len())
            .filter(|&station| {
                let observed = self.parts(station).map(|(_, values)| {
                    values.iter().filter(|value| !value.is_nan()).count() as u64
                });
                observed[0] + observed[1] >= FEWEST_COMMON
            })
            .collect();
        chosen.sort_by(|&a, &b| names[a].cmp(&names[b]));
        self.grid.require_room(chosen.len())?;
        let size = self.values.len();

        let largest =
            chosen.iter().flat_map(|&station| self.parts(station)).flat_map(|part| part.1);
        let scale = scale_of(largest.fold(0.0, |largest: f64, value| largest.max(value.abs())));
        let scaled = |station: usize| {
            let mut series = self.series(station);
            if scale < 1.0 {
                series.values.iter_mut().for_each(|value| *value *= scale);
            }
            series
        };
        let covered: Vec<Vec<bool>> = parallel::map(size, chosen.clone(), |station| {
            own_climatology(&scaled(station), self.grid).covered
        });
        let fit = |(position, station): (usize, usize)| {
            let mut series = scaled(station);
            let own = own_climatology(&series, self.grid);
            let mut tables =
                gap_model::tables(position, &series, own, &covered, self.grid, |other| {
                    scaled(chosen[other])
                });
            tables.standardise(&mut series, self.grid);
            let model = StationModel {
                name: names[station].clone(),
                windows: windows(&series),
                ..StationModel::default()
            };
            if scale < 1.0 {
                tables.climatology.iter_mut().for_each(|value| *value /= scale);
                tables.spread.iter_mut().for_each(|value| *value /= scale);
                tables.borrowed.iter_mut().for_each(|value| *value /= scale);
            }
            let missing = self.at_missing(station, &tables);
            let model = StationModel { tables: keep.then_some(tables), ..model };
            Station { model, anomalies: series, missing }
        };
        let mut stations: Vec<Station> =
            parallel::map(size, chosen.iter().copied().enumerate().collect(), fit);

        if neighbours > 0 {
            self.choose_neighbours(&mut stations, neighbours, size);
        } else {
            for station in &mut stations {
                station.model.take_sets(Vec::new(), vec![0], vec![0]);
            }
        }
        let mut of_frame = vec![None; self.keys.names.len()];
        for (position, &station) in chosen.iter().enumerate() {
            if let Some(place) = of_frame.get_mut(station) {
                *place = Some(position);
            }
        }
        Ok(Fitted { stations, of_frame })
    }

    fn choose_neighbours(&self, stations: &mut [Station], neighbours: usize, size: usize) {
        let squares: Vec<Vec<f64>> = parallel::map(size, stations.iter().collect(), |station| {
            gap_model::squares(&station.anomalies)
        });
        let count = stations.len();
        let all = &*stations;
        let pair = |a: usize, b: usize| {
            gap_model::correlation(
                [&all[a].anomalies, &all[b].anomalies],
                [&squares[a], &squares[b]],
            )
        };
        let rows: Vec<Vec<f64>> = parallel::map(size, (0..count).collect(), |a: usize| {
            (a + 1..count).map(|b| pair(a, b)).collect()
        });
        let correlation = |a: usize, b: usize| {
            if a < b { rows[a][b - a - 1] } else { rows[b][a - b - 1] }
        };
        let chosen = parallel::map(size, (0..count).collect(), |station: usize| {
            let others = (0..count).filter(|&other| other != station);
            let candidates =
                gap_model::candidates(others.map(|other| (other, correlation(station, other))));
            let mut between = [[0.0; MOST_CANDIDATES]; MOST_CANDIDATES];
            for (row, &(a, _)) in candidates.iter().enumerate() {
                for (column, &(b, _)) in candidates.iter().enumerate() {
                    // Without enough common hours two candidates count as unrelated.
                    let one = if a == b { 1.0 } else { correlation(a, b) };
                    between[row][column] = if one.is_nan() { 0.0 } else { one };
                }
            }
            let series: Vec<&Series> =
                candidates.iter().map(|&(other, _)| &all[other].anomalies).collect();
            let observed = observed_members(self.grid.slot.len(), &series);
            let strengths: Vec<f64> = candidates.iter().map(|&(_, one)| one).collect();
            let (members, merits) = gap_model::choose_sets(
                &all[station].anomalies,
                &observed,
                &strengths,
                &between,
                neighbours,
            );
            (candidates.into_iter().map(|(other, _)| other).collect::<Vec<_>>(), members, merits)
        });
        for (station, (candidates, members, merits)) in stations.iter_mut().zip(chosen) {
            station.model.take_sets(candidates, members, merits);
        }
    }

    /// The stations of given models as the column observes them.
    pub fn known(&self, models: &[StationModel]) -> Result<Fitted> {
        self.grid.require_room(models.len())?;
        let names = self.names();
        let place: HashMap<&str, usize> =
            names.iter().enumerate().map(|(station, name)| (name.as_str(), station)).collect();
        let read = |model: &StationModel| {
            let mut station =
                Station { model: model.clone(), anomalies: Series::default(), missing: Vec::new() };
            if let (Some(&at), Some(tables)) = (place.get(model.name.as_str()), &model.tables) {
                station.anomalies = self.series(at);
                tables.standardise(&mut station.anomalies, self.grid);
                station.missing = self.at_missing(at, tables);
            }
            station.model.tables = None;
            station
        };
        let stations = parallel::map(self.values.len(), models.iter().collect(), read);
        let mut of_frame = vec![None; self.keys.names.len()];
        for (position, model) in models.iter().enumerate() {
            let at = place.get(model.name.as_str());
            if let Some(place) = at.and_then(|&at| of_frame.get_mut(at)) {
                *place = Some(position);
            }
        }
        Ok(Fitted { stations, of_frame })
    }
}

impl StationModel {
    fn take_sets(&mut self, candidates: Vec<usize>, members: Vec<u16>, merits: Vec<i64>) {
        self.sets = vec![None; members.len()];
        self.quantiles = vec![None; members.len()];
        (self.candidates, self.members, self.merits) = (candidates, members, merits);
    }

    /// For each pattern of observed candidates the set that explains most.
    fn best_sets(&self) -> Vec<u8> {
        let best = |pattern: u16| {
            let usable = self.members.iter().zip(&self.merits).enumerate();
            let usable = usable.filter(|(_, (bits, _))| pattern & **bits == **bits);
            let first = usable.fold(
                (0, -1),
                |best, (index, (_, merit))| {
                    if *merit > best.1 { (index, *merit) } else { best }
                },
            );
            first.0 as u8
        };
        (0..1u16 << self.candidates.len()).map(best).collect()
    }
}

impl Fitted {
    /// The fills of a station's missing steps, which are in order of time.
    pub fn fill(
        &self,
        position: usize,
        missing: &[usize],
        grid: &Grid,
        interval: Option<f64>,
    ) -> Fills {
        let station = &self.stations[position];
        let mut fills = Fills {
            values: vec![f64::NAN; missing.len()],
            codes: vec![0; missing.len()],
            ends: vec![[f64::NAN; 2]; if interval.is_some() { missing.len() } else { 0 }],
        };
        if !station.model.is_sufficient() {
            for (row, known) in station.missing.iter().enumerate() {
                if !known[2].is_nan() {
                    fills.values[row] = known[0];
                    fills.codes[row] = Provenance::BorrowedClimatology as u8;
                }
            }
            return fills;
        }
        let others = self.others(position);
        let best = station.model.best_sets();
        let mut rows_of_set: Vec<Vec<usize>> = vec![Vec::new(); station.model.members.len()];
        for (row, &at) in missing.iter().enumerate() {
            let observed = others.iter().enumerate().fold(0u16, |observed, (member, other)| {
                observed | u16::from(other.is_seen(at)) << member
            });
            rows_of_set[usize::from(best[usize::from(observed)])].push(row);
        }
        for (index, rows) in rows_of_set.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            let (set, opinion) = self.set(position, index, grid);
            let mut prediction = Prediction::new(&set, &station.anomalies, opinion.as_ref());
            let quantiles = interval.map(|interval| match &station.model.quantiles[index] {
                Some(quantiles) => ends_of(quantiles, interval),
                None => ends_of(&prediction.calibrated(), interval),
            });
            let mut edges = None;
            for &row in rows {
                let at = missing[row] as i64;
                let around = Edges::around(&station.anomalies, at, edges);
                edges = Some(around);
                let (anomaly, variance) = prediction.at(at, around);
                let [climatology, spread, borrowed] = station.missing[row];
                fills.values[row] = climatology + spread * anomaly;
                let code = match (borrowed.is_nan(), opinion.is_some()) {
                    (false, _) => Provenance::BorrowedClimatology,
                    (true, true) => Provenance::OptimalInterpolationNeighbours,
                    (true, false) => Provenance::OptimalInterpolation,
                };
                fills.codes[row] = code as u8;
                if let Some(quantiles) = &quantiles {
                    let lent = if borrowed.is_nan() { 0.0 } else { borrowed };
                    let deviation = (variance + (lent / spread) * (lent / spread)).sqrt();
                    fills.ends[row] = quantiles[around.class(at)]
                        .map(|quantile| climatology + spread * (anomaly + deviation * quantile));
                }
            }
        }
        fills
    }

    fn others(&self, position: usize) -> Vec<&Series> {
        let candidates = &self.stations[position].model.candidates;
        candidates.iter().map(|&other| &self.stations[other].anomalies).collect()
    }

    /// A station's set of neighbours, fitted where it is not yet, and its opinion.
    fn set(&self, position: usize, index: usize, grid: &Grid) -> (NeighbourSet, Option<Opinion>) {
        let station = &self.stations[position];
        let bits = station.model.members[index];
        let others: Vec<(usize, &Series)> = self
            .others(position)
            .into_iter()
            .enumerate()
            .filter(|(member, _)| bits >> member & 1 == 1)
            .collect();
        let steps = grid.slot.len();
        match &station.model.sets[index] {
            None => fit_set(&station.anomalies, &others, steps),
            Some(set) => {
                let weighted: Vec<_> =
                    others.iter().map(|&(member, other)| (other, set.beta[member])).collect();
                (set.clone(), (bits > 0).then(|| Opinion::new(steps, &weighted)))
            }
        }
    }

    /// Fits and calibrates every set of every station.
    pub fn fit_all_sets(&mut self, size: usize, grid: &Grid) {
        let sets: Vec<(usize, usize)> = self
            .stations
            .iter()
            .enumerate()
            .filter(|(_, station)| station.model.is_sufficient())
            .flat_map(|(position, station)| {
                (0..station.model.members.len()).map(move |i| (position, i))
            })
            .collect();
        let all = &*self;
        let fitted = parallel::map(size, sets, |(position, index)| {
            let (set, opinion) = all.set(position, index, grid);
            let own = &all.stations[position].anomalies;
            let quantiles = Prediction::new(&set, own, opinion.as_ref()).calibrated();
            (position, index, set, quantiles)
        });
        for (position, index, set, quantiles) in fitted {
            let model = &mut self.stations[position].model;
            model.sets[index] = Some(set);
            model.quantiles[index] = Some(quantiles);
        }
    }
}

/// The nearest and the second observed step on the left of a missing one, then on the right.
#[derive(Debug, Clone, Copy)]
struct Edges([i64; EDGES]);

impl Edges {
    /// The edges of the gap around a missing step; often those of the step before.
    fn around(own: &Series, at: i64, before: Option<Self>) -> Self {
        if let Some(before) = before
            && before.0[0] < at
            && at < before.0[2]
        {
            return before;
        }
        let left = |at: i64| {
            if at < 0 { -BEYOND } else { own.before(at as usize).map_or(-BEYOND, |at| at as i64) }
        };
        let right = |at: i64| {
            if at >= BEYOND {
                BEYOND
            } else {
                own.after(at as usize).map_or(BEYOND, |at| at as i64)
            }
        };
        let (first_left, first_right) = (left(at), right(at));
        Self([first_left, left(first_left), first_right, right(first_right)])
    }

    /// The class of errors at a step.
    fn class(self, at: i64) -> usize {
        let (left, right) = (at - self.0[0], self.0[2] - at);
        let nearest = left.min(right);
        if nearest > HORIZON {
            return WITHOUT_EDGES;
        }
        let distance = SHORTEST_OF_CLASS.partition_point(|&shortest| shortest <= nearest) - 1;
        let side = if right > HORIZON {
            1
        } else if left > HORIZON {
            2
        } else {
            0
        };
        side * PROBES.len() + distance
    }
}

/// Predicts a station's anomalies by one set of neighbours.
struct Prediction<'a> {
    set: &'a NeighbourSet,
    own: &'a Series,
    opinion: Option<&'a Opinion>,
    /// Weights and variance by what they depend on: the distances of the edges and what is usable.
    known: HashMap<u64, ([f64; PREDICTORS], f64)>,
}

impl<'a> Prediction<'a> {
    fn new(set: &'a NeighbourSet, own: &'a Series, opinion: Option<&'a Opinion>) -> Self {
        Self { set, own, opinion, known: HashMap::new() }
    }

    /// The predicted anomaly at a step, and the variance of its error.
    fn at(&mut self, at: i64, Edges(edges): Edges) -> (f64, f64) {
        let [left, _, right, _] = edges;
        let places = [edges[0], edges[1], edges[2], edges[3], at - 1, at, at + 1, left, right];
        let count = if self.opinion.is_some() { PREDICTORS } else { EDGES };
        let mut values = [0.0; PREDICTORS];
        let mut lags = [0i64; PREDICTORS];
        let mut usable = 0u64;
        let mut key = 0u64;
        for (predictor, &place) in places.iter().enumerate().take(count) {
            let lag = place - at;
            let within = lag.abs() <= HORIZON && place >= 0;
            if predictor < EDGES {
                key = key << 9 | if within { (lag + HORIZON) as u64 } else { 0 };
            }
            // At the first and last step of a gap an edge is a neighbouring step already.
            let twice = (predictor == 7 && left == at - 1) || (predictor == 8 && right == at + 1);
            if !within || twice {
                continue;
            }
            let value = match self.opinion {
                Some(opinion) if predictor >= EDGES => opinion.get(place as usize),
                _ => self.own.get(place as usize),
            };
            if let Some(value) = value {
                values[predictor] = value;
                lags[predictor] = lag;
                usable |= 1 << predictor;
            }
        }
        let set = self.set;
        let (weights, variance) = self
            .known
            .entry(key << PREDICTORS | usable)
            .or_insert_with(|| weights(set, &lags, usable));
        (weights.iter().zip(values).map(|(weight, value)| weight * value).sum(), *variance)
    }

    /// The quantiles of the standardised errors of gaps laid over observed steps: with both edges, with the left,
    /// with the right, and without any.
    fn calibrated(&self) -> Vec<f64> {
        let opinion = self.opinion;
        let mut steps: Vec<usize> = self
            .own
            .observed()
            .map(|(at, _)| at)
            .filter(|&at| opinion.is_none_or(|opinion| opinion.is_seen(at)))
            .collect();
        let every = steps.len().div_ceil(PROBE_HOURS).max(1);
        steps = steps.into_iter().step_by(every).collect();
        let both = PROBES.iter().map(|&(left, right)| (Some(left), Some(right)));
        let lefts = PROBES.iter().map(|&(left, _)| (Some(left), None));
        let rights = PROBES.iter().map(|&(_, right)| (None, Some(right)));
        let mut quantiles = Vec::with_capacity(QUANTILES);
        let mut errors = Vec::with_capacity(steps.len());
        for (left, right) in both.chain(lefts).chain(rights).chain([(None, None)]) {
            self.probe(left, right, &steps, &mut errors);
            errors.sort_unstable_by(f64::total_cmp);
            quantiles.extend(PROBABILITIES.map(|probability| quantile(&errors, probability)));
        }
        quantiles
    }

    /// The standardised errors of predicting observed steps from edges at the same distances for all.
    fn probe(&self, left: Option<i64>, right: Option<i64>, steps: &[usize], errors: &mut Vec<f64>) {
        let (begin, end) = (left.map_or(-BEYOND, |left| -left), right.unwrap_or(BEYOND));
        let places = [begin, begin - 1, end, end + 1, -1, 0, 1, begin, end];
        let count = if self.opinion.is_some() { PREDICTORS } else { EDGES };
        let chosen: Vec<(usize, i64)> = places
            .into_iter()
            .enumerate()
            .take(count)
            .filter(|&(predictor, place)| {
                let twice = (predictor == 7 && place == -1) || (predictor == 8 && place == 1);
                place.abs() <= HORIZON && !twice
            })
            .collect();
        let mut lags = [0; PREDICTORS];
        chosen.iter().for_each(|&(predictor, lag)| lags[predictor] = lag);
        // What is usable differs from step to step, in few ways.
        let mut known: Vec<Option<([f64; PREDICTORS], f64)>> = vec![None; 1 << PREDICTORS];
        errors.clear();
        for &step in steps {
            let mut values = [0.0; PREDICTORS];
            let mut usable = 0u64;
            for &(predictor, lag) in &chosen {
                let Some(place) = step.checked_add_signed(lag as isize) else { continue };
                let value = match self.opinion {
                    Some(opinion) if predictor >= EDGES => opinion.get(place),
                    _ => self.own.get(place),
                };
                if let Some(value) = value {
                    values[predictor] = value;
                    usable |= 1 << predictor;
                }
            }
            let (weights, deviation) = known[usable as usize].get_or_insert_with(|| {
                let (weights, variance) = weights(self.set, &lags, usable);
                (weights, variance.max(f64::MIN_POSITIVE).sqrt())
            });
            let anomaly: f64 =
                weights.iter().zip(values).map(|(weight, value)| weight * value).sum();
            errors.push((self.own.value(step) - anomaly) / *deviation);
        }
    }
}

/// The weights of the predictors at some lags, and the variance of the prediction's error.
fn weights(set: &NeighbourSet, lags: &[i64; PREDICTORS], usable: u64) -> ([f64; PREDICTORS], f64) {
    let mut chosen = [0; PREDICTORS];
    let mut n = 0;
    for predictor in (0..PREDICTORS).filter(|predictor| usable >> predictor & 1 == 1) {
        chosen[n] = predictor;
        n += 1;
    }
    let chosen = &chosen[..n];
    let kind = |predictor: usize| usize::from(predictor >= EDGES);
    let mut matrix = [0.0; PREDICTORS * PREDICTORS];
    let mut solution = [0.0; PREDICTORS];
    let mut covariance = [0.0; PREDICTORS];
    for (row, &a) in chosen.iter().enumerate() {
        covariance[row] = set.covariance_at(lags[a], 0, kind(a));
        for (column, &b) in chosen.iter().enumerate() {
            matrix[row * n + column] = set.covariance_at(lags[b] - lags[a], kind(a), kind(b));
        }
        matrix[row * n + row] = matrix[row * n + row] * (1.0 + NUGGET) + SMALLEST_NUGGET;
    }
    solution[..n].copy_from_slice(&covariance[..n]);
    solve(&mut matrix[..n * n], n, &mut solution[..n], 1);
    let mut weights = [0.0; PREDICTORS];
    let mut told = 0.0;
    for (row, &predictor) in chosen.iter().enumerate() {
        weights[predictor] = solution[row];
        told += solution[row] * covariance[row];
    }
    let total = set.covariance_at(0, 0, 0);
    (weights, (total - told).max(SMALLEST_VARIANCE * total).min(total))
}

/// A quantile of sorted values, linear between two of them.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = probability * (sorted.len() - 1) as f64;
    let below = place.floor();
    let (low, share) = (sorted[below as usize], place - below);
    match sorted.get(below as usize + 1) {
        Some(high) => low + (high - low) * share,
        None => low,
    }
}

/// For each class of errors the two quantiles that enclose an interval.
fn ends_of(quantiles: &[f64], interval: f64) -> Vec<[f64; 2]> {
    let ends = [(1.0 - interval) / 2.0, (1.0 + interval) / 2.0];
    let classes = quantiles.chunks(PROBABILITIES.len());
    classes.map(|class| ends.map(|probability| interpolated(class, probability))).collect()
}

fn interpolated(class: &[f64], probability: f64) -> f64 {
    let above = PROBABILITIES.partition_point(|&known| known <= probability);
    if above == 0 {
        return class[0];
    }
    if above == PROBABILITIES.len() {
        return class[above - 1];
    }
    let (x0, x1) = (PROBABILITIES[above - 1], PROBABILITIES[above]);
    class[above - 1] + (class[above] - class[above - 1]) / (x1 - x0) * (probability - x0)
}
