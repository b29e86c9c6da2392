//! Times of the kernels and of their parts, by divan.
#![expect(clippy::expect_used, reason = "a kernel that fails has not been measured")]

mod cases;

/// Rows of a frame.
const ROWS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Threads that a kernel runs on.
const THREADS: [usize; 2] = [1, 2];

fn main() {
    divan::main();
}

mod impute {
    use divan::Bencher;
    use divan::counter::ItemsCount;

    use super::cases::impute::{self as case, Series};
    use super::{ROWS, THREADS};

    #[divan::bench(args = ROWS)]
    fn find_gaps(bencher: Bencher<'_, '_>, rows: usize) {
        let series = Series::new(rows);
        bencher.counter(ItemsCount::new(rows)).bench(|| series.find_gaps());
    }

    #[divan::bench(args = ROWS)]
    fn spline(bencher: Bencher<'_, '_>, rows: usize) {
        let series = Series::new(rows);
        bencher.counter(ItemsCount::new(rows)).bench(|| series.spline());
    }

    #[divan::bench(args = ROWS)]
    fn climatology(bencher: Bencher<'_, '_>, rows: usize) {
        let series = Series::new(rows);
        bencher.counter(ItemsCount::new(rows)).bench(|| series.climatology());
    }

    #[divan::bench(consts = THREADS, args = ROWS)]
    fn impute<const THREADS: usize>(bencher: Bencher<'_, '_>, rows: usize) {
        let frame = case::frame(rows);
        bencher.counter(ItemsCount::new(rows)).bench(|| case::impute(&frame, None, THREADS));
    }

    #[divan::bench(consts = THREADS, args = ROWS)]
    fn impute_text_stamps<const THREADS: usize>(bencher: Bencher<'_, '_>, rows: usize) {
        let frame = case::with_text_stamps(&case::frame(rows));
        bencher.counter(ItemsCount::new(rows)).bench(|| case::impute(&frame, None, THREADS));
    }

    #[divan::bench(consts = THREADS, args = ROWS)]
    fn impute_with_history<const THREADS: usize>(bencher: Bencher<'_, '_>, rows: usize) {
        let (past, frame) = case::past_and_last_days(&case::frame(rows), 1);
        let counter = ItemsCount::new(rows);
        bencher.counter(counter).bench(|| case::impute(&frame, Some(&past), THREADS));
    }
}

mod complete_hours {
    use divan::Bencher;
    use divan::counter::ItemsCount;

    use super::cases::complete_hours as case;
    use super::{ROWS, THREADS};

    #[divan::bench(consts = THREADS, args = ROWS)]
    fn complete_hours<const THREADS: usize>(bencher: Bencher<'_, '_>, rows: usize) {
        let frame = case::frame(rows);
        let counter = ItemsCount::new(rows);
        bencher.counter(counter).bench(|| case::complete_hours(&frame, THREADS));
    }
}

mod wide_to_long {
    use divan::Bencher;
    use divan::counter::ItemsCount;

    use super::THREADS;
    use super::cases::wide_to_long as case;

    #[divan::bench(consts = THREADS, args = [100, 1_000, 10_000, 100_000])]
    fn transform_wide_to_long<const THREADS: usize>(bencher: Bencher<'_, '_>, rows: usize) {
        let table = case::table(rows);
        let counter = ItemsCount::new(rows);
        bencher.counter(counter).bench(|| case::transform_wide_to_long(&table, THREADS));
    }
}

mod payload {
    use divan::Bencher;
    use divan::counter::BytesCount;

    use super::THREADS;
    use super::cases::payload as case;

    const ITEMS: [usize; 3] = [24, 1_000, 20_000];

    #[divan::bench(consts = THREADS, args = ITEMS)]
    fn json<const THREADS: usize>(bencher: Bencher<'_, '_>, items: usize) {
        read::<THREADS>(bencher, &case::json_pages(items));
    }

    #[divan::bench(consts = THREADS, args = ITEMS)]
    fn xml<const THREADS: usize>(bencher: Bencher<'_, '_>, items: usize) {
        read::<THREADS>(bencher, &case::xml_pages(items));
    }

    fn read<const THREADS: usize>(bencher: Bencher<'_, '_>, pages: &[String]) {
        let fields = case::fields();
        let bytes: usize = pages.iter().map(String::len).sum();
        let counter = BytesCount::new(bytes);
        bencher.counter(counter).bench(|| case::rows_from_pages(pages, &fields, THREADS));
    }
}
