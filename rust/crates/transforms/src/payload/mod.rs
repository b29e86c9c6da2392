//! Pages of the public services' answers as one typed table.
//!
//! A page is JSON or XML; both are read as the same stream of members and values ([`body`]), from which
//! the values go straight into the columns ([`rows`]). What is wrong with the envelope or an item is
//! kept until the page has been read to its end: a page that is not well-formed is that before all else.

mod answer;
mod body;
mod columns;
mod drift;
mod envelope;
mod failure;
mod fields;
mod gateway;
mod json;
mod lists;
mod lookup;
mod report;
mod rows;
mod shown;
mod text;
mod values;
mod xml;
mod xml_names;
mod xml_rules;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::Schema;
use arrow_select::concat::concat;

pub use envelope::Envelope;
pub use fields::{Field, FieldKind, MOST_FIELDS};
pub use report::{PageInfo, Report, Retyped};

use crate::error::{ApiError, Error, PayloadError, Result};
use crate::parallel;
use body::Malformed;
use failure::Failure;
use json::Json;
use rows::Rows;
use shown::Fault;
use text::Form;
use xml::Xml;

/// Bytes that take about as long as one value of the other transforms.
const BYTES_PER_VALUE: usize = 8;
/// Groups of pages per thread: enough for an uneven share to be evened out.
const GROUPS_PER_THREAD: usize = 4;

/// One page as it came.
#[derive(Debug, Clone, Copy)]
pub enum Page<'p> {
    /// The bytes of a body.
    Bytes(&'p [u8]),
    /// A body that was decoded already.
    Text(&'p str),
    /// A text that cannot be encoded, for it holds a lone surrogate.
    LoneSurrogate,
}

impl Page<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Text(text) => text.len(),
            Self::LoneSurrogate => 0,
        }
    }
}

/// Reads pages into one table, with one row per item.
///
/// # Errors
///
/// Where a page is not what the envelope describes, an item lacks a field that it must have, or the service answered with
/// an error of its own.
///
/// # Examples
///
/// ```
/// # use arrow_array::cast::AsArray;
/// # use arrow_array::types::Float64Type;
/// use station_hours::payload::{Envelope, Field, FieldKind, Page, rows_from_pages};
///
/// let body = r#"{"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"},
///     "body": {"items": {"item": [{"ta": "-3.5"}]}, "pageNo": 1, "numOfRows": 10, "totalCount": 1}}}"#;
/// let temperature = Field {
///     name: "ta".to_owned(),
///     kind: FieldKind::Number,
///     required: true,
///     hour: false,
///     as_text: true,
///     as_number: false,
/// };
/// let (table, report) = rows_from_pages(&[Page::Text(body)], &Envelope::default(), &[temperature])?;
/// assert_eq!(table.column(0).as_primitive::<Float64Type>().values(), &[-3.5]);
/// assert_eq!(report.pages[0].total_count, Some(1));
/// # Ok::<(), station_hours::Error>(())
/// ```
pub fn rows_from_pages(
    pages: &[Page<'_>],
    envelope: &Envelope,
    fields: &[Field],
) -> Result<(RecordBatch, Report)> {
    let values = pages.iter().map(Page::len).sum::<usize>() / BYTES_PER_VALUE;
    let groups = if values >= parallel::VALUES_WORTH_THREADS && parallel::threads() > 1 {
        pages.len().clamp(1, parallel::threads() * GROUPS_PER_THREAD)
    } else {
        1
    };
    let size = pages.len().div_ceil(groups).max(1);
    let parts: Vec<_> = pages.chunks(size).enumerate().collect();
    let mut tables = Vec::with_capacity(parts.len().max(1));
    let mut report = Report::default();
    for part in parallel::map(values, parts, |(group, pages)| {
        read_group(pages, group * size, envelope, fields)
    }) {
        let (table, part) = part?;
        tables.push(table);
        report.append(part);
    }
    let table = match tables.pop() {
        None => Rows::new(fields).finish()?.0,
        Some(only) if tables.is_empty() => only,
        Some(last) => {
            tables.push(last);
            joined(tables)?
        }
    };
    Ok((table, report.in_order_of(fields)))
}

/// The rows of all tables. The columns are joined one by one, and their parts are let go of one by one.
fn joined(tables: Vec<RecordBatch>) -> Result<RecordBatch> {
    let mut schema = Arc::new(Schema::empty());
    let mut rows = 0;
    let mut parts: Vec<_> = tables
        .into_iter()
        .map(|table| {
            let (table_schema, columns, table_rows) = table.into_parts();
            schema = table_schema;
            rows += table_rows;
            columns.into_iter()
        })
        .collect();
    let columns = schema.fields().iter().map(|_| {
        let parts: Vec<_> = parts.iter_mut().filter_map(Iterator::next).collect();
        concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
}

fn read_group(
    pages: &[Page<'_>],
    before: usize,
    envelope: &Envelope,
    fields: &[Field],
) -> Result<(RecordBatch, Report)> {
    let mut rows = Rows::new(fields);
    let mut infos = Vec::with_capacity(pages.len());
    for (position, page) in pages.iter().enumerate() {
        let number = before + position + 1;
        infos
            .push(read_page(*page, envelope, &mut rows).map_err(|failure| error(failure, number))?);
    }
    let (table, mut report) = rows.finish()?;
    report.pages = infos;
    Ok((table, report))
}

fn read_page<'e>(
    page: Page<'_>,
    envelope: &'e Envelope,
    rows: &mut Rows<'e>,
) -> std::result::Result<PageInfo, Failure> {
    rows.begin_page();
    let info = match text::decode(page)? {
        (Form::Json, text) => {
            let mut body = Json::new(text);
            answer::read(&mut body, envelope, rows)
                .and_then(|answer| body.finish().map(|()| answer))
                .map_err(|Malformed(why)| {
                    Fault::whole(format!("the body is no valid JSON: {why}"))
                })?
                .judge(rows)?
        }
        (Form::Xml, text) => Xml::new(text)
            .and_then(|mut body| answer::read(&mut body, envelope, rows))
            .map_err(|Malformed(why)| {
                Fault::whole(format!("the body is no well-formed XML: {why}"))
            })?
            .judge(rows)?,
    };
    Ok(info)
}

fn error(failure: Failure, page: usize) -> Error {
    match failure {
        Failure::Payload(Fault { problem, place }) => {
            Error::Payload(Box::new(PayloadError { problem, place, page }))
        }
        Failure::Api { code, message } => Error::Api(Box::new(ApiError { code, message, page })),
    }
}
