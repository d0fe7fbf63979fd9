//! Schemas made of answers and types: what each construct becomes, and that what it was made of passes.

use serde_json::{Value, json};

use super::{AnswerShape, SchemaLanguage, of_answer, of_text};
use crate::eval::schema::Schema;

fn shape(answers: &[Value]) -> super::InferredSchema {
    let mut shape = AnswerShape::default();
    for answer in answers {
        shape.take(answer);
    }
    shape.inferred()
}

fn valid(schema: &Value, value: &Value) -> bool {
    Schema::new("schema", schema).unwrap_or_else(|bad| panic!("{bad}: {schema}"));
    jsonschema::options().should_validate_formats(true).build(schema).unwrap().is_valid(value)
}

#[test]
fn an_answer_is_valid_against_what_is_inferred_from_it() {
    let answer = json!({ "a": 1, "b": [{"c": "x"}, {"c": null}], "d": 0.5, "e": [], "f": true });
    let schema = of_answer(&answer).schema;
    assert!(valid(&schema, &answer));
    assert!(!valid(&schema, &json!({ "a": 1 })));
    assert_eq!(schema.pointer("/properties/b/items/properties/c/type"), Some(&json!(["string", "null"])));
}

#[test]
fn of_many_answers_what_all_have_is_required_and_few_words_are_a_choice() {
    let moods = ["good", "bad", "mixed"];
    let answers: Vec<Value> = (0..12)
        .map(|n| {
            let mut answer = json!({ "mood": moods[n % 3], "score": n, "why": format!("because of {n}"), "note": null,
                "tags": [{"name": "x", "n": 1}, {"name": "y"}] });
            if n > 0 {
                answer["extra"] = json!(true);
            }
            if n == 5 {
                answer["note"] = json!("late");
                answer["score"] = json!(0.5);
            }
            answer
        })
        .collect();
    let inferred = shape(&answers);
    let schema = &inferred.schema;
    assert_eq!(schema["properties"]["mood"], json!({"type": "string", "enum": ["good", "bad", "mixed"]}));
    assert_eq!(schema["properties"]["score"], json!({"type": "number"}), "no range is invented");
    assert_eq!(schema["properties"]["why"], json!({"type": "string"}), "{schema}");
    assert_eq!(schema["properties"]["note"], json!({"type": ["string", "null"]}));
    assert_eq!(schema["properties"]["tags"]["items"]["required"], json!(["name"]));
    assert_eq!(schema["required"], json!(["mood", "score", "why", "note", "tags"]));
    assert!(answers.iter().all(|answer| valid(schema, answer)));
    assert_eq!(inferred.notes, Vec::<String>::new());
    let nine = shape(&answers[..9]).schema;
    assert_eq!(nine["properties"]["mood"], json!({"type": "string"}), "nine answers are too few for a choice");
    let one = vec![json!({ "tags": ["a", "a", "b", "b", "a", "a", "b", "b", "a", "a", "b", "b"] })];
    assert_eq!(shape(&one).schema["properties"]["tags"]["items"], json!({"type": "string"}), "one answer is not many");
}

#[test]
fn a_format_is_told_where_every_text_has_it() {
    let answers = [
        json!({"day": "2026-02-28", "at": "2026-02-28T10:00:00Z", "who": "a.b@example.com", "see": "https://example.com/a?b=1",
            "id": "123e4567-e89b-12d3-a456-426614174000", "some": "2026-02-28"}),
        json!({"day": "2026-03-01", "at": "2026-02-28T10:00:00+01:00", "who": "c@example.org", "see": "http://example.org",
            "id": "123E4567-E89B-12D3-A456-426614174000", "some": "2026-02-30"}),
    ];
    let schema = shape(&answers).schema;
    let format = |name: &str| schema["properties"][name]["format"].as_str().map(str::to_owned);
    for (name, is) in [("day", "date"), ("at", "date-time"), ("who", "email"), ("see", "uri"), ("id", "uuid")] {
        assert_eq!(format(name).as_deref(), Some(is));
    }
    assert_eq!(format("some"), None, "not all of them are dates");
    assert!(answers.iter().all(|answer| valid(&schema, answer)));
}

