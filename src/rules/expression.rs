//! Conditions over facts: a small part of CEL, the Common Expression Language.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::finding::{FactSpec, FactType, FactValue, Facts};

/// The facts that formats declare, by their names.
pub type Known<'k> = BTreeMap<&'k str, &'k FactSpec>;

/// A condition over facts.
///
/// Understood are `||`, `&&`, `!`, parentheses, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, fact names, whole numbers,
/// texts in single or double quotes, `true`, `false` and lists of texts. A comparison with a fact that was not stated is
/// false, whatever the operator; `has(name)` asks whether it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Has(String),
    Value(Operand),
    Compare(Operand, Operator, Operand),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Fact(String),
    Literal(FactValue),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in ", Operator::In),
];

/// How deep parentheses may nest.
const DEPTH: usize = 32;

impl Expression {
    /// Reads a condition and checks its names and types against the facts that formats declare.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn parse(text: &str, known: &Known<'_>) -> Result<Self, String> {
        let mut parser = Parser { rest: text, known };
        let node = parser.or(DEPTH)?;
        parser.space();
        if !parser.rest.is_empty() {
            return Err(format!("`{}` was not expected here", parser.rest));
        }
        Ok(Expression(node))
    }

    /// Whether the facts fulfil the condition.
    #[must_use]
    pub fn holds(&self, facts: &Facts) -> bool {
        self.0.holds(facts)
    }

    /// Whether the condition depends on this fact.
    #[must_use]
    pub fn asks_for(&self, fact: &str) -> bool {
        self.0.asks_for(fact)
    }
}

impl Node {
    fn holds(&self, facts: &Facts) -> bool {
        match self {
            Node::Or(nodes) => nodes.iter().any(|node| node.holds(facts)),
            Node::And(nodes) => nodes.iter().all(|node| node.holds(facts)),
            Node::Not(node) => !node.holds(facts),
            Node::Has(name) => facts.get(name).is_some(),
            Node::Value(operand) => operand.value(facts) == Some(&FactValue::Bool(true)),
            Node::Compare(left, operator, right) => match (left.value(facts), right.value(facts)) {
                (Some(left), Some(right)) => operator.compare(left, right),
                _ => false,
            },
        }
    }

    fn asks_for(&self, fact: &str) -> bool {
        let is_it = |operand: &Operand| matches!(operand, Operand::Fact(name) if name == fact);
        match self {
            Node::Or(nodes) | Node::And(nodes) => nodes.iter().any(|node| node.asks_for(fact)),
            Node::Not(node) => node.asks_for(fact),
            Node::Has(name) => name == fact,
            Node::Value(operand) => is_it(operand),
            Node::Compare(left, _, right) => is_it(left) || is_it(right),
        }
    }
}

impl Operand {
    fn value<'v>(&'v self, facts: &'v Facts) -> Option<&'v FactValue> {
        match self {
            Operand::Fact(name) => facts.get(name),
            Operand::Literal(value) => Some(value),
        }
    }
}

impl Operator {
    fn compare(self, left: &FactValue, right: &FactValue) -> bool {
        if self == Operator::In {
            return match (left, right) {
                (FactValue::Text(text), FactValue::List(items)) => items.contains(text),
                _ => false,
            };
        }
        let order = match (left, right) {
            (FactValue::Int(left), FactValue::Int(right)) => left.cmp(right),
            (FactValue::Text(left), FactValue::Text(right)) => left.cmp(right),
            (FactValue::Bool(left), FactValue::Bool(right)) => left.cmp(right),
            _ => return false,
        };
        match self {
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::In => false,
        }
    }
}

struct Parser<'t, 'k> {
    rest: &'t str,
    known: &'k Known<'k>,
}

