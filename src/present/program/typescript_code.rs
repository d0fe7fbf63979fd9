//! The code of messages in TypeScript.

use crate::{
    present::program::{
        Helper,
        code::{CodeFunction, NumberKind},
        code_language::{Binding, CodeLanguage, CodeLine, CodeSigns, CountedPart, LoopHead, Written, WrittenArgument},
        quoted,
        typescript_helpers::HELPERS,
    },
    template::expression::{SumSign, ValueComparison, ValueTest},
};

/// The language as the code of messages is written in it.
pub(super) struct TypeScriptCode;

impl CodeLanguage for TypeScriptCode {
    fn indent(&self) -> &'static str {
        "  "
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn signs(&self) -> &'static CodeSigns {
        &CodeSigns { and: "&&", or: "||", truths: ["false", "true"], null: "null", missing: "undefined" }
    }

    fn name(&self, function: CodeFunction) -> &'static str {
        let [_, typescript, _] = function.names();
        typescript
    }

    fn line(&self, line: &CodeLine<'_>) -> Option<String> {
        Some(match line {
            CodeLine::NeedFields(parameter, field) => format!("needFields({parameter}, {});", quoted(field)),
            CodeLine::ReadParameter(read, parameter) => format!("const {read} = read({parameter});"),
            CodeLine::BeginText(name, _) => format!("let {name} = \"\";"),
            CodeLine::Write(name, text) => format!("{name} += {};", text.text),
            CodeLine::Return(name) => format!("return {name};"),
            CodeLine::If(condition) => format!("if ({}) {{", condition.text),
            CodeLine::ElseIf(condition) => format!("}} else if ({}) {{", condition.text),
            CodeLine::Else => "} else {".to_owned(),
            CodeLine::Loop(head) => loop_lines(head),
            CodeLine::IfNone(items) => format!("if ({items}.length === 0) {{"),
            CodeLine::End => "}".to_owned(),
            CodeLine::Nothing => return None,
            CodeLine::Begin(name, value, true) => format!("let {name}: any = {};", value.text),
            CodeLine::Begin(name, value, false) => format!("const {name}: any = {};", value.text),
            CodeLine::Set(name, value) => format!("{name} = {};", value.text),
        })
    }

    fn head(&self, name: &str, parameters: &[&str], about: &str, _: bool) -> String {
        let parameters: Vec<String> = parameters.iter().map(|parameter| format!("{parameter}: any")).collect();
        format!("/** Writes {about}. */\nfunction {name}({}): string {{\n", parameters.join(", "))
    }

    fn text_of_added(&self, sum: &Written, parts: &[CountedPart]) -> Written {
        Written::unit(format!("addedText({})", with_parts(sum, parts)))
    }

    fn text_of_truth(&self, truth: &Written) -> Written {
        Written::unit(format!("String({})", truth.text))
    }

    fn text_of_number(&self, number: &Written) -> Written {
        Written::unit(format!("String({})", number.text))
    }

    fn text_of_counted(&self, number: &Written, kind: NumberKind, parts: &[CountedPart]) -> Written {
        match kind {
            NumberKind::Fraction => Written::unit(format!("fraction({})", number.text)),
            NumberKind::Whole | NumberKind::Rounded => Written::unit(format!("numeral({})", number.text)),
            NumberKind::Either => Written::unit(format!("numeral({})", with_parts(number, parts))),
        }
    }

    fn text_of_rounded(&self, given: &[WrittenArgument]) -> Written {
        Written::unit(format!("roundedText({})", self.arguments(given)))
    }

    fn upper(&self, text: &Written) -> Written {
        Written::unit(format!("{}.toUpperCase()", text.owner()))
    }

    fn lower(&self, text: &Written) -> Written {
        Written::unit(format!("{}.toLowerCase()", text.owner()))
    }

    fn trim(&self, text: &Written) -> Written {
        Written::unit(format!("trimmed({})", text.text))
    }

    fn replace(&self, text: &Written, one: &Written, other: &Written) -> Written {
        Written::unit(format!("{}.replaceAll({}, () => {})", text.owner(), one.text, other.text))
    }

    fn choice(&self, condition: &Written, one: &Written, other: &Written) -> Written {
        let condition = condition.at(Binding::Either);
        Written::new(format!("{condition} ? {} : {}", one.text, other.text), Binding::Choice)
    }

    fn sign(&self, how: ValueComparison) -> &'static str {
        match how {
            ValueComparison::Equal => "===",
            ValueComparison::Unequal => "!==",
            ValueComparison::Less | ValueComparison::AtMost | ValueComparison::Greater | ValueComparison::AtLeast => {
                how.sign()
            }
        }
    }

    fn tested(&self, value: &Written, test: ValueTest) -> Written {
        let (value, side, whole) = (&value.text, value.at(Binding::Sum), value.at(Binding::Unit));
        let comparison = |text: String| Written::new(text, Binding::Comparison);
        match test {
            ValueTest::Defined => comparison(format!("{side} !== undefined")),
            ValueTest::Undefined => comparison(format!("{side} === undefined")),
            ValueTest::Null => comparison(format!("{side} === null")),
            ValueTest::Text => comparison(format!("typeof {whole} === \"string\"")),
            ValueTest::Number => Written::unit(format!("[\"number\", \"boolean\"].includes(typeof {whole})")),
            ValueTest::List => Written::new(format!("{side} === undefined || Array.isArray({value})"), Binding::Either),
            ValueTest::Object => Written::unit(format!("isObject({value})")),
            ValueTest::Truth => comparison(format!("typeof {whole} === \"boolean\"")),
            ValueTest::Odd => Written::unit(format!("isOdd({value})")),
            ValueTest::Even => Written::unit(format!("isEven({value})")),
        }
    }

    fn picked(&self, of: &Written, item: &str, only: &Written) -> Written {
        let list = self.call_of(CodeFunction::Listed, &[of]);
        Written::unit(format!("{}.filter(({item}: any) => {})", list.text, only.text))
    }

    fn loop_length(&self, items: &str) -> Written {
        Written::unit(format!("{items}.length"))
    }

    fn sum(&self, one: &Written, sign: SumSign, other: &Written) -> Written {
        let function = match sign {
            SumSign::Add | SumSign::Subtract | SumSign::Multiply => return one.infix(sign, other),
            SumSign::Divide => "divided",
            SumSign::DivideDown => "dividedDown",
            SumSign::Remainder => "remainderOf",
        };
        Written::unit(format!("{function}({}, {})", one.text, other.text))
    }
}

/// Writes a number, and behind it each that it was counted of.
fn with_parts(number: &Written, parts: &[CountedPart]) -> String {
    let mut given = vec![number.text.clone()];
    for part in parts {
        let written = match part {
            CountedPart::One(written) => written.text.clone(),
            CountedPart::Each(written) => format!("...listOf({})", written.text),
        };
        if !given.contains(&written) {
            given.push(written);
        }
    }
    given.join(", ")
}

fn loop_lines(head: &LoopHead<'_>) -> String {
    let (function, target) = if head.names.len() > 1 {
        ("pairsOf", format!("[{}]", head.names.join(", ")))
    } else {
        ("itemsOf", head.names.concat())
    };
    let filter = head.only.as_ref().map(|only| format!(".filter(({target}: any) => {})", only.text));
    let over = format!("{function}({})", head.over.text);
    let (listed, over) = match head.items {
        Some(items) => (format!("const {items} = {over}{};\n", filter.unwrap_or_default()), items.to_owned()),
        None => (String::new(), over),
    };
    listed
        + &match head.index {
            Some(index) => format!("for (const [{index}, {target}] of {over}.entries()) {{"),
            None => format!("for (const {target} of {over}) {{"),
        }
}
