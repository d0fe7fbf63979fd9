//! The prompts that come with the program, each with an input to try it on.

use crate::model::Prompt;

const STARTERS: &[(&str, &str, &str)] = &[
    (
        "sentiment",
        include_str!("../../assets/prompts/sentiment.toml"),
        include_str!("../../assets/inputs/sentiment.txt"),
    ),
    ("extract", include_str!("../../assets/prompts/extract.toml"), include_str!("../../assets/inputs/extract.txt")),
    ("summary", include_str!("../../assets/prompts/summary.toml"), include_str!("../../assets/inputs/summary.txt")),
];

/// Returns the starter prompts: name, prompt, and a sample input without its last line end. The
/// first is the one for a first start.
///
/// They are part of the program and a test reads them; one that is broken all the same is left out.
#[must_use]
pub fn starters() -> Vec<(&'static str, Prompt, &'static str)> {
    STARTERS
        .iter()
        .filter_map(|(name, prompt, input)| Some((*name, toml::from_str(prompt).ok()?, input.trim_end())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eval::template::asks, model::Format};

    #[test]
    fn every_starter_reads_and_needs_nothing_but_its_input() {
        assert_eq!(starters().len(), STARTERS.len());
        for (name, prompt, input) in starters() {
            assert!(!prompt.description.is_empty() && !input.is_empty(), "{name}");
            assert!(prompt.targets.is_empty(), "{name} must run on whatever is selected");
            assert_eq!(asks(&prompt.system).names, [""; 0], "{name}");
            assert_eq!(asks(&prompt.user).names, ["input"], "{name}");
        }
    }

    #[test]
    fn the_first_starter_judges_its_own_confidence() {
        let (name, prompt, _) = starters().swap_remove(0);
        assert_eq!((name, prompt.response.format), ("sentiment", Format::Schema));
        assert_eq!(prompt.response.required, ["sentiment", "confidence_score"]);
        assert_eq!(prompt.response.confidence.as_deref(), Some("/confidence_score"));
        assert_eq!(prompt.response.min_confidence, Some(0.7));
    }
}
