//! Models as a table: one row per column and station.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, Int64Array, RecordBatch, StringArray};

use super::Model;
use super::gap_model::{
    COVARIANCE, MOST_CANDIDATES, NeighbourSet, StationModel, TRANSITION, Tables,
};
use super::grid::SLOTS;
use super::optimal_interpolation::QUANTILES;
use crate::error::{Error, Result};

const DAMAGED: Error = Error::Model("a column is absent or has too few or too many numbers");

/// Writes models under the names of their columns.
pub fn write(model: &Model, columns: &[String]) -> Result<RecordBatch> {
    let rows = || {
        columns.iter().zip(&model.columns).flat_map(|(name, stations)| {
            stations.iter().map(move |station| (name, stations, station))
        })
    };
    let numbers = |numbers: &dyn Fn(&StationModel, &mut Vec<f64>)| -> ArrayRef {
        let mut lists = ListBuilder::new(Float64Builder::new());
        let mut values = Vec::new();
        for (_, _, station) in rows() {
            values.clear();
            numbers(station, &mut values);
            lists.values().append_slice(&values);
            lists.append(true);
        }
        Arc::new(lists.finish())
    };
    let table = |pick: fn(&Tables) -> &[f64]| {
        numbers(&|station, values| {
            values.extend(station.tables.iter().flat_map(&pick));
        })
    };
    let set = |pick: fn(&NeighbourSet) -> &[f64], size: usize| {
        numbers(&|station, values| {
            for set in &station.sets {
                match set {
                    Some(set) => values.extend(pick(set)),
                    None => values.resize(values.len() + size, 0.0),
                }
            }
        })
    };
    let quantiles = numbers(&|station, values| {
        for quantiles in &station.quantiles {
            match quantiles {
                Some(quantiles) => values.extend(quantiles),
                None => values.resize(values.len() + QUANTILES, 0.0),
            }
        }
    });
    let mut candidates = ListBuilder::new(StringBuilder::new());
    let mut members = ListBuilder::new(Int64Builder::new());
    let mut merits = ListBuilder::new(Int64Builder::new());
    for (_, stations, station) in rows() {
        for &candidate in &station.candidates {
            candidates.values().append_value(&stations[candidate].name);
        }
        candidates.append(true);
        members.append_value(station.members.iter().map(|&bits| Some(i64::from(bits))));
        merits.append_value(station.merits.iter().map(|&merit| Some(merit)));
    }
    let names: Vec<&str> = rows().map(|row| row.0.as_str()).collect();
    let stations: Vec<&str> = rows().map(|row| row.2.name.as_str()).collect();
    // No series has more windows than fit.
    let windows: Vec<i64> = rows().map(|row| row.2.windows as i64).collect();
    let named: [(&str, ArrayRef); 13] = [
        ("column", Arc::new(StringArray::from(names))),
        ("station", Arc::new(StringArray::from(stations))),
        ("windows", Arc::new(Int64Array::from(windows))),
        ("candidates", Arc::new(candidates.finish())),
        ("members", Arc::new(members.finish())),
        ("merits", Arc::new(merits.finish())),
        ("climatology", table(|tables| &tables.climatology)),
        ("spread", table(|tables| &tables.spread)),
        ("borrowed", table(|tables| &tables.borrowed)),
        ("beta", set(|set| &set.beta, MOST_CANDIDATES)),
        ("transition", set(|set| &set.transition, TRANSITION)),
        ("covariance", set(|set| &set.covariance, COVARIANCE)),
        ("quantiles", quantiles),
    ];
    Ok(RecordBatch::try_from_iter(named)?)
}

/// Reads the models of some columns.
pub fn read(batch: &RecordBatch, columns: &[String], step: i64) -> Result<Model> {
    let names = texts(column(batch, "column")?)?;
    let stations = texts(column(batch, "station")?)?;
    let mut model = Model { columns: Vec::new(), step };
    for name in columns {
        let rows: Vec<usize> = (0..batch.num_rows()).filter(|&row| names[row] == *name).collect();
        let position = |station: &str| rows.iter().position(|&row| stations[row] == station);
        let read = |&row: &usize| station(batch, row, stations[row].clone(), position);
        model.columns.push(rows.iter().map(read).collect::<Result<_>>()?);
    }
    Ok(model)
}

fn station(
    batch: &RecordBatch,
    row: usize,
    name: String,
    position: impl Fn(&str) -> Option<usize>,
) -> Result<StationModel> {
    let numbers = |name: &str, length: usize| -> Result<Vec<f64>> {
        let values = list::<Float64Type>(column(batch, name)?, row)?;
        if values.len() == length { Ok(values) } else { Err(DAMAGED) }
    };
    let windows = column(batch, "windows")?;
    let windows = windows.as_primitive_opt::<Int64Type>().ok_or(DAMAGED)?.value(row);
    let candidates = column(batch, "candidates")?.as_list_opt::<i32>().ok_or(DAMAGED)?.value(row);
    let candidates = texts(&candidates)?
        .iter()
        .map(|name| position(name).ok_or(DAMAGED))
        .collect::<Result<Vec<_>>>()?;
    let members = list::<Int64Type>(column(batch, "members")?, row)?
        .into_iter()
        .map(|bits| {
            let known = u16::try_from(bits).ok().filter(|bits| bits >> candidates.len() == 0);
            known.ok_or(DAMAGED)
        })
        .collect::<Result<Vec<_>>>()?;
    let merits = list::<Int64Type>(column(batch, "merits")?, row)?;
    let count = members.len();
    if candidates.len() > MOST_CANDIDATES || members.first() != Some(&0) || merits.len() != count {
        return Err(DAMAGED);
    }
    let beta = numbers("beta", count * MOST_CANDIDATES)?;
    let transition = numbers("transition", count * TRANSITION)?;
    let covariance = numbers("covariance", count * COVARIANCE)?;
    let quantiles = numbers("quantiles", count * QUANTILES)?;
    let chunks = beta.as_chunks::<MOST_CANDIDATES>().0.iter();
    let chunks = chunks.zip(transition.as_chunks::<TRANSITION>().0);
    let chunks = chunks.zip(covariance.as_chunks::<COVARIANCE>().0);
    let sets = chunks.zip(&members).map(|(((beta, transition), covariance), &bits)| {
        Some(NeighbourSet::new(bits > 0, *beta, *transition, *covariance))
    });
    let sets = sets.collect();
    let tables = Tables {
        climatology: numbers("climatology", SLOTS)?,
        spread: numbers("spread", SLOTS)?,
        borrowed: numbers("borrowed", SLOTS)?,
    };
    Ok(StationModel {
        name,
        windows: u64::try_from(windows).map_err(|_| DAMAGED)?,
        candidates,
        members,
        merits,
        tables: Some(tables),
        sets,
        quantiles: quantiles.chunks(QUANTILES).map(|one| Some(one.to_vec())).collect(),
    })
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or(DAMAGED)
}

fn texts(array: &ArrayRef) -> Result<Vec<String>> {
    let texts = array.as_string_opt::<i32>().ok_or(DAMAGED)?;
    Ok(texts.iter().flatten().map(str::to_owned).collect())
}

fn list<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> Result<Vec<T::Native>> {
    let values = array.as_list_opt::<i32>().ok_or(DAMAGED)?.value(row);
    let values = values.as_primitive_opt::<T>().filter(|values| values.null_count() == 0);
    Ok(values.ok_or(DAMAGED)?.values().to_vec())
}
