//! The models a lane can have, in columns: names, prices, what is gone, and any `provider/model` that is typed.
//!
//! Below them stands what the accounts of the chosen one's provider use of their limits, which can be moved.

use std::fmt::Write as _;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{Action, OverlayAction, Verb},
        context::{Scene, Shared},
        intent::{BenchIntent, Intent, ModelFor},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
    },
    model::{
        Price, Target,
        model_card::PriceSource,
        model_list::{Availability, ModelEntry, ModelFacts, model_list},
    },
    pipeline::{AccountState, KeyState, Readiness},
    present::Tone,
    text::{
        SanitizedText, clean_line,
        format::{count, per_million},
        width,
    },
    widgets::{
        interactive::Interactive,
        line_input::LineInput,
        pick_list::{PickItem, PickList, list},
        table::{fitted, left, right},
        theme::Role,
    },
};

/// Returns how many calls each account may have under way after a step up or down, at least one;
/// `None` where there is no account, or no limit and nothing to take away from. Without a limit a
/// step down begins from what is under way.
fn changed(accounts: &[&AccountState], by: isize) -> Option<usize> {
    let now = accounts.first()?.limits.concurrency;
    let most = match now {
        Some(most) => most.saturating_add_signed(by),
        None if by < 0 => accounts.iter().map(|account| account.under_way).max()?,
        None => return None,
    };
    Some(most.max(1))
}

/// Says in words what an account uses: calls under way and waiting, what is left of the minute,
/// how long it rests.
#[must_use]
pub fn usage(state: &AccountState, now: Timestamp) -> String {
    let AccountState { account, under_way, waiting, concurrency, requests, tokens, rests, limits, provider: _ } = state;
    let mut text = if account.is_empty() { String::new() } else { format!("{account} ") };
    let _ = match concurrency {
        Some(room) => write!(text, "{under_way} of {room} at once"),
        None => write!(text, "{under_way} at once, no limit"),
    };
    if let Some(most) = limits.concurrency.filter(|most| Some(*most) != *concurrency) {
        let _ = write!(text, " (of {most}: it was overrun)");
    }
    if *waiting > 0 {
        let _ = write!(text, ", {waiting} waiting");
    }
    if let Some(most) = limits.requests_per_minute {
        let left = u64::from(most).saturating_sub(*requests as u64);
        let _ = write!(text, ", {left} of {most} requests left");
    }
    if let Some(most) = limits.tokens_per_minute {
        let _ = write!(text, ", {} of {most} tokens left", most.saturating_sub(*tokens));
    }
    if let Some(until) = rests {
        let _ = write!(text, ", rests {} s", until.as_second().saturating_sub(now.as_second()).max(0));
    }
    text
}

/// The list of models.
#[derive(Debug, Clone)]
pub struct Models {
    /// What the chosen one is for.
    pub what: ModelFor,
    /// The models that can be named.
    pub choice: PickList<ModelEntry>,
    /// The present one.
    present: String,
    /// What the list was made of.
    facts: ModelFacts,
}

impl Models {
    /// Lists every model that can be named, with the present one chosen.
    #[must_use]
    pub fn new(what: ModelFor, present: &str, shared: &Shared) -> Self {
        let (choice, facts) = (PickList::new(Vec::new()), ModelFacts::default());
        let mut models = Self { what, choice, present: present.to_owned(), facts };
        models.fill(shared);
        models.choice.choose_where(|entry| entry.target.name == present);
        models
    }

    /// Lists the models by what is known by now, and chooses the one that was chosen.
    fn fill(&mut self, shared: &Shared) {
        let today = shared.today();
        let chosen = self.choice.chosen().map(|item| item.value.target.name.clone());
        self.facts.clone_from(&shared.model_facts);
        let mut facts = self.facts.clone();
        // The present one stands there too, whoever knows it.
        if !facts.recent.contains(&self.present) {
            facts.recent.insert(0, self.present.clone());
        }
        let entries = model_list(&shared.catalog, &facts, &today);
        self.choice.refill(entries.into_iter().map(|entry| item(entry, &today)).collect());
        if let Some(chosen) = chosen {
            self.choice.choose_where(|entry| entry.target.name == chosen);
        }
    }

