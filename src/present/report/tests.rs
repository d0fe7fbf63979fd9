//! Tests of the reports: each is well formed, and obeys nothing that a model wrote.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    model::{
        Rule, RunId, Status,
        cost::{Cost, PicoDollars},
        outcome::Judging,
    },
    present::report::*,
};

/// What a model might write to take over whoever reads the report.
const HOSTILE: &str = "</td></script><script>alert(1)</script><img src=x onerror=alert(1)>]]>&amp;\"'\u{0}\u{1b}[31m\u{ffff}\u{202e}|`*x*\r\n=1+1";

fn entry(row: u64, target: u32, status: RunStatus) -> ReportCell {
    let end = match status {
        RunStatus::Error => "failed",
        RunStatus::Cancelled => "cancelled",
        _ => "done",
    };
    let passed = status.compared(false);
    let mark = if passed == Some(false) { Status::Failed } else { Status::Passed };
    let verdict =
        Verdict { metric: Some("to<ne".to_owned()), ..Verdict::new(Rule::Check(HOSTILE.to_owned()), mark, HOSTILE) };
    let cell = Cell {
        place: CellIndex { row, prompt: 0, target, sample: 0 },
        run: RunId(uuid::Uuid::nil()),
        end: end.to_owned(),
        status,
        cut_off: false,
        score: passed.map(|passed| if passed { 1.0 } else { 0.25 }),
        class: (end == "failed").then(|| "rate limited".to_owned()),
        cached: false,
        batched: false,
        tokens: Some(12),
        cost: Cost::Known(PicoDollars(1_000_000)),
        judging: None,
        took: Duration::from_millis(1234),
        tokens_estimated: false,
        failed: Vec::new(),
        reason: None,
        tokens_partial: false,
        cache_saving: None,
        modalities: crate::model::ModalityTokens::default(),
        by_target: Vec::new(),
        waited: Duration::ZERO,
        summary: String::new(),
    };
    ReportCell {
        cell,
        line: Some(row + 1),
        description: Some(HOSTILE.to_owned()),
        input: Input {
            text: HOSTILE.to_owned(),
            vars: BTreeMap::from([(HOSTILE.to_owned(), HOSTILE.into())]),
            ..Input::default()
        },
        answer: HOSTILE.to_owned(),
        transcript: None,
        error: (end == "failed").then(|| HOSTILE.to_owned()),
        fallback: None,
        given_up: Vec::new(),
        quality: passed.map(|_| Quality::of(vec![verdict])),
    }
}

fn batch() -> (Whole, Vec<ReportCell>) {
    let mut entries = vec![
        entry(1, 0, RunStatus::Passed),
        entry(1, 1, RunStatus::Failed),
        entry(2, 0, RunStatus::Error),
        entry(2, 1, RunStatus::Cancelled),
    ];
    let mut open = entry(3, 0, RunStatus::Inconclusive);
    open.quality = Some(Quality::of(vec![Verdict::new(Rule::Format, Status::Inconclusive, HOSTILE)]));
    entries.extend([open, entry(4, 0, RunStatus::Unchecked)]);
    let lanes = [0, 1].map(|target| {
        let mut tally = Tally::default();
        for entry in entries.iter().filter(|entry| entry.cell.place.target == target) {
            tally.take(&entry.cell, entry.quality.as_ref());
        }
        let (prompt_name, target_name) = (HOSTILE.to_owned(), format!("m{target}"));
        ReportLane { prompt: 0, target, prompt_name, target_name, tally }
    });
    let whole = Whole {
        batch: BatchId(uuid::Uuid::nil()),
        name: HOSTILE.to_owned(),
        data: HOSTILE.to_owned(),
        samples: 1,
        end: "stopped".to_owned(),
        made: Timestamp::UNIX_EPOCH,
        variables: vec![HOSTILE.to_owned()],
        lanes: lanes.into(),
        baselines: Vec::new(),
    };
    (whole, entries)
}

fn written(form: ReportFormat) -> String {
    let (whole, entries) = batch();
    let mut out = Vec::new();
    form.write(&mut out, &whole, &entries).unwrap();
    String::from_utf8(out).unwrap()
}

