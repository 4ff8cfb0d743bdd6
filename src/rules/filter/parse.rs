//! Words become a tree.

use super::lex::{Token, tokens};
use crate::rules::gitleaks::pattern;
use crate::rules::rule::LazyRegex;

/// How deep an expression may be nested.
const DEEPEST: usize = 48;
/// How many operators it may have: a chain of them is a tree as deep as it is long.
const MOST_OPERATORS: usize = 1_000;

/// A part of an expression.
#[derive(Debug)]
pub enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(Vec<u8>),
    List(Vec<Node>),
    Patterns(Vec<LazyRegex>),
    Name(String),
    Index(Box<Node>, Box<Node>),
    Slice(Box<Node>, Option<Box<Node>>, Option<Box<Node>>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Two(Operator, Box<Node>, Box<Node>),
    If(Box<Node>, Box<Node>, Box<Node>),
    Let(String, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
}

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    In,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Plus,
    Minus,
    Times,
    Divided,
    Remainder,
    Otherwise,
}

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Entropy,
    MatchesAny,
    ContainsAny,
    FindMatch,
    Length,
    Get,
    Most,
    Least,
    Lower,
    Upper,
    Trim,
    Split,
    Join,
    SetConfidence,
    Unknown,
}

impl Function {
    fn named(name: &str) -> Option<Function> {
        Some(match name {
            "entropy" => Function::Entropy,
            "matchesAny" => Function::MatchesAny,
            "containsAny" => Function::ContainsAny,
            "findMatch" => Function::FindMatch,
            "len" | "size" => Function::Length,
            "get" => Function::Get,
            "max" => Function::Most,
            "min" => Function::Least,
            "lower" | "lowerAscii" => Function::Lower,
            "upper" | "upperAscii" => Function::Upper,
            "trim" => Function::Trim,
            "split" => Function::Split,
            "join" => Function::Join,
            "setConfidence" => Function::SetConfidence,
            _ => return None,
        })
    }
}

/// Functions that are known, and cannot be answered here.
const UNANSWERED: &[&str] = &["failsTokenEfficiency", "tokenRatio"];

/// Operators with how strongly they bind.
const OPERATORS: &[(&str, Operator, u8)] = &[
    ("||", Operator::Or, 10),
    ("or", Operator::Or, 10),
    ("&&", Operator::And, 15),
    ("and", Operator::And, 15),
    ("==", Operator::Equal, 20),
    ("!=", Operator::Unequal, 20),
    ("<", Operator::Less, 20),
    ("<=", Operator::LessOrEqual, 20),
    (">", Operator::More, 20),
    (">=", Operator::MoreOrEqual, 20),
    ("in", Operator::In, 20),
    ("contains", Operator::Contains, 20),
    ("startsWith", Operator::StartsWith, 20),
    ("endsWith", Operator::EndsWith, 20),
    ("matches", Operator::Matches, 20),
    ("+", Operator::Plus, 30),
    ("-", Operator::Minus, 30),
    ("*", Operator::Times, 60),
    ("/", Operator::Divided, 60),
    ("%", Operator::Remainder, 60),
    ("??", Operator::Otherwise, 100),
];
/// How strongly `!` and `-` bind.
const UNARY: u8 = 50;

