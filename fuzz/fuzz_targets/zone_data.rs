#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| taskdex_fuzz::run("zone_data", input));
