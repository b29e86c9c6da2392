//! How this engine was built.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Returns the engine's version, whether it is a debug build, its platform and how many threads it uses.
#[pyfunction]
pub fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    info.set_item("version", env!("CARGO_PKG_VERSION"))?;
    info.set_item("debug", cfg!(debug_assertions))?;
    info.set_item("arch", std::env::consts::ARCH)?;
    info.set_item("os", std::env::consts::OS)?;
    info.set_item("threads", station_hours::parallel::threads())?;
    Ok(info)
}
