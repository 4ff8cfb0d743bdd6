//! What an expression says of a match.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::parse::{Function, Node, Operator};
use crate::rules::conditions::{Sight, holds_any};
use crate::rules::entropy;

/// How many bytes either side of a match are the text around it.
const AROUND: usize = 8 << 10;
/// The longest text, in bytes, and the longest list that an expression makes.
const LONGEST: usize = 1 << 20;

/// What a part of an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// It cannot be said.
    Unknown,
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'t, [u8]>),
    List(Vec<Value<'t>>),
    /// What is known about the match.
    Finding,
    /// What is known about the file.
    Attributes,
}

/// What names mean while one match is looked at.
pub struct Scope<'t> {
    sight: &'t Sight<'t>,
    names: Vec<(&'t str, Value<'t>)>,
}

impl<'t> Scope<'t> {
    pub fn new(sight: &'t Sight<'t>) -> Self {
        Scope { sight, names: Vec::new() }
    }

    pub fn eval(&mut self, node: &'t Node) -> Value<'t> {
        match node {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(*value),
            Node::Number(number) => Value::Number(*number),
            Node::Text(text) => Value::Text(Cow::Borrowed(text)),
            Node::List(items) => Value::List(items.iter().map(|item| self.eval(item)).collect()),
            Node::Patterns(_) => Value::Unknown,
            Node::Name(name) => self.named(name),
            Node::Index(of, key) => {
                let (of, key) = (self.eval(of), self.eval(key));
                self.index(&of, &key)
            }
            Node::Slice(of, from, to) => self.slice(of, from.as_deref(), to.as_deref()),
            Node::Not(inner) => match self.eval(inner) {
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Unknown,
            },
            Node::Minus(inner) => match self.eval(inner) {
                Value::Number(number) => Value::Number(-number),
                _ => Value::Unknown,
            },
            Node::Two(operator, left, right) => self.two(*operator, left, right),
            Node::If(condition, yes, no) => match self.eval(condition) {
                Value::Bool(true) => self.eval(yes),
                Value::Bool(false) => self.eval(no),
                _ => Value::Unknown,
            },
            Node::Let(name, value, body) => {
                let value = self.eval(value);
                self.names.push((name, value));
                let done = self.eval(body);
                self.names.pop();
                done
            }
            Node::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn named(&self, name: &str) -> Value<'t> {
        let found = self.names.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        found.unwrap_or(match name {
            "finding" => Value::Finding,
            "attributes" => Value::Attributes,
            _ => Value::Unknown,
        })
    }

    fn index(&self, of: &Value<'t>, key: &Value<'t>) -> Value<'t> {
        match (of, key) {
            (Value::Finding, Value::Text(key)) => self.finding(key),
            (Value::Attributes, Value::Text(key)) if **key == *b"path" => {
                Value::Text(Cow::Borrowed(self.sight.path.as_bytes()))
            }
            (Value::Attributes, Value::Text(_)) => Value::Null,
            (Value::List(items), Value::Number(at)) => {
                items.get(place(*at, items.len())).cloned().unwrap_or(Value::Unknown)
            }
            _ => Value::Unknown,
        }
    }

    fn finding(&self, key: &[u8]) -> Value<'t> {
        let Sight { text, whole, .. } = self.sight;
        let around = whole.start.saturating_sub(AROUND)..whole.end.saturating_add(AROUND).min(text.len());
        let borrowed = |bytes: &'t [u8]| Value::Text(Cow::Borrowed(bytes));
        let offset = |at: usize| Value::Number(at.saturating_sub(around.start) as f64);
        match key {
            b"secret" => borrowed(self.sight.value()),
            b"match" => borrowed(self.sight.matched()),
            b"line" => borrowed(&text[self.sight.line()]),
            b"rule_id" => borrowed(self.sight.rule.as_bytes()),
            b"description" => borrowed(self.sight.title.as_bytes()),
            b"fragment_raw" => borrowed(&text[around]),
            b"match_start_idx" => offset(whole.start),
            b"match_end_idx" => offset(whole.end),
            b"match_line_start_idx" => offset(self.sight.line().start),
            b"match_line_end_idx" => offset(self.sight.line().end),
            _ => Value::Unknown,
        }
    }

