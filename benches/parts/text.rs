//! Texts that look like what is published, and hold nothing.

/// Numbers that are the same each time.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One of these.
    pub fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[(self.draw() >> 8) as usize % of.len()]
    }
}

const WORDS: &[&str] = &[
    "value",
    "items",
    "state",
    "index",
    "render",
    "element",
    "children",
    "options",
    "request",
    "response",
    "key",
    "token",
    "password",
    "secret",
    "length",
    "prototype",
    "constructor",
    "undefined",
    "document",
    "createElement",
    "addEventListener",
    "className",
];

/// Source text in lines.
pub fn source(bytes: usize, seed: u64) -> String {
    let (mut numbers, mut out) = (Numbers::new(seed), String::with_capacity(bytes + 100));
    while out.len() < bytes {
        let (a, b, c) = (numbers.one(WORDS), numbers.one(WORDS), numbers.one(WORDS));
        match numbers.draw() % 4 {
            0 => out.push_str(&format!("  const {a} = await this.{b}({c}, {{ {a}: '{b}' }});\n")),
            1 => out.push_str(&format!("  if (!{a}.{b}) {{\n    return {c};\n  }}\n")),
            2 => out.push_str(&format!("  // The {a} of a {b} is its {c}, unless the {b} has none.\n")),
            _ => out.push_str(&format!("export function {a}{b}({c}: string): {a} {{\n")),
        }
    }
    out.truncate(bytes);
    out
}

/// A bundle on one line.
pub fn minified(bytes: usize, seed: u64) -> String {
    let (mut numbers, mut out) = (Numbers::new(seed), String::with_capacity(bytes + 100));
    while out.len() < bytes {
        let (a, b) = (numbers.one(WORDS), numbers.one(WORDS));
        let short = (b'a' + (numbers.draw() % 26) as u8) as char;
        match numbers.draw() % 4 {
            0 => out.push_str(&format!(
                "function {short}(e,t){{return e.{a}&&t.{b}?e:{short}(t,{})}}",
                numbers.draw() % 1000
            )),
            1 => out.push_str(&format!("var {short}=r({}),o={short}.{a};", numbers.draw() % 10_000)),
            2 => out.push_str(&format!("{short}.{a}=\"{b}\",")),
            _ => out.push_str(&format!("null!=={short}&&void 0!=={short}.{a}||({short}.{b}=!0),")),
        }
    }
    out.truncate(bytes);
    out
}

/// Bytes of an executable, more or less: short runs of text between other bytes.
pub fn binary(bytes: usize, seed: u64) -> Vec<u8> {
    let (mut numbers, mut out) = (Numbers::new(seed), Vec::with_capacity(bytes + 100));
    while out.len() < bytes {
        let number = numbers.draw();
        out.extend(number.to_le_bytes());
        if number.is_multiple_of(16) {
            out.extend(numbers.one(WORDS).bytes());
            out.push(0);
        }
    }
    out.truncate(bytes);
    out
}
