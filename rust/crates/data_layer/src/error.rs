//! The one mapping of the transforms' errors to Python exceptions.

use arrow_schema::ArrowError;
use pyo3::create_exception;
use pyo3::exceptions::{PyKeyError, PyMemoryError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use station_hours::Error;

create_exception!(
    rust_data_layer,
    RowError,
    PyValueError,
    "Rows that break a rule: (kind, column, rows, values, count, frame)."
);
create_exception!(
    rust_data_layer,
    TooManyRowsError,
    PyValueError,
    "The result would have more rows than can be held."
);
create_exception!(
    rust_data_layer,
    PayloadError,
    PyValueError,
    "A page that is not what a service should send: (problem, place, page)."
);
create_exception!(
    rust_data_layer,
    ApiError,
    PyRuntimeError,
    "A service answered with an error: (code, message, page)."
);
create_exception!(
    rust_data_layer,
    EngineError,
    PyRuntimeError,
    "A defect of the engine, not of the input."
);

/// Adds the exceptions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("RowError", py.get_type::<RowError>())?;
    module.add("TooManyRowsError", py.get_type::<TooManyRowsError>())?;
    module.add("PayloadError", py.get_type::<PayloadError>())?;
    module.add("ApiError", py.get_type::<ApiError>())?;
    module.add("EngineError", py.get_type::<EngineError>())
}

/// The Python exception of a transform's error.
pub fn to_python(error: Error) -> PyErr {
    match error {
        Error::Rows(rows) => RowError::new_err((
            rows.kind.name(),
            rows.column,
            rows.rows,
            rows.values,
            rows.count,
            rows.frame,
        )),
        Error::ColumnNotFound { .. } => PyKeyError::new_err(error.to_string()),
        Error::ColumnType { .. } => PyTypeError::new_err(error.to_string()),
        Error::TooManyRows(_) | Error::TooSparse { .. } => {
            TooManyRowsError::new_err(error.to_string())
        }
        Error::OutOfMemory(_) => PyMemoryError::new_err(error.to_string()),
        Error::Model(_) => EngineError::new_err(error.to_string()),
        Error::Payload(error) => PayloadError::new_err((error.problem, error.place, error.page)),
        Error::Api(error) => ApiError::new_err((error.code, error.message, error.page)),
        Error::Arrow(error) => arrow_to_python(error),
        unknown => EngineError::new_err(unknown.to_string()),
    }
}

/// The Python exception of an error of Arrow's own.
pub fn arrow_to_python(error: ArrowError) -> PyErr {
    PyValueError::new_err(format!("Arrow cannot read the data: {error}"))
}
