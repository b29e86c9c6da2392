//! `complete_hours` for Python.

use arrow_array::RecordBatch;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use station_hours::KeyColumns;
use station_hours::complete_hours as kernel;

use crate::boundary::{Table, to_ipc, without_gil};
use crate::memory::{Memory, export_stream};

/// A table with every hour of every station.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct CompletedTable {
    table: RecordBatch,
    absences: Vec<kernel::Absence>,
}

#[pymethods]
impl CompletedTable {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_stream(py, self.table.clone(), requested_schema)
    }

    fn to_ipc(&self, py: Python<'_>) -> PyResult<Memory> {
        to_ipc(py, &self.table)
    }

    /// Station, last stamp before and first stamp after of each absence that got no rows.
    #[getter]
    fn absences(&self) -> Vec<(&str, &str, &str)> {
        self.absences
            .iter()
            .map(|one| (one.station.as_str(), one.before.as_str(), one.after.as_str()))
            .collect()
    }
}

#[pyfunction]
#[pyo3(signature = (data, *, date_col, station_col, step_seconds=3_600, max_gap_seconds=None, stamp_form=None, carry=None, wall_clock_col=None, threads=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the Python function")]
pub fn complete_hours(
    py: Python<'_>,
    data: Table,
    date_col: &str,
    station_col: &str,
    step_seconds: i64,
    max_gap_seconds: Option<i64>,
    stamp_form: Option<&str>,
    carry: Option<Vec<String>>,
    wall_clock_col: Option<&str>,
    threads: Option<usize>,
) -> PyResult<CompletedTable> {
    if max_gap_seconds.is_some_and(|seconds| seconds < 0) {
        return Err(pyo3::exceptions::PyValueError::new_err("max_gap_seconds cannot be negative"));
    }
    if step_seconds < 1 || 86_400 % step_seconds != 0 {
        return Err(pyo3::exceptions::PyValueError::new_err("step_seconds must divide a day"));
    }
    let keys = KeyColumns {
        station: station_col,
        date: date_col,
        wall_clock: wall_clock_col,
        frame: "the frame",
    };
    let options = kernel::Options {
        keys,
        step_seconds,
        max_gap_seconds,
        stamp_form: stamp_form.unwrap_or(kernel::STAMP_FORM),
        carry: carry.as_deref(),
    };
    let (table, absences) = without_gil(py, threads, || kernel::complete_hours(&data.0, options))?;
    Ok(CompletedTable { table, absences })
}
