//! Prompt versions at the bench: walked through, restored, forked, named, put into a lane.

use jiff::Timestamp;

use crate::{
    app::{
        App,
        overlays::versions::Versions,
        status_bar::Tone,
        store_request::Pending,
        workbench::{Focus, Workbench, reopen},
    },
    model::{LaneSpec, Prompt, VersionId, session::Pinned},
    pipeline::ports::RunRecord,
    store::api::{Lineage, Over, StoreRequest, VersionEntry},
    text::format::ago,
};

/// Versions that are listed and walked through, at most.
const MOST: usize = 200;

/// The version that is on the bench, or that its prompt is edited from.
#[derive(Debug, Clone, PartialEq)]
pub struct Stand {
    /// Its hash.
    pub id: VersionId,
    /// Where it stands among the versions; none for one that was just run.
    pub place: Option<VersionPosition>,
    /// What it holds.
    pub prompt: Box<Prompt>,
    /// Whether the bench has something else by now.
    pub edited: bool,
}

/// The place of a version among all of its prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionPosition {
    /// Counted from 1, the oldest.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// When it was run first.
    pub made: Timestamp,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// What follows once nothing that is on the bench can be lost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum After {
    /// The next older or newer version comes onto the bench.
    Walk { older: bool },
    /// The overlay of versions is filled.
    List,
    /// A version comes onto the bench, and is saved under another name if there is one.
    Put { stand: Stand, name: Option<String> },
    /// A run on record comes onto the bench, and is run there if so.
    Reopen { record: Box<RunRecord>, run: bool },
}

impl Workbench {
    /// Returns whose versions those on the bench are.
    #[must_use]
    pub fn lineage(&self) -> Lineage {
        self.prompt_name.clone().map_or_else(|| Lineage::Session(self.session.clone()), Lineage::Prompt)
    }

    /// Puts a version on the bench. Where it has as many messages by the same roles, that is an edit
    /// of each, which can be taken back.
    pub fn put_version(&mut self, stand: Stand) {
        let Prompt {
            description: _,
            targets: _,
            fallback: _,
            system: _,
            user: _,
            messages: _,
            params,
            response,
            checks,
        } = &*stand.prompt;
        self.messages.put(&stand.prompt);
        if let Focus::Message(at) = self.focus {
            self.focus_on(Focus::Message(at.min(self.messages.count() - 1)));
        }
        self.params.clone_from(params);
        self.response.clone_from(response);
        self.checks.clone_from(checks);
        self.stand = Some(stand);
        self.touch();
    }

    /// Notes that the bench was run, and returns the version it was edited from, if that is known.
    pub fn ran(&mut self, prompt: &Prompt) -> Option<VersionId> {
        let id = VersionId::of(prompt);
        match &self.stand {
            Some(stand) if stand.id == id => None,
            _ => {
                let prompt = Box::new(prompt.version());
                self.stand.replace(Stand { id, place: None, prompt, edited: false }).map(|stand| stand.id)
            }
        }
    }
}

impl App {
    /// Goes to the next older or newer version.
    pub(crate) fn walk(&mut self, older: bool) {
        self.keep_then(After::Walk { older });
    }

    /// Opens the list of versions.
    pub(crate) fn open_versions(&mut self) {
        self.open(Versions::new(&self.bench.prompt()));
        self.keep_then(After::List);
    }

    /// Keeps what is on the bench as a version, if it is none yet, and goes on when that is done.
    pub(crate) fn keep_then(&mut self, after: After) {
        let prompt = self.bench.prompt();
        let known = self.bench.stand.as_ref().is_some_and(|stand| stand.id == VersionId::of(&prompt));
        if known || (prompt.system.is_empty() && prompt.messages.is_empty() && prompt.user.is_empty()) {
            self.kept(after);
            return;
        }
        let parent = self.bench.stand.as_ref().map(|stand| stand.id.clone());
        let job = StoreRequest::KeepVersion {
            prompt: Box::new(prompt),
            of: self.bench.lineage(),
            parent,
            at: self.shared.now.time,
        };
        self.ask_store(job, Pending::Keep(after));
    }

    /// Goes on after what was on the bench is kept.
    pub(crate) fn kept(&mut self, after: After) {
        match after {
            After::Walk { .. } | After::List => {
                let job = StoreRequest::ListVersions { of: self.bench.lineage(), limit: MOST };
                self.ask_store(job, Pending::Versions(after));
            }
            After::Reopen { record, run } => reopen::put(self, *record, run),
            After::Put { stand, name } => {
                let place = stand.place.clone();
                self.bench.put_version(stand);
                match (name, place) {
                    (Some(name), _) => self.save_prompt(name, Over::Nothing),
                    (None, Some(place)) => self.say(Tone::Info, &self.describe(&place)),
                    (None, None) => {}
                }
            }
        }
    }

    /// Takes the list of versions in.
    pub(crate) fn versions_listed(&mut self, after: &After, entries: Vec<VersionEntry>) {
        match after {
            After::Walk { older } => self.step_version(*older, &entries),
            After::List | After::Put { .. } | After::Reopen { .. } => {
                if let Some(versions) = self.find_overlay::<Versions>() {
                    versions.fill(entries);
                }
            }
        }
    }

    fn step_version(&mut self, older: bool, entries: &[VersionEntry]) {
        let present = VersionId::of(&self.bench.prompt());
        let at = entries.iter().position(|entry| entry.id == present);
        let to = match (at, older) {
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => at.checked_sub(1),
            (None, older) => older.then_some(0),
        };
        match to.and_then(|to| Some((to, entries.get(to)?))) {
            Some((to, entry)) => {
                self.kept(After::Put { stand: stand(to, entries.len(), entry), name: None });
            }
            None if entries.is_empty() => self.say(Tone::Info, "no versions yet; each prompt that is run becomes one"),
            None => {
                let which = if older { "oldest" } else { "newest" };
                self.say(Tone::Info, &format!("this is the {which} of {} versions", entries.len()));
            }
        }
    }

    /// Says where a version stands.
    fn describe(&self, place: &VersionPosition) -> String {
        let name = place.name.as_ref().map(|name| format!(" · {name}")).unwrap_or_default();
        let made = ago(place.made, self.shared.now.time);
        format!("version {}/{}, {made}{name}", place.number, place.of)
    }

    /// Shows the versions anew, after one was named.
    pub(crate) fn list_versions_again(&mut self) {
        if self.find_overlay::<Versions>().is_some() {
            self.kept(After::List);
        }
    }

    /// Adds a lane that runs a version, beside the one that has the keys and with its model.
    pub(crate) fn add_pinned_lane(&mut self, pinned: Pinned) {
        let beside = self.bench.lane().map(|lane| lane.spec.clone()).unwrap_or_default();
        let lane = self.bench.new_lane(LaneSpec { pinned: Some(pinned), ..beside });
        let at = (self.bench.lane_at() + 1).min(self.bench.lanes.len());
        self.bench.lanes.insert(at, lane);
        self.bench.touch();
        self.bench.focus_on(Focus::Lane(at));
    }
}

/// Describes a version as one that can be put on the bench, given its place among so many, the newest first.
pub(crate) fn stand(at: usize, of: usize, entry: &VersionEntry) -> Stand {
    let place = VersionPosition { number: of - at, of, made: entry.made, name: entry.name.clone() };
    Stand { id: entry.id.clone(), place: Some(place), prompt: Box::new(entry.prompt.clone()), edited: false }
}
