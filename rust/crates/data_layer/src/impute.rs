//! `impute_missing_values` for Python.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, UInt8Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use station_hours::KeyColumns;
use station_hours::impute::{
    self as kernel, ColumnReport, FilledColumn, Imputed, Method, Provenance, stored_model,
};

use crate::boundary::{Table, to_ipc, to_numpy, without_gil};
use crate::error::{EngineError, arrow_to_python};
use crate::memory::{Memory, export_stream};

/// A table with filled columns, to be taken as Arrow or, column by column, as NumPy arrays.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct ImputedTable {
    input: RecordBatch,
    names: Vec<String>,
    reports: Vec<ColumnReport>,
    stations: usize,
    filled: Mutex<Filled>,
}

/// The filled columns lie in memory once: as plain vectors until they are asked for as Arrow.
enum Filled {
    Columns(Vec<FilledColumn>),
    Table(RecordBatch),
    HandedOver,
}

#[pymethods]
impl ImputedTable {
    /// How many stations the table has.
    #[getter]
    fn stations(&self) -> usize {
        self.stations
    }

    /// What was done to each column.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for (name, report) in self.names.iter().zip(&self.reports) {
            let one = PyDict::new(py);
            one.set_item("codes", report.codes.to_vec())?;
            one.set_item("coerced", report.coerced)?;
            one.set_item("gap_lengths", report.gap_lengths.clone())?;
            one.set_item("clipped", report.clipped)?;
            all.set_item(name, one)?;
        }
        Ok(all)
    }

    /// Hands the filled columns over as writable NumPy arrays, without copying; can be called once.
    fn take_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut filled = self.lock()?;
        let columns = match std::mem::replace(&mut *filled, Filled::HandedOver) {
            Filled::Columns(columns) => columns,
            other => {
                *filled = other;
                return Err(PyRuntimeError::new_err("the columns were handed over already"));
            }
        };
        let arrays = PyDict::new(py);
        for (name, column) in self.names.iter().zip(columns) {
            let mut all = vec![to_numpy(py, column.values, "float64")?];
            all.push(to_numpy(py, column.codes, "uint8")?);
            for end in column.ends.into_iter().flatten() {
                all.push(to_numpy(py, end, "float64")?);
            }
            arrays.set_item(name, all)?;
        }
        Ok(arrays)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_stream(py, self.table()?, requested_schema)
    }

    /// The table as an Arrow IPC stream.
    fn to_ipc(&self, py: Python<'_>) -> PyResult<Memory> {
        to_ipc(py, &self.table()?)
    }
}

impl ImputedTable {
    fn lock(&self) -> PyResult<MutexGuard<'_, Filled>> {
        self.filled.lock().map_err(|error| EngineError::new_err(error.to_string()))
    }

    fn table(&self) -> PyResult<RecordBatch> {
        let mut filled = self.lock()?;
        let table = match std::mem::replace(&mut *filled, Filled::HandedOver) {
            Filled::Columns(columns) => self.assemble(columns).map_err(arrow_to_python)?,
            Filled::Table(table) => table,
            Filled::HandedOver => {
                return Err(PyRuntimeError::new_err("the columns were handed over to NumPy"));
            }
        };
        *filled = Filled::Table(table.clone());
        Ok(table)
    }

    /// The input with the filled columns in their places, each followed by its provenance.
    fn assemble(
        &self,
        columns: Vec<FilledColumn>,
    ) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let mut filled: Vec<_> = self.names.iter().zip(columns).collect();
        let schema = self.input.schema();
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (field, array) in schema.fields().iter().zip(self.input.columns()) {
            let Some(position) = filled.iter().position(|(name, _)| *name == field.name()) else {
                fields.push(field.clone());
                arrays.push(array.clone());
                continue;
            };
            let (name, column) = filled.swap_remove(position);
            fields.push(Arc::new(Field::new(name, DataType::Float64, true)));
            let provenance = format!("{name}_provenance");
            fields.push(Arc::new(Field::new(provenance, DataType::UInt8, false)));
            let unfilled = Provenance::Unfilled as u8;
            let present = column.codes.iter().map(|&code| code != unfilled);
            let nulls = column.codes.contains(&unfilled).then(|| NullBuffer::from_iter(present));
            arrays.push(Arc::new(Float64Array::new(column.values.into(), nulls)));
            arrays.push(Arc::new(UInt8Array::from(column.codes)));
            for (end, values) in ["low", "high"].into_iter().zip(column.ends.into_iter().flatten())
            {
                fields.push(Arc::new(Field::new(format!("{name}_{end}"), DataType::Float64, true)));
                let nulls = NullBuffer::from_iter(values.iter().map(|value| !value.is_nan()));
                arrays.push(Arc::new(Float64Array::new(values.into(), Some(nulls))));
            }
        }
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        RecordBatch::try_new(Arc::new(schema), arrays)
    }
}

