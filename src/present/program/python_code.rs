//! The code of messages in Python.

use crate::{
    present::program::{
        Helper,
        code::{CodeFunction, NumberKind},
        code_language::{Binding, CodeLanguage, CodeLine, CodeSigns, CountedPart, LoopHead, Written},
        python_helpers::HELPERS,
        quoted,
    },
    template::expression::{SumSign, ValueTest},
};

/// The language as the code of messages is written in it.
pub(super) struct PythonCode;

impl CodeLanguage for PythonCode {
    fn indent(&self) -> &'static str {
        "    "
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn signs(&self) -> &'static CodeSigns {
        &CodeSigns { and: "and", or: "or", truths: ["False", "True"], null: "None", missing: "MISSING" }
    }

    fn name(&self, function: CodeFunction) -> &'static str {
        let [python, _, _] = function.names();
        python
    }

    fn line(&self, line: &CodeLine<'_>) -> Option<String> {
        Some(match line {
            CodeLine::NeedFields(parameter, field) => format!("need_fields({parameter}, {})", quoted(field)),
            CodeLine::ReadParameter(read, parameter) => format!("{read} = read({parameter})"),
            CodeLine::BeginText(name, _) => format!("{name} = \"\""),
            CodeLine::Write(name, text) => format!("{name} += {}", text.text),
            CodeLine::Return(name) => format!("return {name}"),
            CodeLine::If(condition) => format!("if {}:", condition.text),
            CodeLine::ElseIf(condition) => format!("elif {}:", condition.text),
            CodeLine::Else => "else:".to_owned(),
            CodeLine::Loop(head) => loop_lines(head),
            CodeLine::IfNone(items) => format!("if not {items}:"),
            CodeLine::End => return None,
            CodeLine::Nothing => "pass".to_owned(),
            CodeLine::Begin(name, value, _) | CodeLine::Set(name, value) => format!("{name} = {}", value.text),
        })
    }

    fn head(&self, name: &str, parameters: &[&str], about: &str, _: bool) -> String {
        format!("def {name}({}):\n    \"\"\"Writes {about}.\"\"\"\n", parameters.join(", "))
    }

    fn text_of_truth(&self, truth: &Written) -> Written {
        self.choice(truth, &self.quoted("true"), &self.quoted("false"))
    }

    fn text_of_number(&self, number: &Written) -> Written {
        Written::unit(format!("str({})", number.text))
    }

    fn text_of_counted(&self, number: &Written, kind: NumberKind, _: &[CountedPart]) -> Written {
        match kind {
            NumberKind::Whole => self.text_of_number(number),
            NumberKind::Fraction | NumberKind::Rounded | NumberKind::Either => {
                Written::unit(format!("numeral({})", number.text))
            }
        }
    }

    fn upper(&self, text: &Written) -> Written {
        Written::unit(format!("{}.upper()", text.owner()))
    }

    fn lower(&self, text: &Written) -> Written {
        Written::unit(format!("{}.lower()", text.owner()))
    }

    fn trim(&self, text: &Written) -> Written {
        Written::unit(format!("{}.strip(WHITE)", text.owner()))
    }

    fn replace(&self, text: &Written, one: &Written, other: &Written) -> Written {
        Written::unit(format!("{}.replace({}, {})", text.owner(), one.text, other.text))
    }

    fn choice(&self, condition: &Written, one: &Written, other: &Written) -> Written {
        let (one, condition) = (one.at(Binding::Either), condition.at(Binding::Either));
        Written::new(format!("{one} if {condition} else {}", other.text), Binding::Choice)
    }

    fn not(&self, truth: &Written) -> Written {
        Written::new(format!("not {}", truth.at(Binding::Negation)), Binding::Negation)
    }

    fn same(&self, one: &Written, other: &Written, is_same: bool) -> Written {
        self.same_text(one, other, is_same)
    }

    fn tested(&self, value: &Written, test: ValueTest) -> Written {
        let (value, side) = (&value.text, value.at(Binding::Sum));
        let comparison = |text: String| Written::new(text, Binding::Comparison);
        match test {
            ValueTest::Defined => comparison(format!("{side} is not MISSING")),
            ValueTest::Undefined => comparison(format!("{side} is MISSING")),
            ValueTest::Null => comparison(format!("{side} is None")),
            ValueTest::Text => Written::unit(format!("isinstance({value}, str)")),
            ValueTest::Number => Written::unit(format!("isinstance({value}, (int, float))")),
            ValueTest::List => Written::new(format!("{side} is MISSING or isinstance({value}, list)"), Binding::Either),
            ValueTest::Object => Written::unit(format!("isinstance({value}, dict)")),
            ValueTest::Truth => Written::unit(format!("isinstance({value}, bool)")),
            ValueTest::Odd => Written::unit(format!("is_odd({value})")),
            ValueTest::Even => Written::unit(format!("is_even({value})")),
        }
    }

    fn picked(&self, of: &Written, item: &str, only: &Written) -> Written {
        let list = self.call_of(CodeFunction::Listed, &[of]);
        Written::unit(format!("[{item} for {item} in {} if {}]", list.text, only.at(Binding::Either)))
    }

    fn loop_length(&self, items: &str) -> Written {
        Written::unit(format!("len({items})"))
    }

    fn sum(&self, one: &Written, sign: SumSign, other: &Written) -> Written {
        one.infix(sign, other)
    }
}

fn loop_lines(head: &LoopHead<'_>) -> String {
    let target = head.names.join(", ");
    let (function, each) =
        if head.names.len() > 1 { ("loop_pairs", format!("({target})")) } else { ("loop_items", target.clone()) };
    let over = format!("{function}({})", head.over.text);
    let mut out = String::new();
    let over = match head.items {
        None => over,
        Some(items) => {
            out = match &head.only {
                Some(only) => format!("{items} = [{each} for {target} in {over} if {}]\n", only.text),
                None => format!("{items} = {over}\n"),
            };
            items.to_owned()
        }
    };
    out + &match head.index {
        Some(index) => format!("for {index}, {each} in enumerate({over}):"),
        None => format!("for {target} in {over}:"),
    }
}
