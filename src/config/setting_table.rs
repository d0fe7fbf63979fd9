//! The settings that stand by themselves in `config.toml`, each with its words and its environment variable: all but the
//! tables of names, `[providers.NAME]`, `[models.NAME]` and `[keys]`, and the colours of a theme.
//!
//! A variable's value is read as the file's would be, and wins over it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{config::durations::Wait, model::picture::PictureSetting};

/// A setting as its documentation has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSetting {
    /// The table it stands in; empty at the top of the file.
    pub table: &'static str,
    /// Its key there.
    pub key: &'static str,
    pub does: &'static str,
    /// The value where nothing sets it, in words or as TOML.
    pub usual: &'static str,
    /// A value that its variable takes.
    pub example: &'static str,
}

impl FileSetting {
    /// Returns its place in the file: the keys, joined by a dot.
    #[must_use]
    pub fn path(&self) -> String {
        if self.table.is_empty() { self.key.to_owned() } else { format!("{}.{}", self.table, self.key) }
    }

    /// Returns the name of its environment variable: `RETORT_` and its place in capitals.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("RETORT_{}", self.path().replace('.', "_").to_ascii_uppercase())
    }
}

/// Finds the variable of the setting at a path in the file, if it has one.
#[must_use]
pub fn variable_of(path: &[&str]) -> Option<String> {
    let (table, key) = match path {
        [key] => ("", *key),
        [table, key] => (*table, *key),
        _ => return None,
    };
    FILE_SETTINGS.iter().find(|setting| (setting.table, setting.key) == (table, key)).map(FileSetting::variable)
}

/// A value that can stand in an environment variable.
pub(crate) trait FromVariable: Sized {
    /// Reads it. Fails with what was expected, in words.
    fn of_variable(text: &str) -> Result<Self, &'static str>;
}

impl FromVariable for String {
    fn of_variable(text: &str) -> Result<Self, &'static str> {
        Ok(text.to_owned())
    }
}

impl FromVariable for bool {
    fn of_variable(text: &str) -> Result<Self, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => Err("true or false"),
        }
    }
}

impl FromVariable for Wait {
    fn of_variable(text: &str) -> Result<Self, &'static str> {
        Self::read(text).ok_or("a time such as \"500ms\", \"4s\" or \"2m\"")
    }
}

impl FromVariable for PictureSetting {
    fn of_variable(text: &str) -> Result<Self, &'static str> {
        serde_json::from_value(text.into()).map_err(|_other| "auto, off, kitty, iterm or sixel")
    }
}

impl FromVariable for ThemeTable {
    fn of_variable(text: &str) -> Result<Self, &'static str> {
        Ok(Self::Name(text.to_owned()))
    }
}

impl FromVariable for Vec<String> {
    fn of_variable(text: &str) -> Result<Self, &'static str> {
        Ok(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {
        $(impl FromVariable for $number {
            fn of_variable(text: &str) -> Result<Self, &'static str> {
                text.parse().map_err(|_wrong: std::num::ParseIntError| "a whole number from 0 up")
            }
        })*
    };
}

whole_numbers!(u16, u32, u64, usize);

/// A theme by its name, or colours over those of one.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected the name of a theme such as \"dark\", or a table of colours")]
pub(crate) enum ThemeTable {
    /// The name of a theme.
    Name(String),
    /// `base`, the theme they are laid over, and colours by what they are for.
    Colours(BTreeMap<String, String>),
}

