//! Forging what people publish, and what attackers would like us to open.

pub mod archive;
pub mod binary;
pub mod map;
pub mod model;
pub mod tar;
pub mod zip;

use lastlook::rules::example::fill;

/// A token that a rule recognises and proves by its checksum; another one for each seed. The rule:
pub const TOKEN_RULE: &str = "github-personal-access-token";

pub fn token(seed: u64) -> String {
    fill("ghp_<base62*30><crc32-base62-6>", seed).unwrap()
}

/// A text of about `bytes` bytes that hardly compresses and holds nothing of interest.
pub fn prose(bytes: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::with_capacity(bytes + 32);
    while out.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let words = ["let", "of", "plan", "tree", "house", "river", "stone", "cloud"];
        out.push_str(&format!("{} {:x}; ", words[(state % 8) as usize], state & 0xff_ffff));
        if state % 5 == 0 {
            out.push('\n');
        }
    }
    out
}
