#![doc = include_str!("../README.md")]

mod calendar;
pub mod complete_hours;
mod error;
pub mod impute;
mod keys;
mod memory;
#[doc(hidden)] // for the fuzz targets
pub mod numbers;
pub mod parallel;
pub mod payload;
#[doc(hidden)]
pub mod stamps;
mod stations;
mod texts;
pub mod wide_to_long;

pub use calendar::format_stamp;
pub use error::{ApiError, Error, PayloadError, Result, RowError, RowErrorKind};
pub use keys::KeyColumns;
