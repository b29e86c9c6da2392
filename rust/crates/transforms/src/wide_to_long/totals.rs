//! Whether the hours of a day add up to its published total.

/// What sums of numbers without a rounding of their own may be apart, relative to the total.
const ROUNDING: f64 = 1e-9;
const POWERS_OF_TEN: [f64; 7] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

/// What brings a value to kWh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The factor.
    pub multiply: f64,
    /// The divisor.
    pub divide: f64,
}

impl Scale {
    /// The scale of what is in kWh already.
    pub const NONE: Self = Self { multiply: 1.0, divide: 1.0 };

    /// A value in kWh.
    pub fn to_kwh(self, value: f64) -> f64 {
        value * self.multiply / self.divide
    }
}

/// Tells whether a sum of hours differs from a total, both in kWh, by more than the rounding of the published
/// numbers explains: half a unit in the last place of each.
pub fn differs(
    hours: f64,
    total: f64,
    published_total: f64,
    total_scale: Scale,
    published_cells: impl Iterator<Item = f64> + Clone,
    cell_scale: Scale,
) -> bool {
    let apart = (hours - total).abs();
    let relative = ROUNDING * total.abs().max(1.0);
    if apart <= relative {
        return false;
    }
    let cells =
        published_cells.clone().filter(|cell| !cell.is_nan()).map(decimals).max().unwrap_or(0);
    let of_cells = 0.5 * published_cells.count() as f64 / POWERS_OF_TEN[cells];
    let of_total = 0.5 / POWERS_OF_TEN[decimals(published_total)];
    let allowed = cell_scale.to_kwh(of_cells) + total_scale.to_kwh(of_total);
    apart > allowed * (1.0 + ROUNDING) + relative
}

/// With how many decimals a number is published.
fn decimals(value: f64) -> usize {
    let whole = |power: &f64| {
        let shifted = value * power;
        (shifted - shifted.round_ties_even()).abs() <= ROUNDING + 1e-12 * shifted.abs()
    };
    POWERS_OF_TEN
        .iter()
        .take(POWERS_OF_TEN.len() - 1)
        .position(whole)
        .unwrap_or(POWERS_OF_TEN.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KWH: Scale = Scale { multiply: 1.0, divide: 1.0 };
    const WH: Scale = Scale { multiply: 1.0, divide: 1000.0 };

    #[test]
    fn decimals_are_those_that_are_written() {
        for (value, count) in
            [(0.0, 0), (4.35, 2), (0.072, 3), (12_345_678.123, 3), (-1.5, 1), (1.0 / 3.0, 6)]
        {
            assert_eq!(decimals(value), count, "{value}");
        }
    }

    #[test]
    fn rounding_is_forgiven_and_more_is_not() {
        let cells = std::iter::repeat_n(1.0, 24);
        assert!(!differs(24.0, 36.0, 36.0, KWH, cells.clone(), KWH));
        assert!(differs(24.0, 37.0, 37.0, KWH, cells.clone(), KWH));
        // Whole watt-hours against whole kilowatt-hours: half a kilowatt-hour, and 24 halves of a watt-hour.
        assert!(!differs(103.489, 103.0, 103.0, KWH, cells.clone(), WH));
        assert!(differs(103.513, 103.0, 103.0, KWH, cells, WH));
    }
}
