//! How data cross: as an Arrow IPC stream in a buffer, or through the Arrow PyCapsule interface.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, new_empty_array,
};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::concat::{concat, concat_batches};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCapsule, PyDict};

use station_hours::parallel::{with_threads, with_watch};

use crate::error::{EngineError, arrow_to_python, to_python};
use crate::memory::{Chunks, Memory, borrowed, import_array, import_stream};

/// A table from Python as one batch: chunks are put together, a single one is not copied.
pub struct Table(pub RecordBatch);

impl<'py> FromPyObject<'_, 'py> for Table {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if let Ok(columns) = object.cast::<PyDict>() {
            return from_columns(&columns).map(Self);
        }
        if let Some(chunks) = from_arrow(&object)? {
            return from_structs(chunks).map(Self);
        }
        let Ok(bytes) = PyUntypedBuffer::get(&object) else {
            return Err(PyTypeError::new_err(format!(
                "expected an Arrow table (an object with __arrow_c_stream__ or __arrow_c_array__), an Arrow \
                 IPC stream as bytes, or a dict of columns, not {}",
                object.get_type().name()?
            )));
        };
        let Some(bytes) = borrowed(bytes) else {
            return Err(PyValueError::new_err(
                "the buffer of an Arrow IPC stream must be contiguous",
            ));
        };
        // Bytes that are no Arrow can make the reader panic: that is a fault of the bytes, not of the engine.
        match py.detach(|| catch_unwind(AssertUnwindSafe(|| from_ipc(bytes)))) {
            Ok(batch) => batch.map(Self).map_err(arrow_to_python),
            Err(panic) => Err(PyValueError::new_err(format!(
                "Arrow cannot read the data: {}",
                text_of(&*panic)
            ))),
        }
    }
}

/// What an object offers by the Arrow PyCapsule interface, None where it does not know it.
fn from_arrow(object: &Bound<'_, PyAny>) -> PyResult<Option<Chunks>> {
    let py = object.py();
    let chunks = if let Some(stream) = object.getattr_opt(intern!(py, "__arrow_c_stream__"))? {
        import_stream(stream.call0()?.cast()?)?
    } else if let Some(array) = object.getattr_opt(intern!(py, "__arrow_c_array__"))? {
        let (schema, array): (Bound<'_, PyCapsule>, Bound<'_, PyCapsule>) =
            array.call0()?.extract()?;
        import_array(&schema, &array)?
    } else {
        return Ok(None);
    };
    chunks.map(Some).map_err(arrow_to_python)
}

fn from_structs((field, chunks): Chunks) -> PyResult<RecordBatch> {
    let DataType::Struct(fields) = field.data_type() else {
        return Err(PyTypeError::new_err(format!(
            "expected an Arrow table, not an array of type {}",
            field.data_type()
        )));
    };
    let schema = Arc::new(Schema::new_with_metadata(fields.clone(), field.metadata().clone()));
    let batches = chunks.iter().map(|chunk| {
        let (rows, structs) = (chunk.len(), chunk.as_struct().clone());
        let (_, columns, nulls) = structs.into_parts();
        if nulls.is_some_and(|nulls| nulls.null_count() > 0) {
            return Err(ArrowError::SchemaError("a row of a table cannot be null".to_owned()));
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema.clone(), columns, &rows)
    });
    batches
        .collect::<Result<Vec<_>, _>>()
        .and_then(|batches| one_batch(schema.clone(), batches))
        .map_err(arrow_to_python)
}

