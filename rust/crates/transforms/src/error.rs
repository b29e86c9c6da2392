//! What can go wrong with an input.

use arrow_schema::ArrowError;
use thiserror::Error;

/// How many offending rows an error names.
pub const ROWS_NAMED: usize = 5;

/// The rule that rows break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowErrorKind {
    /// A time stamp is null or cannot be read.
    Stamp,
    /// A station is null.
    Station,
    /// A value is plus or minus infinity.
    Infinite,
    /// The same station and stamp occur more than once.
    Duplicate,
    /// Two different rows share a station and stamp.
    Conflict,
    /// A stamp lies between the steps of the grid.
    OffGrid,
    /// A day is null, unreadable or not at midnight.
    Day,
    /// A row's unit of energy is unknown.
    EnergyUnit,
    /// Commas stand before the decimals in some rows and part thousands in others.
    Commas,
}

impl RowErrorKind {
    /// The kind in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stamp => "stamp",
            Self::Station => "station",
            Self::Infinite => "infinite",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::OffGrid => "off_grid",
            Self::Day => "day",
            Self::EnergyUnit => "energy_unit",
            Self::Commas => "commas",
        }
    }
}

/// Rows that break a rule: the first few by position, with what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The rule.
    pub kind: RowErrorKind,
    /// The column at fault.
    pub column: String,
    /// Positions of the first offending rows.
    pub rows: Vec<usize>,
    /// What stands there; `None` for null.
    pub values: Vec<Option<String>>,
    /// How many rows offend in all.
    pub count: usize,
    /// Which frame: "the frame" or "the history".
    pub frame: &'static str,
}

/// A page that is not what a service should send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadError {
    /// What is wrong.
    pub problem: String,
    /// Where in the page, as a path of members; empty for the whole body.
    pub place: String,
    /// Which page, from 1.
    pub page: usize,
}

/// An error that a service answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The service's code.
    pub code: String,
    /// The service's message.
    pub message: String,
    /// Which page, from 1.
    pub page: usize,
}

/// Any error of a transform.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Rows that break a rule.
    #[error("column \"{}\" of {}: {} in {} rows, first in row {}", .0.column, .0.frame, .0.kind.name(), .0.count, .0.rows.first().copied().unwrap_or_default())]
    Rows(Box<RowError>),
    /// A column is not there.
    #[error("column \"{column}\" is not in {frame}")]
    ColumnNotFound {
        /// The column.
        column: String,
        /// Which frame.
        frame: &'static str,
    },
    /// A column has a type that cannot be what it is named for.
    #[error("column \"{column}\" of {frame} is of type {found} and cannot be {wanted}")]
    ColumnType {
        /// The column.
        column: String,
        /// Which frame.
        frame: &'static str,
        /// Its type.
        found: String,
        /// What it was wanted for.
        wanted: &'static str,
    },
    /// The result would have more rows than can be held.
    #[error("completing the hours would make {0} rows; check the stamps and the frequency")]
    TooManyRows(u64),
    /// The stamps lie so far apart that a table of all steps would be out of proportion.
    #[error(
        "the stamps span {steps} steps (stations: {stations}), far more than the {rows} rows; look for mistyped \
         years, or fill the periods apart"
    )]
    TooSparse {
        /// Steps from the first stamp to the last.
        steps: u64,
        /// Stations that would have all of them.
        stations: u64,
        /// Rows that there are.
        rows: u64,
    },
    /// A model of gaps that is none.
    #[error("the model of gaps is damaged: {0}")]
    Model(&'static str),
    /// A page that is not what a service should send.
    #[error("page {}, {}: {}", .0.page, .0.place, .0.problem)]
    Payload(Box<PayloadError>),
    /// A service answered with an error.
    #[error("page {}: the service answered with code {}: {}", .0.page, .0.code, .0.message)]
    Api(Box<ApiError>),
    /// There is not the memory that the result and the way there take.
    #[error("{0} bytes of memory cannot be had; process fewer rows or columns at a time")]
    OutOfMemory(usize),
    /// Arrow refused.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// The result of a transform.
pub type Result<T> = std::result::Result<T, Error>;

/// Collects offending rows; becomes an error if there are any.
pub(crate) struct Offending {
    kind: RowErrorKind,
    rows: Vec<usize>,
    values: Vec<Option<String>>,
    count: usize,
}

impl Offending {
    pub(crate) fn new(kind: RowErrorKind) -> Self {
        Self { kind, rows: Vec::new(), values: Vec::new(), count: 0 }
    }

    pub(crate) fn push(&mut self, row: usize, value: impl FnOnce() -> Option<String>) {
        self.count += 1;
        if self.rows.len() < ROWS_NAMED {
            self.rows.push(row);
            self.values.push(value());
        }
    }

    pub(crate) fn into_result(self, column: &str, frame: &'static str) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        Err(Error::Rows(Box::new(RowError {
            kind: self.kind,
            column: column.to_owned(),
            rows: self.rows,
            values: self.values,
            count: self.count,
            frame,
        })))
    }
}