#[test]
fn a_type_in_turn_is_any_of_them_and_said() {
    let inferred = shape(&[json!({"a": 1}), json!({"a": "x"}), json!({"a": null})]);
    let one = &inferred.schema["properties"]["a"];
    assert_eq!(*one, json!({"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}));
    assert_eq!(inferred.notes, ["/a is of 2 types in turn"]);
}

fn of(text: &str, source: SchemaLanguage) -> (Value, Vec<String>) {
    assert_eq!(SchemaLanguage::of(text), Some(source), "{text}");
    let inferred = of_text(text, source).unwrap();
    Schema::new("schema", &inferred.schema).unwrap_or_else(|bad| panic!("{bad}: {}", inferred.schema));
    (inferred.schema, inferred.notes)
}

#[test]
fn a_rust_type_is_read_as_serde_reads_it() {
    let (schema, notes) = of(
        r#"
        use std::collections::HashMap;
        /// What came of a mail.
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct Triage<'a> {
            /// How urgent it is.
            pub very_urgent: bool,
            mood: Mood,
            #[serde(rename = "labels", default)]
            tags: Vec<String>,
            note: Option<&'a str>,
            scores: HashMap<String, f64>,
            steps: Vec<Step>,
            #[serde(skip)]
            cache: Cache,
            other: foreign::Thing,
            pair: (u8, i64),
        }
        impl Triage<'_> { fn new() -> Self { struct Hidden; todo!() } }
        #[serde(rename_all = "snake_case")]
        enum Mood { VeryGood, #[serde(rename = "poor")] Bad }
        #[serde(tag = "kind", rename_all = "lowercase")]
        enum Step { Wait { minutes: u32 }, Send(Mail), Stop }
        struct Mail { to: String, sub: Vec<Step> }
        "#,
        SchemaLanguage::Rust,
    );
    assert_eq!(schema["title"], "Triage");
    assert_eq!(schema["description"], "What came of a mail.");
    assert_eq!(schema["properties"]["veryUrgent"], json!({"type": "boolean", "description": "How urgent it is."}));
    assert_eq!(schema["required"], json!(["veryUrgent", "mood", "scores", "steps", "other", "pair"]));
    assert_eq!(schema["properties"]["note"], json!({"type": ["string", "null"]}));
    assert_eq!(schema["properties"]["scores"]["additionalProperties"], json!({"type": "number"}));
    assert_eq!(schema["$defs"]["Mood"], json!({"type": "string", "enum": ["very_good", "poor"]}));
    let steps = schema["$defs"]["Step"]["anyOf"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!(steps[0]["properties"]["kind"]["enum"], json!(["wait"]));
    assert_eq!(notes.iter().filter(|note| note.contains("`Thing` is not in the paste")).count(), 1, "{notes:?}");
    assert!(!schema.to_string().contains("Hidden") && !schema.to_string().contains("cache"));
}

#[test]
fn the_forms_of_a_rust_enum_are_those_of_serde() {
    let form = |attribute: &str| {
        let text = format!("{attribute}\nenum E {{ A, B(String), C {{ x: i32 }} }}");
        of_text(&text, SchemaLanguage::Rust).unwrap().schema
    };
    let plain = form("");
    for value in [json!("A"), json!({"B": "x"}), json!({"C": {"x": 1}})] {
        assert!(valid(&plain, &value), "{value} {plain}");
    }
    assert!(!valid(&plain, &json!("B")));
    let beside = form("#[serde(tag = \"t\", content = \"c\")]");
    for value in [json!({"t": "A"}), json!({"t": "B", "c": "x"}), json!({"t": "C", "c": {"x": 1}})] {
        assert!(valid(&beside, &value), "{value} {beside}");
    }
    let bare = form("#[serde(untagged)]");
    for value in [Value::Null, json!("x"), json!({"x": 1})] {
        assert!(valid(&bare, &value), "{value} {bare}");
    }
}

#[test]
fn a_typescript_type_is_read_with_its_comments() {
    let (schema, notes) = of(
        r#"
        export interface Triage extends Base {
          /** How it sounds. */
          mood: 'good' | "bad" | null;
          score?: number; // from 0 to 1
          tags: string[];
          steps: Array<{ name: string; readonly done?: boolean }>;
          by: Record<string, number>;
          level: Level,
          pair: [string, number];
          child?: Triage;
          cond: T extends string ? 1 : 2;
          run(): void;
        }
        type Level = 1 | 2 | 3;
        "#,
        SchemaLanguage::TypeScript,
    );
    assert_eq!(schema["properties"]["mood"]["enum"], json!(["good", "bad", null]));
    assert_eq!(schema["properties"]["mood"]["description"], "How it sounds.");
    assert_eq!(schema["properties"]["score"], json!({"type": "number", "description": "from 0 to 1"}));
    assert_eq!(schema["properties"]["steps"]["items"]["required"], json!(["name"]));
    assert_eq!(schema["properties"]["by"]["additionalProperties"], json!({"type": "number"}));
    assert_eq!(schema["$defs"]["Level"], json!({"type": "integer", "enum": [1, 2, 3]}));
    assert_eq!(schema["properties"]["child"], json!({"$ref": "#"}));
    assert_eq!(schema["properties"]["cond"], json!({}));
    assert_eq!(schema["required"], json!(["mood", "tags", "steps", "by", "level", "pair", "cond"]));
    for said in ["extends `Base`", "`run` is a function", "depends on another one"] {
        assert!(notes.iter().any(|note| note.contains(said)), "{said}: {notes:?}");
    }
}

#[test]
fn python_classes_are_read_with_their_fields() {
    let (schema, notes) = of(
        r#"
from enum import Enum
from pydantic import BaseModel, Field

class Mood(str, Enum):
    GOOD = "good"
    BAD = "bad"

class Step(TypedDict, total=False):
    name: Required[str]
    done: bool

class Triage(BaseModel):
    """What came of a mail."""
    model_config = ConfigDict(extra="forbid")

    mood: Mood
    score: float = Field(..., ge=0, le=1, description="How sure it is.")
    tags: list[str] = Field(default_factory=list, alias="labels")
    note: Optional[str] = None
    level: Literal["low", "high"] | None  # how much
    steps: List["Step"]
    by: dict[str, int]
    odd: Callable[[int], str]

    @validator("mood")
    def check(cls, v):
        hidden: int = 1
        return v
"#,
        SchemaLanguage::Python,
    );
    assert_eq!(schema["title"], "Triage");
    assert_eq!(schema["description"], "What came of a mail.");
    assert_eq!(
        schema["properties"]["score"],
        json!({"type": "number", "minimum": 0, "maximum": 1, "description": "How sure it is."})
    );
    assert_eq!(schema["properties"]["labels"], json!({"type": "array", "items": {"type": "string"}}));
    assert_eq!(schema["properties"]["note"], json!({"type": ["string", "null"]}));
    assert_eq!(schema["properties"]["level"]["enum"], json!(["low", "high", null]));
    assert_eq!(schema["properties"]["level"]["description"], "how much");
    assert_eq!(schema["required"], json!(["mood", "score", "level", "steps", "by", "odd"]));
    assert_eq!(schema["$defs"]["Mood"]["enum"], json!(["good", "bad"]));
    assert_eq!(schema["$defs"]["Step"]["required"], json!(["name"]));
    assert!(notes.iter().any(|note| note.contains("`Callable[…]`")), "{notes:?}");
    assert!(schema["properties"].get("hidden").is_none());
}

#[test]
fn a_dataclass_with_defaults_is_read() {
    let (schema, notes) = of(
        "@dataclass\nclass A:\n    # the name\n    name: str\n    n: int = 3\n    at: datetime.datetime | None = None\n",
        SchemaLanguage::Python,
    );
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(schema["properties"]["name"]["description"], "the name");
    assert_eq!(schema["properties"]["at"], json!({"type": ["string", "null"], "format": "date-time"}));
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn a_hostile_paste_is_read_within_bounds() {
    let deep = format!("struct A {{ a: {}u8{} }}", "Vec<".repeat(5_000), ">".repeat(5_000));
    let inferred = of_text(&deep, SchemaLanguage::Rust).unwrap();
    assert!(inferred.notes.iter().any(|note| note.contains("deep")), "{:?}", inferred.notes);
    let deep = format!("type A = {}string{};", "{a:".repeat(20_000), "}".repeat(20_000));
    assert!(of_text(&deep, SchemaLanguage::TypeScript).is_ok());
    let deep = format!("class A:\n    a: {}int{}\n", "list[".repeat(20_000), "]".repeat(20_000));
    assert!(of_text(&deep, SchemaLanguage::Python).is_ok());
    assert!(of_text(&"x".repeat(1 << 20), SchemaLanguage::Rust).is_err());
    for (text, source) in [
        ("struct", SchemaLanguage::Rust),
        ("struct A {", SchemaLanguage::Rust),
        ("enum A { B(", SchemaLanguage::Rust),
        ("#[serde(rename = struct A { a: u8 }", SchemaLanguage::Rust),
        ("interface A { a: ", SchemaLanguage::TypeScript),
        ("interface A { [", SchemaLanguage::TypeScript),
        ("type A = | & <", SchemaLanguage::TypeScript),
        ("class A(B[", SchemaLanguage::Python),
        ("class A:\n  a: \"", SchemaLanguage::Python),
        ("class A:\n  a: Literal[", SchemaLanguage::Python),
    ] {
        let _ = of_text(text, source);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in "(struct|enum|interface|type|class|[A-Za-z]{1,3}|[\\[\\](){}<>:;,=|&?#'\"\n .-]|Option|Literal|// x\n){0,60}") {
        for source in SchemaLanguage::ALL {
            if let Ok(inferred) = of_text(&text, source) {
                proptest::prop_assert!(inferred.schema.is_object());
            }
        }
    }
}