/// Puts columns together that come one by one: as Arrow, or as NumPy arrays of float64, whose memory is read where
/// it lies.
fn from_columns(columns: &Bound<'_, PyDict>) -> PyResult<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, column) in columns.iter() {
        let name: String = name.extract()?;
        let array = match from_arrow(&column)? {
            Some(chunks) => Some(one_array(chunks).map_err(arrow_to_python)?),
            None => from_doubles(&column),
        };
        let Some(array) = array else {
            return Err(PyTypeError::new_err(format!(
                "column \"{name}\" is a {}; expected an Arrow array, or a NumPy array of float64 in one piece",
                column.get_type().name()?
            )));
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(arrow_to_python)
}

/// The doubles of a NumPy array; None where they do not lie one after the other.
fn from_doubles(values: &Bound<'_, PyAny>) -> Option<ArrayRef> {
    let values = PyUntypedBuffer::get(values).ok()?;
    // Doubles of the other byte order are another format, and the type alone does not tell them apart.
    if values.dimensions() != 1 || values.format() != c"d" || values.as_typed::<f64>().is_err() {
        return None;
    }
    let length = values.item_count();
    let values = ScalarBuffer::new(borrowed(values)?, 0, length);
    Some(Arc::new(Float64Array::new(values, None)))
}

fn one_array((field, mut chunks): Chunks) -> Result<ArrayRef, ArrowError> {
    match chunks.pop() {
        Some(chunk) if chunks.is_empty() => Ok(chunk),
        Some(chunk) => {
            chunks.push(chunk);
            concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>())
        }
        None => Ok(new_empty_array(field.data_type())),
    }
}

fn from_ipc(mut bytes: Buffer) -> Result<RecordBatch, ArrowError> {
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while !bytes.is_empty() {
        let left = bytes.len();
        if let Some(batch) = decoder.decode(&mut bytes)? {
            batches.push(batch);
        } else if bytes.len() == left {
            break;
        }
    }
    decoder.finish()?;
    let schema = decoder.schema().ok_or_else(|| {
        ArrowError::IpcError("the buffer is empty or holds no Arrow IPC stream".into())
    })?;
    one_batch(schema, batches)
}

fn one_batch(
    schema: Arc<Schema>,
    mut batches: Vec<RecordBatch>,
) -> Result<RecordBatch, ArrowError> {
    match batches.pop() {
        Some(batch) if batches.is_empty() => Ok(batch),
        Some(batch) => {
            batches.push(batch);
            concat_batches(&schema, &batches)
        }
        None => Ok(RecordBatch::new_empty(schema)),
    }
}

/// Writes a batch as an Arrow IPC stream into memory that Python reads without copying.
pub fn to_ipc(py: Python<'_>, batch: &RecordBatch) -> PyResult<Memory> {
    let bytes = without_gil(py, None, || {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
        writer.write(batch)?;
        Ok(writer.into_inner()?)
    })?;
    Ok(Memory::new(bytes))
}

/// Hands a vector over as a writable NumPy array, without copying.
pub fn to_numpy<'py, T: Copy + Send + Sync + 'static>(
    py: Python<'py>,
    values: Vec<T>,
    dtype: &str,
) -> PyResult<Bound<'py, PyAny>> {
    static FROM_BUFFER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FROM_BUFFER.import(py, "numpy", "frombuffer")?.call1((Memory::new(values), dtype))
}

/// Runs a kernel without the GIL, on some threads or on all; a panic becomes an exception, and a signal that raises one
/// ends the kernel.
pub fn without_gil<T: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    kernel: impl FnOnce() -> station_hours::Result<T> + Send,
) -> PyResult<T> {
    let run = || with_watch(raised_by_a_signal, || with_threads(threads, kernel));
    match py.detach(|| catch_unwind(AssertUnwindSafe(run))) {
        Ok(result) => result.map_err(to_python),
        Err(panic) => Err(match panic.downcast::<PyErr>() {
            Ok(raised) => *raised,
            Err(panic) => {
                EngineError::new_err(format!("the engine panicked: {}", text_of(&*panic)))
            }
        }),
    }
}

fn raised_by_a_signal() -> Option<Box<dyn Any + Send>> {
    Python::attach(|py| py.check_signals()).err().map(|error| Box::new(error) as Box<_>)
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