fn method_of(name: &str) -> PyResult<Method> {
    match name {
        "spline_climatology" => Ok(Method::SplineClimatology),
        "linear" => Ok(Method::Linear),
        "optimal_interpolation" => Ok(Method::OptimalInterpolation),
        _ => Err(PyValueError::new_err(format!("there is no method \"{name}\""))),
    }
}

fn key_columns<'a>(
    date_col: &'a str,
    station_col: &'a str,
    wall_clock_col: Option<&'a str>,
    frame: &'static str,
) -> KeyColumns<'a> {
    KeyColumns { station: station_col, date: date_col, wall_clock: wall_clock_col, frame }
}

#[pyfunction]
#[pyo3(signature = (
    data, *, columns, date_col, station_col, method="spline_climatology", max_spline_gap=3, max_gap=usize::MAX,
    bounds=HashMap::new(), interval=None, neighbours=4, model=None, step=None, history=None, wall_clock_col=None,
    column_means=HashMap::new(), threads=None
))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the Python function")]
pub fn impute_missing_values(
    py: Python<'_>,
    data: Table,
    columns: Vec<String>,
    date_col: &str,
    station_col: &str,
    method: &str,
    max_spline_gap: usize,
    max_gap: usize,
    bounds: HashMap<String, (f64, f64)>,
    interval: Option<f64>,
    neighbours: usize,
    model: Option<Table>,
    step: Option<i64>,
    history: Option<Table>,
    wall_clock_col: Option<&str>,
    column_means: HashMap<String, f64>,
    threads: Option<usize>,
) -> PyResult<ImputedTable> {
    let keys = |frame| key_columns(date_col, station_col, wall_clock_col, frame);
    let unbounded = (f64::NEG_INFINITY, f64::INFINITY);
    let bounds: Vec<_> =
        columns.iter().map(|name| bounds.get(name).copied().unwrap_or(unbounded)).collect();
    let column_means: Vec<_> = columns.iter().map(|name| column_means.get(name).copied()).collect();
    let method = method_of(method)?;
    let past = history.as_ref().map(|table| (&table.0, keys("the history")));
    let Imputed { columns: filled, stations } = without_gil(py, threads, || {
        let model = model
            .as_ref()
            .map(|table| stored_model::read(&table.0, &columns, step.unwrap_or_default()))
            .transpose()?;
        let options = kernel::Options {
            columns: &columns,
            keys: keys("the frame"),
            method,
            max_spline_gap,
            max_gap,
            bounds: &bounds,
            interval,
            neighbours,
            model: model.as_ref(),
            column_means: &column_means,
        };
        kernel::impute(&data.0, past, options)
    })?;
    Ok(ImputedTable {
        input: data.0,
        names: columns,
        reports: filled.iter().map(|column| column.report.clone()).collect(),
        stations,
        filled: Mutex::new(Filled::Columns(filled)),
    })
}

/// A model of gaps.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct GapModelTable(RecordBatch);

#[pymethods]
impl GapModelTable {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_stream(py, self.0.clone(), requested_schema)
    }
}

/// Fits the models of some columns; returns them, and what they were fitted on.
#[pyfunction]
#[pyo3(signature = (
    data, *, columns, date_col, station_col, neighbours=4, history=None, wall_clock_col=None, threads=None
))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the Python function")]
pub fn fit_gap_model<'py>(
    py: Python<'py>,
    data: Table,
    columns: Vec<String>,
    date_col: &str,
    station_col: &str,
    neighbours: usize,
    history: Option<Table>,
    wall_clock_col: Option<&str>,
    threads: Option<usize>,
) -> PyResult<Option<(GapModelTable, Bound<'py, PyDict>)>> {
    let keys = |frame| key_columns(date_col, station_col, wall_clock_col, frame);
    let past = history.as_ref().map(|table| (&table.0, keys("the history")));
    let fitted = without_gil(py, threads, || {
        let fitted = kernel::fit(&data.0, past, &columns, keys("the frame"), neighbours)?;
        fitted
            .map(|(model, inputs)| {
                stored_model::write(&model, &columns).map(|table| (table, model.step, inputs))
            })
            .transpose()
    })?;
    let Some((table, step, inputs)) = fitted else { return Ok(None) };
    let facts = PyDict::new(py);
    let [since, until] = inputs.period;
    facts.set_item("step", step)?;
    facts.set_item("since", since)?;
    facts.set_item("until", until)?;
    facts.set_item("rows", inputs.rows)?;
    Ok(Some((GapModelTable(table), facts)))
}
