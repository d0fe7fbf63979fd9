//! The metrics of runs by OpenTelemetry's conventions: how long they took, and their tokens, as histograms that only grow.

use std::collections::BTreeMap;

use crate::{
    engine::telemetry::{
        protobuf::ProtobufMessage,
        span::{self, AttributeValue},
    },
    pipeline::ports::RunRecord,
};

/// Bounds of times, in seconds, as the conventions give them.
const SECONDS: [f64; 14] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// Bounds of tokens, likewise.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Sets of attributes that are told apart, at most: names of models come from programs, too.
const MOST_SERIES: usize = 1000;

/// What a metric is told apart by: names and values.
type Series = Vec<(&'static str, String)>;

#[derive(Debug, Clone, Default)]
struct Histogram {
    count: u64,
    sum: f64,
    buckets: [u64; 15],
}

impl Histogram {
    fn add(&mut self, value: f64, bounds: &[f64; 14]) {
        self.count += 1;
        self.sum += value;
        let at = bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len());
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket += 1;
        }
    }
}

/// What one run adds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunMeasures {
    series: Series,
    seconds: Option<f64>,
    tokens: [Option<u64>; 2],
}

impl RunMeasures {
    /// Reads what a run adds; none of one that asked nobody.
    pub(crate) fn of(record: &RunRecord) -> Option<Self> {
        let outcome = &record.outcome;
        if span::is_cached(outcome) {
            return None;
        }
        let mut series: Series = vec![
            ("gen_ai.operation.name", "chat".to_owned()),
            ("gen_ai.provider.name", span::provider_name(&record.provider)),
            ("gen_ai.request.model", span::model(record).to_owned()),
        ];
        series.extend(outcome.served.clone().map(|model| ("gen_ai.response.model", model)));
        series.extend(span::error_type(outcome).map(|kind| ("error.type", kind)));
        let seconds = outcome.provenance.is_timed().then(|| outcome.timing.took().as_secs_f64());
        Some(Self { series, seconds, tokens: [outcome.usage.total_input(), outcome.usage.total_output()] })
    }
}

/// All that was measured since the beginning.
#[derive(Debug, Default)]
pub(crate) struct MeasuredRuns {
    times: BTreeMap<Series, Histogram>,
    tokens: BTreeMap<Series, Histogram>,
}

impl MeasuredRuns {
    /// Adds a run. One of a new kind beyond the most that are told apart is left out.
    pub(crate) fn add(&mut self, run: &RunMeasures) {
        let add = |all: &mut BTreeMap<Series, Histogram>, series: Series, value: f64, bounds| {
            if all.len() < MOST_SERIES || all.contains_key(&series) {
                all.entry(series).or_default().add(value, bounds);
            }
        };
        if let Some(seconds) = run.seconds {
            add(&mut self.times, run.series.clone(), seconds, &SECONDS);
        }
        for (count, kind) in run.tokens.into_iter().zip(["input", "output"]) {
            if let Some(count) = count {
                let mut series = run.series.clone();
                series.push(("gen_ai.token.type", kind.to_owned()));
                add(&mut self.tokens, series, count as f64, &TOKENS);
            }
        }
    }

    /// Tells whether there is anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty() && self.tokens.is_empty()
    }

    /// Writes them as `Metric`s, as of a time in nanoseconds since 1970.
    pub(crate) fn metrics(&self, began: u64, now: u64) -> Vec<ProtobufMessage> {
        [
            ("gen_ai.client.operation.duration", "s", &self.times, &SECONDS),
            ("gen_ai.client.token.usage", "{token}", &self.tokens, &TOKENS),
        ]
        .into_iter()
        .filter(|(_, _, series, _)| !series.is_empty())
        .map(|(name, unit, series, bounds)| {
            let mut histogram = ProtobufMessage::default();
            for (series, own) in series {
                let mut point = ProtobufMessage::default().fixed(2, began).fixed(3, now);
                point = point.fixed(4, own.count).double(5, own.sum);
                point = point.packed(6, own.buckets).packed(7, bounds.iter().map(|bound| bound.to_bits()));
                for (name, value) in series {
                    point = point.message(9, &span::attribute(name, &AttributeValue::Text(value.clone())));
                }
                histogram = histogram.message(1, &point);
            }
            // Each point counts from the beginning.
            let histogram = histogram.int(2, 2);
            ProtobufMessage::default().bytes(1, name).bytes(3, unit).message(9, &histogram)
        })
        .collect()
    }
}
