//! What the user may choose, with the defaults.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

pub use crate::model::media::byte_size;
use crate::model::{
    api_key::KeySource,
    picture::{PictureProtocol, PictureSetting},
    target_settings::TargetSettings,
    theme::{Backdrop, ColourDepth, ThemeName, ThemeSetting},
    transport::TransportSettings,
    vendor::Vendor,
    wire::Wire,
};

/// What the terminal can show, as far as its environment and the settings tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TerminalCaps {
    /// Whether hues are used; without them bold, dim, underlined and reversed remain.
    pub colour: bool,
    /// Whether characters beyond ASCII are used for frames and marks.
    pub unicode: bool,
    /// How many hues it has.
    pub depth: ColourDepth,
    /// Whether a screen reader reads it: nothing moves by itself, marks are words, and the cursor stands on the row
    /// that has the focus.
    pub accessible: bool,
    /// How its background is, once it has said so.
    pub background: Option<Backdrop>,
    /// By which protocol it takes pictures, if by any.
    pub pictures: Option<PictureProtocol>,
}

impl Default for TerminalCaps {
    fn default() -> Self {
        Self {
            colour: true,
            unicode: true,
            depth: ColourDepth::Any,
            accessible: false,
            background: None,
            pictures: None,
        }
    }
}

impl TerminalCaps {
    /// Chooses from the theme of the settings, whether `NO_COLOR` is set to anything but nothing, the values of `TERM`
    /// and `COLORTERM`, and that of the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
    #[must_use]
    pub fn choose(theme: ThemeName, no_color: bool, (term, colorterm): (&str, &str), locale: &str) -> Self {
        let locale = locale.to_ascii_lowercase();
        let plain_locale = matches!(locale.as_str(), "c" | "posix")
            || (locale.contains('.') && !locale.contains("utf-8") && !locale.contains("utf8"));
        Self {
            colour: !no_color && theme != ThemeName::Mono && term != "dumb" && !term.ends_with("-m"),
            unicode: theme != ThemeName::Ascii && term != "dumb" && !plain_locale,
            depth: depth(term, colorterm),
            accessible: false,
            background: None,
            pictures: None,
        }
    }
}

/// Tells how many hues a terminal has: by `COLORTERM`, else by its name.
fn depth(term: &str, colorterm: &str) -> ColourDepth {
    if matches!(colorterm, "truecolor" | "24bit") || term.contains("direct") || term.contains("truecolor") {
        ColourDepth::Any
    } else if term.contains("256color") {
        ColourDepth::Indexed
    } else {
        ColourDepth::Sixteen
    }
}

/// The whole of `config.toml`. Built by the store, which names the line of every mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The target used where nothing names one.
    pub default_model: String,
    /// Whether the user named that one.
    pub default_is_set: bool,
    /// The model that judges where a rubric names none; the default one where unset.
    pub judge: Option<String>,
    /// Providers by name, the built-in ones included.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// The user's own models by name.
    pub models: BTreeMap<String, ModelSettings>,
    /// How often and how long to try again.
    pub retry: Retry,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Many inputs at once.
    pub batch: Batch,
    /// How much is taken in of what comes from outside.
    pub intake: IntakeLimits,
    /// The response cache.
    pub cache: CacheSettings,
    /// The endpoint for programs.
    pub serve: ServeSettings,
    /// The collector that runs are told to.
    pub telemetry: TelemetrySettings,
    /// The colours.
    pub theme: ThemeSetting,
    /// Whether the workbench is for a screen reader.
    pub accessible: bool,
    /// The variables that programs of tools see beyond the usual ones.
    pub tool_env: Vec<String>,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// Whether, and how, the terminal is sent pictures.
    pub pictures: PictureSetting,
    /// Key bindings that replace the default ones: action name to chords.
    pub keys: BTreeMap<String, Vec<String>>,
    /// How many times as fast the demonstration models answer, at least once.
    pub demo_speed: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_model: "gpt-4o-mini".to_owned(),
            default_is_set: false,
            judge: None,
            providers: BTreeMap::new(),
            models: BTreeMap::new(),
            retry: Retry::default(),
            timeouts: Timeouts::default(),
            batch: Batch::default(),
            intake: IntakeLimits::default(),
            cache: CacheSettings::default(),
            serve: ServeSettings::default(),
            telemetry: TelemetrySettings::default(),
            theme: ThemeSetting::default(),
            accessible: false,
            tool_env: Vec::new(),
            mouse: false,
            pictures: PictureSetting::Auto,
            keys: BTreeMap::new(),
            demo_speed: 1,
        }
    }
}

