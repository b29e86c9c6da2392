//! Memory that crosses without a copy. Everything unsafe in this crate is here.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::{CStr, c_int};
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator, make_array};
use arrow_buffer::Buffer;
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, Field};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";

/// A column, or a table as one column of structs: its field and its chunks.
pub type Chunks = (Field, Vec<ArrayRef>);

/// Takes over the array of an `__arrow_c_array__`.
pub fn import_array(
    schema: &Bound<'_, PyCapsule>,
    array: &Bound<'_, PyCapsule>,
) -> PyResult<Result<Chunks, ArrowError>> {
    let schema = schema.pointer_checked(Some(SCHEMA))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>();
    // SAFETY: by their names the capsules hold structures of the C data interface. The schema is only read; the array
    // is moved out, which leaves a released one behind.
    let (schema, array) = unsafe { (schema.as_ref(), FFI_ArrowArray::from_raw(array.as_ptr())) };
    Ok(Field::try_from(schema).and_then(|field| {
        let array = import(array, &field)?;
        Ok((field, vec![array]))
    }))
}

/// Takes over all arrays of an `__arrow_c_stream__`.
pub fn import_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<Result<Chunks, ArrowError>> {
    let stream = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: by its name the capsule holds a structure of the C stream interface; it is moved out, which leaves a
    // released one behind.
    let mut stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr()) };
    Ok(read_stream(&mut stream))
}

fn read_stream(stream: &mut FFI_ArrowArrayStream) -> Result<Chunks, ArrowError> {
    let (Some(get_schema), Some(get_next)) = (stream.get_schema, stream.get_next) else {
        return Err(ArrowError::CDataInterface("the stream has been read already".to_owned()));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: a stream that is not released has these functions, and they write a structure where they return 0.
    if unsafe { get_schema(stream, &raw mut schema) } != 0 {
        return Err(last_error(stream));
    }
    let field = Field::try_from(&schema)?;
    let mut chunks = Vec::new();
    loop {
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: as above.
        if unsafe { get_next(stream, &raw mut array) } != 0 {
            return Err(last_error(stream));
        }
        if array.is_released() {
            return Ok((field, chunks));
        }
        chunks.push(import(array, &field)?);
    }
}

fn last_error(stream: &mut FFI_ArrowArrayStream) -> ArrowError {
    // SAFETY: what is returned is null or a text that lives until the stream is used again.
    let message = stream.get_last_error.map(|get| unsafe { get(stream) }).filter(|m| !m.is_null());
    let message = message.map(|message| unsafe { CStr::from_ptr(message) }.to_string_lossy());
    ArrowError::CDataInterface(message.map_or("the stream broke off".to_owned(), Into::into))
}

fn import(array: FFI_ArrowArray, field: &Field) -> Result<ArrayRef, ArrowError> {
    // SAFETY: whoever made the array vouches for its type and the size of its memory.
    let data = unsafe { from_ffi_and_data_type(array, field.data_type().clone())? };
    validate(&data)?;
    Ok(make_array(data))
}

/// Looks at what the memory holds: files can have texts that are no UTF-8, and nobody looks before they come here.
fn validate(data: &ArrayData) -> Result<(), ArrowError> {
    // Where nothing is left of an array, its offsets may point anywhere.
    if data.is_empty() {
        return Ok(());
    }
    data.validate_values()?;
    data.child_data().iter().try_for_each(validate)
}

/// Hands a batch over as the capsule of an `__arrow_c_stream__`. To convert it to the schema that the caller asks for
/// is left to the caller, as the interface allows: the types of an answer are part of it.
pub fn export_stream<'py>(
    py: Python<'py>,
    batch: RecordBatch,
    _requested_schema: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = batch.schema();
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), STREAM)
}

/// The memory of a Python object, None where it does not lie in one piece.
pub fn borrowed(buffer: PyUntypedBuffer) -> Option<Buffer> {
    if !buffer.is_c_contiguous() {
        return None;
    }
    let length = buffer.len_bytes();
    let Some(begin) = NonNull::new(buffer.buf_ptr().cast::<u8>()).filter(|_| length > 0) else {
        return Some(Buffer::default());
    };
    // SAFETY: the memory is the object's until the buffer is released, which the owner does when it is dropped.
    Some(unsafe { Buffer::from_custom_allocation(begin, length, Arc::new(Released(buffer))) })
}

struct Released(#[expect(dead_code, reason = "held until it is dropped")] PyUntypedBuffer);

// No state can be seen broken after a panic: the buffer is held, not used.
impl std::panic::RefUnwindSafe for Released {}

/// Memory of the engine that Python reads and writes where it lies.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct Memory {
    begin: NonNull<u8>,
    bytes: isize,
    _owner: Box<dyn Any + Send + Sync>,
}

// SAFETY: nothing in Rust reads or writes the memory; in Python the holders of a buffer see to that.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// The memory of a vector, which is dropped with the last that holds it.
    pub fn new<T: Copy + Send + Sync + 'static>(mut values: Vec<T>) -> Self {
        let places = values.as_mut_slice();
        // No allocation is larger than `isize::MAX`.
        let bytes = size_of_val(places) as isize;
        let begin = NonNull::from(places).cast();
        Self { begin, bytes, _owner: Box::new(values) }
    }
}

#[pymethods]
impl Memory {
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let memory = slf.get();
        let (begin, bytes) = (memory.begin.as_ptr().cast(), memory.bytes);
        // SAFETY: the memory is valid, and stays where it is, as long as `slf` lives, which the view holds.
        match unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), begin, bytes, 0, flags) } {
            0 => Ok(()),
            _ => Err(PyErr::fetch(slf.py())),
        }
    }
}
