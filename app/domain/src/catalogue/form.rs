//! Policies as forms: what somebody typed, field by field, and back.

use super::{Domain, MetricDefinition, ScoringPolicy, check::Faults};
use std::collections::BTreeMap;

/// What somebody typed, by field; an absent field is an empty one.
pub type Typed = BTreeMap<String, String>;

/// A field's text without blanks around it.
fn text<'a>(typed: &'a Typed, field: &str) -> &'a str {
    typed.get(field).map_or("", |text| text.trim())
}

/// A number as people write it, with a point or a comma. What is none becomes NaN, which no check lets pass.
fn number(typed: &Typed, field: &str) -> f64 {
    text(typed, field).replace(',', ".").parse().unwrap_or(f64::NAN)
}

impl MetricDefinition {
    /// This definition as a form shows it.
    #[must_use]
    pub fn typed(&self) -> Typed {
        let numbers = [("target", self.target), ("floor", self.floor), ("weight", self.weight)];
        let words = [("key", self.key.as_str()), ("title", &self.title), ("unit", &self.unit), ("domain", self.domain.code())];
        let words = words.into_iter().map(|(field, word)| (field.to_owned(), word.to_owned()));
        words.chain(numbers.into_iter().map(|(field, n)| (field.to_owned(), n.to_string()))).collect()
    }

    /// The definition that a form says.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn read(typed: &Typed) -> Result<Self, Faults> {
        let domain = Domain::from_code(text(typed, "domain"));
        let metric = Self {
            key: text(typed, "key").to_owned(),
            title: text(typed, "title").to_owned(),
            unit: text(typed, "unit").to_owned(),
            domain: domain.unwrap_or(Domain::Gv),
            target: number(typed, "target"),
            floor: number(typed, "floor"),
            weight: number(typed, "weight"),
        };
        let mut faults = metric.faults();
        if domain.is_none() {
            faults.insert("domain".to_owned(), "Must be one of the six functions.".to_owned());
        }
        if faults.is_empty() { Ok(metric) } else { Err(faults) }
    }
}

impl ScoringPolicy {
    /// The policy's own numbers, those of the catalogue apart, as a form shows them.
    #[must_use]
    pub fn numbers(&self) -> Typed {
        let own = [("critical_cap", self.critical_cap), ("on_target", self.on_target), ("watch", self.watch)];
        let own = own.into_iter().map(|(field, n)| (field.to_owned(), n.to_string()));
        let of = |d: &super::DomainPolicy| {
            let path = |field| format!("domains/{}/{field}", d.domain.code());
            [(path("weight"), d.weight.to_string()), (path("target"), d.target.to_string())]
        };
        own.chain(self.domains.iter().flat_map(of)).collect()
    }

    /// The same catalogue with the numbers that a form says.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn with_numbers(mut self, typed: &Typed) -> Result<Self, Faults> {
        self.critical_cap = number(typed, "critical_cap");
        self.on_target = number(typed, "on_target");
        self.watch = number(typed, "watch");
        for d in &mut self.domains {
            d.weight = number(typed, &format!("domains/{}/weight", d.domain.code()));
            d.target = number(typed, &format!("domains/{}/target", d.domain.code()));
        }
        let faults = self.faults();
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests;