impl Settings {
    /// Names the model that judges where a rubric names none.
    #[must_use]
    pub fn judge_model(&self) -> &str {
        self.judge.as_deref().unwrap_or(&self.default_model)
    }
}

/// Where models live.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// The vendor, by its name in the table; none for the vendor of the wire.
    pub vendor: Option<String>,
    /// Its wire format.
    pub kind: Wire,
    /// Where it is; the vendor's own address where unset.
    pub base_url: Option<String>,
    /// Where its keys are read from.
    pub api_keys: Vec<KeySource>,
    /// Whether nobody named a key: `api_keys` holds the vendor's usual variable then, which need not
    /// be set.
    pub usual_key: bool,
    /// The program and its arguments, for an external command.
    pub command: Vec<String>,
    /// The recording, or the folder of them, that is played in place of asking anybody.
    pub recordings: Option<String>,
    /// What its requests have beyond their wire's own.
    pub requests: TargetSettings,
    /// The way to it: its proxy, and the certificates that both sides show.
    pub transport: TransportSettings,
    /// Variables of the environment that its commands see beyond those that every command sees.
    pub env: Vec<String>,
    /// What each of its accounts may use.
    pub limits: AccountLimits,
}

/// What an account may use of a provider; unset is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountLimits {
    /// Calls under way at once, at most; fewer for a while after the provider was overrun.
    pub concurrency: Option<usize>,
    /// Calls within any sixty seconds.
    pub requests_per_minute: Option<u32>,
    /// Tokens, in and out together, of the calls within any sixty seconds.
    pub tokens_per_minute: Option<u64>,
}

impl ProviderSettings {
    /// Makes a provider of a vendor of the table with nothing else set.
    #[must_use]
    pub fn of_vendor(vendor: &Vendor) -> Self {
        let own = Vendor::of_wire(vendor.wire).is_some_and(|own| own.name == vendor.name);
        Self { vendor: (!own).then(|| vendor.name.clone()), ..Self::of(vendor.wire) }
    }

    /// Finds its vendor; none where it is not asked over HTTP.
    #[must_use]
    pub fn vendor(&self) -> Option<&'static Vendor> {
        self.vendor.as_deref().map_or_else(|| Vendor::of_wire(self.kind), Vendor::named)
    }

    /// Returns where it is: its own address, else the vendor's.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.base_url.as_deref().or_else(|| self.vendor()?.base_url.as_deref())
    }

    /// Makes a provider of a kind with nothing else set.
    #[must_use]
    pub fn of(kind: Wire) -> Self {
        Self {
            vendor: None,
            kind,
            base_url: None,
            api_keys: Vec::new(),
            usual_key: false,
            command: Vec::new(),
            recordings: None,
            requests: TargetSettings::default(),
            transport: TransportSettings::default(),
            env: Vec::new(),
            limits: AccountLimits::default(),
        }
    }
}

/// A model under a name of the user's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelSettings {
    /// The provider's name.
    pub provider: String,
    /// The model's name on the wire.
    pub model: String,
    /// The wire it is asked in, where that is not its provider's.
    pub wire: Option<Wire>,
    /// What its requests have beyond those of its provider.
    pub requests: TargetSettings,
}

/// When to try again. The defaults are the design's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries on one target, the first included.
    pub attempts: u32,
    /// The shortest wait.
    pub min_wait: Duration,
    /// The longest wait of our own choosing; a server may ask for more.
    pub max_wait: Duration,
    /// The longest Retry-After that is waited for; beyond it the next key or model is taken.
    pub max_retry_after: Duration,
    /// Attempts over all targets, walks over refused keys not counted.
    pub total_attempts: u32,
    /// Further tries, none or one, for an answer cut at the token limit or not of the form asked
    /// for; never once the text is on its way out. Unset: one for a cut answer nobody has seen.
    pub quality: Option<u32>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            min_wait: Duration::from_secs(4),
            max_wait: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(120),
            total_attempts: 8,
            quality: None,
        }
    }
}

