//! How alike two texts are in what they mean: the cosine of their embeddings, which a model makes.

use crate::{
    eval::{check, reason::apart, service_check::ServiceFinding},
    model::Check,
};

/// Finds the text that is most like an answer by the embeddings of the answer and of each text; an error says why there is none.
pub(crate) fn finding(check: &Check, embeddings: &[Result<&str, String>]) -> Result<ServiceFinding, String> {
    let found = nearest(embeddings)?;
    let least = check::least(check).unwrap_or_default();
    let (shown, limit) = apart(found, least, 2);
    let holds = found >= least;
    let words = format!("cosine {shown} {} threshold {limit}", if holds { "≥" } else { "<" });
    Ok(ServiceFinding { holds, words, score: Some(found), credit: Some(found.clamp(0.0, 1.0)) })
}

/// Returns the largest cosine of the first of some vectors and the others.
fn nearest(embeddings: &[Result<&str, String>]) -> Result<f64, String> {
    let read = |embedding: &Result<&str, String>| -> Result<Vec<f64>, String> {
        let text = embedding.as_ref()?;
        serde_json::from_str(text).map_err(|_no_vector| "the model's answer is no embedding".to_owned())
    };
    let vectors = embeddings.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let (answer, others) =
        vectors.split_first().filter(|(_, others)| !others.is_empty()).ok_or("there is no embedding")?;
    let cosines = others.iter().map(|other| cosine(answer, other)).collect::<Option<Vec<f64>>>();
    let cosines =
        cosines.ok_or("the embeddings cannot be compared: they are of other lengths, or nothing but zeros")?;
    Ok(cosines.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

/// Returns the cosine of the angle between two vectors, from -1 to 1; none where they are of other lengths or have none.
#[must_use]
pub fn cosine(one: &[f64], other: &[f64]) -> Option<f64> {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let lengths = product(one, one).sqrt() * product(other, other).sqrt();
    let cosine = product(one, other) / lengths;
    (one.len() == other.len() && lengths > 0.0 && cosine.is_finite()).then(|| cosine.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        eval::service_check::ServiceCheck,
        model::{CheckKind, Status, TextService},
    };

    /// `1 - scipy.spatial.distance.cosine(one, other)`; the first is (4 + 10 + 18) / sqrt(14 * 77).
    #[test]
    fn the_cosine_is_as_computed_elsewhere() {
        for (one, other, wanted) in [
            (vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0], Some(0.974_631_846_2)),
            (vec![1.0, 0.0], vec![0.0, 1.0], Some(0.0)),
            (vec![0.5, 0.5], vec![-1.0, -1.0], Some(-1.0)),
            (vec![1.0], vec![1.0, 2.0], None),
            (vec![0.0, 0.0], vec![1.0, 2.0], None),
        ] {
            let found = cosine(&one, &other);
            assert!(
                found.is_some() == wanted.is_some() && (found.unwrap_or(0.0) - wanted.unwrap_or(0.0)).abs() < 1e-9,
                "{one:?} {other:?} {found:?}"
            );
        }
    }

    #[test]
    fn the_nearest_text_counts_and_what_is_no_vector_is_inconclusive() {
        let check = Check::of(CheckKind::Similar).with(json!(["a", "b"]));
        let of = |check: &Check, vectors: &[Result<&str, String>]| {
            let verdict = ServiceCheck::of(check, TextService::Embedding).verdict(vectors, Some("embedder"));
            (verdict.status, verdict.reason)
        };
        let both = [Ok("[1, 0]"), Ok("[0, 1]"), Ok("[1, 1]")];
        assert_eq!(of(&check, &both), (Status::Failed, "cosine 0.71 < threshold 0.75".to_owned()));
        assert_eq!(of(&check.clone().within(0.5), &both), (Status::Passed, "cosine 0.71 ≥ threshold 0.50".to_owned()));
        assert_eq!(of(&check.clone().negated(), &both).0, Status::Passed);
        for (vectors, why) in [
            ([Ok("[1]"), Err("the model e did not answer: late".to_owned())], "the model e did not answer: late"),
            ([Ok("[1]"), Ok("Hello")], "the model's answer is no embedding"),
            (
                [Ok("[1]"), Ok("[1, 2]")],
                "the embeddings cannot be compared: they are of other lengths, or nothing but zeros",
            ),
        ] {
            let wanted = (Status::Inconclusive, format!("not applied: {why}"));
            assert_eq!(of(&check, &vectors), wanted);
            assert_eq!(of(&check.clone().negated(), &vectors), wanted, "in both directions");
        }
        let (_, asked) = ServiceCheck::of(&check, TextService::Embedding).asks("<think>hm</think>x");
        assert_eq!(asked.iter().map(|input| input.text.as_str()).collect::<Vec<_>>(), ["x", "a", "b"]);
    }
}
