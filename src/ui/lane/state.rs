//! What a lane is doing: a mark and words, in as many words as there is room for.

use ratatui::text::{Line, Span};

use crate::{
    app::lane::{State, Take},
    eval::figures::{age, countdown},
    model::{Quality, RunStatus},
    ui::{part::status, scene::Scene, theme::Role},
};

/// What a lane's state looks like.
struct Sign {
    mark: &'static str,
    role: Role,
    /// The same in words, the longest first.
    words: Vec<String>,
    /// How many of these, from the first on, leave nothing out.
    whole: usize,
}

fn sign(mark: &'static str, role: Role, words: &[&str]) -> Sign {
    Sign { mark, role, words: words.iter().map(|word| (*word).to_owned()).collect(), whole: 1 }
}

fn sign_of(scene: Scene<'_>, take: &Take) -> Sign {
    match &take.state {
        State::Idle => sign("", Role::Quiet, &["not run"]),
        State::Queued(_) => {
            let left = take.queued_for(scene.now()).map(countdown);
            let words = left.map(|left| format!("queued, at most {left}")).into_iter();
            Sign { mark: "⟳", role: Role::Wait, words: words.chain(["queued".to_owned()]).collect(), whole: 1 }
        }
        State::Running if take.answer.is_empty() && take.reasoning.is_empty() => {
            sign("▸", Role::Busy, &["waiting for a token", "waiting"])
        }
        State::Running => {
            let does = if take.shows_reasoning() { "reasoning" } else { "streaming" };
            let (tries, most) = (take.tries(), scene.app.settings.retry.attempts);
            let again = (tries > 1).then(|| format!("{does}, try {tries}/{most}"));
            Sign {
                mark: "▸", role: Role::Busy, words: again.into_iter().chain([does.to_owned()]).collect(), whole: 1
            }
        }
        State::Waiting { .. } => {
            let left = countdown(take.wait_left(scene.now()).unwrap_or_default());
            let (next, most) = (take.tries() + 1, scene.app.settings.retry.attempts);
            let words = vec![format!("retry {next}/{most} in {left}"), format!("{next}/{most} in {left}"), left];
            Sign { mark: "⟳", role: Role::Wait, words, whole: 1 }
        }
        State::Cached { stored } => {
            let age = age(*stored, scene.now().time);
            let Sign { mark, role, words, whole } = judged(take);
            let came = words.into_iter().nth(whole - 1).unwrap_or_default();
            let role = if role == Role::Pass { Role::Origin } else { role };
            let words = vec![format!("{came}, cached {age} old"), format!("cached {age} old"), "cached".to_owned()];
            Sign { mark, role, words, whole: 1 }
        }
        State::Done => judged(take),
        State::Interrupted => sign("✂", Role::Fail, &["cut off", "cut"]),
        State::Kept => sign("✂", Role::Wait, &["cut, kept", "kept"]),
        State::Failed => came(RunStatus::Error),
        State::Cancelled => came(RunStatus::Cancelled),
    }
}

/// How an answer that is whole came out.
fn judged(take: &Take) -> Sign {
    let status = take.quality.as_ref().map_or(RunStatus::Unchecked, Quality::status);
    came(status)
}

/// How a run came out, in the words of everywhere.
fn came(status: RunStatus) -> Sign {
    let words: &[&str] = match status {
        RunStatus::Failed => &["check failed", "failed"],
        RunStatus::Unchecked => &["done, unchecked", "unchecked"],
        RunStatus::Passed | RunStatus::Inconclusive | RunStatus::Error | RunStatus::Cancelled => &[status.word()],
    };
    // An answer that was not checked is done all the same: that goes without saying where there is no room.
    let whole = if status == RunStatus::Unchecked { words.len() } else { 1 };
    Sign { whole, ..sign(status::mark(status), status::role(status), words) }
}

/// The state as far as there is room for it, and the whole of it where that is more.
pub(super) struct Said {
    /// Fits the room; the mark alone where no words do.
    pub(super) short: Line<'static>,
    /// All of it, unless `short` says it.
    pub(super) rest: Option<Span<'static>>,
}

/// The mark of a take's state alone, for a bar of names.
pub(super) fn mark(scene: Scene<'_>, take: &Take) -> Span<'static> {
    let sign = sign_of(scene, take);
    scene.span(sign.mark, sign.role)
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
    let rest = sign.words.first().filter(|_| fits.is_none_or(|at| at >= sign.whole)).map(|words| marked(words));
    Said { short: Line::from(short), rest }
}
