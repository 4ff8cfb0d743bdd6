//! The command line of lastlook.
fn main() {}