/// Reads an expression: its tree, and the functions in it that cannot be answered.
pub fn parse(text: &str) -> Result<(Node, Vec<&'static str>), String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0, operators: 0, unanswered: Vec::new() };
    let root = parser.expression()?;
    match parser.peek() {
        None => Ok((root, parser.unanswered)),
        Some(token) => Err(format!("{} is not expected there", shown(token))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::Text(_) => "a text".to_owned(),
        Token::Number(number) => format!("`{number}`"),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    operators: usize,
    unanswered: Vec<&'static str>,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, sign: &str) -> bool {
        match self.peek() {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Name(found)) => found == sign,
            _ => false,
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let there = self.is(sign);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn name(&mut self) -> Result<String, String> {
        let Some(Token::Name(name)) = self.peek().cloned() else { return Err("a name is missing".to_owned()) };
        self.at += 1;
        Ok(name)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth >= DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} times"));
        }
        self.depth += 1;
        let done = read(self);
        self.depth -= 1;
        done
    }

    fn expression(&mut self) -> Result<Node, String> {
        self.deeper(|parser| {
            if parser.take("let") {
                let name = parser.name()?;
                parser.expect("=")?;
                let value = parser.expression()?;
                parser.expect(";")?;
                return Ok(Node::Let(name, Box::new(value), Box::new(parser.expression()?)));
            }
            let condition = parser.operators(0)?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let yes = parser.expression()?;
            parser.expect(":")?;
            Ok(Node::If(Box::new(condition), Box::new(yes), Box::new(parser.expression()?)))
        })
    }

    fn operators(&mut self, least: u8) -> Result<Node, String> {
        self.deeper(|parser| {
            let mut left = parser.unary()?;
            while let Some((operator, binds)) = parser.operator().filter(|(_, binds)| *binds > least) {
                parser.at += 1;
                parser.operators += 1;
                if parser.operators > MOST_OPERATORS {
                    return Err(format!("it has more than {MOST_OPERATORS} operators"));
                }
                let right = parser.operators(binds)?;
                let right = if operator == Operator::Matches { patterns(right)? } else { right };
                left = Node::Two(operator, Box::new(left), Box::new(right));
            }
            Ok(left)
        })
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        OPERATORS.iter().find(|(sign, ..)| self.is(sign)).map(|(_, operator, binds)| (*operator, *binds))
    }

    fn unary(&mut self) -> Result<Node, String> {
        if self.take("!") || self.take("not") {
            return Ok(Node::Not(Box::new(self.operators(UNARY)?)));
        }
        if self.take("-") {
            return Ok(Node::Minus(Box::new(self.operators(UNARY)?)));
        }
        let mut node = self.primary()?;
        let mut steps = 0;
        loop {
            steps += 1;
            if steps > DEEPEST {
                return Err(format!("it is nested more than {DEEPEST} times"));
            }
            if self.take(".") || self.take("?.") {
                node = self.member(node)?;
            } else if self.take("[") {
                node = self.index(node)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, of: Node) -> Result<Node, String> {
        let name = self.name()?;
        if !self.take("(") {
            return Ok(Node::Index(Box::new(of), Box::new(Node::Text(name.into_bytes()))));
        }
        // `filter` is only where the functions live.
        if matches!(&of, Node::Name(space) if space == "filter" || space == "strings") {
            return self.call(&name, Vec::new());
        }
        let operator = match &*name {
            "orValue" => Operator::Otherwise,
            "contains" => Operator::Contains,
            "startsWith" => Operator::StartsWith,
            "endsWith" => Operator::EndsWith,
            "matches" => Operator::Matches,
            _ => return self.call(&name, vec![of]),
        };
        let right = self.expression()?;
        self.expect(")")?;
        let right = if operator == Operator::Matches { patterns(right)? } else { right };
        Ok(Node::Two(operator, Box::new(of), Box::new(right)))
    }

    fn index(&mut self, of: Node) -> Result<Node, String> {
        self.take("?");
        if self.take(":") {
            let to = self.end_of_slice()?;
            return Ok(Node::Slice(Box::new(of), None, to));
        }
        let from = Box::new(self.operators(0)?);
        if self.take(":") {
            let to = self.end_of_slice()?;
            return Ok(Node::Slice(Box::new(of), Some(from), to));
        }
        self.expect("]")?;
        Ok(Node::Index(Box::new(of), from))
    }

    fn end_of_slice(&mut self) -> Result<Option<Box<Node>>, String> {
        if self.take("]") {
            return Ok(None);
        }
        let to = self.operators(0)?;
        self.expect("]")?;
        Ok(Some(Box::new(to)))
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        while !self.take(end) {
            items.push(self.expression()?);
            if !self.take(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Node, String> {
        let Some(token) = self.peek().cloned() else { return Err("it ends too early".to_owned()) };
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Node::Text(text)),
            Token::Number(number) => Ok(Node::Number(number)),
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Node::List(self.list("]")?)),
            Token::Name(name) if self.take("(") => self.call(&name, Vec::new()),
            Token::Name(name) => Ok(match &*name {
                "true" => Node::Bool(true),
                "false" => Node::Bool(false),
                "nil" | "null" => Node::Null,
                _ => Node::Name(name),
            }),
            other => Err(format!("{} is not expected there", shown(&other))),
        }
    }

    fn call(&mut self, name: &str, mut arguments: Vec<Node>) -> Result<Node, String> {
        arguments.extend(self.list(")")?);
        if let Some(known) = UNANSWERED.iter().find(|known| **known == name) {
            self.unanswered.push(known);
            return Ok(Node::Call(Function::Unknown, Vec::new()));
        }
        let function = Function::named(name).ok_or_else(|| format!("the function `{name}` is not known"))?;
        if matches!(function, Function::MatchesAny | Function::FindMatch) {
            let last = arguments.pop().ok_or("patterns are missing")?;
            arguments.push(patterns(last)?);
        }
        Ok(Node::Call(function, arguments))
    }
}

/// Patterns that are written out, compiled.
fn patterns(node: Node) -> Result<Node, String> {
    let items = match node {
        Node::List(items) => items,
        one => vec![one],
    };
    let one = |item| match item {
        Node::Text(text) => pattern::mended(&String::from_utf8_lossy(&text)).map(LazyRegex::new),
        _ => Err("a pattern is not written out".to_owned()),
    };
    Ok(Node::Patterns(items.into_iter().map(one).collect::<Result<_, _>>()?))
}
