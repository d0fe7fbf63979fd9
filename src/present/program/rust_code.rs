//! The code of messages in Rust. A value is an `Option<Value>`: none is what is not
//! given.

use crate::{
    present::program::{
        Helper,
        code::{CodeFunction, NumberKind},
        code_language::{
            Binding, CodeLanguage, CodeLine, CodeSigns, CountedPart, JoinedPart, ListItem, LoopHead, Written,
            WrittenArgument,
        },
        rust_helpers::HELPERS,
    },
    template::expression::{SumSign, ValueComparison, ValueTest},
};

/// The language as the code of messages is written in it.
pub(super) struct RustCode;

impl CodeLanguage for RustCode {
    fn indent(&self) -> &'static str {
        "    "
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn signs(&self) -> &'static CodeSigns {
        &CodeSigns { and: "&&", or: "||", truths: ["false", "true"], null: "Some(Value::Null)", missing: "None" }
    }

    fn name(&self, function: CodeFunction) -> &'static str {
        let [_, _, rust] = function.names();
        rust
    }

    fn line(&self, line: &CodeLine<'_>) -> Option<String> {
        Some(match line {
            CodeLine::NeedFields(parameter, field) => format!("need_fields({parameter}, {field:?})?;"),
            CodeLine::ReadParameter(read, parameter) => format!("let {read} = read({parameter});"),
            CodeLine::BeginText(name, true) => format!("let mut {name} = String::new();"),
            CodeLine::BeginText(name, false) => format!("let {name} = String::new();"),
            CodeLine::Write(name, text) => format!("{name}.push_str({});", text.lent()),
            CodeLine::Return(name) => format!("Ok({name})"),
            CodeLine::If(condition) => format!("if {} {{", condition.text),
            CodeLine::ElseIf(condition) => format!("}} else if {} {{", condition.text),
            CodeLine::Else => "} else {".to_owned(),
            CodeLine::Loop(head) => loop_lines(head),
            CodeLine::IfNone(items) => format!("if {items}.is_empty() {{"),
            CodeLine::End => "}".to_owned(),
            CodeLine::Nothing => return None,
            CodeLine::Begin(name, value, true) => format!("let mut {name}: Option<Value> = {};", value.text),
            CodeLine::Begin(name, value, false) => format!("let {name}: Option<Value> = {};", value.text),
            CodeLine::Set(name, value) => format!("{name} = {};", value.text),
        })
    }

    fn unread(&self) -> &'static str {
        "_"
    }

    fn head(&self, name: &str, parameters: &[&str], about: &str, sets_again: bool) -> String {
        let parameters: Vec<String> =
            parameters.iter().map(|parameter| format!("{parameter}: &Option<Value>")).collect();
        let allows = if sets_again {
            "#[allow(unused_assignments, reason = \"the template may set a name again before it is read\")]\n"
        } else {
            ""
        };
        format!("/// Writes {about}.\n{allows}fn {name}({}) -> Result<String, String> {{\n", parameters.join(", "))
    }

    fn passed(&self, written: &Written) -> String {
        written.lent()
    }

    fn call(&self, function: CodeFunction, given: &[WrittenArgument]) -> Written {
        let fails = if is_sure(function) { "" } else { "?" };
        Written::unit(format!("{}({}){fails}", self.name(function), self.arguments(given)))
    }

    fn quoted(&self, text: &str) -> Written {
        let quoted = format!("{text:?}");
        Written { borrowed: Some(quoted.clone()), ..Written::unit(quoted + ".to_owned()") }
    }

    fn parameter_text(&self, name: &str) -> Written {
        Written::unit(format!("text({name})?"))
    }

    fn block(&self, name: &str) -> Written {
        Written { borrowed: Some(format!("{name}.as_str()")), ..Written::unit(format!("{name}.clone()")) }
    }

    fn text_of_truth(&self, truth: &Written) -> Written {
        self.text_of_number(truth)
    }

    fn text_of_number(&self, number: &Written) -> Written {
        // A method reads what stands behind a sign first.
        let is_signed = number.text.starts_with(['!', '-']);
        let number = if is_signed { format!("({})", number.text) } else { number.at(Binding::Unit) };
        Written::unit(format!("{number}.to_string()"))
    }

    fn text_of_counted(&self, number: &Written, _: NumberKind, _: &[CountedPart]) -> Written {
        Written::unit(format!("written({})?", number.lent()))
    }

    fn upper(&self, text: &Written) -> Written {
        Written::unit(format!("{}.to_uppercase()", text.owner()))
    }

    fn lower(&self, text: &Written) -> Written {
        Written::unit(format!("{}.to_lowercase()", text.owner()))
    }

    fn trim(&self, text: &Written) -> Written {
        Written::unit(format!("{}.trim().to_owned()", text.owner()))
    }

    fn replace(&self, text: &Written, one: &Written, other: &Written) -> Written {
        Written::unit(format!("{}.replace({}, {})", text.owner(), one.lent(), other.lent()))
    }

    fn joined(&self, parts: &[JoinedPart]) -> Written {
        let pattern: String = parts
            .iter()
            .map(|part| match part {
                JoinedPart::Quoted(text, _) => text.replace('{', "{{").replace('}', "}}"),
                JoinedPart::Other(_) => "{}".to_owned(),
            })
            .collect();
        let others = parts.iter().filter_map(|part| match part {
            JoinedPart::Quoted(..) => None,
            JoinedPart::Other(written) => Some(format!(", {}", written.text)),
        });
        Written::unit(format!("format!({pattern:?}{})", others.collect::<String>()))
    }

    fn choice(&self, condition: &Written, one: &Written, other: &Written) -> Written {
        let text = format!("if {} {{ {} }} else {{ {} }}", condition.text, one.text, other.text);
        Written::new(text, Binding::Choice)
    }

    fn filled(&self, text: &Written, is_filled: bool) -> Written {
        let sign = if is_filled { "!" } else { "" };
        Written::unit(format!("{sign}{}.is_empty()", text.owner()))
    }

    fn same_text(&self, one: &Written, other: &Written, is_same: bool) -> Written {
        let sign = self.sign(ValueComparison::equal(is_same));
        Written::new(format!("{} {sign} {}", one.owner(), other.owner()), Binding::Comparison)
    }

    fn worth(&self, value: &Written, number: &Written, is_worth: bool) -> Written {
        let (own, sign) = (self.call_of(CodeFunction::AsNumber, &[value]), self.sign(ValueComparison::equal(is_worth)));
        Written::new(format!("{} {sign} Some({})", own.text, number.fraction()), Binding::Comparison)
    }

    fn ordered(&self, value: &Written, how: ValueComparison, number: &Written) -> Written {
        let asks = match how {
            ValueComparison::Equal => "is_eq",
            ValueComparison::Unequal => "is_ne",
            ValueComparison::Less => "is_lt",
            ValueComparison::AtMost => "is_le",
            ValueComparison::Greater => "is_gt",
            ValueComparison::AtLeast => "is_ge",
        };
        Written::unit(format!("order_of({}, {})?.{asks}()", value.lent(), number.fraction()))
    }

    fn compared(&self, one: &Written, how: ValueComparison, other: &Written) -> Written {
        Written::new(format!("{} {} {}", one.fraction(), self.sign(how), other.fraction()), Binding::Comparison)
    }

    fn tested(&self, value: &Written, test: ValueTest) -> Written {
        let lent = value.lent();
        Written::unit(match test {
            ValueTest::Defined => format!("{}.is_some()", read_of(value)),
            ValueTest::Undefined => format!("{}.is_none()", read_of(value)),
            ValueTest::Null => format!("matches!({lent}, Some(Value::Null))"),
            ValueTest::Text => format!("matches!({lent}, Some(Value::String(_)))"),
            ValueTest::Number => format!("matches!({lent}, Some(Value::Number(_) | Value::Bool(_)))"),
            ValueTest::List => format!("matches!({lent}, None | Some(Value::Array(_)))"),
            ValueTest::Object => format!("matches!({lent}, Some(Value::Object(_)))"),
            ValueTest::Truth => format!("matches!({lent}, Some(Value::Bool(_)))"),
            ValueTest::Odd => format!("is_odd({lent})"),
            ValueTest::Even => format!("is_even({lent})"),
        })
    }

    fn opposite(&self, test: ValueTest) -> Option<ValueTest> {
        (test == ValueTest::Defined).then_some(ValueTest::Undefined)
    }

    fn picked(&self, of: &Written, item: &str, only: &Written) -> Written {
        Written::unit(format!("picked({}, |{item}| Ok({}))?", of.lent(), only.text))
    }

    fn at_last(&self, index: &str, how: ValueComparison, items: &str) -> Written {
        let length = self.loop_length(items);
        Written::new(format!("{index} + 1 {} {}", self.sign(how), length.text), Binding::Comparison)
    }

    fn digits(&self, digits: &str) -> Written {
        let fraction = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
        Written { digits: Some(fraction), ..Written::unit(digits) }
    }

    fn loop_length(&self, items: &str) -> Written {
        Written::unit(format!("{items}.len()"))
    }

    fn sum(&self, one: &Written, sign: SumSign, other: &Written) -> Written {
        Written::unit(format!("calculated({}, {:?}, {})?", one.lent(), sign.sign(), other.lent()))
    }

    fn number(&self, counted: Written) -> Written {
        Written { digits: Some(format!("worth({})?", counted.lent())), ..counted }
    }

    fn parameter(&self, name: &str) -> Written {
        Written { borrowed: Some(name.to_owned()), ..Written::unit(format!("{name}.clone()")) }
    }

    fn local(&self, name: &str) -> Written {
        Written { borrowed: Some(format!("&{name}")), ..Written::unit(format!("{name}.clone()")) }
    }

    fn value_of_text(&self, text: &Written) -> Written {
        Written::unit(format!("Some(Value::from({}))", text.owner()))
    }

    fn value_of_plain(&self, plain: &Written) -> Written {
        Written::unit(format!("Some(Value::from({}))", plain.text))
    }

    fn list(&self, items: &[ListItem]) -> Written {
        let item = |item: &ListItem| match item {
            ListItem::Text(text) => format!("Value::from({})", text.owner()),
            ListItem::Number(number) => format!("Value::from({})", number.text),
            ListItem::Value(value) => format!("({}).unwrap_or_default()", value.text),
        };
        let items: Vec<String> = items.iter().map(item).collect();
        Written::unit(format!("Some(Value::Array(vec![{}]))", items.join(", ")))
    }
}