impl Parser<'_, '_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn or(&mut self, depth: usize) -> Result<Node, String> {
        let mut nodes = vec![self.and(depth)?];
        while self.eat("||") {
            nodes.push(self.and(depth)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) })
    }

    fn and(&mut self, depth: usize) -> Result<Node, String> {
        let mut nodes = vec![self.unary(depth)?];
        while self.eat("&&") {
            nodes.push(self.unary(depth)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) })
    }

    fn unary(&mut self, depth: usize) -> Result<Node, String> {
        let depth = depth.checked_sub(1).ok_or("the condition is nested too deeply")?;
        self.space();
        if !self.rest.starts_with("!=") && self.eat("!") {
            return Ok(Node::Not(Box::new(self.unary(depth)?)));
        }
        if self.eat("(") {
            let inner = self.or(depth)?;
            return if self.eat(")") { Ok(inner) } else { Err("a `(` is not closed".to_owned()) };
        }
        if self.eat("has(") {
            let name = self.fact_name()?;
            return if self.eat(")") { Ok(Node::Has(name)) } else { Err("`has(` is not closed".to_owned()) };
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let (left, left_kind) = self.operand()?;
        self.space();
        let Some((token, operator)) = OPERATORS.into_iter().find(|(token, _)| self.rest.starts_with(token)) else {
            return match left_kind {
                FactType::Bool => Ok(Node::Value(left)),
                kind => Err(format!("a {} is no condition: compare it with something", kind.as_str())),
            };
        };
        self.rest = &self.rest[token.len()..];
        let (right, right_kind) = self.operand()?;
        let fits = match operator {
            Operator::In => left_kind == FactType::Text && right_kind == FactType::List,
            _ => left_kind == right_kind && left_kind != FactType::List,
        };
        if !fits {
            let (left, right) = (left_kind.as_str(), right_kind.as_str());
            return Err(format!("`{}` does not compare a {left} with a {right}", token.trim()));
        }
        Ok(Node::Compare(left, operator, right))
    }

    fn operand(&mut self) -> Result<(Operand, FactType), String> {
        self.space();
        if self.eat("[") {
            let items = self.list()?;
            return Ok((Operand::Literal(FactValue::List(items)), FactType::List));
        }
        match self.rest.chars().next() {
            Some('\'' | '"') => {
                let text = self.quoted()?;
                Ok((Operand::Literal(FactValue::Text(text)), FactType::Text))
            }
            Some('0'..='9') => {
                let digits = self.word(|c| c.is_ascii_digit() || c == '_').replace('_', "");
                let number = digits.parse().map_err(|_| format!("`{digits}` is too large a number"))?;
                Ok((Operand::Literal(FactValue::Int(number)), FactType::Int))
            }
            Some(_) => self.fact_or_boolean(),
            None => Err("the condition ends too early".to_owned()),
        }
    }

    fn fact_or_boolean(&mut self) -> Result<(Operand, FactType), String> {
        for (token, value) in [("true", true), ("false", false)] {
            let bounded = self.rest.strip_prefix(token).is_some_and(|rest| !rest.starts_with(is_name));
            if bounded && self.eat(token) {
                return Ok((Operand::Literal(FactValue::Bool(value)), FactType::Bool));
            }
        }
        let name = self.fact_name()?;
        let kind = self.known.get(&*name).map_or(FactType::Bool, |spec| spec.kind);
        Ok((Operand::Fact(name), kind))
    }

    fn fact_name(&mut self) -> Result<String, String> {
        self.space();
        let name = self.word(is_name).to_owned();
        if self.known.contains_key(&*name) {
            return Ok(name);
        }
        match crate::config::closest(&name, self.known.keys().copied()) {
            Some(near) => Err(format!("no format states the fact `{name}`; did you mean `{near}`?")),
            None => Err(format!("no format states the fact `{name}`; `lastlook formats` lists all facts")),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let mut items = Vec::new();
        while !self.eat("]") {
            if !items.is_empty() && !self.eat(",") {
                return Err("a list is not closed by `]`".to_owned());
            }
            self.space();
            items.push(self.quoted()?);
        }
        Ok(items)
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote =
            self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or("a text in quotes is expected")?;
        let (text, rest) = self.rest[1..].split_once(quote).ok_or("a text is not closed")?;
        self.rest = rest;
        Ok(text.to_owned())
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&FactSpec; 3] = [
        &FactSpec { name: "map.count", kind: FactType::Int, doc: "" },
        &FactSpec { name: "map.kind", kind: FactType::Text, doc: "" },
        &FactSpec { name: "map.inline", kind: FactType::Bool, doc: "" },
    ];

    fn known() -> Known<'static> {
        KNOWN.iter().map(|spec| (spec.name, *spec)).collect()
    }

    fn holds(text: &str) -> bool {
        let mut facts = Facts::default();
        facts.set("map.count", 3u64);
        facts.set("map.kind", "index");
        Expression::parse(text, &known()).expect(text).holds(&facts)
    }

    #[test]
    fn conditions_combine() {
        assert!(holds("map.count > 2 && map.kind == 'index'"));
        assert!(holds("map.count > 1_000 || !(map.kind != \"index\")"));
        assert!(holds("map.kind in ['flat', 'index']"));
        assert!(holds("has(map.kind) && !has(map.inline)"));
        assert!(!holds("map.count >= 4"));
    }

    #[test]
    fn what_was_not_stated_compares_with_nothing() {
        assert!(!holds("map.inline"));
        assert!(!holds("map.inline == false"));
        assert!(!holds("map.inline != true"));
    }

    #[test]
    fn mistakes_are_named() {
        let mistake = |text: &str| Expression::parse(text, &known()).unwrap_err();
        assert!(mistake("map.cuont > 1").contains("did you mean `map.count`?"));
        assert!(mistake("map.count == 'x'").contains("does not compare a integer with a text"));
        assert!(mistake("map.count").contains("is no condition"));
        assert!(mistake("(map.inline").contains("not closed"));
        assert!(mistake(&"(".repeat(1000)).contains("nested too deeply"));
        assert!(mistake("map.inline map.inline").contains("was not expected"));
    }
}
