//! Prompt versions at the bench: walked through, restored, forked, named, put into a lane.

use jiff::Timestamp;

use crate::{
    app::{
        ask,
        context::Cx,
        intent::{Intent, OncePut, OverlayIntent},
        notices::Tone,
        overlays::versions::{VERSIONS, Versions},
        prompt_version::{PlacedVersion, VersionPosition},
        workbench::{Focus, MAX_LANES, Workbench, undo::UndoStep},
    },
    model::{CacheMode, LaneSpec, Prompt, VersionId, session::Pinned},
    pipeline::ports::RunRecord,
    store::api::{Lineage, Over, VersionEntry},
    text::format::ago,
};

/// What follows once nothing that is on the bench can be lost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum After {
    /// The next older or newer version comes onto the bench.
    Walk { older: bool },
    /// The overlay of versions is filled.
    List,
    /// A version comes onto the bench, and something follows.
    Put { version: PlacedVersion, then: OncePut },
    /// A run on record comes onto the bench, and is run there if so.
    Reopen { record: Box<RunRecord>, run: bool },
}

impl Workbench {
    /// Returns whose versions those on the bench are.
    #[must_use]
    pub fn lineage(&self) -> Lineage {
        self.prompt_name.clone().map_or_else(|| Lineage::Session(self.session.clone()), Lineage::Prompt)
    }

    /// Puts a version on the bench.
    pub fn put_version(&mut self, version: PlacedVersion) {
        let Prompt {
            description: _,
            targets: _,
            fallback: _,
            system: _,
            user: _,
            messages: _,
            tools: _,
            tool_choice: _,
            parallel_tool_calls: _,
            max_rounds: _,
            params,
            response,
            checks,
        } = &*version.prompt;
        self.messages.put(&version.prompt);
        self.history.clear(&self.messages);
        self.schema_draft = None;
        self.focus_on(self.focus);
        self.params.clone_from(params);
        self.response.clone_from(response);
        self.checks.clone_from(checks);
        self.tools = version.prompt.tool_set();
        self.version = Some(version);
        self.touch();
    }

    /// Notes that the bench was run, and returns the version it was edited from, if that is known.
    pub fn ran(&mut self, prompt: &Prompt) -> Option<VersionId> {
        let ran = PlacedVersion::of_run(prompt);
        if self.version.as_ref().is_some_and(|version| version.id == ran.id) {
            return None;
        }
        self.version.replace(ran).map(|version| version.id)
    }
}

impl Workbench {
    /// Goes to the next older or newer version.
    pub(crate) fn walk(&mut self, older: bool, cx: &mut Cx<'_, Self>) {
        self.keep_then(After::Walk { older }, cx);
    }

    /// Opens the list of versions.
    pub(crate) fn open_versions(&mut self, cx: &mut Cx<'_, Self>) {
        cx.open(Versions::new(&self.prompt(), self.prompt_name.as_deref()));
        self.keep_then(After::List, cx);
    }

    /// Keeps what is on the bench as a version, if it is none yet, and goes on when that is done.
    pub(crate) fn keep_then(&mut self, after: After, cx: &mut Cx<'_, Self>) {
        let prompt = self.prompt();
        let known = self.version.as_ref().is_some_and(|version| version.id == VersionId::of(&prompt));
        if known || (prompt.system.is_empty() && prompt.messages.is_empty() && prompt.user.is_empty()) {
            self.go_on(after, cx);
            return;
        }
        let parent = self.version.as_ref().map(|version| version.id.clone());
        let ask = ask::keep_version(prompt, self.lineage(), parent, cx.shared.now.time);
        cx.ask(ask, after, |bench, after, stored, cx| match stored {
            Ok(_) => bench.go_on(after, cx),
            Err(error) => {
                cx.send(Intent::Overlay(OverlayIntent::CloseVersions));
                cx.say(Tone::Error, &error.message);
            }
        });
    }

    /// Goes on after what was on the bench is kept.
    fn go_on(&mut self, after: After, cx: &mut Cx<'_, Self>) {
        match after {
            After::Walk { older } => {
                let ask = ask::list_versions(self.lineage(), VERSIONS);
                cx.ask(ask, older, |bench, older, entries, cx| match entries {
                    Ok(entries) => bench.step_version(older, &entries, cx),
                    Err(error) => cx.say(Tone::Error, &error.message),
                });
            }
            After::List => cx.send(Intent::Overlay(OverlayIntent::ListVersions(self.lineage()))),
            After::Reopen { record, run } => self.put_run(*record, run, cx),
            After::Put { version, then } => self.put_and(version, then, cx),
        }
    }

    /// Puts a version on the bench, and does what follows.
    fn put_and(&mut self, version: PlacedVersion, then: OncePut, cx: &mut Cx<'_, Self>) {
        let place = version.place.clone();
        let (state, before) = (self.prompt_state(false), self.revision());
        self.put_version(version);
        self.note_change(state, before);
        if let Some(place) = place {
            let says = position(&place, cx.shared.now.time);
            cx.say(Tone::Info, &says);
        }
        match then {
            OncePut::Nothing => {}
            OncePut::SaveAs(name) => self.save_prompt(name, Over::Nothing, cx),
            OncePut::Run => self.run_all(CacheMode::On, cx),
        }
    }

    fn step_version(&mut self, older: bool, entries: &[VersionEntry], cx: &mut Cx<'_, Self>) {
        let present = VersionId::of(&self.prompt());
        let at = entries.iter().position(|entry| entry.id == present);
        let to = match (at, older) {
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => at.checked_sub(1),
            (None, older) => older.then_some(0),
        };
        match to.and_then(|to| Some((to, entries.get(to)?))) {
            Some((to, entry)) => {
                self.put_and(PlacedVersion::of_entry(to, entries.len(), entry), OncePut::Nothing, cx);
            }
            None if entries.is_empty() => cx.say(Tone::Info, "no versions yet; each prompt that is run becomes one"),
            None => {
                let which = if older { "oldest" } else { "newest" };
                cx.say(Tone::Info, &format!("this is the {which} of {} versions", entries.len()));
            }
        }
    }

    /// Gives a version a name, and has the list show it.
    pub(crate) fn name_version(version: VersionId, name: String, cx: &mut Cx<'_, Self>) {
        cx.ask(ask::name_version(version, name, cx.shared.now.time), (), |bench, (), named, cx| match named {
            Ok(_) => cx.send(Intent::Overlay(OverlayIntent::ListVersions(bench.lineage()))),
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }

    /// Adds a lane that runs a version, beside the one that has the keys and with its model.
    pub(crate) fn add_pinned_lane(&mut self, pinned: Pinned, cx: &mut Cx<'_, Self>) {
        if self.lanes.len() >= MAX_LANES {
            cx.say(Tone::Info, &format!("{MAX_LANES} lanes fit at most; close one first"));
            return;
        }
        cx.send(Intent::Overlay(OverlayIntent::CloseVersions));
        let beside = self.lane().map(|lane| lane.spec.clone()).unwrap_or_default();
        let lane = self.new_lane(LaneSpec { pinned: Some(pinned), ..beside });
        let at = (self.lane_at() + 1).min(self.lanes.len());
        let before = self.revision();
        self.lanes.insert(at, lane);
        self.touch();
        self.note_change(UndoStep::AddedLane { at }, before);
        self.focus_on(Focus::Lane(at));
    }
}

/// Says where a version stands.
fn position(place: &VersionPosition, now: Timestamp) -> String {
    let name = place.name.as_ref().map(|name| format!(" · {name}")).unwrap_or_default();
    format!("version {}/{}, {}{name}", place.number, place.of, ago(place.made, now))
}
