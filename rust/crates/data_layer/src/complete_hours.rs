//! `complete_hours` for Python.

use arrow_array::RecordBatch;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use transforms::complete_hours as kernel;
use transforms::keys::KeyColumns;

use crate::boundary::{Table, to_ipc, without_gil};
use crate::memory::{Memory, export_stream};

/// A table with every hour of every station.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct CompletedTable(RecordBatch);

#[pymethods]
impl CompletedTable {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_stream(py, self.0.clone(), requested_schema)
    }

    fn to_ipc(&self, py: Python<'_>) -> PyResult<Memory> {
        to_ipc(py, &self.0)
    }
}

#[pyfunction]
#[pyo3(signature = (data, *, date_col, station_col, step_seconds=3_600, carry=None, wall_clock_col=None, threads=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the Python function")]
pub fn complete_hours(
    py: Python<'_>,
    data: Table,
    date_col: &str,
    station_col: &str,
    step_seconds: i64,
    carry: Option<Vec<String>>,
    wall_clock_col: Option<&str>,
    threads: Option<usize>,
) -> PyResult<CompletedTable> {
    if step_seconds < 1 || 86_400 % step_seconds != 0 {
        return Err(pyo3::exceptions::PyValueError::new_err("step_seconds must divide a day"));
    }
    let keys = KeyColumns {
        station: station_col,
        date: date_col,
        wall_clock: wall_clock_col,
        frame: "the frame",
    };
    let options = kernel::Options { keys, step_seconds, carry: carry.as_deref() };
    without_gil(py, threads, || kernel::complete_hours(&data.0, options)).map(CompletedTable)
}