    /// Returns the name that is taken: the chosen one, or what was typed where the list has nothing
    /// like it or that is a whole `provider/model`.
    fn taken(&self) -> Option<String> {
        let typed = self.choice.query.text().trim().to_owned();
        let whole = typed.contains(['/', ':']) && !self.choice.shown().any(|item| item.label == typed);
        match self.choice.chosen() {
            Some(item) if !whole => Some(item.label.clone()),
            _ => Some(typed).filter(|typed| !typed.is_empty()),
        }
    }
}

fn item(entry: ModelEntry, today: &str) -> PickItem<ModelEntry> {
    let target = &entry.target;
    let what = if target.is_demo() { "demonstration, no key and no network".to_owned() } else { note(&entry, today) };
    let (label, detail) = (target.name.clone(), format!("{} {what}", target.provider));
    let only_when_searched = entry.only_when_searched();
    let usable = entry.availability == Availability::Ready;
    PickItem { usable, only_when_searched, ..PickItem::new(entry, label, detail) }
}

/// Says what should be known of a target before it is asked: that it is gone or going, and what follows it.
#[must_use]
pub fn warning(target: &Target, today: &str) -> Option<String> {
    if target.custom_endpoint {
        return None;
    }
    let day = target.card.shutdown.as_deref()?;
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!("; {next} follows it"));
    let when = if target.is_retired_on(today) { "retired" } else { "to be shut down" };
    Some(format!("{when} on {day}{successor}"))
}

/// Says in words how a key stands: its label, its account where that has another name, and its state.
#[must_use]
pub fn key_status(key: &KeyState, now: Timestamp) -> String {
    let account = if key.account == key.label { String::new() } else { format!(" (account {})", key.account) };
    let left = |until: Timestamp| until.as_second().saturating_sub(now.as_second()).max(0);
    let state = match &key.state {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Cooling { until } => format!("rests {} s", left(*until)),
        Readiness::Retired { until, why } if *until > now => format!("rests {} s: {why}", left(*until)),
        Readiness::Retired { why, .. } => format!("is tried again: {why}"),
    };
    format!("{}{account} {state}", key.label)
}

/// Says how the keys of a provider stand; nothing where it has none.
#[must_use]
pub fn keys_of(shared: &Shared, provider: &str) -> Option<SanitizedText> {
    let own = shared.key_states.iter().filter(|key| key.provider == provider);
    let states: Vec<String> = own.map(|key| key_status(key, shared.now.time)).collect();
    (!states.is_empty()).then(|| clean_line(&states.join(" · ")))
}

/// Says what the accounts of a provider use of their limits; nothing where it has none.
#[must_use]
pub fn accounts_of(shared: &Shared, provider: &str) -> Option<SanitizedText> {
    let own = shared.accounts.iter().filter(|account| account.provider == provider);
    let used: Vec<String> = own.map(|account| usage(account, shared.now.time)).collect();
    (!used.is_empty()).then(|| clean_line(&used.join(" · ")))
}

/// Columns of the provider, of either price, of the context, and of the price's day.
const PROVIDER: usize = 12;
const PRICE: usize = 6;
const CONTEXT: usize = 7;
const DAY: usize = 10;

/// Rows below the list: the keys of the chosen model's provider, and what its accounts use.
const FEET: u16 = 2;

/// Columns that say when a model ends and what follows it.
const NOTE: usize = 28;

/// Which columns there is room for. Name and note are always there.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a column of its own")]
struct Columns {
    name: usize,
    provider: bool,
    prices: bool,
    context: bool,
    day: bool,
}