/// How long to wait. What is set holds everywhere; what is not, the timers decide by the target:
/// the design's 30 s of silence, and longer before the first token where that is to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the first byte, until the first token, and between any two bytes, where the timer
    /// has no setting of its own.
    pub answer: Option<Duration>,
    /// Replaces `answer` for endpoints on this machine.
    pub local_answer: Option<Duration>,
    /// Until the response begins, wherever it is.
    pub first_byte: Option<Duration>,
    /// From there until the first text, wherever it is.
    pub first_token: Option<Duration>,
    /// Between any two bytes after it, wherever it is.
    pub idle: Option<Duration>,
    /// Between two pieces of content while only keep-alives come.
    pub progress: Option<Duration>,
    /// From a run's start to its end.
    pub total: Duration,
}

impl Timeouts {
    /// The longest silence where nothing says otherwise.
    pub const SILENCE: Duration = Duration::from_secs(30);

    /// How long a server on this machine is given to load its model before the first token.
    pub const LOADING: Duration = Duration::from_secs(300);

    /// How long a hosted model that reasons is given before the first token, and how long only
    /// keep-alives may come.
    pub const REASONING: Duration = Duration::from_secs(180);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: None,
            local_answer: None,
            first_byte: None,
            first_token: None,
            idle: None,
            progress: None,
            total: Duration::from_secs(600),
        }
    }
}

/// Many inputs at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How many run at a time.
    pub concurrency: usize,
    /// How long after a job was given to a provider its state is asked first; later ten times as long, at most.
    pub poll: Duration,
}

impl Default for Batch {
    fn default() -> Self {
        Self { concurrency: 5, poll: Duration::from_secs(60) }
    }
}

/// How much is taken in of what comes from outside, in bytes. What is larger is refused by the name of its key in
/// `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeLimits {
    /// One input: a file, standard input, a row of a data set, a file that a config includes.
    pub input: u64,
    /// The rows of a data set that come over standard input, together: they are copied to a temporary file.
    pub stdin: u64,
    /// One answer, its reasoning and the arguments of its tool calls included.
    pub answer: u64,
    /// The answers of all runs under way, together.
    pub answers: u64,
}

impl IntakeLimits {
    /// The name of [`Self::input`] in `[limits]`.
    pub const INPUT: &'static str = "max_input_bytes";

    /// The name of [`Self::stdin`].
    pub const STDIN: &'static str = "max_stdin_bytes";

    /// The name of [`Self::answer`].
    pub const ANSWER: &'static str = "max_answer_bytes";

    /// The name of [`Self::answers`].
    pub const ANSWERS: &'static str = "max_answers_bytes";
}

impl Default for IntakeLimits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { input: 16 * MIB, stdin: 4096 * MIB, answer: 8 * MIB, answers: 64 * MIB }
    }
}

/// The response cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// Whether there is one.
    pub enabled: bool,
    /// Answers kept; the least recently used goes first.
    pub capacity: usize,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { enabled: true, capacity: 1000 }
    }
}

/// The four directories everything is kept in, and the project if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Settings, prompts, sessions.
    pub config: PathBuf,
    /// The record of runs.
    pub data: PathBuf,
    /// The response cache.
    pub cache: PathBuf,
    /// The log.
    pub state: PathBuf,
    /// The project that the working directory lies in.
    pub project: Project,
}

/// A folder with a `retort.toml`, which brings prompts of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Project {
    /// There is none upward of the working directory.
    #[default]
    Absent,
    /// There is one.
    Found {
        /// The folder of its `retort.toml`.
        root: PathBuf,
        /// The folder of its prompts.
        prompts: PathBuf,
        /// Whether all that it asks for is agreed to for this run.
        trusted: bool,
    },
    /// It is not used, since others can have written it; why, in words.
    Ignored(String),
    /// Its `retort.toml` cannot be read; why, in words. Whoever needs its prompts fails.
    Broken(String),
}

