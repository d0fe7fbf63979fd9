//! Which variables of a template are more than texts: those that are looped over, counted, compared with numbers, or read in.

use crate::template::{
    expression::{SumSign, TemplateExpr, ValueTest},
    tree::{self, TemplateNode},
    value_filters::{ListFilter, TextFilter, ValueFilter},
};

/// Lists the variables that a template uses for more than their text.
pub(crate) fn used_as_values(template: &str) -> Vec<String> {
    let mut found = Vec::new();
    for node in &tree::nodes(template).unwrap_or_default() {
        uses_of(node, &mut found);
    }
    found
}

fn uses_of(node: &TemplateNode, found: &mut Vec<String>) {
    let bodies = |nodes: &[TemplateNode], found: &mut Vec<String>| nodes.iter().for_each(|node| uses_of(node, found));
    match node {
        TemplateNode::Text(_) => {}
        TemplateNode::Output(_, expr) => uses(expr, true, found),
        TemplateNode::If { branches, otherwise } => {
            for branch in branches {
                uses(&branch.condition, true, found);
                bodies(&branch.body, found);
            }
            bodies(otherwise, found);
        }
        TemplateNode::For(whole) => {
            uses(&whole.over, false, found);
            whole.only.iter().for_each(|only| uses(only, true, found));
            bodies(&whole.body, found);
            bodies(&whole.otherwise, found);
        }
        // What becomes of the name is not followed.
        TemplateNode::Set { value, .. } => uses(value, is_or_default(value), found),
        TemplateNode::With { names, body } => {
            for own in names {
                uses(&own.value, is_or_default(&own.value), found);
            }
            bodies(body, found);
        }
        TemplateNode::Block { body, then } => {
            bodies(body, found);
            uses_of(then, found);
        }
    }
}

fn is_or_default(expr: &TemplateExpr) -> bool {
    matches!(expr, TemplateExpr::Filtered(_, ValueFilter::Default, given) if matches!(given.as_slice(), [TemplateExpr::Text(_), ..]))
}

/// Notes the variables of an expression that are more than texts: `as_text` tells whether it is taken for one.
fn uses(expr: &TemplateExpr, as_text: bool, found: &mut Vec<String>) {
    let is_text = |expr: &TemplateExpr| {
        matches!(
            expr,
            TemplateExpr::Text(_)
                | TemplateExpr::Filtered(_, ValueFilter::Text(TextFilter::Upper | TextFilter::Lower), _)
        )
    };
    match expr {
        TemplateExpr::Variable(parts) => {
            let name = parts.join(".");
            // What is asked about is a text, whatever is done with it.
            if !as_text && name != "input" {
                found.push(name);
            }
        }
        TemplateExpr::Text(_)
        | TemplateExpr::Whole(_)
        | TemplateExpr::Decimal(_)
        | TemplateExpr::Truth(_)
        | TemplateExpr::Null
        | TemplateExpr::Local(_)
        | TemplateExpr::Loop(_)
        | TemplateExpr::Block => {}
        TemplateExpr::List(items) => items.iter().for_each(|item| uses(item, false, found)),
        TemplateExpr::Joined(items) => items.iter().for_each(|item| uses(item, true, found)),
        TemplateExpr::Group(of) | TemplateExpr::Not(of) => uses(of, as_text, found),
        TemplateExpr::Item(of, key) => {
            uses(of, false, found);
            uses(key, false, found);
        }
        TemplateExpr::And(one, other) | TemplateExpr::Or(one, other) => {
            uses(one, as_text, found);
            uses(other, as_text, found);
        }
        TemplateExpr::Compare(one, _, other) => {
            let texts = is_text(one) || is_text(other);
            uses(one, texts, found);
            uses(other, texts, found);
        }
        TemplateExpr::Sum(one, sign, other) => {
            let texts = *sign == SumSign::Add && (is_text(one) || is_text(other));
            uses(one, texts, found);
            uses(other, texts, found);
        }
        TemplateExpr::Counted(of, _) => uses(of, false, found),
        TemplateExpr::In(one, other) => {
            uses(one, true, found);
            uses(other, false, found);
        }
        TemplateExpr::Is(of, test) => {
            uses(of, as_text && matches!(test, ValueTest::Defined | ValueTest::Undefined), found);
        }
        TemplateExpr::Filtered(of, filter, given) => {
            let takes_text = match filter {
                ValueFilter::Default => as_text,
                ValueFilter::Text(filter) => filter.takes_text(),
                ValueFilter::List(filter) => *filter == ListFilter::Split,
                ValueFilter::Number(_) | ValueFilter::Item(_) => false,
            };
            uses(of, takes_text, found);
            for given in given {
                uses(given, true, found);
            }
        }
        TemplateExpr::Choice(one, condition, other) => {
            uses(one, as_text, found);
            uses(condition, true, found);
            if let Some(other) = other {
                uses(other, as_text, found);
            }
        }
    }
}
