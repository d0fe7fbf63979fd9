//! What a run will send, in tokens, before anything is asked.

use crate::{
    model::{Input, Message, Prompt, Target, ToolSet, message::sent_tokens, usage::estimate_tokens},
    pipeline::prepare::{budget_of, fill_within},
    template::conversation,
};

/// What a run of a prompt on an input sends, on whatever target. The files that go with it are not read: each counts as
/// one of the usual size.
#[derive(Debug, Clone)]
pub(crate) struct RunEstimate {
    messages: Vec<Message>,
    tools: ToolSet,
    /// The tokens of each further turn of the input.
    turns: Vec<u64>,
    /// What filling the templates took, in [steps](crate::template::FillBudget::steps).
    pub(crate) steps: u64,
}

impl RunEstimate {
    /// Measures a run. One that cannot be filled sends nothing.
    pub(crate) fn of(prompt: &Prompt, input: &Input) -> Self {
        let mut budget = budget_of(prompt, input);
        let messages = fill_within(&mut budget, prompt, input).unwrap_or_default();
        let turns = conversation::turns(prompt, input).iter().map(|turn| estimate_tokens(turn)).collect();
        Self { messages, tools: prompt.tool_set(), turns, steps: budget.steps() }
    }

    /// Tells whether it sends more than one request: for results of tools, or for further turns.
    pub(crate) fn goes_on(&self) -> bool {
        self.tools.goes_on() || !self.turns.is_empty()
    }

    /// Estimates the tokens of all its requests to a target whose answers have so many tokens. Each request has all that
    /// was said before it; where tools have results, one round of calls is taken to come before each answer.
    pub(crate) fn tokens(&self, target: &Target, answer: u64) -> u64 {
        let rounds = if self.tools.goes_on() { 2 } else { 1 };
        let (mut all, mut next) = (0_u64, sent_tokens(&self.messages, &self.tools, target.kind, &target.model));
        let turns = std::iter::once(&0).chain(&self.turns);
        for turn in turns {
            next = next.saturating_add(*turn);
            for _ in 0..rounds {
                all = all.saturating_add(next);
                next = next.saturating_add(answer);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{VarValue, model_card::JsonSupport},
        pipeline::prepare::tests::target,
    };

    fn prompt(tools: &str) -> Prompt {
        let text = format!("system = \"{}\"\nuser = \"{{{{ input }}}}\"\n{tools}", "s".repeat(400));
        toml::from_str(&text).unwrap()
    }

    fn input(text: &str, vars: &[(&str, &str)]) -> Input {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), VarValue::from(*value)));
        Input { vars: vars.collect(), ..Input::of(text.to_owned()) }
    }

    fn sent(prompt: &Prompt, input: &Input) -> u64 {
        RunEstimate::of(prompt, input).tokens(&target(JsonSupport::Schema, &[]), 50)
    }

    #[test]
    fn tools_and_all_their_rounds_are_counted() {
        let plain = sent(&prompt(""), &input("a question", &[]));
        assert_eq!(plain, 103, "400 and 10 characters");
        let tool = format!("[[tool]]\nname = \"look\"\ndescription = \"{}\"\n", "d".repeat(196));
        let with = sent(&prompt(&tool), &input("a question", &[]));
        assert_eq!(with, plain + 50, "a tool whose calls end the run is sent once");
        let answered = prompt(&format!("{tool}result = {{ text = \"found\" }}\n"));
        assert_eq!(sent(&answered, &input("a question", &[])), 2 * with + 50, "what was called is sent with it again");
    }

    #[test]
    fn what_an_input_brings_of_a_conversation_is_counted() {
        let prompt = prompt("");
        let plain = sent(&prompt, &input("a question", &[]));
        let history = r#"[{"role": "user", "content": "01234567"}, {"role": "assistant", "content": "89012345"}]"#;
        assert_eq!(sent(&prompt, &input("a question", &[("messages", history)])), plain + 4);
        let turns = input("a question", &[("turns", r#"["and then?", "01234567"]"#)]);
        // 3 and 2 tokens of the turns, 50 of each answer before them.
        assert_eq!(sent(&prompt, &turns), 3 * plain + 53 + 53 + 52);
    }
}
