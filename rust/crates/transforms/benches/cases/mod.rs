//! Seeded inputs as the services and files have them, and the kernels called on them.

pub mod complete_hours;
pub mod impute;
pub mod payload;
pub mod wide_to_long;

/// Ticks of an hour in microseconds, the unit of pandas.
const HOUR: i64 = 3_600_000_000;
/// 2018-01-01 00:00.
const FIRST_STAMP: i64 = 1_514_764_800_000_000;

/// Pseudo-random numbers, the same on every machine: SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below a limit.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A number from 0 up to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
