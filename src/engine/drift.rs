//! Where models are named that go soon: in prompts, as fallbacks, as judges, in baselines and settings.

use std::{collections::BTreeSet, fmt};

use jiff::{Span, civil::Date, tz::TimeZone};
use serde::Serialize;

use crate::{
    config::CONFIG_FILE,
    engine::Workspace,
    model::{Check, Prompt, Session, Target, error::StoreError},
    store::{baselines, prompts},
};

/// The days within which it is said that a model goes.
pub const SOON: i64 = 90;

/// What a model is named as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// What a prompt is sent to.
    Target,
    /// What a prompt falls back on.
    Fallback,
    /// What judges a prompt's answers.
    Judge,
    /// What a prompt's baseline is of.
    Baseline,
    /// What the settings name by default, or give a name of its own.
    Setting,
}

impl ModelRole {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Fallback => "fallback",
            Self::Judge => "judge",
            Self::Baseline => "baseline",
            Self::Setting => "setting",
        }
    }
}

/// A model that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeavingModel {
    /// The name it is asked by.
    pub target: String,
    /// Its name on the wire.
    pub model: String,
    /// The day, `YYYY-MM-DD`.
    pub day: String,
    /// Days left; less than 0 where it is gone.
    pub days: i64,
    /// Whether the vendor says no more than that it does not go before that day.
    pub earliest: bool,
    /// The name of what follows it; none where nobody recommends anything.
    pub successor: Option<String>,
}

impl fmt::Display for LeavingModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, day, days, earliest, successor, .. } = self;
        let not_before = if *earliest { ", not before" } else { "" };
        match days {
            ..0 => write!(f, "{target} was shut down on {day}")?,
            0 => write!(f, "{target} goes today{not_before} ({day})")?,
            1 => write!(f, "{target} goes in 1 day{not_before} ({day})")?,
            days => write!(f, "{target} goes in {days} days{not_before} ({day})")?,
        }
        match successor {
            Some(next) => write!(f, "; {next} follows it"),
            None => f.write_str("; nobody recommends a successor"),
        }
    }
}

/// A place where a model is named that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeavingUse {
    /// The prompt's name, or the setting's.
    pub place: String,
    pub role: ModelRole,
    #[serde(flatten)]
    pub leaving: LeavingModel,
}

/// The models that go within a time.
pub struct Leaving<'a> {
    workspace: &'a Workspace,
    today: Date,
    within: i64,
    /// The days that providers' lists tell: provider, model, day.
    served: BTreeSet<(String, String, String)>,
}

impl<'a> Leaving<'a> {
    /// Looks from a day, so many days ahead.
    #[must_use]
    pub fn new(workspace: &'a Workspace, today: Date, within: i64) -> Self {
        let (facts, _) = workspace.model_facts();
        let mut served = BTreeSet::new();
        for (provider, list) in facts.served {
            let of = |model: crate::model::model_list::ServedModel| Some((provider.clone(), model.id, model.shutdown?));
            served.extend(list.into_iter().filter_map(of));
        }
        Self { workspace, today, within, served }
    }

