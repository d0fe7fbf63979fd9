//! The table of checks: for each kind all there is to say about it, in the file that has its test.
//!
//! A new check is a variant of [`CheckKind`], a [`CheckSpec`] beside its test, and an arm in [`spec`]; the compiler asks
//! for each.

use crate::{
    eval::check::{
        agreement, answer, exec, json, limits, markup, max_score, ngrams, refusal, rubric, services, similarity,
        spec::CheckSpec, text, tools, unsupported,
    },
    model::CheckKind,
};

/// Looks up what there is to say about a kind.
pub(crate) const fn spec(kind: CheckKind) -> &'static CheckSpec {
    match kind {
        CheckKind::Equals => &text::EQUALS,
        CheckKind::Contains => &text::CONTAINS,
        CheckKind::Icontains => &text::ICONTAINS,
        CheckKind::ContainsAny => &text::CONTAINS_ANY,
        CheckKind::ContainsAll => &text::CONTAINS_ALL,
        CheckKind::IcontainsAny => &text::ICONTAINS_ANY,
        CheckKind::IcontainsAll => &text::ICONTAINS_ALL,
        CheckKind::StartsWith => &text::STARTS_WITH,
        CheckKind::Regex => &text::REGEX,
        CheckKind::WordCount => &text::WORD_COUNT,
        CheckKind::IsJson => &json::IS_JSON,
        CheckKind::ContainsJson => &json::CONTAINS_JSON,
        CheckKind::Required => &json::REQUIRED,
        CheckKind::Completeness => &json::COMPLETENESS,
        CheckKind::Confidence => &json::CONFIDENCE,
        CheckKind::JsonPath => &json::JSON_PATH,
        CheckKind::JsonEquals => &agreement::JSON_EQUALS,
        CheckKind::JsonFields => &agreement::JSON_FIELDS,
        CheckKind::Latency => &limits::LATENCY,
        CheckKind::Cost => &limits::COST,
        CheckKind::FinishReason => &limits::FINISH_REASON,
        CheckKind::Levenshtein => &similarity::LEVENSHTEIN,
        CheckKind::RougeN => &similarity::ROUGE_N,
        CheckKind::Bleu => &ngrams::BLEU,
        CheckKind::Gleu => &ngrams::GLEU,
        CheckKind::IsXml => &markup::IS_XML,
        CheckKind::ContainsXml => &markup::CONTAINS_XML,
        CheckKind::IsHtml => &markup::IS_HTML,
        CheckKind::ContainsHtml => &markup::CONTAINS_HTML,
        CheckKind::IsRefusal => &refusal::IS_REFUSAL,
        CheckKind::Format => &answer::FORMAT,
        CheckKind::LlmRubric => &rubric::LLM_RUBRIC,
        CheckKind::Factuality => &rubric::FACTUALITY,
        CheckKind::ModelGradedClosedqa => &rubric::MODEL_GRADED_CLOSEDQA,
        CheckKind::GEval => &rubric::G_EVAL,
        CheckKind::Relevance => &rubric::RELEVANCE,
        CheckKind::Faithfulness => &rubric::FAITHFULNESS,
        CheckKind::ContextRecall => &rubric::CONTEXT_RECALL,
        CheckKind::ContextRelevance => &rubric::CONTEXT_RELEVANCE,
        CheckKind::InstructionFollowing => &rubric::INSTRUCTION_FOLLOWING,
        CheckKind::Style => &rubric::STYLE,
        CheckKind::Pairwise => &rubric::PAIRWISE,
        CheckKind::SelectBest => &rubric::SELECT_BEST,
        CheckKind::MaxScore => &max_score::MAX_SCORE,
        CheckKind::ConversationRelevance => &rubric::CONVERSATION_RELEVANCE,
        CheckKind::Similar => &services::SIMILAR,
        CheckKind::Moderation => &services::MODERATION,
        CheckKind::Classifier => &services::CLASSIFIER,
        CheckKind::Exec => &exec::EXEC,
        CheckKind::ToolCalled => &tools::TOOL_CALLED,
        CheckKind::ToolOrder => &tools::TOOL_ORDER,
        CheckKind::ToolArgs => &tools::TOOL_ARGS,
        CheckKind::ToolCallF1 => &tools::TOOL_CALL_F1,
        CheckKind::IsValidOpenaiToolsCall => &tools::IS_VALID_OPENAI_TOOLS_CALL,
        CheckKind::IsValidFunctionCall => &tools::IS_VALID_FUNCTION_CALL,
        CheckKind::Unsupported => &unsupported::UNSUPPORTED,
    }
}

/// Tells whether a check of a kind may hold a pattern or a schema, the compiling of which may take long.
pub(crate) fn is_compiled(kind: CheckKind) -> bool {
    spec(kind).slow_to_compile
}