    fn slice(&mut self, of: &'t Node, from: Option<&'t Node>, to: Option<&'t Node>) -> Value<'t> {
        let of = self.eval(of);
        let length = match &of {
            Value::Text(text) => text.len(),
            Value::List(items) => items.len(),
            _ => return Value::Unknown,
        };
        let mut bound = |node: Option<&'t Node>, missing: usize| match node.map(|node| self.eval(node)) {
            None => Some(missing),
            Some(Value::Number(at)) => Some(place(at, length)),
            Some(_) => None,
        };
        let (Some(from), Some(to)) = (bound(from, 0), bound(to, length)) else { return Value::Unknown };
        let range = from.min(length)..to.clamp(from.min(length), length);
        match of {
            Value::Text(Cow::Borrowed(text)) => Value::Text(Cow::Borrowed(&text[range])),
            Value::Text(Cow::Owned(text)) => Value::Text(Cow::Owned(text[range].to_vec())),
            Value::List(items) => Value::List(items[range].to_vec()),
            _ => Value::Unknown,
        }
    }

    fn two(&mut self, operator: Operator, left: &'t Node, right: &'t Node) -> Value<'t> {
        let left = self.eval(left);
        // What decides by itself needs no other side; what is unknown is left to it.
        match (operator, &left) {
            (Operator::Or, Value::Bool(true)) | (Operator::And, Value::Bool(false)) => return left,
            (Operator::Or | Operator::And, _) => {
                let right = self.eval(right);
                let decides = Value::Bool(operator == Operator::Or);
                return match (left, right) {
                    (_, right) if right == decides => right,
                    (Value::Bool(_), right @ Value::Bool(_)) => right,
                    _ => Value::Unknown,
                };
            }
            (Operator::Otherwise, Value::Null) => return self.eval(right),
            (Operator::Otherwise, _) => return left,
            (Operator::Matches, Value::Text(text)) => {
                let Node::Patterns(patterns) = right else { return Value::Unknown };
                return Value::Bool(patterns.iter().any(|one| one.get().is_some_and(|one| one.is_match(text))));
            }
            _ => {}
        }
        let right = self.eval(right);
        both(operator, left, right)
    }

    fn call(&mut self, function: Function, arguments: &'t [Node]) -> Value<'t> {
        let values: Vec<Value<'t>> = arguments.iter().map(|argument| self.eval(argument)).collect();
        let patterns = match arguments.last() {
            Some(Node::Patterns(patterns)) => patterns.as_slice(),
            _ => &[],
        };
        match (function, values.as_slice()) {
            (Function::Entropy, [Value::Text(text)]) => Value::Number(entropy::shannon(text)),
            (Function::MatchesAny, [Value::Text(text), _]) => {
                Value::Bool(patterns.iter().any(|one| one.get().is_some_and(|one| one.is_match(text))))
            }
            (Function::FindMatch, [Value::Text(text), _]) => {
                let found = patterns.first().and_then(|one| one.get()).and_then(|one| one.find(text));
                Value::Text(Cow::Owned(found.map_or_else(Vec::new, |found| found.as_bytes().to_vec())))
            }
            (Function::ContainsAny, [Value::Text(text), Value::List(words)]) => {
                let words: Option<Vec<String>> = words.iter().map(lower).collect();
                words.map_or(Value::Unknown, |words| Value::Bool(holds_any(&text.to_ascii_lowercase(), &words)))
            }
            (Function::Length, [Value::Text(text)]) => Value::Number(text.len() as f64),
            (Function::Length, [Value::List(items)]) => Value::Number(items.len() as f64),
            (Function::Get, [of, key]) => self.index(of, key),
            (Function::Get, [of, key, other]) => match self.index(of, key) {
                Value::Null => other.clone(),
                value => value,
            },
            (Function::Most, numbers) => folded(numbers, f64::max),
            (Function::Least, numbers) => folded(numbers, f64::min),
            (Function::Lower, [Value::Text(text)]) => Value::Text(Cow::Owned(text.to_ascii_lowercase())),
            (Function::Upper, [Value::Text(text)]) => Value::Text(Cow::Owned(text.to_ascii_uppercase())),
            (Function::Trim, [Value::Text(text)]) => Value::Text(Cow::Owned(text.trim_ascii().to_vec())),
            (Function::Split, [Value::Text(text), Value::Text(by)]) => split(text, by),
            (Function::Join, [Value::List(items), Value::Text(by)]) => join(items, by),
            (Function::SetConfidence, [value]) => value.clone(),
            _ => Value::Unknown,
        }
    }
}

