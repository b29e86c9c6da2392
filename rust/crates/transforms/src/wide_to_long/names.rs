//! The plant of each row of a wide table, and whether a plant has a day twice.

use arrow_array::ArrayRef;
use hashbrown::HashMap;

use super::days::Days;
use crate::error::{Error, Offending, Result, RowErrorKind};
use crate::texts::{Texts, content};

/// The cells of a row that name its plant and its unit.
type Cells<'a> = (Option<&'a str>, Option<&'a str>);

/// The names of plants.
#[derive(Default)]
pub struct Plants {
    /// The names in order of first appearance; the same name can be there twice, from cells
    /// that cut it in two ways or have other blanks around it.
    pub names: Vec<String>,
    /// For each row, the position of its name.
    pub of_row: Vec<u32>,
}

/// Where a plant's name comes from; at least one of the three is there.
#[derive(Debug, Clone, Copy, Default)]
pub struct NameColumns<'a> {
    /// The column of the plant.
    pub plant: Option<(&'a str, &'a ArrayRef)>,
    /// The column of the unit.
    pub unit: Option<(&'a str, &'a ArrayRef)>,
    /// The name of a plant that its row does not name.
    pub constant: Option<&'a str>,
}

/// Reads the names of some rows: the plant, a blank, the unit.
pub fn read_plants(columns: NameColumns<'_>, rows: &[u32], frame: &'static str) -> Result<Plants> {
    let plant = texts(columns.plant, frame)?;
    let unit = texts(columns.unit, frame)?;
    let name_is_unit = columns.plant.is_none() && columns.constant.is_none();
    let mut offending = Offending::new(RowErrorKind::Station);
    let mut known: HashMap<Cells<'_>, u32> = HashMap::new();
    let mut plants = Plants { names: Vec::new(), of_row: Vec::with_capacity(rows.len()) };
    // What the cells of each plant hold, with the blanks around it.
    let mut cells: Vec<Cells<'_>> = Vec::new();
    let mut is_named: Vec<bool> = Vec::new();
    // Tables are ordered by plant, or have the same plants day after day.
    let mut next_of: Vec<u32> = Vec::new();
    let mut last = 0u32;
    for &row in rows {
        let row = row as usize;
        let both = (plant.and_then(|texts| texts.get(row)), unit.and_then(|texts| texts.get(row)));
        let is = |id: &u32| cells.get(*id as usize) == Some(&both);
        let guess = next_of.get(last as usize).copied();
        let id = if let Some(id) = guess.filter(is).or(Some(last).filter(is)) {
            id
        } else {
            let id = *known.entry(both).or_insert_with(|| {
                let (plant, unit) = (both.0.and_then(content), both.1.and_then(content));
                let plant = plant.or(columns.constant);
                is_named.push(if name_is_unit { unit } else { plant }.is_some());
                plants.names.push(joined((plant, unit)));
                cells.push(both);
                next_of.push(u32::MAX);
                (cells.len() - 1) as u32
            });
            if let Some(next) = next_of.get_mut(last as usize) {
                *next = id;
            }
            id
        };
        if !is_named[id as usize] {
            offending.push(row, || None);
        }
        plants.of_row.push(id);
        last = id;
    }
    let at_fault = columns.plant.or(columns.unit).map_or("", |(name, _)| name);
    offending.into_result(at_fault, frame)?;
    Ok(plants)
}

fn texts<'a>(
    column: Option<(&str, &'a ArrayRef)>,
    frame: &'static str,
) -> Result<Option<Texts<'a>>> {
    let Some((name, column)) = column else { return Ok(None) };
    Texts::of(column).map(Some).ok_or_else(|| Error::ColumnType {
        column: name.to_owned(),
        frame,
        found: column.data_type().to_string(),
        wanted: "a name",
    })
}

