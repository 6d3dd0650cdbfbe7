//! A peer of bench_tdx: dcap-qvl on the same quote and collateral.
//!
//!     peer-dcap-qvl QUOTE COLLATERAL UNIX
//!
//! Prints "dcap-qvl microseconds": processor time of one verification, best of several runs.

use dcap_qvl::{verify::ring::verify, QuoteCollateralV3};

const RUNS: usize = 9;
const RUN_SECONDS: f64 = 0.12;

/// Processor time of this process in seconds.
fn processor_time() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: t is a valid timespec
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let quote = std::fs::read(&arguments[1]).expect("quote");
    let text = std::fs::read(&arguments[2]).expect("collateral");
    let at: u64 = arguments[3].parse().expect("time");
    let collateral: QuoteCollateralV3 = serde_json::from_slice(&text).expect("collateral");
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let begin = processor_time();
        let mut end = begin;
        let mut count = 0.0;
        while end < begin + RUN_SECONDS {
            verify(&quote, &collateral, at).expect("verifies");
            count += 1.0;
            end = processor_time();
        }
        best = best.min((end - begin) * 1e6 / count);
    }
    println!("dcap-qvl {best:.2}");
}
