//! The day of each row of a wide table.

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use crate::calendar::{format_stamp, ticks_per_second};
use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::stamps::{NOT_A_TIME, StampParser, ticks_of};
use crate::texts::Texts;

const SECONDS_PER_DAY: i64 = 86_400;

/// The midnights at which days begin.
pub struct Days {
    /// Row by row.
    pub ticks: Vec<i64>,
    /// What a tick is.
    pub unit: TimeUnit,
}

impl Default for Days {
    fn default() -> Self {
        Self { ticks: Vec::new(), unit: TimeUnit::Microsecond }
    }
}

impl Days {
    /// Ticks of an hour.
    pub fn ticks_per_hour(&self) -> i64 {
        3_600 * ticks_per_second(self.unit)
    }

    /// A day as errors show it.
    pub fn shown(&self, row: usize) -> String {
        format_stamp(self.ticks[row], self.unit)
    }
}

/// Reads the days of some rows.
pub fn read_days(column: &ArrayRef, rows: &[u32], name: &str, frame: &'static str) -> Result<Days> {
    if let Some(texts) = Texts::of(column) {
        return parse(texts, rows, name, frame);
    }
    let DataType::Timestamp(unit, _) = column.data_type() else {
        return Err(Error::ColumnType {
            column: name.to_owned(),
            frame,
            found: column.data_type().to_string(),
            wanted: "a day",
        });
    };
    let stamps = ticks_of(column, *unit);
    let per_day = SECONDS_PER_DAY * ticks_per_second(*unit);
    // The last hour of the day has to be a time too.
    let latest = i64::MAX - per_day;
    let mut offending = Offending::new(RowErrorKind::Day);
    let mut ticks = Vec::with_capacity(rows.len());
    for &row in rows {
        let row = row as usize;
        let tick = stamps[row];
        let missing = column.is_null(row) || tick == NOT_A_TIME;
        if missing || tick % per_day != 0 || tick > latest {
            offending.push(row, || (!missing).then(|| format_stamp(tick, *unit)));
        }
        ticks.push(tick);
    }
    offending.into_result(name, frame)?;
    Ok(Days { ticks, unit: *unit })
}

fn parse(texts: Texts<'_>, rows: &[u32], name: &str, frame: &'static str) -> Result<Days> {
    let unit = TimeUnit::Microsecond;
    let mut offending = Offending::new(RowErrorKind::Day);
    let mut ticks = Vec::with_capacity(rows.len());
    let mut parser = StampParser::default();
    // The day of a row is mostly that of the row before.
    let mut last = ("", None);
    for &row in rows {
        let text = texts.get(row as usize);
        if let Some(text) = text
            && text != last.0
        {
            last = (text, parser.midnight(text));
        }
        match text.and(last.1) {
            Some(seconds) => ticks.push(seconds * ticks_per_second(unit)),
            None => offending.push(row as usize, || text.map(str::to_owned)),
        }
    }
    offending.into_result(name, frame)?;
    Ok(Days { ticks, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_name_the_same_day() {
        for text in [
            "2024-02-29",
            "2024/02/29",
            "2024.02.29",
            "20240229",
            "2024-02-29 00:00",
            "2024-02-29 00:00:00",
            "2024-02-29T00:00:00",
            "20240229 00:00",
            "2024-2-29 0:00",
            " 2024-02-29 ",
        ] {
            let seconds = StampParser::default().midnight(text);
            assert_eq!(seconds, Some(19_782 * SECONDS_PER_DAY), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-01-00",
            "2024-01/02",
            "2024-01-02 24:00",
            "2024-01-02 05:00",
            "2024-01-02 00:00:01",
            "0000-01-01",
            "２０２４0101",
        ] {
            assert_eq!(StampParser::default().midnight(text), None, "{text:?}");
        }
    }
}