/// Reads XML strictly enough to refuse what a parser would: nesting, attributes, entities, characters.
/// Returns each element's path with its attributes.
fn xml(text: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(text.chars().all(allowed), "a character XML cannot hold");
    let plain = |text: &str| {
        assert!(!text.contains(['<', '>']), "{text}");
        for rest in text.split('&').skip(1) {
            let (name, _) = rest.split_once(';').expect(rest);
            assert!(["amp", "lt", "gt", "quot", "#10", "#9", "#13"].contains(&name), "{name}");
        }
    };
    let (mut open, mut found) = (Vec::new(), Vec::new());
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- written by retort -->").unwrap();
    while let Some((between, tag)) = rest.split_once('<') {
        plain(between);
        let (tag, after) = tag.split_once('>').expect(tag);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (name, mut list) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        let mut attributes = BTreeMap::new();
        while let Some((key, value)) = list.trim().split_once("=\"") {
            let (value, after) = value.split_once('"').expect(list);
            plain(value);
            assert!(attributes.insert(key.to_owned(), value.to_owned()).is_none(), "{key} twice");
            list = after;
        }
        assert_eq!(list.trim(), "");
        open.push(name.trim_end_matches('/').to_owned());
        found.push((open.join("/"), attributes));
        if tag.ends_with('/') {
            open.pop();
        }
    }
    plain(rest);
    assert!(open.is_empty(), "{open:?}");
    found
}

#[test]
fn junit_is_well_formed_and_counts_what_it_holds() {
    let elements = xml(&written(ReportFormat::Junit));
    let count = |path: &str| elements.iter().filter(|(own, _)| own == path).count();
    assert_eq!((count("testsuites"), count("testsuites/testsuite")), (1, 2));
    assert_eq!(count("testsuites/testsuite/testcase"), 5, "a cell that was stopped is no case");
    for (kind, number) in [("failure", 1), ("error", 1), ("skipped", 2)] {
        assert_eq!(count(&format!("testsuites/testsuite/testcase/{kind}")), number, "{kind}");
    }
    for (counts, of) in [(["5", "1", "1", "2"], 0), (["4", "0", "1", "2"], 1), (["1", "1", "0", "0"], 2)] {
        let suites: Vec<_> =
            elements.iter().filter(|(path, _)| path.ends_with('s') || path.ends_with("suite")).collect();
        let (_, own) = suites[of];
        let names = ["tests", "failures", "errors", "skipped"];
        assert_eq!(names.map(|name| own[name].as_str()), counts, "{own:?}");
    }
    let (_, case) = elements.iter().find(|(path, _)| path.ends_with("testcase")).unwrap();
    assert_eq!((case["time"].as_str(), case["line"].as_str()), ("1.234", "2"));
}

#[test]
fn a_spreadsheet_runs_nothing() {
    let mut whole = batch().0;
    whole.variables = vec!["=x".to_owned()];
    let formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "fine", " =1"];
    let entries: Vec<ReportCell> = formulas
        .iter()
        .zip(1..)
        .map(|(text, row)| {
            let own = (*text).to_owned();
            let input = Input {
                text: own.clone(),
                vars: BTreeMap::from([("=x".to_owned(), own.clone().into())]),
                ..Input::default()
            };
            ReportCell { answer: own.clone(), description: Some(own), input, ..entry(row, 0, RunStatus::Passed) }
        })
        .collect();
    let mut out = Vec::new();
    ReportFormat::Csv.write(&mut out, &whole, &entries).unwrap();
    let mut rows = ::csv::Reader::from_reader(out.as_slice());
    let heading = rows.headers().unwrap().clone();
    let runs = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝']);
    assert!(heading.iter().all(|name| !runs(name)));
    let answer = heading.iter().position(|name| name == "answer").unwrap();
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), formulas.len());
    for (row, text) in rows.iter().zip(formulas) {
        assert!(row.iter().all(|cell| !runs(cell)), "{row:?}");
        let kept = row[answer].strip_prefix('\'').unwrap_or(&row[answer]);
        assert_eq!(kept, text, "the text is whole behind its apostrophe");
    }
}

#[test]
fn json_lines_hold_the_answer_as_it_was_sent() {
    let text = written(ReportFormat::Lines);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["answer"], HOSTILE);
    let standings: Vec<&str> = lines.iter().map(|line| line["standing"].as_str().unwrap()).collect();
    assert_eq!(standings, ["passed", "failed", "error", "cancelled", "inconclusive", "unchecked"]);
    assert_eq!((lines[0]["cost"].as_f64(), lines[0]["cost_is"].as_str()), (Some(0.000_001), Some("known")));
    let keys = |line: &serde_json::Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(lines.iter().all(|line| keys(line) == keys(&lines[0])), "every line has the same keys");
}

