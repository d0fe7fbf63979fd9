//! What a cell of the table leads with.

use super::*;
use crate::model::{CellIndex, RunId};

fn cell(status: RunStatus, summary: &str, failed: Option<(&str, &str)>) -> Cell {
    Cell {
        place: CellIndex::default(),
        run: RunId(uuid::Uuid::nil()),
        end: if status == RunStatus::Error { "failed" } else { "done" }.to_owned(),
        status,
        cut_off: false,
        score: None,
        class: None,
        cached: false,
        batched: false,
        tokens: None,
        tokens_estimated: false,
        tokens_partial: false,
        cost: crate::model::Cost::Unknown,
        cache_saving: None,
        modalities: crate::model::ModalityTokens::default(),
        by_target: Vec::new(),
        judging: None,
        took: std::time::Duration::ZERO,
        waited: std::time::Duration::ZERO,
        summary: summary.to_owned(),
        failed: failed.iter().map(|(rule, _)| (*rule).to_owned()).collect(),
        reason: failed.map(|(_, reason)| reason.to_owned()),
    }
}

#[test]
fn a_cell_leads_with_the_expected_field_and_a_failing_one_with_its_reason() {
    let answer = r#"{"id": 7, "severity": "minor", "summary": "Typo in pric"#;
    let expected = r#"{"severity": "cosmetic"}"#;
    let failed = Some(("expected", "severity is \"minor\""));
    let said = |status, summary, failed, expected| {
        let cell = cell(status, summary, failed);
        let (lead, rest) = words(&cell, expected);
        (lead.into_owned(), rest)
    };
    let rest = "7  Typo in pric…".to_owned();
    assert_eq!(said(RunStatus::Passed, answer, None, expected), ("minor".to_owned(), rest.clone()));
    assert_eq!(
        said(RunStatus::Failed, answer, failed, expected),
        ("minor".to_owned(), rest.clone()),
        "another value than the expected one is the reason"
    );
    let unsure = Some(("confidence", "0.62 < minimum 0.80"));
    assert_eq!(
        said(RunStatus::Failed, answer, unsure, r#"{"severity": "minor"}"#),
        ("confidence: 0.62 < minimum 0.80".to_owned(), rest)
    );
    assert_eq!(said(RunStatus::Failed, "no JSON", unsure, "").0, "confidence: 0.62 < minimum 0.80");
    assert_eq!(said(RunStatus::Error, "time-out after 30s", None, expected).0, "time-out after 30s");
    assert_eq!(said(RunStatus::Unchecked, "plain words", None, "").0, "plain words");
}