/// An index as a position; negative ones count from the end.
fn place(at: f64, length: usize) -> usize {
    // A cast saturates; what is no number becomes 0.
    if at < 0.0 { length.saturating_sub((-at) as usize) } else { at as usize }
}

fn lower(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(String::from_utf8_lossy(text).to_ascii_lowercase()),
        _ => None,
    }
}

fn folded<'t>(values: &[Value<'t>], fold: fn(f64, f64) -> f64) -> Value<'t> {
    let numbers: Option<Vec<f64>> =
        values.iter().map(|value| if let Value::Number(number) = value { Some(*number) } else { None }).collect();
    numbers.and_then(|numbers| numbers.into_iter().reduce(fold)).map_or(Value::Unknown, Value::Number)
}

fn split<'t>(text: &[u8], by: &[u8]) -> Value<'t> {
    if by.is_empty() {
        return Value::Unknown;
    }
    let mut items = Vec::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, by) {
        items.push(Value::Text(Cow::Owned(text[from..at].to_vec())));
        from = at + by.len();
    }
    items.push(Value::Text(Cow::Owned(text[from..].to_vec())));
    Value::List(items)
}

fn join<'t>(items: &[Value<'t>], by: &[u8]) -> Value<'t> {
    let mut out: Vec<u8> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Value::Text(text) = item else { return Value::Unknown };
        out.extend_from_slice(if index > 0 { by } else { b"" });
        out.extend_from_slice(text);
        if out.len() > LONGEST {
            return Value::Unknown;
        }
    }
    Value::Text(Cow::Owned(out))
}

fn both<'t>(operator: Operator, left: Value<'t>, right: Value<'t>) -> Value<'t> {
    if left == Value::Unknown || right == Value::Unknown {
        return Value::Unknown;
    }
    match (operator, &left, &right) {
        (Operator::Equal, ..) => Value::Bool(left == right),
        (Operator::Unequal, ..) => Value::Bool(left != right),
        (Operator::In, item, Value::List(items)) if !items.contains(&Value::Unknown) => {
            Value::Bool(items.contains(item))
        }
        (Operator::Contains, Value::Text(text), Value::Text(part)) => {
            Value::Bool(memchr::memmem::find(text, part).is_some())
        }
        (Operator::StartsWith, Value::Text(text), Value::Text(part)) => Value::Bool(text.starts_with(part)),
        (Operator::EndsWith, Value::Text(text), Value::Text(part)) => Value::Bool(text.ends_with(part)),
        (Operator::Plus, Value::Text(one), Value::Text(other)) if one.len() + other.len() <= LONGEST => {
            Value::Text(Cow::Owned([&**one, &**other].concat()))
        }
        (_, Value::Number(one), Value::Number(other)) => numbers(operator, *one, *other),
        (_, Value::Text(one), Value::Text(other)) => ordered(operator, one.cmp(other)),
        _ => Value::Unknown,
    }
}

fn numbers<'t>(operator: Operator, one: f64, other: f64) -> Value<'t> {
    let number = match operator {
        Operator::Plus => one + other,
        Operator::Minus => one - other,
        Operator::Times => one * other,
        Operator::Divided => one / other,
        Operator::Remainder => one % other,
        _ => return one.partial_cmp(&other).map_or(Value::Unknown, |order| ordered(operator, order)),
    };
    if number.is_finite() { Value::Number(number) } else { Value::Unknown }
}

fn ordered<'t>(operator: Operator, order: Ordering) -> Value<'t> {
    match operator {
        Operator::Less => Value::Bool(order.is_lt()),
        Operator::LessOrEqual => Value::Bool(order.is_le()),
        Operator::More => Value::Bool(order.is_gt()),
        Operator::MoreOrEqual => Value::Bool(order.is_ge()),
        _ => Value::Unknown,
    }
}
