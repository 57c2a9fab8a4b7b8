//! Bytes → a capture or a fetched file → findings: see `offhook_fuzz::pipeline`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offhook_fuzz::pipeline(bytes));