impl Project {
    /// Agrees to all that it asks for, for this run.
    pub fn trust(&mut self) {
        match self {
            Self::Found { trusted, .. } => *trusted = true,
            Self::Absent | Self::Ignored(_) | Self::Broken(_) => {}
        }
    }

    /// Returns the folder of its prompts, whether or not there is one.
    #[must_use]
    pub fn prompts(&self) -> Option<&std::path::Path> {
        match self {
            Self::Found { prompts, .. } => Some(prompts),
            Self::Absent | Self::Ignored(_) | Self::Broken(_) => None,
        }
    }

    /// Says why it is not used, where that is for what it is and not for what is written in it.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        match self {
            Self::Ignored(why) => Some(why),
            Self::Absent | Self::Found { .. } | Self::Broken(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TerminalCaps, ThemeName};
    use crate::model::theme::ColourDepth;

    #[test]
    fn the_environment_takes_hues_and_unicode_away() {
        let choose = |theme, no_color, term, locale| TerminalCaps::choose(theme, no_color, (term, ""), locale);
        let (usual, mono, ascii) = (ThemeName::Terminal, ThemeName::Mono, ThemeName::Ascii);
        let all = TerminalCaps { depth: ColourDepth::Indexed, ..TerminalCaps::default() };
        assert_eq!(choose(usual, false, "xterm-256color", "en_GB.UTF-8"), all);
        assert_eq!(choose(usual, false, "xterm-256color", ""), all);
        assert!(!choose(usual, true, "xterm", "C.UTF-8").colour);
        assert!(!choose(mono, false, "xterm", "C.UTF-8").colour);
        assert!(!choose(usual, false, "xterm", "C").unicode);
        assert!(!choose(usual, false, "xterm", "de_DE.ISO-8859-1").unicode);
        assert!(!choose(ascii, false, "xterm", "en_GB.UTF-8").unicode);
        let dumb = choose(usual, false, "dumb", "");
        assert!(!dumb.colour && !dumb.unicode);
    }

    #[test]
    fn the_environment_says_how_many_hues_there_are() {
        let depth = |term, colorterm| TerminalCaps::choose(ThemeName::Terminal, false, (term, colorterm), "").depth;
        assert_eq!(depth("xterm-256color", "truecolor"), ColourDepth::Any);
        assert_eq!(depth("xterm-direct", ""), ColourDepth::Any);
        assert_eq!(depth("tmux-256color", ""), ColourDepth::Indexed);
        assert_eq!(depth("linux", ""), ColourDepth::Sixteen);
    }
}

/// The endpoint for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// The address that is listened on.
    pub host: String,
    pub port: u16,
    /// Further names by which it is reached, as `Host` has them.
    pub hosts: Vec<String>,
    /// Targets that are asked in turn where the one that a program names does not answer.
    pub fallback: Vec<String>,
    /// The prompt by whose checks every answer is judged.
    pub checks: Option<String>,
    /// Whether an answer that does not pass its checks is withheld.
    pub enforce: bool,
    /// The longest body of a request, in bytes.
    pub body: u64,
    /// The longest head of a request, in bytes.
    pub head: usize,
    pub connections: usize,
    /// Requests that are answered at once.
    pub calls: usize,
    /// How long the head of a request may take, and a connection may wait for the next one.
    pub head_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long a program may read nothing of its answer.
    pub idle_timeout: Duration,
    /// How long the end waits for calls under way.
    pub stop_timeout: Duration,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8484,
            hosts: Vec::new(),
            fallback: Vec::new(),
            checks: None,
            enforce: false,
            body: 32 * 1024 * 1024,
            head: 64 * 1024,
            connections: 256,
            calls: 256,
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(75),
            stop_timeout: Duration::from_secs(10),
        }
    }
}

/// A collector of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// Its address, without the paths of OTLP; none where nothing is told.
    pub endpoint: Option<String>,
    /// Whether it is told what was asked and answered.
    pub content: bool,
    /// Headers of the requests; a value `env:NAME` stands for that of a variable.
    pub headers: Vec<(String, String)>,
    /// What it knows this program as.
    pub service: String,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { endpoint: None, content: false, headers: Vec::new(), service: "retort".to_owned() }
    }
}