macro_rules! tables {
    (
        top { $($(#[doc = $top_doc:literal])+ $top:ident: $top_type:ty = $top_usual:literal, $top_example:literal;)* }
        $(
            #[doc = $about:literal]
            $table:ident: $struct:ident {
                $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $usual:literal, $example:literal;)*
            }
        )*
    ) => {
        /// Every setting that stands by itself, in the order of the file.
        pub const FILE_SETTINGS: &[FileSetting] = &[
            $(FileSetting {
                table: "",
                key: stringify!($top),
                does: concat!($($top_doc),+),
                usual: $top_usual,
                example: $top_example,
            },)*
            $($(FileSetting {
                table: stringify!($table),
                key: stringify!($key),
                does: concat!($($doc),+),
                usual: $usual,
                example: $example,
            },)*)*
        ];

        $(
            #[doc = $about]
            #[derive(Debug, Clone, Default, Deserialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            #[serde(deny_unknown_fields, default)]
            #[allow(clippy::struct_field_names, reason = "they are the keys of the table")]
            pub(super) struct $struct {
                $($(#[doc = $doc])+ pub(crate) $key: Option<$type>,)*
            }
        )*
    };
}

/// Hands the list of settings to another macro.
macro_rules! file_settings {
    ($then:ident) => {
        $then! {
            top {
                /// The model where nothing names one.
                default_model: String = "[the default model](providers.md#the-default-model)", "gpt-5.4-mini";
                /// The model that judges where a rubric names none.
                judge: String = "the default model", "claude-haiku-4-5";
                /// `terminal`, `dark`, `light`, `high-contrast`, `mono`, `ascii`; in the file also a table of colours.
                theme: ThemeTable = "`terminal`", "dark";
                /// Draws and prints for a screen reader, as `--accessible` does.
                accessible: bool = "`false`", "true";
                /// Whether the mouse is captured at the start.
                mouse: bool = "`false`", "true";
                /// How the terminal is sent pictures: `auto`, `off`, or by the protocol `kitty`, `iterm` or `sixel`.
                pictures: PictureSetting = "`auto`", "off";
            }
            /// When a request is sent again.
            retry: RetryTable {
                /// Tries on one target, the first included.
                attempts: u32 = "`3`", "5";
                /// The shortest wait between two tries; they grow from this.
                min_wait: Wait = "`4s`", "1s";
                /// The longest wait of retort's own choosing.
                max_wait: Wait = "`10s`", "30s";
                /// The longest wait that a server may ask for; beyond it the next key or model is taken.
                max_retry_after: Wait = "`120s`", "60s";
                /// Tries of a run over all targets.
                total_attempts: u32 = "`8`", "12";
                /// 0 or 1: tries once more, saying what was wrong, when the answer has the wrong form.
                quality: u32 = "once for an answer that was cut off and nobody has seen", "1";
            }
            /// How long is waited for what, as `500ms`, `4s`, `2m` or `1h`.
            timeouts: TimeoutsTable {
                /// Until the connection stands.
                connect: Wait = "`5s`", "10s";
                /// The longest silence of a server.
                answer: Wait = "`30s`, and longer before the first token where that is to be expected", "60s";
                /// In place of `answer`, for servers on this machine.
                local_answer: Wait = "as `answer`", "300s";
                /// In place of both: until the response begins.
                first_byte: Wait = "as `answer`", "60s";
                /// In place of both: until the first text.
                first_token: Wait = "as `answer`; `180s` for a hosted model that reasons, `300s` on this machine", "90s";
                /// In place of both: between two bytes.
                idle: Wait = "as `answer`", "60s";
                /// Between two pieces of the answer, while only keep-alives come.
                progress: Wait = "as `answer`; `180s` for a hosted model that reasons", "180s";
                /// A whole run; set for a model, from when it is first asked.
                total: Wait = "`600s`", "20m";
            }
            /// Many inputs at once.
            batch: BatchTable {
                /// Cells at once, where `-j` is not given.
                concurrency: usize = "`5`", "16";
                /// Until a provider is asked how a job of its batch API stands; later up to ten times as long.
                poll: Wait = "`60s`", "5m";
            }
            /// How much is taken in of what comes from outside, in bytes.
            limits: LimitsTable {
                /// One input: a file, standard input, a row of a data set.
                max_input_bytes: u64 = "`16777216`", "33554432";
                /// All rows of a data set on standard input, which are copied to a temporary file.
                max_stdin_bytes: u64 = "`4294967296`", "1073741824";
                /// One answer with its reasoning; the part up to here is kept.
                max_answer_bytes: u64 = "`8388608`", "1048576";
                /// The answers of all runs under way, together.
                max_answers_bytes: u64 = "`67108864`", "134217728";
            }
            /// The response cache.
            cache: CacheTable {
                /// Whether there is one.
                enabled: bool = "`true`", "false";
                /// Answers kept; the least recently used go first.
                capacity: usize = "`1000`", "5000";
            }
            /// `retort serve`, the endpoint for programs.
            serve: ServeTable {
                /// The address that is listened on; one that others can reach needs `--expose` as well.
                host: String = "`127.0.0.1`", "::1";
                /// The port; `0` takes one that is free.
                port: u16 = "`8484`", "9000";
                /// Further names by which programs reach it; in the variable with commas between.
                hosts: Vec<String> = "none", "retort.internal";
                /// Models that are asked in turn where the one that is named does not answer; in the variable with commas between.
                fallback: Vec<String> = "none", "claude-haiku-4-5,demo";
                /// The prompt by whose checks every answer is judged.
                checks: String = "none", "sentiment";
                /// Whether an answer that does not pass its checks is withheld.
                enforce: bool = "`false`", "true";
                /// The longest body of a request, in bytes.
                max_body_bytes: u64 = "`33554432`", "1048576";
                /// The longest head of a request, in bytes; at least 8192.
                max_head_bytes: usize = "`65536`", "16384";
                /// Connections at once.
                max_connections: usize = "`256`", "64";
                /// Requests that are answered at once; what is beyond is told to come again.
                max_calls: usize = "`256`", "32";
                /// How long the head of a request may take, and a connection may wait for one.
                head_timeout: Wait = "`15s`", "5s";
                /// How long the body of a request may take.
                body_timeout: Wait = "`60s`", "20s";
                /// How long a program may read nothing of its answer.
                idle_timeout: Wait = "`75s`", "30s";
                /// How long ctrl-c waits for calls under way.
                stop_timeout: Wait = "`10s`", "2s";
            }
            /// A collector of OpenTelemetry that every run is told to.
            telemetry: TelemetryTable {
                /// Its address, without `/v1/traces`; nothing is told where there is none.
                endpoint: String = "none", "http://127.0.0.1:4318";
                /// Whether it is told what was asked and answered, and not only how long, how much and how it came out.
                content: bool = "`false`", "true";
                /// Headers of the requests, `NAME=VALUE`, the value `env:NAME` where it is secret; in the variable with commas between.
                headers: Vec<String> = "none", "authorization=env:OTLP_AUTH";
                /// What it knows this program as.
                service: String = "`retort`", "triage";
            }
            /// The programs of tools.
            tools: ToolsTable {
                /// Variables that they see beyond the usual ones; in the variable with commas between.
                env: Vec<String> = "none", "SHOP_DB,SHOP_USER";
            }
        }
    };
}

pub(super) use file_settings;

file_settings!(tables);
