#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| station_hours_fuzz::payload(bytes));
