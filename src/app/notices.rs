//! What the status line says, and for how long.

use std::time::{Duration, Instant};

pub use crate::present::Tone;
use crate::{app::event::Now, text::SanitizedText};

/// How long a notice stays, by its tone.
fn stay(tone: Tone) -> Duration {
    Duration::from_secs(match tone {
        Tone::Info => 4,
        Tone::Warning => 8,
        Tone::Error => 15,
    })
}

/// One thing the status line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How grave it is.
    pub tone: Tone,
    /// What it says.
    pub text: SanitizedText,
    until: Instant,
}

/// The notices that have not expired. Later ones cover earlier ones, unless those are graver.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    waiting: Vec<Notice>,
}

impl Notices {
    /// Says something.
    pub fn say(&mut self, tone: Tone, text: SanitizedText, now: Now) {
        self.waiting.retain(|notice| notice.text != text);
        self.waiting.push(Notice { tone, text, until: now.at + stay(tone) });
    }

    /// Returns what is to be shown: the gravest, and of those the last.
    #[must_use]
    pub fn shown(&self) -> Option<&Notice> {
        self.waiting.iter().max_by_key(|notice| notice.tone)
    }

    /// Drops what has expired. Tells whether anything did.
    pub fn expire(&mut self, now: Now) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|notice| notice.until > now.at);
        self.waiting.len() != before
    }

    /// Drops everything that is shown, once it is read.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Tells when the next one expires.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        self.waiting.iter().map(|notice| notice.until).min()
    }
}
