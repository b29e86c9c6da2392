//! `transform_wide_to_long` for Python.

use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::{
    Array, ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, Field, Schema, TimeUnit};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use station_hours::wide_to_long::{self as kernel, Energy, Long, Report, Scale, TextType};

use crate::boundary::{Table, to_ipc, to_numpy, without_gil};
use crate::error::{EngineError, arrow_to_python};
use crate::memory::{Memory, export_stream};

/// A long table, to be taken as Arrow, or its numbers as NumPy arrays and the rest as Arrow.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct LongTable {
    unit: TimeUnit,
    plant_name: ArrayRef,
    keep: Vec<(Arc<Field>, ArrayRef)>,
    report: Report,
    numbers: Mutex<Numbers>,
}

/// Stamps and values lie in memory once: as plain vectors until they are asked for as Arrow.
enum Numbers {
    Vectors(Vec<i64>, Vec<f64>),
    Arrays(ArrayRef, ArrayRef),
    HandedOver,
}

#[pymethods]
impl LongTable {
    /// What was found in the wide table.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let report = PyDict::new(py);
        report.set_item("rows_skipped", self.report.rows_skipped.clone())?;
        report.set_item("coerced", self.report.coerced)?;
        report.set_item("missing", self.report.missing)?;
        report.set_item("totals_checked", self.report.totals_checked)?;
        let mismatches = self.report.total_mismatches.iter();
        let mismatches: Vec<_> =
            mismatches.map(|found| (found.row, found.hours, found.total)).collect();
        report.set_item("total_mismatches", mismatches)?;
        Ok(report)
    }

    /// Hands stamps (as ticks) and values (NaN where missing) over as writable NumPy arrays, without
    /// copying; can be called once, and leaves the other columns to Arrow.
    fn take_numpy<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let mut numbers = self.lock()?;
        match std::mem::replace(&mut *numbers, Numbers::HandedOver) {
            Numbers::Vectors(ticks, values) => {
                Ok((to_numpy(py, ticks, "int64")?, to_numpy(py, values, "float64")?))
            }
            other => {
                *numbers = other;
                Err(PyRuntimeError::new_err("the numbers were handed over already"))
            }
        }
    }

    /// The columns that `take_numpy` has not taken.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_stream(py, self.table()?, requested_schema)
    }

    /// The columns that `take_numpy` has not taken, as an Arrow IPC stream.
    fn to_ipc(&self, py: Python<'_>) -> PyResult<Memory> {
        to_ipc(py, &self.table()?)
    }
}

impl LongTable {
    fn lock(&self) -> PyResult<MutexGuard<'_, Numbers>> {
        self.numbers.lock().map_err(|error| EngineError::new_err(error.to_string()))
    }

    fn table(&self) -> PyResult<RecordBatch> {
        let mut numbers = self.lock()?;
        if let Numbers::Vectors(ticks, values) = &mut *numbers {
            let (ticks, values) = (std::mem::take(ticks), std::mem::take(values));
            let nulls = (self.report.missing > 0)
                .then(|| NullBuffer::from_iter(values.iter().map(|value| !value.is_nan())));
            let values = Float64Array::new(values.into(), nulls);
            *numbers = Numbers::Arrays(stamps(ticks, self.unit), Arc::new(values));
        }
        let mut fields = Vec::with_capacity(3 + self.keep.len());
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(3 + self.keep.len());
        let mut add = |name: &str, array: &ArrayRef, nullable: bool| {
            fields.push(Arc::new(Field::new(name, array.data_type().clone(), nullable)));
            arrays.push(array.clone());
        };
        if let Numbers::Arrays(stamps, _) = &*numbers {
            add("timestamp", stamps, false);
        }
        add("plant_name", &self.plant_name, false);
        if let Numbers::Arrays(_, values) = &*numbers {
            add("generation", values, true);
        }
        for (field, array) in &self.keep {
            fields.push(field.clone());
            arrays.push(array.clone());
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.plant_name.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(arrow_to_python)
    }
}

fn stamps(ticks: Vec<i64>, unit: TimeUnit) -> ArrayRef {
    let ticks = ticks.into();
    match unit {
        TimeUnit::Second => Arc::new(TimestampSecondArray::new(ticks, None)),
        TimeUnit::Millisecond => Arc::new(TimestampMillisecondArray::new(ticks, None)),
        TimeUnit::Microsecond => Arc::new(TimestampMicrosecondArray::new(ticks, None)),
        TimeUnit::Nanosecond => Arc::new(TimestampNanosecondArray::new(ticks, None)),
    }
}

/// The units that a column may name: their names, factors and divisors.
type Units = Vec<(String, f64, f64)>;

#[pyfunction]
#[pyo3(signature = (data, *, date_col, hours, plant_col=None, unit_col=None, plant_name=None, scale=None, energy_unit_col=None, energy_units=None, total_col=None, total_scale=None, keep=None, label_end=false, unique=true, text_views=false, threads=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the Python function")]
pub fn transform_wide_to_long(
    py: Python<'_>,
    data: Table,
    date_col: &str,
    hours: Vec<String>,
    plant_col: Option<&str>,
    unit_col: Option<&str>,
    plant_name: Option<&str>,
    scale: Option<(f64, f64)>,
    energy_unit_col: Option<&str>,
    energy_units: Option<Units>,
    total_col: Option<&str>,
    total_scale: Option<(f64, f64)>,
    keep: Option<Vec<String>>,
    label_end: bool,
    unique: bool,
    text_views: bool,
    threads: Option<usize>,
) -> PyResult<LongTable> {
    if hours.len() != kernel::HOURS {
        return Err(pyo3::exceptions::PyValueError::new_err("hours must name 24 columns"));
    }
    let keep = keep.unwrap_or_default();
    let to_scale = |(multiply, divide)| Scale { multiply, divide };
    let units = energy_units.unwrap_or_default().into_iter();
    let units: Vec<(String, Scale)> =
        units.map(|(name, multiply, divide)| (name, to_scale((multiply, divide)))).collect();
    let options = kernel::Options {
        date: date_col,
        plant: plant_col,
        unit: unit_col,
        plant_name,
        hours: &hours,
        total: total_col,
        keep: &keep,
        energy: match energy_unit_col {
            Some(column) => Energy::Column(column, &units),
            None => Energy::Scale(scale.map_or(Scale::NONE, to_scale)),
        },
        total_scale: total_scale.map(to_scale),
        label_end,
        unique,
        text_type: if text_views { TextType::View } else { TextType::Large },
        frame: "the frame",
    };
    let long = without_gil(py, threads, || kernel::transform_wide_to_long(&data.0, options))?;
    let schema = data.0.schema();
    let Long { ticks, unit, plant_name, values, keep: kept, report } = long;
    let fields = keep
        .iter()
        .zip(&kept)
        .map(|(name, array)| {
            let field = schema.field_with_name(name)?.clone();
            let nullable = field.is_nullable() || array.null_count() > 0;
            Ok(Arc::new(field.with_nullable(nullable)))
        })
        .collect::<Result<Vec<_>, ArrowError>>()
        .map_err(arrow_to_python)?;
    Ok(LongTable {
        unit,
        plant_name,
        keep: fields.into_iter().zip(kept).collect(),
        report,
        numbers: Mutex::new(Numbers::Vectors(ticks, values)),
    })
}
