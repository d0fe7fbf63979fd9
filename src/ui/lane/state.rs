//! What a lane is doing: a mark and words, in as many words as there is room for.

use ratatui::text::{Line, Span};

use crate::{
    app::lane::{State, Take},
    eval::figures::{age, countdown},
    ui::{scene::Scene, theme::Role},
};

/// What a lane's state looks like.
struct Sign {
    mark: &'static str,
    role: Role,
    /// The same in words, the longest first.
    words: Vec<String>,
}

fn sign(mark: &'static str, role: Role, words: &[&str]) -> Sign {
    Sign { mark, role, words: words.iter().map(|word| (*word).to_owned()).collect() }
}

fn sign_of(scene: Scene<'_>, take: &Take) -> Sign {
    match &take.state {
        State::Idle => sign("", Role::Quiet, &["not run"]),
        State::Queued(_) => sign("○", Role::Wait, &["queued"]),
        State::Running if take.answer.is_empty() && take.reasoning.is_empty() => {
            sign("▸", Role::Busy, &["waiting for a token", "waiting"])
        }
        State::Running if take.shows_reasoning() => sign("▸", Role::Busy, &["reasoning"]),
        State::Running => sign("▸", Role::Busy, &["streaming"]),
        State::Waiting { .. } => {
            let left = countdown(take.wait_left(scene.now()).unwrap_or_default());
            let (next, most) = (take.tries() + 1, scene.app.settings.retry.attempts);
            let words = vec![format!("retry {next}/{most} in {left}"), format!("{next}/{most} in {left}"), left];
            Sign { mark: "⟳", role: Role::Wait, words }
        }
        State::Cached { stored } => {
            let age = age(*stored, scene.now().time);
            Sign { mark: "✓", role: Role::Origin, words: vec![format!("cached {age} old"), "cached".to_owned()] }
        }
        State::Done if take.quality.as_ref().is_some_and(|quality| !quality.passed()) => {
            sign("✗", Role::Fail, &["check failed", "check"])
        }
        State::Done => sign("✓", Role::Pass, &["done"]),
        State::Interrupted => sign("✂", Role::Fail, &["cut off", "cut"]),
        State::Failed => sign("✗", Role::Fail, &["failed"]),
        State::Cancelled => sign("■", Role::Wait, &["stopped"]),
    }
}

/// The state as far as there is room for it, and the whole of it where that is more.
pub(super) struct Said {
    /// Fits the room; the mark alone where no words do.
    pub(super) short: Line<'static>,
    /// All of it, unless `short` says it.
    pub(super) rest: Option<Span<'static>>,
}

/// Says the state in at most so many columns; its mark is always said.
pub(super) fn say(scene: Scene<'_>, take: &Take, room: usize) -> Said {
    let sign = sign_of(scene, take);
    let style = scene.theme.style(sign.role);
    let marked = |words: &str| {
        let gap = if sign.mark.is_empty() || words.is_empty() { "" } else { " " };
        Span::styled(format!("{}{gap}{words}", sign.mark), style)
    };
    let fits = sign.words.iter().position(|words| marked(words).width() <= room);
    let short = fits.and_then(|at| sign.words.get(at)).map_or_else(|| marked(""), |words| marked(words));
    let rest = sign.words.first().filter(|_| fits != Some(0)).map(|words| marked(words));
    Said { short: Line::from(short), rest }
}
