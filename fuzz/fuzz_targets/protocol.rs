//! Bytes → one dissector: see `offhook_fuzz::protocol`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| offhook_fuzz::protocol(bytes));