/// Tells whether a function never fails.
fn is_sure(function: CodeFunction) -> bool {
    matches!(
        function,
        CodeFunction::Title
            | CodeFunction::Indented
            | CodeFunction::Holds
            | CodeFunction::Same
            | CodeFunction::AsNumber
            | CodeFunction::Numeral
            | CodeFunction::Read
    )
}

/// Writes a value where a method reads it.
fn read_of(value: &Written) -> String {
    match &value.borrowed {
        Some(borrowed) => borrowed.trim_start_matches('&').to_owned(),
        None => value.at(Binding::Unit),
    }
}

fn loop_lines(head: &LoopHead<'_>) -> String {
    let (function, target) = if head.names.len() > 1 {
        ("loop_pairs", format!("({})", head.names.join(", ")))
    } else {
        ("loop_items", head.names.concat())
    };
    let over = format!("{function}({})?", head.over.lent());
    let (listed, over, counts) = match (head.items, &head.only) {
        (Some(items), Some(only)) => {
            let listed = format!(
                "let mut {items} = Vec::new();\nfor {target} in {over} {{\n    if {} {{\n        {items}.push({target});\n    }}\n}}\n",
                only.text
            );
            (listed, format!("{items}.iter().cloned()"), ".enumerate()")
        }
        (Some(items), None) => (format!("let {items} = {over};\n"), format!("{items}.iter().cloned()"), ".enumerate()"),
        (None, _) => (String::new(), over, ".into_iter().enumerate()"),
    };
    listed
        + &match head.index {
            Some(index) => format!("for ({index}, {target}) in {over}{counts} {{"),
            None => format!("for {target} in {over} {{"),
        }
}
