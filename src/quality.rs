//! Call quality from loss and delay: the E-model of ITU-T G.107 with the impairments of ITU-T G.113 Appendix I.
//!
//! Without echo, R = 93.2 − Idd(Ta) − Ie,eff. Where the inputs do not carry an answer (a codec without published
//! impairments, wideband codecs, which need G.107.1, or too few packets) there is none. Pure arithmetic.

/// R of a connection without any impairment: the defaults of G.107.
const BEST: f64 = 93.2;

/// Fewer packets than this say nothing of a stream's quality.
pub const ENOUGH: u64 = 100;

/// How a codec suffers: G.113 Appendix I.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Equipment impairment without loss (Ie).
    pub ie: f64,
    /// Robustness against packet loss (Bpl).
    pub bpl: f64,
}

/// G.711 without packet loss concealment.
pub const G711_PLAIN: Impairment = Impairment { ie: 0.0, bpl: 4.3 };
/// G.711 with packet loss concealment, as phones do it.
pub const G711: Impairment = Impairment { ie: 0.0, bpl: 25.1 };
/// G.729 Annex A with voice activity detection.
pub const G729A: Impairment = Impairment { ie: 11.0, bpl: 19.0 };
/// G.723.1 at 6.3 kbit/s.
pub const G723_63: Impairment = Impairment { ie: 15.0, bpl: 16.1 };

/// The impairments of a codec by its RTP name; `payload` is the length of one packet's payload in bytes, which tells
/// the rates of G.723.1 apart. G.711 is taken with concealment.
pub fn impairment(codec: &str, payload: usize) -> Option<Impairment> {
    Some(match codec {
        "PCMU" | "PCMA" => G711,
        "G729" => G729A,
        "G723" if payload > 0 && payload.is_multiple_of(24) => G723_63,
        _ => return None,
    })
}

/// What was seen of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Packets that came.
    pub packets: u64,
    /// Share of the packets that did not, in percent.
    pub loss: f64,
    /// Mean length of the loss runs over that of random loss of the same rate (1 = random).
    pub burst_ratio: f64,
    /// One-way delay in milliseconds, if it is known; one point of capture alone does not know it.
    pub delay: Option<f64>,
}

/// A rating with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Rating R, 0 to 93.2.
    pub r: f64,
    /// Mean opinion score, 1 to 4.5.
    pub mos: f64,
    /// The codec.
    pub codec: Impairment,
    /// The stream.
    pub seen: Seen,
}

/// Rates a stream, if the inputs suffice: a codec with published impairments, and [`ENOUGH`] packets.
pub fn score(codec: Option<Impairment>, seen: Seen) -> Option<Score> {
    let codec = codec?;
    if seen.packets < ENOUGH || !seen.loss.is_finite() {
        return None;
    }
    let r = rating(codec, seen.loss, seen.burst_ratio, seen.delay.unwrap_or(0.0));
    Some(Score { r, mos: mos(r), codec, seen })
}

/// R of G.107: `loss` in percent, `delay` one way in milliseconds.
pub fn rating(codec: Impairment, loss: f64, burst_ratio: f64, delay: f64) -> f64 {
    let loss = loss.clamp(0.0, 100.0);
    let burst_ratio = if burst_ratio.is_finite() && burst_ratio > 0.0 { burst_ratio } else { 1.0 };
    let effective = codec.ie + (95.0 - codec.ie) * loss / (loss / burst_ratio + codec.bpl);
    (BEST - delay_impairment(delay) - effective).clamp(0.0, BEST)
}