    /// Tells whether a model that is named goes within the time. A name that nobody knows does not.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<LeavingModel> {
        let target = self.workspace.catalog.resolve(name).ok()?;
        let day = self.day(&target)?;
        let days = days_between(self.today, day.parse().ok()?);
        (days <= self.within).then(|| LeavingModel {
            target: name.to_owned(),
            model: target.model.clone(),
            day,
            days,
            earliest: target.vendor().is_some_and(|vendor| vendor.name == "google"),
            successor: self.successor(&target, name),
        })
    }

    /// Returns the day on which a model goes, as the provider's list or else the table says.
    fn day(&self, target: &Target) -> Option<String> {
        let own =
            |(provider, model, _): &&(String, String, String)| *provider == target.provider && *model == target.model;
        let listed = self.served.iter().find(own).map(|(.., day)| day.clone());
        // A vendor's calendar does not bind somebody else's endpoint, whose own list does.
        listed.or_else(|| target.card.shutdown.clone().filter(|_| !target.custom_endpoint))
    }

    /// Finds the name of the model that follows one: its successor, or the successor's where that goes within the time, too.
    fn successor(&self, target: &Target, name: &str) -> Option<String> {
        let vendor = target.vendor().map_or("", |vendor| vendor.name.as_str());
        let catalog = &self.workspace.catalog;
        let mut passed = BTreeSet::new();
        let mut next = target.card.successor.as_deref()?;
        let stays = loop {
            if !passed.insert(next) {
                return None;
            }
            let card = catalog.card(vendor, next)?;
            let day = card.shutdown.as_deref().and_then(|day| day.parse().ok());
            if day.is_none_or(|day| days_between(self.today, day) > self.within) {
                break next;
            }
            next = card.successor.as_deref()?;
        };
        // By its bare name where that leads to the same provider, and where the model itself is named so.
        let bare = catalog.resolve(stays).is_ok_and(|other| other.provider == target.provider);
        let slash = format!("{}/{stays}", target.provider);
        Some(if bare && !name.contains('/') { stays.to_owned() } else { slash })
    }

    /// Lists where models are named that go, by their days: in the prompts that have a file, in their baselines, and in the
    /// settings. A prompt that cannot be read is left out: `prompts list` and `doctor` tell it.
    pub fn uses(&self) -> Result<Vec<LeavingUse>, StoreError> {
        let places = &self.workspace.places;
        let mut uses = Vec::new();
        for entry in prompts::list(places)?.into_iter().filter(|entry| entry.valid && !entry.built_in) {
            let Some(file) = prompts::file(places, &entry.name)? else { continue };
            let Ok(Some(prompt)) = prompts::open(&file) else { continue };
            for (role, name) in named(&prompt) {
                self.note(&entry.name, role, &name, &mut uses);
            }
            let path = baselines::path(places, &entry.name, Some(&file));
            let baseline = baselines::read(places, &path).ok().flatten().unwrap_or_default();
            let targets: BTreeSet<&str> = baseline.lines().map(|line| line.target.as_str()).collect();
            for target in targets {
                self.note(&entry.name, ModelRole::Baseline, target, &mut uses);
            }
        }
        let settings = &self.workspace.settings;
        // One that nobody has set follows its successor by itself.
        let default = settings.default_is_set.then_some(("default_model", settings.default_model.as_str()));
        let judge = settings.judge.as_deref().map(|judge| ("judge", judge));
        for (key, name) in default.into_iter().chain(judge) {
            self.note(&format!("{key} in {CONFIG_FILE}"), ModelRole::Setting, name, &mut uses);
        }
        for name in settings.models.keys() {
            self.note(&format!("[models.{name}] in {CONFIG_FILE}"), ModelRole::Setting, name, &mut uses);
        }
        uses.sort_by(|one: &LeavingUse, other| {
            (one.leaving.days, &one.place, one.role).cmp(&(other.leaving.days, &other.place, other.role))
        });
        Ok(uses)
    }

    fn note(&self, place: &str, role: ModelRole, name: &str, uses: &mut Vec<LeavingUse>) {
        if let Some(leaving) = self.model(name) {
            let new = LeavingUse { place: place.to_owned(), role, leaving };
            if !uses.contains(&new) {
                uses.push(new);
            }
        }
    }

    /// Says what the lanes of a session ask that goes, each model once.
    #[must_use]
    pub fn of_session(&self, session: &Session) -> Vec<LeavingModel> {
        let mut found: Vec<LeavingModel> = Vec::new();
        let lanes = session.lanes.iter().map(|lane| lane.target.as_str());
        let others = session.prompt.fallback.iter().map(String::as_str);
        for leaving in lanes.chain(others).filter_map(|name| self.model(name)) {
            if !found.contains(&leaving) {
                found.push(leaving);
            }
        }
        found
    }
}

/// Says in a line for each model that goes soon where it is named, as `doctor` and the list of prompts do.
#[must_use]
pub fn sentences(workspace: &Workspace) -> Vec<String> {
    let today = workspace.started.to_zoned(TimeZone::UTC).date();
    let uses = Leaving::new(workspace, today, SOON).uses().unwrap_or_default();
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for own in uses {
        let words = own.leaving.to_string();
        match lines.iter_mut().find(|(known, _)| *known == words) {
            Some((_, places)) if places.contains(&own.place) => {}
            Some((_, places)) => places.push(own.place),
            None => lines.push((words, vec![own.place])),
        }
    }
    let line =
        |(words, places): (String, Vec<String>)| format!("{words} (in {}); `retort drift` tries it", places.join(", "));
    lines.into_iter().map(line).collect()
}

/// Lists the models that a prompt names, with what it names each as.
fn named(prompt: &Prompt) -> Vec<(ModelRole, String)> {
    let targets = prompt.targets.iter().map(|name| (ModelRole::Target, name.clone()));
    let fallbacks = prompt.fallback.iter().map(|name| (ModelRole::Fallback, name.clone()));
    let judges = prompt.checks.iter().filter_map(Check::judge_name).filter(|name| !name.is_empty());
    targets.chain(fallbacks).chain(judges.map(|name| (ModelRole::Judge, name.to_owned()))).collect()
}

/// Counts the days from one to another; less than 0 where that is past.
fn days_between(from: Date, to: Date) -> i64 {
    let between = from.until((jiff::Unit::Day, to)).unwrap_or_else(|_| Span::new());
    i64::from(between.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_one_that_is_given() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (to, days) in
            [("2026-11-30", 0), ("2026-12-01", 1), ("2027-01-14", 45), ("2026-11-29", -1), ("2028-02-29", 456)]
        {
            assert_eq!(days_between(day("2026-11-30"), day(to)), days, "{to}");
        }
    }

    #[test]
    fn it_is_said_when_a_model_goes_and_what_follows_it() {
        let leaving = |days, earliest, successor: Option<&str>| LeavingModel {
            target: "a".to_owned(),
            model: "a".to_owned(),
            day: "2027-01-14".to_owned(),
            days,
            earliest,
            successor: successor.map(str::to_owned),
        };
        for (own, words) in [
            (leaving(45, false, Some("b")), "a goes in 45 days (2027-01-14); b follows it"),
            (leaving(1, true, None), "a goes in 1 day, not before (2027-01-14); nobody recommends a successor"),
            (leaving(-3, false, Some("b")), "a was shut down on 2027-01-14; b follows it"),
            (leaving(0, false, Some("b")), "a goes today (2027-01-14); b follows it"),
        ] {
            assert_eq!(own.to_string(), words);
        }
    }
}
