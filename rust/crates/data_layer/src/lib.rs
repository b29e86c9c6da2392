//! The Python binding of the data layer's transforms; this file only registers.

mod boundary;
mod build_info;
mod complete_hours;
mod error;
mod impute;
mod memory;
mod payload_rows;
mod wide_to_long;

use pyo3::prelude::*;

/// The system takes the memory of large columns back at once and hands it out page by page; this one keeps it for
/// a moment, as pyarrow's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use crate::build_info::build_info;
    #[pymodule_export]
    use crate::complete_hours::CompletedTable;
    #[pymodule_export]
    use crate::complete_hours::complete_hours;
    #[pymodule_export]
    use crate::impute::GapModelTable;
    #[pymodule_export]
    use crate::impute::ImputedTable;
    #[pymodule_export]
    use crate::impute::fit_gap_model;
    #[pymodule_export]
    use crate::impute::impute_missing_values;
    #[pymodule_export]
    use crate::payload_rows::PayloadTable;
    #[pymodule_export]
    use crate::payload_rows::rows_from_api_payload;
    #[pymodule_export]
    use crate::wide_to_long::LongTable;
    #[pymodule_export]
    use crate::wide_to_long::transform_wide_to_long;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        error::register(module)
    }
}
