//! The classifier's table of statuses, which decide where neither a code nor a word does.

use crate::model::Class;

/// Types that stand for a status where an event has none, squashed.
const TYPES: &[(&str, u16)] = &[
    ("invalidrequesterror", 400),
    ("invalidargument", 400),
    ("failedprecondition", 400),
    ("badrequesterror", 400),
    ("badrequest", 400),
    ("permissionerror", 403),
    ("permissiondenied", 403),
    ("permissiondeniederror", 403),
    ("notfounderror", 404),
    ("notfound", 404),
    ("unprocessableentityerror", 422),
    ("apierror", 500),
    ("servererror", 500),
    ("internalerror", 500),
    ("internalservererror", 500),
    ("internal", 500),
    ("unavailable", 503),
];

/// The status that one of the codes stands for.
pub(super) fn of_codes(codes: &[String]) -> Option<u16> {
    TYPES.iter().find(|(name, _)| codes.iter().any(|own| own == name)).map(|(_, status)| *status)
}

/// Tells whether a status means the same when a proxy's web page carries it.
pub(super) fn speaks_for_the_api(status: u16) -> bool {
    matches!(status, 401 | 402 | 408 | 413 | 424 | 429 | 498 | 499 | 500 | 502 | 503 | 504 | 509 | 520..=530)
}

/// The class of a status where nothing else is known: what a person would want to follow from it.
/// `shaped` tells that the API itself said it.
pub(super) fn class(status: u16, shaped: bool) -> Class {
    match status {
        402 => Class::Quota,
        429 | 509 => Class::RateLimited,
        // 498 is Groq's, for its flexible tier.
        503 | 529 | 498 => Class::Overloaded,
        // A 403 says nothing of the key: a policy, a place, a model and a firewall speak so as well.
        401 => Class::Credential,
        410 => Class::ModelGone,
        // An API that knows the path and not what was asked for there does not know the model.
        404 if shaped => Class::ModelGone,
        300..=399 | 404 | 405 | 407 | 495 | 496 | 497 | 511 => Class::NotAnApi,
        413 => Class::ContextTooLong,
        451 => Class::Region,
        408 | 409 | 421 | 423 | 424 | 425 | 444 | 460 | 499 | 500 | 502 | 504 | 507 | 520..=528 | 530..=599 => {
            Class::Transient
        }
        400..=499 | 501 | 505 => Class::CallerFault,
        _ => Class::Unknown,
    }
}