/// Idd of G.107: what a long delay costs in a conversation.
pub fn delay_impairment(delay: f64) -> f64 {
    if !delay.is_finite() || delay <= 100.0 {
        return 0.0;
    }
    let x = (delay / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

/// Mean opinion score of a rating: G.107 Annex B.
pub fn mos(r: f64) -> f64 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        // Below R = 6.5 the polynomial dips under the lowest score.
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

/// Mean length of `runs` loss runs of together `lost` packets out of `expected`, over that of random loss.
pub fn burst_ratio(lost: u64, runs: u64, expected: u64) -> f64 {
    if lost == 0 || runs == 0 || lost >= expected {
        return 1.0;
    }
    lost as f64 / runs as f64 * (1.0 - lost as f64 / expected as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Points computed from the formulas of G.107 by other means: codec, loss, burst ratio, delay, R, MOS.
    const POINTS: &[(Impairment, f64, f64, f64, f64, f64)] = &[
        (G711_PLAIN, 0.0, 1.0, 0.0, 93.20, 4.409),
        (G711_PLAIN, 1.0, 1.0, 0.0, 75.28, 3.834),
        (G711_PLAIN, 5.0, 1.0, 0.0, 42.12, 2.169),
        (G711, 1.0, 1.0, 0.0, 89.56, 4.328),
        (G711, 5.0, 1.0, 0.0, 77.42, 3.923),
        (G711, 5.0, 2.0, 0.0, 75.99, 3.864),
        (G711, 10.0, 1.0, 0.0, 66.13, 3.411),
        (G711, 0.0, 1.0, 150.0, 93.04, 4.406),
        (G711, 0.0, 1.0, 300.0, 78.44, 3.964),
        (G711, 2.0, 1.0, 250.0, 77.27, 3.917),
        (G729A, 0.0, 1.0, 0.0, 82.20, 4.104),
        (G729A, 2.0, 1.0, 0.0, 74.20, 3.787),
        (G729A, 5.0, 1.0, 200.0, 61.66, 3.185),
        (G723_63, 1.0, 1.0, 100.0, 73.52, 3.758),
    ];

    #[test]
    fn the_reference_points() {
        for (codec, loss, burst_ratio, delay, r, mos) in POINTS {
            let seen = Seen { packets: 1000, loss: *loss, burst_ratio: *burst_ratio, delay: Some(*delay) };
            let got = score(Some(*codec), seen).unwrap();
            assert!((got.r - r).abs() < 0.05 && (got.mos - mos).abs() < 0.005, "{seen:?}: {} {}", got.r, got.mos);
        }
    }

    #[test]
    fn no_answer_where_there_is_none() {
        let seen = Seen { packets: 1000, loss: 1.0, burst_ratio: 1.0, delay: None };
        assert_eq!(score(impairment("G722", 160), seen), None);
        assert_eq!(score(impairment("G723", 20), seen), None);
        assert_eq!(score(impairment("PCMU", 160), Seen { packets: 99, ..seen }), None);
        assert!(score(impairment("PCMU", 160), Seen { packets: 100, ..seen }).is_some());
    }

    #[test]
    fn runs_of_two_are_twice_random() {
        assert_eq!(burst_ratio(0, 0, 100), 1.0);
        assert_eq!(burst_ratio(10, 10, 1000), 0.99);
        assert_eq!(burst_ratio(10, 5, 1000), 1.98);
        assert_eq!(burst_ratio(10, 1, 10), 1.0);
    }

    proptest! {
        #[test]
        fn more_loss_is_never_better(a in 0.0f64..100.0, b in 0.0f64..100.0, burst in 0.1f64..8.0, delay in 0.0f64..2000.0) {
            let (low, high) = (a.min(b), a.max(b));
            for codec in [G711, G711_PLAIN, G729A, G723_63] {
                let (good, bad) = (rating(codec, low, burst, delay), rating(codec, high, burst, delay));
                prop_assert!(good >= bad && mos(good) >= mos(bad) - 0.05);
                prop_assert!((1.0..=4.5).contains(&mos(bad)));
            }
        }

        #[test]
        fn any_number_gives_a_number(loss: f64, burst: f64, delay: f64) {
            let r = rating(G729A, if loss.is_nan() { 0.0 } else { loss }, burst, delay);
            prop_assert!((0.0..=93.2).contains(&r));
        }
    }
}
