//! The form of `config.toml`, and its way into the settings.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    config,
    config::{
        Env,
        durations::zero,
        setting_table::{
            BatchTable, CacheTable, FILE_SETTINGS, FileSetting, FromVariable, LimitsTable, RetryTable, ServeTable,
            TelemetryTable, ThemeTable, TimeoutsTable, ToolsTable, file_settings,
        },
        target_table,
        target_table::{ModelTable, ProviderTable, TableError},
    },
    model::{
        Settings,
        error::StoreError,
        picture::PictureSetting,
        settings::{IntakeLimits, ServeSettings, TelemetrySettings},
        theme::{ThemeName, ThemeRole, ThemeSetting},
    },
    text::suggest::quoted,
};

/// One chord, or several for one action.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a chord such as \"ctrl-r\", or a list of them")]
enum Chords {
    One(String),
    Many(Vec<String>),
}

macro_rules! config_file {
    (
        top { $($(#[doc = $top_doc:literal])+ $top:ident: $top_type:ty = $top_usual:literal, $top_example:literal;)* }
        $(
            #[doc = $about:literal]
            $table:ident: $struct:ident {
                $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $usual:literal, $example:literal;)*
            }
        )*
    ) => {
        /// retort's settings, `config.toml`; every key may be left out.
        #[derive(Debug, Default, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct ConfigFile {
            $($(#[doc = $top_doc])+ $top: Option<$top_type>,)*
            /// Where models are, each by a name of yours.
            providers: BTreeMap<String, ProviderTable>,
            /// Models, each by a name of yours.
            models: BTreeMap<String, ModelTable>,
            $(#[doc = $about] $table: $struct,)*
            /// Keys of your own for actions of the workbench.
            keys: BTreeMap<String, Chords>,
        }

        impl ConfigFile {
            /// Puts a variable's value in the place of a setting. Fails with what was expected, in words.
            fn set(&mut self, setting: &FileSetting, text: &str) -> Result<(), &'static str> {
                match (setting.table, setting.key) {
                    $(("", stringify!($top)) => self.$top = Some(FromVariable::of_variable(text)?),)*
                    $($((stringify!($table), stringify!($key)) => {
                        self.$table.$key = Some(FromVariable::of_variable(text)?);
                    })*)*
                    _ => {}
                }
                Ok(())
            }
        }
    };
}

file_settings!(config_file);

impl ConfigFile {
    /// Lays what the environment says over what the file says. Fails with the variable whose value cannot be read.
    pub(crate) fn take_variables(&mut self, env: Env<'_>) -> Result<(), StoreError> {
        for setting in FILE_SETTINGS {
            let variable = setting.variable();
            let Some(value) = config::set(&variable, env) else { continue };
            self.set(setting, &value)
                .map_err(|expected| unusable(&variable, &format!("expected {expected}, found {}", quoted(&value))))?;
        }
        Ok(())
    }
}

/// Says that a variable's value cannot be used, and why.
pub(crate) fn unusable(variable: &str, why: &str) -> StoreError {
    StoreError::new(format!("the environment variable {variable} cannot be used: {why}"))
}

impl ThemeTable {
    /// Reads it; a mistake is told with its path.
    fn read(self) -> Result<ThemeSetting, TableError> {
        let at =
            |path: &[&str], message| TableError { path: path.iter().map(|step| (*step).to_owned()).collect(), message };
        match self {
            Self::Name(name) => Ok(ThemeSetting::Named(name.parse().map_err(|message| at(&["theme"], message))?)),
            Self::Colours(table) => {
                let mut base = ThemeName::default();
                let mut colours = BTreeMap::new();
                for (key, value) in table {
                    let wrong = |message| at(&["theme", &key], message);
                    if key == "base" {
                        base = value.parse().map_err(wrong)?;
                    } else {
                        let role: ThemeRole = key.parse().map_err(wrong)?;
                        colours.insert(role, value.parse().map_err(wrong)?);
                    }
                }
                Ok(ThemeSetting::Custom { base, colours })
            }
        }
    }
}

impl ConfigFile {
    /// Checks every value and joins it with the defaults. `error` tells of the mistake at a path.
    #[allow(clippy::too_many_lines, reason = "a line or two for each setting")]
    pub(crate) fn into_settings(self, error: impl Fn(&[&str], &str) -> StoreError) -> Result<Settings, StoreError> {
        let mut settings = Settings::default();
        if let Some(model) = self.default_model {
            if model.trim().is_empty() {
                return Err(error(&["default_model"], "`default_model` must name a model"));
            }
            settings.default_model = model;
            settings.default_is_set = true;
        }
        if let Some(model) = self.judge {
            if model.trim().is_empty() {
                return Err(error(&["judge"], "`judge` must name a model"));
            }
            settings.judge = Some(model);
        }
        let within = |table, name: &str, TableError { path, message }: TableError| {
            let path: Vec<&str> = [table, name].into_iter().chain(path.iter().map(String::as_str)).collect();
            error(&path, &message)
        };
        for (name, table) in self.providers {
            config::provider_name(&name).map_err(|message| error(&["providers", &name], &message))?;
            let provider =
                target_table::provider(&name, table).map_err(|mistake| within("providers", &name, mistake))?;
            settings.providers.insert(name, provider);
        }
        for (name, table) in self.models {
            let model = target_table::model(table).map_err(|mistake| within("models", &name, mistake))?;
            settings.models.insert(name, model);
        }
        let retry = &mut settings.retry;
        set(&mut retry.attempts, self.retry.attempts);
        set(&mut retry.min_wait, self.retry.min_wait.map(|wait| wait.0));
        set(&mut retry.max_wait, self.retry.max_wait.map(|wait| wait.0));
        set(&mut retry.max_retry_after, self.retry.max_retry_after.map(|wait| wait.0));
        set(&mut retry.total_attempts, self.retry.total_attempts);
        retry.quality = self.retry.quality;
        if retry.quality.is_some_and(|tries| tries > 1) {
            return Err(error(&["retry", "quality"], "`quality` must be 0 or 1"));
        }
        at_least_one(&error, "retry", "attempts", retry.attempts)?;
        at_least_one(&error, "retry", "total_attempts", retry.total_attempts)?;
        if retry.min_wait > retry.max_wait {
            let key = if self.retry.min_wait.is_some() { "min_wait" } else { "max_wait" };
            let message =
                format!("`min_wait` ({:?}) must not be longer than `max_wait` ({:?})", retry.min_wait, retry.max_wait);
            return Err(error(&["retry", key], &message));
        }
        let timeouts = &mut settings.timeouts;
        for (key, place, wait) in [
            ("connect", &mut timeouts.connect, self.timeouts.connect),
            ("total", &mut timeouts.total, self.timeouts.total),
        ] {
            set(place, wait.map(|wait| wait.0));
            if place.is_zero() {
                return Err(error(&["timeouts", key], &zero(key)));
            }
        }
        for (key, place, wait) in [
            ("answer", &mut timeouts.answer, self.timeouts.answer),
            ("local_answer", &mut timeouts.local_answer, self.timeouts.local_answer),
            ("first_byte", &mut timeouts.first_byte, self.timeouts.first_byte),
            ("first_token", &mut timeouts.first_token, self.timeouts.first_token),
            ("idle", &mut timeouts.idle, self.timeouts.idle),
            ("progress", &mut timeouts.progress, self.timeouts.progress),
        ] {
            *place = wait.map(|wait| wait.0);
            if place.is_some_and(|wait| wait.is_zero()) {
                return Err(error(&["timeouts", key], &zero(key)));
            }
        }
        set(&mut settings.batch.concurrency, self.batch.concurrency);
        at_least_one(&error, "batch", "concurrency", settings.batch.concurrency)?;
        set(&mut settings.batch.poll, self.batch.poll.map(|wait| wait.0));
        if settings.batch.poll.is_zero() {
            return Err(error(&["batch", "poll"], &zero("poll")));
        }
        let intake = &mut settings.intake;
        for (key, place, bytes) in [
            (IntakeLimits::INPUT, &mut intake.input, self.limits.max_input_bytes),
            (IntakeLimits::STDIN, &mut intake.stdin, self.limits.max_stdin_bytes),
            (IntakeLimits::ANSWER, &mut intake.answer, self.limits.max_answer_bytes),
            (IntakeLimits::ANSWERS, &mut intake.answers, self.limits.max_answers_bytes),
        ] {
            set(place, bytes);
            at_least_one(&error, "limits", key, *place)?;
        }
        set(&mut settings.cache.enabled, self.cache.enabled);
        set(&mut settings.cache.capacity, self.cache.capacity);
        at_least_one(&error, "cache", "capacity", settings.cache.capacity)?;
        settings.serve = self.serve.read(&error)?;
        settings.telemetry = self.telemetry.read(&error)?;
        if let Some(theme) = self.theme {
            settings.theme = theme.read().map_err(|TableError { path, message }| {
                error(&path.iter().map(String::as_str).collect::<Vec<_>>(), &message)
            })?;
        }
        set(&mut settings.accessible, self.accessible);
        settings.tool_env = self.tools.env.unwrap_or_default();
        set(&mut settings.mouse, self.mouse);
        set(&mut settings.pictures, self.pictures);
        let chords = |chords| match chords {
            Chords::One(chord) => vec![chord],
            Chords::Many(chords) => chords,
        };
        settings.keys = self.keys.into_iter().map(|(action, own)| (action, chords(own))).collect();
        Ok(settings)
    }
}

impl TelemetryTable {
    /// Reads the settings of the collector. `error` tells of the mistake at a path.
    fn read(self, error: &impl Fn(&[&str], &str) -> StoreError) -> Result<TelemetrySettings, StoreError> {
        let endpoint = self.endpoint.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        let mut telemetry = TelemetrySettings { endpoint, ..TelemetrySettings::default() };
        if telemetry.endpoint.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(error(&["telemetry", "endpoint"], "`endpoint` is an address, such as http://127.0.0.1:4318"));
        }
        set(&mut telemetry.content, self.content);
        set(&mut telemetry.service, self.service);
        for header in self.headers.unwrap_or_default() {
            let Some((name, value)) = header.split_once('=') else {
                return Err(error(&["telemetry", "headers"], "a header is `NAME=VALUE`, or `NAME=env:VARIABLE`"));
            };
            telemetry.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(telemetry)
    }
}

impl ServeTable {
    /// Reads the settings of the endpoint for programs. `error` tells of the mistake at a path.
    fn read(self, error: &impl Fn(&[&str], &str) -> StoreError) -> Result<ServeSettings, StoreError> {
        let mut serve = ServeSettings::default();
        set(&mut serve.host, self.host);
        set(&mut serve.port, self.port);
        set(&mut serve.hosts, self.hosts);
        set(&mut serve.fallback, self.fallback);
        serve.checks = self.checks.filter(|name| !name.trim().is_empty());
        set(&mut serve.enforce, self.enforce);
        set(&mut serve.body, self.max_body_bytes);
        set(&mut serve.head, self.max_head_bytes);
        set(&mut serve.connections, self.max_connections);
        set(&mut serve.calls, self.max_calls);
        if serve.host.parse::<std::net::IpAddr>().is_err() {
            return Err(error(&["serve", "host"], "`host` is an address of numbers, such as 127.0.0.1 or ::1"));
        }
        at_least_one(error, "serve", "max_body_bytes", serve.body)?;
        if serve.head < 8192 {
            return Err(error(&["serve", "max_head_bytes"], "`max_head_bytes` must be at least 8192"));
        }
        at_least_one(error, "serve", "max_connections", serve.connections)?;
        at_least_one(error, "serve", "max_calls", serve.calls)?;
        for (key, place, wait) in [
            ("head_timeout", &mut serve.head_timeout, self.head_timeout),
            ("body_timeout", &mut serve.body_timeout, self.body_timeout),
            ("idle_timeout", &mut serve.idle_timeout, self.idle_timeout),
        ] {
            set(place, wait.map(|wait| wait.0));
            if place.is_zero() {
                return Err(error(&["serve", key], &zero(key)));
            }
        }
        set(&mut serve.stop_timeout, self.stop_timeout.map(|wait| wait.0));
        Ok(serve)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn at_least_one<N: Copy + PartialEq + From<u8>>(
    error: &impl Fn(&[&str], &str) -> StoreError,
    table: &str,
    key: &str,
    value: N,
) -> Result<(), StoreError> {
    if value == N::from(0) { Err(error(&[table, key], &format!("`{key}` must be at least 1"))) } else { Ok(()) }
}
