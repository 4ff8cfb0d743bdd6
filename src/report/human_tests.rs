use super::*;
use crate::report::testing::{self, context, leaky, render, render_with};

#[test]
fn it_reads_like_this() {
    println!("{}", render(&Human, &leaky()));
    println!("{}", render_with(&Human, &leaky(), &Context { verbose: true, ..context() }));
}