fn joined((plant, unit): (Option<&str>, Option<&str>)) -> String {
    match (plant, unit) {
        (Some(plant), Some(unit)) => format!("{plant} {unit}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => String::new(),
    }
}

impl Plants {
    /// Raises where a plant has a day twice.
    pub fn require_unique(
        &self,
        days: &Days,
        rows: &[u32],
        name: &str,
        frame: &'static str,
    ) -> Result<()> {
        let mut first_of: HashMap<&str, u32> = HashMap::new();
        let canonical: Vec<u32> = (0u32..)
            .zip(&self.names)
            .map(|(id, name)| *first_of.entry(name.as_str()).or_insert(id))
            .collect();
        let plant = |row: usize| canonical[self.of_row[row] as usize];
        if self.in_order(days, plant) {
            return Ok(());
        }
        let mut order: Vec<usize> = (0..self.of_row.len()).collect();
        order.sort_by_key(|&row| (plant(row), days.ticks[row]));
        let same = |a: usize, b: usize| plant(a) == plant(b) && days.ticks[a] == days.ticks[b];
        let mut repeated: Vec<usize> = order
            .windows(2)
            .filter(|pair| same(pair[0], pair[1]))
            .flat_map(|pair| [pair[0], pair[1]])
            .collect();
        repeated.sort_unstable();
        repeated.dedup();
        let mut offending = Offending::new(RowErrorKind::Duplicate);
        for row in repeated {
            offending.push(rows[row] as usize, || {
                Some(format!("{} {}", self.names[plant(row) as usize], days.shown(row)))
            });
        }
        offending.into_result(name, frame)
    }

    /// Tells whether each plant's days only rise, or only fall: then none is there twice.
    fn in_order(&self, days: &Days, plant: impl Fn(usize) -> u32) -> bool {
        // For each plant its last day, and whether its days rise.
        let mut last: Vec<(Option<i64>, Option<bool>)> = vec![(None, None); self.names.len()];
        days.ticks.iter().enumerate().all(|(row, &day)| {
            let (before, rising) = &mut last[plant(row) as usize];
            match before.replace(day) {
                None => true,
                Some(before) => {
                    before != day && *rising.get_or_insert(before < day) == (before < day)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow_array::StringArray;
    use arrow_schema::TimeUnit;

    fn column(texts: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(texts.to_vec()))
    }

    #[test]
    fn a_name_is_the_plant_and_its_unit() -> Result<()> {
        let plant = column(&[Some(" a "), Some("a"), Some("b"), Some("a")]);
        let unit = column(&[Some("1"), Some("1 "), None, Some("")]);
        let columns =
            NameColumns { plant: Some(("p", &plant)), unit: Some(("u", &unit)), constant: None };
        let plants = read_plants(columns, &[0, 1, 2, 3], "the frame")?;
        let names: Vec<&str> =
            plants.of_row.iter().map(|&plant| plants.names[plant as usize].as_str()).collect();
        assert_eq!(names, ["a 1", "a 1", "b", "a"]);
        Ok(())
    }

    #[test]
    fn a_row_without_a_plant_is_named() {
        let plant = column(&[Some("a"), Some(" "), None]);
        let columns = NameColumns { plant: Some(("p", &plant)), ..Default::default() };
        let Err(Error::Rows(error)) = read_plants(columns, &[0, 1, 2], "the frame") else {
            panic!("two rows have no plant")
        };
        assert_eq!((error.rows, error.count), (vec![1, 2], 2));
    }

    #[test]
    fn a_day_twice_is_found_in_any_order_and_under_any_cut_of_the_name() -> Result<()> {
        let plant = column(&[Some("a b"), Some("c"), Some("a"), Some("a b")]);
        let unit = column(&[None, None, Some("b"), None]);
        let columns =
            NameColumns { plant: Some(("p", &plant)), unit: Some(("u", &unit)), constant: None };
        let rows = [0, 1, 2, 3];
        let plants = read_plants(columns, &rows, "the frame")?;
        let unique = |days: [i64; 4]| {
            let days = Days { ticks: days.to_vec(), unit: TimeUnit::Second };
            plants.require_unique(&days, &rows, "day", "the frame")
        };
        assert!(unique([2, 2, 1, 3]).is_ok());
        let Err(Error::Rows(error)) = unique([2, 2, 0, 2]) else { panic!("a day is there twice") };
        assert_eq!(
            (error.rows, error.values[0].as_deref()),
            (vec![0, 3], Some("a b 1970-01-01 00:00:02"))
        );
        assert!(unique([2, 1, 2, 0]).is_err());
        Ok(())
    }
}