impl Columns {
    /// Gives the note its room first, then the prices, the provider, the context, the prices' day.
    fn new(room: usize) -> Self {
        let name = room.saturating_sub(NOTE + 4).clamp(12, 24);
        let mut left = room.saturating_sub(name + 4 + NOTE);
        let mut has = |columns: usize| {
            let fits = left >= columns;
            left = if fits { left - columns } else { 0 };
            fits
        };
        let (prices, provider) = (has(2 * PRICE + 2), has(PROVIDER + 1));
        let (context, day) = (has(CONTEXT + 1), has(DAY + 2));
        Self { name: name + left.min(2), provider, prices, context, day }
    }

    /// Sets the cells that there is room for, the note left out.
    fn set(self, cells: &Cells<'_>) -> String {
        let mut out = String::new();
        if self.provider {
            let _ = write!(out, " {}", left(cells.provider, PROVIDER));
        }
        if self.prices {
            let _ = write!(out, " {} {}", right(cells.price_in, PRICE), right(cells.price_out, PRICE));
        }
        if self.context {
            let _ = write!(out, " {}", right(cells.context, CONTEXT));
        }
        if self.day {
            let _ = write!(out, "  {}", left(cells.day, DAY));
        }
        out
    }
}

/// What the columns between name and note hold.
struct Cells<'a> {
    provider: &'a str,
    price_in: &'a str,
    price_out: &'a str,
    context: &'a str,
    day: &'a str,
}

const HEADS: Cells<'_> =
    Cells { provider: "provider", price_in: "$/M in", price_out: "out", context: "context", day: "price of" };

impl Models {
    /// Has the provider of the chosen model be sent more calls at once, or fewer, on each account.
    fn changed_calls(&self, by: isize, cx: OverlayCx<'_>) -> Option<After> {
        let provider = self.choice.chosen()?.value.target.provider.clone();
        let own: Vec<&AccountState> =
            cx.shared.accounts.iter().filter(|account| account.provider == provider).collect();
        let most = changed(&own, by)?;
        Some(After::StayAnd(Intent::SetConcurrency { provider, most }))
    }

    /// Has the chosen model come first, or no longer.
    fn turn_favourite(&self) -> Option<After> {
        let entry = &self.choice.chosen()?.value;
        let (model, favourite) = (entry.target.name.clone(), !entry.favourite);
        Some(After::StayAnd(Intent::SetFavourite { model, favourite }))
    }
}

