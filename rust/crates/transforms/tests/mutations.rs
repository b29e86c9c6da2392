//! The fuzz targets of `rust/fuzz` on spoiled bytes, on stable Rust and the same ones each time.
//!
//! `FUZZ_SECONDS` runs each for so many seconds, on other bytes.

#![allow(clippy::expect_used)]

#[path = "../../../fuzz/src/targets.rs"]
mod targets;

use std::env::var;
use std::panic::catch_unwind;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const BODIES: u64 = 3_000;

const PAGES: [&str; 5] = [
    r#"{"response":{"header":{"resultCode":"00"},"body":{"pageNo":1,"totalCount":2,"items":{"item":[
        {"tm":"2024-01-01 01:00","stnId":"108","stnNm":"서울","ta":"-1.5","taQcflg":"","x":[1,{"y":null}]},
        {"tm":"2024-01-01 02:00","stnId":108,"stnNm":"a\u00e9\n","ta":-2.0e1,"taQcflg":9,"x":true}]}}}}"#,
    "<?xml version=\"1.0\"?><response><header><resultCode>00</resultCode></header><body><items><item a=\"1\">\
     <tm>2024-01-01 01:00</tm><stnId>108</stnId><stnNm><![CDATA[서울]]>&amp;&#65;</stnNm><ta>-1.5</ta><!-- c -->\
     </item></items><totalCount>1</totalCount></body></response>",
    "<OpenAPI_ServiceResponse><cmmMsgHeader><returnAuthMsg>LIMITED</returnAuthMsg>\
     <returnReasonCode>22</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>",
    r#"{"reponse":{"body":{"content":[{"tm":"2024-01-01 01:00","ymd":"2024-01-01"}],"last":true}}}"#,
    r#"{"body":{"items":{"pageNo":"0"},"body":{"item":{"tm":[{"tm":"2024-01-01 01:00","stnId":1}]},"numOfRows":2}}}"#,
];
const LINES: [&str; 2] = [
    "2024-01-01\n2024/02/29\n2024.12.31\n20240101\n2024-01-01 01:00\n2024-01-01T01:00:00\n202401010100",
    "1\n-1.5\n1,234.5\n1e300\n+.5\n0x10\ninf\nnan\n \n１２\n9007199254740993",
];
const PIECES: [&[u8]; 18] = [
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"{",
    b"[[[[[[[[",
    b"<a>",
    b"</",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"]]>",
    b"&#0;",
    b"null",
    b"1e999999",
    b"99999999999999999999999999",
    b"-",
    b"9999-12-31 24:00",
    b"\n",
];

/// Numbers by xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

fn spoiled(seeds: &[&str], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let begin = random.below(bytes.len() + 1);
        let end = (begin + random.below(64)).min(bytes.len());
        match random.below(5) {
            0 => drop(bytes.splice(begin..end, PIECES[random.below(PIECES.len())].iter().copied())),
            1 => drop(bytes.drain(begin..end)),
            2 => bytes.extend_from_within(begin..end),
            3 if begin < bytes.len() => bytes[begin] = random.below(256) as u8,
            _ => bytes.truncate(bytes.len() - random.below(8).min(bytes.len())),
        }
    }
    bytes
}

fn run(target: fn(&[u8]), seeds: &[&str]) {
    let seconds =
        var("FUZZ_SECONDS").ok().map(|text| text.parse().expect("FUZZ_SECONDS is a number"));
    let now =
        || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
    let first = seconds.map_or(1, |_| now());
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
    for number in first.. {
        if end.map_or(number >= first + BODIES, |end| Instant::now() >= end) {
            return;
        }
        let bytes = spoiled(seeds, &mut Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
        if catch_unwind(|| target(&bytes)).is_err() {
            panic!("seed {number}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn pages() {
    run(targets::payload, &PAGES);
}

#[test]
fn texts_of_cells() {
    run(targets::cells, &LINES);
}
