//! The paths that are answered, each with and without `/v1`.

use hyper::Method;

use crate::{model::Wire, serve::refusal::ServeRefusal};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServeRoute {
    /// A question in a wire.
    Ask(Wire),
    /// What a provider answers without a model's answer: its bytes go through. The path is that under a base URL.
    Pass(Wire, PassRoute),
    Models,
    Model(String),
    Metrics,
    Health,
    /// The calls that are watched.
    Calls,
    /// One of them, by its number: what it says, and what becomes of it.
    Call(u64),
    /// Which of them are held.
    Hold,
    /// Which of them fail.
    Fail,
}

/// A path whose bytes go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassRoute {
    Embeddings,
    CountTokens,
}

impl ServeRoute {
    /// Finds the route of a path. Nothing of a path is decoded or resolved: one that is not written as it is listed leads
    /// nowhere.
    pub(crate) fn find(method: &Method, path: &str) -> Result<Self, ServeRefusal> {
        let (route, methods) = Self::of(path).ok_or_else(|| ServeRefusal {
            code: Some("unknown_url"),
            ..ServeRefusal::new(404, "there is nothing at this path")
        })?;
        if methods.contains(method) {
            return Ok(route);
        }
        let allowed: Vec<&str> = methods.iter().map(Method::as_str).collect();
        Err(ServeRefusal::new(405, format!("this path is asked with {}", allowed.join(" or "))))
    }

    fn of(path: &str) -> Option<(Self, &'static [Method])> {
        const POST: &[Method] = &[Method::POST];
        const GET: &[Method] = &[Method::GET];
        const EITHER: &[Method] = &[Method::GET, Method::POST];
        const LOOK: &[Method] = &[Method::GET, Method::HEAD];
        let short = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        Some(match short {
            "/chat/completions" => (Self::Ask(Wire::OpenAi), POST),
            "/responses" => (Self::Ask(Wire::Responses), POST),
            "/messages" => (Self::Ask(Wire::Anthropic), POST),
            "/messages/count_tokens" => (Self::Pass(Wire::Anthropic, PassRoute::CountTokens), POST),
            "/embeddings" => (Self::Pass(Wire::OpenAi, PassRoute::Embeddings), POST),
            "/models" => (Self::Models, GET),
            _ if path == "/metrics" => (Self::Metrics, GET),
            _ if path == "/retort/calls" => (Self::Calls, GET),
            _ if path == "/retort/hold" => (Self::Hold, POST),
            _ if path == "/retort/fail" => (Self::Fail, POST),
            _ if path.starts_with("/retort/calls/") => {
                (Self::Call(path.strip_prefix("/retort/calls/")?.parse().ok()?), EITHER)
            }
            _ if matches!(path, "/" | "/health" | "/healthz") => (Self::Health, LOOK),
            _ => {
                let name = short.strip_prefix("/models/").filter(|name| !name.is_empty())?;
                (Self::Model(name.to_owned()), GET)
            }
        })
    }

    /// Returns the wire in whose words a program at this path is told errors.
    pub(crate) fn wire_of(path: &str) -> Wire {
        match Self::of(path) {
            Some((Self::Ask(wire) | Self::Pass(wire, _), _)) => wire,
            Some((
                Self::Models
                | Self::Model(_)
                | Self::Metrics
                | Self::Health
                | Self::Calls
                | Self::Call(_)
                | Self::Hold
                | Self::Fail,
                _,
            ))
            | None => Wire::OpenAi,
        }
    }

    /// Names it for figures and lines.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ask(Wire::Responses) => "responses",
            Self::Ask(Wire::Anthropic) => "messages",
            Self::Ask(_) => "chat",
            Self::Pass(_, PassRoute::Embeddings) => "embeddings",
            Self::Pass(_, PassRoute::CountTokens) => "count_tokens",
            Self::Models | Self::Model(_) => "models",
            Self::Metrics => "metrics",
            Self::Health => "health",
            Self::Calls | Self::Call(_) => "calls",
            Self::Hold => "hold",
            Self::Fail => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_as_it_is_written_and_no_other_way() {
        let found = |path: &str| ServeRoute::find(&Method::POST, path).map_err(|refusal| refusal.status);
        assert_eq!(found("/v1/chat/completions"), Ok(ServeRoute::Ask(Wire::OpenAi)));
        assert_eq!(found("/chat/completions"), Ok(ServeRoute::Ask(Wire::OpenAi)));
        assert_eq!(found("/v1/messages"), Ok(ServeRoute::Ask(Wire::Anthropic)));
        for wrong in [
            "/v1//chat/completions",
            "/v1/chat/completions/",
            "/V1/chat/completions",
            "/v1/../v1/chat/completions",
            "/v1/chat%2fcompletions",
            "/v1/v1/responses",
            "/v1chat/completions",
            "//evil.example/v1/responses",
            "/admin",
        ] {
            assert_eq!(found(wrong), Err(404), "{wrong}");
        }
        assert_eq!(found("/v1/models"), Err(405));
        assert_eq!(ServeRoute::find(&Method::GET, "/v1/models/a/b"), Ok(ServeRoute::Model("a/b".to_owned())));
        assert_eq!(ServeRoute::find(&Method::OPTIONS, "/v1/chat/completions").unwrap_err().status, 405);
    }
}
