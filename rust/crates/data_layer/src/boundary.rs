//! How data cross: as an Arrow IPC stream in a buffer, or through the Arrow PyCapsule interface.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StructArray, new_empty_array};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{Field, Schema};
use arrow_select::concat::{concat, concat_batches};
use numpy::{PyArray1, PyUntypedArray};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use pyo3_arrow::buffer::{AnyBufferProtocol, PyArrowBuffer};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};

use transforms::parallel::with_threads;

use crate::error::{EngineError, arrow_to_python, to_python};

/// A table from Python as one batch: chunks are put together, a single one is not copied.
pub struct Table(pub RecordBatch);

impl<'py> FromPyObject<'_, 'py> for Table {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        if let Ok(columns) = object.cast::<PyDict>() {
            return from_columns(&columns).map(Self);
        }
        let speaks_arrow = object.hasattr(intern!(py, "__arrow_c_stream__"))?
            || object.hasattr(intern!(py, "__arrow_c_array__"))?;
        if speaks_arrow {
            return from_capsule(object.extract()?).map(Self);
        }
        let Ok(bytes) = object.extract::<AnyBufferProtocol>() else {
            return Err(PyTypeError::new_err(format!(
                "expected an Arrow table (an object with __arrow_c_stream__ or __arrow_c_array__), an Arrow \
                 IPC stream as bytes, or a dict of columns, not {}",
                object.get_type().name()?
            )));
        };
        // A strided view does not lie in its memory as it reads.
        if !object.extract::<PyBuffer<u8>>().map_or(true, |buffer| buffer.is_c_contiguous()) {
            return Err(PyValueError::new_err(
                "the buffer of an Arrow IPC stream must be contiguous",
            ));
        }
        let buffer = bytes.into_arrow_buffer()?;
        // Bytes that are no Arrow can make the reader panic: that is a fault of the bytes, not of the engine.
        match py.detach(|| catch_unwind(AssertUnwindSafe(|| from_ipc(buffer)))) {
            Ok(batch) => batch.map(Self).map_err(arrow_to_python),
            Err(panic) => Err(PyValueError::new_err(format!(
                "Arrow cannot read the data: {}",
                text_of(&*panic)
            ))),
        }
    }
}

fn from_capsule(input: AnyRecordBatch) -> PyResult<RecordBatch> {
    match input {
        AnyRecordBatch::RecordBatch(batch) => Ok(batch.into_inner()),
        AnyRecordBatch::Stream(stream) => {
            let reader = stream.into_reader()?;
            let schema = reader.schema();
            let batches = reader.collect::<Result<Vec<_>, _>>().map_err(arrow_to_python)?;
            one_batch(schema, batches).map_err(arrow_to_python)
        }
    }
}

/// Puts columns together that come one by one: as Arrow, or as NumPy arrays of float64, whose memory is read where
/// it lies.
fn from_columns(columns: &Bound<'_, PyDict>) -> PyResult<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, column) in columns.iter() {
        let name: String = name.extract()?;
        let array = if column.cast::<PyUntypedArray>().is_ok() {
            column.cast::<PyArray1<f64>>().ok().and_then(from_numpy)
        } else {
            column.extract().ok().map(from_arrow).transpose()?
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

/// None where the values do not lie one after the other.
fn from_numpy(values: &Bound<'_, PyArray1<f64>>) -> Option<ArrayRef> {
    let values: PyBuffer<f64> = values.extract().ok()?;
    if !values.is_c_contiguous() {
        return None;
    }
    let length = values.item_count();
    let buffer = AnyBufferProtocol::Float64(values).into_arrow_buffer().ok()?;
    Some(Arc::new(Float64Array::new(ScalarBuffer::new(buffer, 0, length), None)))
}

fn from_arrow(column: AnyArray) -> PyResult<ArrayRef> {
    let reader = column.into_reader()?;
    let data_type = reader.field().data_type().clone();
    let mut chunks = reader.collect::<Result<Vec<_>, _>>().map_err(arrow_to_python)?;
    match chunks.pop() {
        Some(chunk) if chunks.is_empty() => Ok(chunk),
        Some(chunk) => {
            chunks.push(chunk);
            let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
            concat(&chunks).map_err(arrow_to_python)
        }
        None => Ok(new_empty_array(&data_type)),
    }
}

fn from_ipc(mut bytes: Buffer) -> Result<RecordBatch, arrow_schema::ArrowError> {
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
        arrow_schema::ArrowError::IpcError(
            "the buffer is empty or holds no Arrow IPC stream".into(),
        )
    })?;
    one_batch(schema, batches)
}

fn one_batch(
    schema: Arc<Schema>,
    mut batches: Vec<RecordBatch>,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    match batches.pop() {
        Some(batch) if batches.is_empty() => Ok(batch),
        Some(batch) => {
            batches.push(batch);
            concat_batches(&schema, &batches)
        }
        None => Ok(RecordBatch::new_empty(schema)),
    }
}

/// Hands a batch to Python as an Arrow C stream.
pub fn to_capsule<'py>(
    py: Python<'py>,
    batch: RecordBatch,
    requested_schema: Option<Bound<'py, PyCapsule>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = batch.schema();
    let field = Field::new_struct("", schema.fields().clone(), false)
        .with_metadata(schema.metadata().clone());
    let array = Arc::new(StructArray::from(batch));
    let reader = ArrayIterator::new(std::iter::once(Ok(array as _)), field.into());
    Ok(to_stream_pycapsule(py, Box::new(reader), requested_schema)?)
}

/// Writes a batch as an Arrow IPC stream into a buffer that Python reads without copying.
pub fn to_ipc(py: Python<'_>, batch: &RecordBatch) -> PyResult<PyArrowBuffer> {
    let bytes = without_gil(py, None, || {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
        writer.write(batch)?;
        Ok(writer.into_inner()?)
    })?;
    Ok(PyArrowBuffer::new(Buffer::from_vec(bytes)))
}

/// Runs a kernel without the GIL, on some threads or on all; a panic becomes an exception.
pub fn without_gil<T: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    kernel: impl FnOnce() -> transforms::Result<T> + Send,
) -> PyResult<T> {
    match py.detach(|| catch_unwind(AssertUnwindSafe(|| with_threads(threads, kernel)))) {
        Ok(result) => result.map_err(to_python),
        Err(panic) => {
            Err(EngineError::new_err(format!("the engine panicked: {}", text_of(&*panic))))
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