impl OverlayPart for Models {
    fn title(&self) -> &'static str {
        match self.what {
            ModelFor::Lane(_) => "Model of this lane",
            ModelFor::NewLane => "Model of the new lane",
        }
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.span(self.choice.len().to_string(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((110, 30))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let calls = [Action::Verb(Verb::MoreCalls), Action::Verb(Verb::FewerCalls)]
            .map(|action| scene.key_where(action, false))
            .join(" ");
        vec![
            hint(scene, Verb::Accept, "takes it"),
            arrows("choose"),
            hint(scene, OverlayAction::Favourite, "favourite"),
            ("provider/model".to_owned(), "typed too".to_owned()),
            (calls, "calls".to_owned()),
        ]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    /// Chooses a model; the first row has the heads.
    fn click(&mut self, row: usize) -> bool {
        row.checked_sub(1).is_some_and(|row| self.choice.click(row))
    }

    fn change_calls(&mut self, by: isize, cx: OverlayCx<'_>) -> After {
        self.changed_calls(by, cx).unwrap_or(After::Stay)
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match action {
            OverlayAction::Favourite => self.turn_favourite().unwrap_or(After::Stay),
            OverlayAction::Judge
            | OverlayAction::NameVersion
            | OverlayAction::ForkVersion
            | OverlayAction::VersionLane
            | OverlayAction::AddCheck
            | OverlayAction::ToggleCheck
            | OverlayAction::RemoveCheck
            | OverlayAction::UndoCheck
            | OverlayAction::RedoCheck
            | OverlayAction::ChangedAnswers
            | OverlayAction::MoveThreshold
            | OverlayAction::SaveChecks => After::Stay,
        }
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        let Some(target) = self.taken() else {
            return After::Stay;
        };
        if let Err(unknown) = cx.shared.catalog.resolve(&target) {
            return After::StayAnd(Intent::Say(Tone::Error, unknown.to_string()));
        }
        After::CloseAnd(Intent::Bench(BenchIntent::SetModel { of: self.what, target }))
    }

    /// Takes in what has come to be known, and keeps the chosen model in sight between the heads and the feet.
    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        if self.facts != cx.shared.model_facts {
            self.fill(cx.shared);
        }
        self.choice.fit(usize::from(body.height.saturating_sub(1 + FEET)));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let columns = Columns::new(usize::from(body.width).saturating_sub(2));
        let head = format!("    {}{}  note", left("model", columns.name), columns.set(&HEADS));
        buffer.set_line(body.x, body.y, &Line::from(scene.span(head, Role::Quiet)), body.width);
        let rows = Rect { y: body.y.saturating_add(1), height: body.height.saturating_sub(1), ..body };
        if self.choice.is_empty() {
            let typed = self.taken().unwrap_or_default();
            let line = Line::from(vec![
                scene.span("Not in the list; enter asks for it by name: ", Role::Quiet),
                scene.foreign(&typed, Role::Title),
            ]);
            buffer.set_line(rows.x, rows.y, &line, rows.width);
            return;
        }
        if let Some(item) = self.choice.chosen() {
            let provider = &item.value.target.provider;
            let states = [("keys", keys_of(scene.shared, provider)), ("calls", accounts_of(scene.shared, provider))];
            let last = Rect { y: rows.bottom().saturating_sub(FEET), height: rows.height.min(FEET), ..rows };
            let known = states.into_iter().filter_map(|(what, text)| Some((what, text?)));
            for (place, (what, text)) in last.rows().zip(known) {
                let line = fitted(&format!("{what} of {provider}: {}", text.as_str()), usize::from(place.width));
                buffer.set_line(place.x, place.y, &Line::from(scene.span(line, Role::Quiet)), place.width);
            }
        }
        let rows = Rect { height: rows.height.saturating_sub(FEET), ..rows };
        list(&self.choice, rows, scene.theme, buffer, |item, room| row(scene, columns, &item.value, room));
    }
}

fn row(scene: Scene<'_>, columns: Columns, entry: &ModelEntry, room: usize) -> Line<'static> {
    let target = &entry.target;
    let price = target.card.price.as_ref();
    let (each_in, each_out, as_of) = if target.is_demo() {
        ("–".to_owned(), "–".to_owned(), "no key")
    } else {
        let (each_in, each_out) = (price.map(|price| price.input), price.map(|price| price.output));
        let as_of = match price {
            None => "unknown",
            Some(Price { source: PriceSource::Settings, .. }) => "settings",
            Some(price) => price.as_of.as_str(),
        };
        (per_million(each_in), per_million(each_out), as_of)
    };
    let size =
        if target.is_demo() { "–".to_owned() } else { target.card.context.map_or_else(|| "?".to_owned(), count) };
    let usable = entry.availability == Availability::Ready;
    let retired = entry.availability == Availability::Retired;
    let cells =
        Cells { provider: &target.provider, price_in: &each_in, price_out: &each_out, context: &size, day: as_of };
    // A narrow list has no room for what a model cost that nobody can ask any more.
    let cells = if !retired || columns.provider { columns.set(&cells) } else { String::new() };
    let note = note(entry, &scene.shared.today());
    let ends = target.card.shutdown.is_some() && !target.custom_endpoint;
    let (mark, mark_role) = match &entry.availability {
        Availability::Retired => ("✗ ", Role::Fail),
        Availability::Ready if entry.favourite => ("* ", Role::Pass),
        Availability::Ready if ends => ("! ", Role::Wait),
        Availability::Ready | Availability::KeyMissing(_) | Availability::NotServed => ("  ", Role::Quiet),
    };
    let used = 2 + columns.name + width(&cells) + 2;
    let (name_role, role) = if usable { (Role::Title, Role::Text) } else { (Role::Quiet, Role::Quiet) };
    Line::from(vec![
        scene.span(mark, mark_role),
        scene.foreign(&left(&target.name, columns.name), name_role),
        scene.span(cells, role),
        scene.span(format!("  {}", fitted(&note, room.saturating_sub(used))), role),
    ])
}

/// Says why a model cannot be asked, or when its vendor ends it.
fn note(entry: &ModelEntry, today: &str) -> String {
    match &entry.availability {
        Availability::KeyMissing(variable) => format!("set {variable}"),
        Availability::NotServed => format!("not in {}'s list", entry.target.provider),
        Availability::Ready | Availability::Retired => end(&entry.target, today),
    }
}

/// Says when the provider ends a model, and what follows it. Another endpoint is not bound by that.
fn end(target: &Target, today: &str) -> String {
    let Some(day) = target.card.shutdown.as_deref().filter(|_| !target.custom_endpoint) else {
        return String::new();
    };
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!(" → {next}"));
    let when = if target.is_retired_on(today) { "gone" } else { "until" };
    format!("{when} {day}{successor}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::AccountLimits;

    fn state(limits: AccountLimits) -> AccountState {
        AccountState {
            provider: "openai".to_owned(),
            account: "env:K".to_owned(),
            under_way: 3,
            waiting: 0,
            concurrency: limits.concurrency,
            requests: 12,
            tokens: 1500,
            rests: None,
            limits,
        }
    }

    #[test]
    fn what_is_used_is_said_with_what_is_left() {
        let now = Timestamp::from_second(100).unwrap();
        assert_eq!(usage(&state(AccountLimits::default()), now), "env:K 3 at once, no limit");
        let limits =
            AccountLimits { concurrency: Some(8), requests_per_minute: Some(60), tokens_per_minute: Some(1000) };
        let overrun = AccountState {
            concurrency: Some(4),
            waiting: 2,
            rests: Some(Timestamp::from_second(142).unwrap()),
            ..state(limits)
        };
        let shown = "env:K 3 of 4 at once (of 8: it was overrun), 2 waiting, 48 of 60 requests left, \
                    0 of 1000 tokens left, rests 42 s";
        assert_eq!(usage(&overrun, now), shown);
    }

    #[test]
    fn the_limit_moves_by_one_and_never_below_one() {
        let moved = |concurrency, by| changed(&[&state(AccountLimits { concurrency, ..AccountLimits::default() })], by);
        assert_eq!([moved(Some(4), 1), moved(Some(4), -1), moved(Some(1), -1)], [Some(5), Some(3), Some(1)]);
        assert_eq!([moved(None, 1), moved(None, -1)], [None, Some(3)], "from no limit to what is under way");
        assert_eq!(changed(&[], -1), None);
    }

    #[test]
    fn a_key_is_said_by_its_label_with_its_state() {
        let now = Timestamp::from_second(100).unwrap();
        let shown = |account: &str, state| {
            let (provider, label) = ("openai".to_owned(), "env:K".to_owned());
            key_status(&KeyState { provider, label, account: account.to_owned(), state }, now)
        };
        assert_eq!(shown("env:K", Readiness::Ready), "env:K ready");
        let until = Timestamp::from_second(142).unwrap();
        assert_eq!(shown("team", Readiness::Cooling { until }), "env:K (account team) rests 42 s");
        let refused = |until| Readiness::Retired { until, why: "API key rejected".to_owned() };
        assert_eq!(shown("env:K", refused(until)), "env:K rests 42 s: API key rejected");
        assert_eq!(shown("env:K", refused(now)), "env:K is tried again: API key rejected");
    }
}