#[test]
fn what_judges_took_stands_beside_what_a_cell_cost() {
    let (whole, mut entries) = batch();
    let judging = Judging { cost: Cost::Known(PicoDollars(500_000)), tokens: 7, ..Judging::default() };
    entries.truncate(3);
    entries[0].cell.judging = Some(judging);
    (entries[1].cell.judging, entries[1].cell.cost) = (Some(judging), Cost::Unknown);
    (entries[2].cell.judging, entries[2].cell.cached) = (Some(judging), true);
    entries[2].cell.cost = Cost::Known(PicoDollars(0));
    let written = |form: ReportFormat| {
        let mut out = Vec::new();
        form.write(&mut out, &whole, &entries).unwrap();
        String::from_utf8(out).unwrap()
    };
    let lines = written(ReportFormat::Lines);
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let costs: Vec<_> = lines
        .map(|line| {
            let judges = &line["judges"];
            assert_eq!((judges["tokens"].as_u64(), judges["cost"].as_f64()), (Some(7), Some(0.000_000_5)));
            (line["cost"].as_f64(), line["cost_is"].as_str().unwrap().to_owned())
        })
        .collect();
    let want = [(Some(0.000_001), "known"), (None, "unknown"), (Some(0.0), "known")];
    assert_eq!(costs, want.map(|(cost, sure)| (cost, sure.to_owned())));
    let sheet = written(ReportFormat::Csv);
    let mut rows = ::csv::Reader::from_reader(sheet.as_bytes());
    let at = ["cost", "cost_is", "judges_cost"];
    let at = at.map(|name| rows.headers().unwrap().iter().position(|head| head == name).unwrap());
    let costs: Vec<String> =
        rows.records().map(|row| at.map(|at| row.as_ref().unwrap()[at].to_owned()).join(" ")).collect();
    assert_eq!(costs, ["0.000001 known 0.0000005", " unknown 0.0000005", "0 known 0.0000005"]);
    let page = written(ReportFormat::Html);
    for (shown, times) in [
        ("data-value=\"0.000001\">$0.000001<", 1),
        ("data-value=\"\">?<", 1),
        ("data-value=\"0\">$0, cached<", 1),
        ("data-value=\"0.0000005\">&lt;$0.000001<", 3),
    ] {
        assert_eq!(page.matches(shown).count(), times, "{shown}: {page}");
    }
}

#[test]
fn markdown_keeps_every_text_in_its_cell() {
    let text = written(ReportFormat::Markdown);
    let tags = text.replace("\\<", "").replace("<br>", "");
    assert!(!tags.contains('<'), "{text}");
    assert!(!text.contains(['\u{0}', '\u{1b}', '\r', '\u{202e}']), "{text:?}");
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut tables = text.lines().filter(|line| line.starts_with('|'));
    let first = bars(tables.next().unwrap());
    assert!(first > 10 && text.lines().filter(|line| line.starts_with("| cell")).count() == 1);
    for line in text.lines().filter(|line| line.starts_with("| row")) {
        assert_eq!(bars(line), 7, "{line}");
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing_but_its_own() {
    let page = written(ReportFormat::Html);
    let own = [include_str!("../../../assets/report/report.css"), include_str!("../../../assets/report/report.js")];
    let rest = own.iter().fold(page.clone(), |page, own| page.replacen(own, "", 1));
    for (tag, count) in [("<script", 1), ("<style", 1), ("<img", 0), ("<link", 0), ("<iframe", 0), ("<a ", 0)] {
        assert_eq!(rest.matches(tag).count(), count, "{tag}");
    }
    for word in ["http:", "https:", "//", "src=x onerror=alert(1)>", "url(", "@import", "style=\""] {
        assert!(!rest.replace("http-equiv", "").contains(word), "{word}");
    }
    assert!(own.iter().all(|own| !own.contains("//") && !own.contains("url(") && !own.contains("innerHTML")));
    assert!(page.contains("default-src 'none'") && page.contains("sha256-"), "{page}");
    assert!(!page.contains(['\u{0}', '\u{1b}', '\u{202e}', '\r']));
    let tags = |tag: &str| rest.matches(tag).count();
    assert_eq!((tags("<td"), tags("<tr"), tags("<details")), (tags("</td>"), tags("</tr>"), tags("</details>")));
    assert_eq!(tags("<tr data-standing"), 6);
}

#[test]
fn forms_are_chosen_by_ending() {
    for (file, form) in [
        ("a.jsonl", Some(ReportFormat::Lines)),
        ("a.b.CSV", Some(ReportFormat::Csv)),
        ("a.md", Some(ReportFormat::Markdown)),
        ("a.html", Some(ReportFormat::Html)),
        ("a.xml", Some(ReportFormat::Junit)),
        ("a.pdf", None),
        ("csv", None),
    ] {
        assert_eq!(ReportFormat::of(file), form, "{file}");
    }
}
