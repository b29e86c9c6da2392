//! The data layer's transforms on Arrow arrays: pure functions, no Python.
//!
//! Each transform has the name, and obeys the contract, of the public Python function; the pandas
//! reference is the oracle that the equivalence tests hold it to.

pub mod calendar;
pub mod complete_hours;
pub mod error;
pub mod impute;
pub mod keys;
mod memory;
pub mod numbers;
pub mod parallel;
pub mod payload;
pub mod stamps;
pub mod stations;
mod texts;
pub mod wide_to_long;

pub use error::{Error, Result, RowErrorKind};
