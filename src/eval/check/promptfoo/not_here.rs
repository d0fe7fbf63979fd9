//! What of promptfoo's assertions cannot be applied here: they run code, ask another service or need what is not recorded.

/// promptfoo's kinds that cannot be applied here, and why.
pub(crate) const NOT_HERE: &[(&str, &str)] = &[
    ("assert-set", "a set with a threshold of its own is not taken; write its assertions one by one"),
    ("contains-sql", NO_SQL),
    ("guardrails", "whether a vendor's guardrails spoke is not on record"),
    ("human", "a person grades answers in the history"),
    ("is-sql", NO_SQL),
    ("meteor", "its synonyms are those of WordNet, which are not here"),
    ("perplexity", NO_CHANCES),
    ("perplexity-score", NO_CHANCES),
    ("pi", "its service is not asked"),
    ("rouge-l", "of ROUGE the words are counted, as `rouge-n`"),
    ("rouge-s", "of ROUGE the words are counted, as `rouge-n`"),
    ("search-rubric", "no judge searches the web"),
    ("similar:dot", "texts are compared by the cosine"),
    ("similar:euclidean", "texts are compared by the cosine"),
    ("skill-used", NO_STEPS),
    ("trace-error-spans", NO_TRACES),
    ("trace-span-count", NO_TRACES),
    ("trace-span-duration", NO_TRACES),
    ("trajectory:goal-success", NO_STEPS),
    ("trajectory:step-count", NO_STEPS),
    ("trajectory:tool-args-match", NO_STEPS),
    ("trajectory:tool-sequence", NO_STEPS),
    ("trajectory:tool-used", NO_STEPS),
    ("webhook", "no address is asked to judge; a program can be, with `exec`"),
];

const NO_SQL: &str = "SQL is not read; a program can read it, with `exec`";
const NO_CHANCES: &str = "the chances of an answer's words are not on record";
const NO_STEPS: &str = "the steps of an agent are not on record";
const NO_TRACES: &str = "what a provider tells of itself as traces is not collected";

/// Says why a kind of promptfoo's cannot be applied here.
pub(crate) fn why_not(name: &str) -> Option<&'static str> {
    NOT_HERE.iter().find(|(kind, _)| *kind == name).map(|(_, why)| *why)
}
