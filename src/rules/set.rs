//! A set of rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Rule;

/// Rules by id, in the order of their ids.
#[derive(Debug, Default, Clone)]
pub struct RuleSet {
    rules: BTreeMap<Arc<str>, Arc<Rule>>,
}

impl RuleSet {
    /// Adds a rule.
    ///
    /// # Errors
    /// The rule itself, where one with the same id is there already.
    pub fn add(&mut self, rule: Rule) -> Result<(), Box<Rule>> {
        if self.rules.contains_key(&rule.id) {
            return Err(Box::new(rule));
        }
        self.rules.insert(Arc::clone(&rule.id), Arc::new(rule));
        Ok(())
    }

    /// Adds a rule that belongs to another set as well, in place of one with the same id.
    pub fn share(&mut self, rule: Arc<Rule>) {
        self.rules.insert(Arc::clone(&rule.id), rule);
    }

    /// The rule with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.get(id)
    }

    /// All rules, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.values()
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
