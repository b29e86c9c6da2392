//! `rows_from_api_payload` for Python.

use arrow_array::RecordBatch;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyByteArray, PyBytes, PyCapsule, PyDict, PyMemoryView, PyString};
use station_hours::payload::{
    self as kernel, Envelope, Field, FieldKind, MOST_FIELDS, Page, Report,
};

use crate::boundary::{to_ipc, without_gil};
use crate::memory::{Memory, export_stream};

/// A table with one row per item, and what was found while reading the pages.
#[pyclass(module = "rust_data_layer", frozen)]
pub struct PayloadTable {
    table: RecordBatch,
    report: Report,
}

#[pymethods]
impl PayloadTable {
    /// What was found: the pages, and counts above 0.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut pages = Vec::with_capacity(self.report.pages.len());
        for page in &self.report.pages {
            let info = PyDict::new(py);
            info.set_item("items", page.items)?;
            info.set_item("page_no", page.page_no)?;
            info.set_item("rows_per_page", page.rows_per_page)?;
            info.set_item("total_count", page.total_count)?;
            info.set_item("last", page.last)?;
            pages.push(info);
        }
        let retyped_fields = PyDict::new(py);
        for (field, retyped) in &self.report.retyped {
            let kinds = PyDict::new(py);
            for (kind, count) in
                [("text", retyped.text), ("number", retyped.number), ("null", retyped.null)]
            {
                if count > 0 {
                    kinds.set_item(kind, count)?;
                }
            }
            retyped_fields.set_item(field, kinds)?;
        }
        let report = PyDict::new(py);
        report.set_item("pages", pages)?;
        report.set_item("items", self.table.num_rows())?;
        report.set_item("coerced", counts(py, &self.report.coerced)?)?;
        report.set_item("unknown_fields", counts(py, &self.report.unknown)?)?;
        report.set_item("vanished_fields", counts(py, &self.report.vanished)?)?;
        report.set_item("retyped_fields", retyped_fields)?;
        Ok(report)
    }

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
}

fn counts<'py>(py: Python<'py>, counts: &[(String, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    for (field, count) in counts {
        all.set_item(field, count)?;
    }
    Ok(all)
}

/// A page whose memory Python does not change while it is read.
enum HeldPage<'py> {
    Bytes(Bound<'py, PyBytes>),
    Ascii(Bound<'py, PyString>),
    LoneSurrogate,
}

impl<'py> HeldPage<'py> {
    fn hold(page: Bound<'py, PyAny>) -> PyResult<Self> {
        let py = page.py();
        match page.cast_into::<PyBytes>() {
            Ok(bytes) => Ok(Self::Bytes(bytes)),
            Err(other) => {
                let page = other.into_inner();
                if let Ok(text) = page.cast::<PyString>() {
                    // Python would keep the encoded copy as long as the text.
                    if text.call_method0("isascii")?.is_truthy()? {
                        return Ok(Self::Ascii(text.clone()));
                    }
                    return Ok(text.encode_utf8().map_or(Self::LoneSurrogate, Self::Bytes));
                }
                if !page.is_instance_of::<PyByteArray>() && !page.is_instance_of::<PyMemoryView>() {
                    return Err(PyTypeError::new_err("a page must be bytes-like or a str"));
                }
                // Other threads can change what these hold while the page is read without the GIL.
                let copy = py.get_type::<PyBytes>().call1((page,))?;
                Ok(Self::Bytes(copy.cast_into::<PyBytes>()?))
            }
        }
    }

    fn page(&self) -> PyResult<Page<'_>> {
        Ok(match self {
            Self::Bytes(bytes) => Page::Bytes(bytes.as_bytes()),
            Self::Ascii(text) => Page::Text(text.to_str()?),
            Self::LoneSurrogate => Page::LoneSurrogate,
        })
    }
}

/// A field: name, kind, required, of an hour, documented JSON kinds.
type GivenField = (String, PyBackedStr, bool, bool, Vec<PyBackedStr>);

#[pyfunction]
#[pyo3(signature = (pages, *, envelope, fields, threads=None))]
pub fn rows_from_api_payload(
    py: Python<'_>,
    pages: Vec<Bound<'_, PyAny>>,
    envelope: &Bound<'_, PyDict>,
    fields: Vec<GivenField>,
    threads: Option<usize>,
) -> PyResult<PayloadTable> {
    let envelope = read_envelope(envelope)?;
    if fields.len() > MOST_FIELDS {
        return Err(PyValueError::new_err(format!("there can be {MOST_FIELDS} fields at most")));
    }
    let fields = fields.into_iter().map(field).collect::<PyResult<Vec<_>>>()?;
    let held = pages.into_iter().map(HeldPage::hold).collect::<PyResult<Vec<_>>>()?;
    let pages = held.iter().map(HeldPage::page).collect::<PyResult<Vec<_>>>()?;
    let (table, report) =
        without_gil(py, threads, || kernel::rows_from_pages(&pages, &envelope, &fields))?;
    Ok(PayloadTable { table, report })
}

fn read_envelope(given: &Bound<'_, PyDict>) -> PyResult<Envelope> {
    let item = |name| given.as_any().get_item(name);
    let text = |name| item(name)?.extract::<String>();
    let texts = |name| item(name)?.extract::<Vec<String>>();
    let truth = |name| item(name)?.extract::<bool>();
    Ok(Envelope {
        roots: texts("roots")?,
        header: text("header")?,
        code: text("code")?,
        message: text("message")?,
        header_required: truth("header_required")?,
        success: texts("success")?,
        success_message: text("success_message")?,
        no_data: texts("no_data")?,
        body: text("body")?,
        items: text("items")?,
        items_required: truth("items_required")?,
        item: text("item")?,
        page_no: text("page_no")?,
        rows_per_page: text("rows_per_page")?,
        last: text("last")?,
        total_count: texts("total_count")?,
        xml: truth("xml")?,
    })
}

fn field((name, kind, required, hour, documented): GivenField) -> PyResult<Field> {
    let kind = FieldKind::from_name(&kind)
        .ok_or_else(|| PyValueError::new_err(format!("there is no kind of field \"{kind}\"")))?;
    let documented = |kind| documented.iter().any(|known| known == kind);
    let (as_text, as_number) = (documented("text"), documented("number"));
    Ok(Field { name, kind, required, hour, as_text, as_number })
}
