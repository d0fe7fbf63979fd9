//! What a batch may use, changed while it runs and while it does not.

use std::time::Duration;

use retort::{
    app::{Event, event::BatchCommand, overlays::Overlay},
    model::batch::{BatchLimits, Cap},
    pipeline::batch::{BatchEnd, BatchEvent},
    widgets::form::FormField,
};

use super::batch::{controls, running};
use crate::support::bench::Bench;

fn caps(bench: &Bench) -> (BatchLimits, Option<BatchLimits>) {
    let shown = bench.app.batch.shown.as_ref().unwrap();
    (shown.request.limits, shown.budget.as_ref().map(|budget| budget.caps))
}

#[test]
fn limits_are_changed_while_it_runs() {
    let (mut bench, _) = running();
    bench.take();
    bench.keys("L");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Limits(limits)) if limits.form.rows.len() == 3));
    bench.keys("1.5<tab>20000<tab>10m<enter>");
    let wanted = BatchLimits { cost: Some(1.5), tokens: Some(20_000), time: Some(Duration::from_secs(600)) };
    assert_eq!(controls(&mut bench), [BatchCommand::Caps(wanted)]);
    assert_eq!(caps(&bench), (wanted, Some(wanted)));
    assert!(bench.says().starts_with("at most $1.50, ") && bench.says().ends_with("from now on"), "{}", bench.says());
    // They are there to be changed again; what is wrong is said and nothing is taken.
    bench.keys("L");
    let Some(Overlay::Limits(limits)) = bench.app.overlay() else { panic!("no form") };
    assert_eq!(limits.form.rows.iter().map(FormField::value).collect::<Vec<_>>(), ["1.5", "20000", "600s"]);
    bench.keys("<c-u>dear<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Limits(limits)) if limits.form.rows[0].error.is_some()));
    assert_eq!((controls(&mut bench), caps(&bench).0), (vec![], wanted));
    bench.keys("<c-u><tab><c-u><tab><c-u><enter>");
    assert_eq!(controls(&mut bench), [BatchCommand::Caps(BatchLimits::default())]);
    assert_eq!(bench.says(), "no limits from now on");
}

#[test]
fn limits_of_a_batch_that_stopped_hold_once_it_goes_on() {
    let (mut bench, ticket) = running();
    let why = "5 tokens are used, and the cap is 5".to_owned();
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Capped { cap: Cap::Cost, why } }]));
    bench.pass(Duration::from_secs(60));
    bench.take();
    bench.keys("L<tab>900<enter>");
    assert_eq!((controls(&mut bench), caps(&bench).0.tokens), (vec![], Some(900)));
    assert!(bench.says().ends_with("once it goes on"), "{}", bench.says());
    bench.keys("p");
    let orders: Vec<_> = bench
        .take()
        .into_iter()
        .filter_map(|effect| match effect {
            retort::app::Effect::StartBatch(_, order) => Some(order.limits.tokens),
            _ => None,
        })
        .collect();
    assert_eq!(orders, [Some(900)]);
}

#[test]
fn a_limit_on_cost_is_refused_where_a_price_is_unknown() {
    let (mut bench, _) = running();
    bench.take();
    let shown = bench.app.batch.shown.as_mut().unwrap();
    shown.request.spec.prompts[0].1.fallback = vec!["local/mine".to_owned()];
    bench.keys("L1.5<enter>");
    assert_eq!(caps(&bench), (BatchLimits::default(), Some(BatchLimits::default())));
    assert!(matches!(bench.app.overlay(), Some(Overlay::Limits(_))), "the form stays open");
    let words = bench.app.shared.notices.shown().map(|notice| notice.text.to_string()).unwrap_or_default();
    assert!(words.contains("no price is known for local/mine") && words.contains("input_price"), "{words}");
}
