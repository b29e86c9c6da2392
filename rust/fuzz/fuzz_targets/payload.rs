#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transforms_fuzz::payload(bytes));
