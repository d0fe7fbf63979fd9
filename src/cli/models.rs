//! `retort models`: what can be named, what it costs, how long it is served, and by whom.

use std::{collections::BTreeMap, path::Path, time::Duration};

use futures_util::StreamExt as _;

use crate::{
    cli::{Exit, Io, Stopped, args::ModelsArgs, quirks, text_table},
    config::{
        price_list,
        price_list::{LeftOut, PriceTable},
    },
    engine::{
        Workspace,
        model_lists::{ListAnswer, ListScope, recent_targets},
    },
    model::{
        ModelCard, PicoDollars, Price, Target,
        model_list::{Availability, DEMO_MODELS, ModelEntry, ModelFacts, model_list},
    },
    text::{clean_line, format::count, word_match::best_matches},
};

/// How long is waited for what providers serve, where nobody asked for that alone.
const PATIENCE: Duration = Duration::from_secs(2);

/// New models that are named one by one after a price list was read.
const NAMED: usize = 20;

/// Lists the models, reads a price list, or forgets what was learnt.
pub(crate) async fn models(args: ModelsArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    if let Some(file) = &args.update {
        return update(&setup, file, io);
    }
    if let Some(model) = &args.forget {
        return quirks::forget(&setup, model.as_deref(), io);
    }
    let (mut facts, error) = setup.model_facts();
    if let Some(error) = error {
        writeln!(io.err, "note: {}", clean_line(&error.to_string()))?;
    }
    facts.recent = recent_targets(&setup.store()).await;
    let answers = ask(&setup, args.check).await;
    for answer in &answers {
        if let Ok(list) = &answer.list {
            facts.served.insert(answer.provider.clone(), list.clone());
        }
    }
    let today = setup.today();
    let entries = model_list(&setup.catalog, &facts, &today);
    let typed = args.words.join(" ");
    let (shown, left_out) = chosen(&entries, &typed);
    let rows: Vec<Vec<String>> = shown.iter().map(|entry| row(entry, &facts, &today)).collect();
    text_table::print(io, &["NAME", "PROVIDER", "CONTEXT", "PRICE IN/OUT PER MILLION", "NOTES"], &rows)?;
    if args.check {
        for line in quirks::lines(&setup, setup.started) {
            writeln!(io.out, "learnt  {}", clean_line(&line))?;
        }
    }
    if !typed.is_empty() && shown.is_empty() {
        let words = format!("no model has `{typed}` in its name; any model of a provider is PROVIDER/MODEL");
        writeln!(io.err, "{}", clean_line(&words))?;
    }
    if left_out > 0 {
        writeln!(io.err, "{left_out} more are retired or not served; `retort models WORD` lists those of a name")?;
    }
    let mut exit = Exit::Done;
    for answer in answers {
        let provider = &answer.provider;
        match answer.list {
            Ok(list) if args.check => {
                let known = |id: &str| entries.iter().any(|entry| entry.target.name == id);
                let strange = list.iter().filter(|listed| !known(&listed.id));
                let some: Vec<&str> = strange.map(|listed| listed.id.as_str()).take(8).collect();
                let others = if some.is_empty() { String::new() } else { format!(", such as {}", some.join(", ")) };
                let line = format!("{provider}: serves {} models{others}; name them {provider}/MODEL", list.len());
                writeln!(io.err, "{}", clean_line(&line))?;
            }
            Ok(_) => {}
            Err(none) => {
                if args.check || none.is_error {
                    writeln!(io.err, "{}", clean_line(&format!("{provider}: {}", none.why)))?;
                }
                if args.check && none.is_error {
                    exit = Exit::Failed;
                }
            }
        }
    }
    Ok(exit)
}

/// Asks the providers what they serve: all of them and as long as it takes, or those whose list is old, for a moment.
async fn ask(setup: &Workspace, check: bool) -> Vec<ListAnswer> {
    let providers = setup.providers();
    let scope = if check { ListScope::Configured } else { ListScope::Stale };
    let mut answers = std::pin::pin!(setup.ask_model_lists(&providers, scope, setup.started));
    let mut all = Vec::new();
    let collect = async {
        while let Some(answer) = answers.next().await {
            all.push(answer);
        }
    };
    if check {
        collect.await;
    } else {
        // Who takes longer is asked again next time.
        let _ = tokio::time::timeout(PATIENCE, collect).await;
    }
    all.sort_by(|one, other| one.provider.cmp(&other.provider));
    all
}

/// Chooses what is shown: without words all but what nobody can ask any more, with words all whose name or provider has
/// them. Returns how many were left out, too.
fn chosen<'a>(entries: &'a [ModelEntry], typed: &str) -> (Vec<&'a ModelEntry>, usize) {
    if typed.trim().is_empty() {
        let shown: Vec<&ModelEntry> = entries.iter().filter(|entry| !entry.only_when_searched()).collect();
        let left_out = entries.len() - shown.len();
        return (shown, left_out);
    }
    let found = best_matches(typed, entries.iter().map(|entry| (&*entry.target.name, &*entry.target.provider)));
    (found.into_iter().filter_map(|at| entries.get(at)).collect(), 0)
}

fn row(entry: &ModelEntry, facts: &ModelFacts, today: &str) -> Vec<String> {
    let (target, card) = (&entry.target, &entry.target.card);
    if target.is_demo() {
        let what = DEMO_MODELS.iter().find(|(name, _)| *name == target.name).map_or("", |(_, what)| what);
        return vec![target.name.clone(), target.provider.clone(), "–".to_owned(), "demo".to_owned(), what.to_owned()];
    }
    let context = card.context.map_or_else(|| "?".to_owned(), count);
    let price = card.price.as_ref().map_or_else(|| "?".to_owned(), price);
    vec![target.name.clone(), target.provider.clone(), context, price, notes(entry, facts, today).join("; ")]
}

fn price(price: &Price) -> String {
    if price.is_free() {
        return format!("free ({})", price.origin());
    }
    let audio = match (price.audio_input, price.audio_output) {
        (None, None) => String::new(),
        (heard, spoken) => {
            let each = |each: Option<PicoDollars>| each.map_or_else(|| "?".to_owned(), dollars);
            format!(", audio {} / {}", each(heard), each(spoken))
        }
    };
    format!("{} / {}{audio} ({})", dollars(price.input), dollars(price.output), price.origin())
}

/// Writes a price for a million tokens to the last digit, with two decimal places at least.
fn dollars(each: PicoDollars) -> String {
    let text = each.per_million_text();
    let places = text.split_once('.').map_or(0, |(_, places)| places.len());
    match places {
        0 => format!("${text}.00"),
        1 => format!("${text}0"),
        _ => format!("${text}"),
    }
}

fn notes(entry: &ModelEntry, facts: &ModelFacts, today: &str) -> Vec<String> {
    let target = &entry.target;
    let mut notes = Vec::new();
    match &entry.availability {
        Availability::KeyMissing(variable) => notes.push(format!("set {variable}")),
        Availability::NotServed => notes.push("NOT SERVED".to_owned()),
        Availability::Ready | Availability::Retired => {}
    }
    if entry.favourite {
        notes.push("favourite".to_owned());
    }
    if entry.recent {
        notes.push("asked lately".to_owned());
    }
    if is_renamed(target) {
        notes.push(format!("is {}", target.model));
    }
    if facts.served.contains_key(&target.provider) && entry.served {
        notes.push("served".to_owned());
    }
    if let Some(day) = target.card.shutdown.as_deref() {
        let successor = target.card.successor.as_ref().map(|name| format!(", then {name}")).unwrap_or_default();
        let gone = target.is_retired_on(today);
        notes.push(format!("{} {day}{successor}", if gone { "RETIRED" } else { "shutdown" }));
    }
    notes
}

/// Tells whether a target's name does not say what its model is called.
fn is_renamed(target: &Target) -> bool {
    !target.name.ends_with(&target.model)
}

/// Reads a price list into the user's table, and says what it changed.
fn update(setup: &Workspace, file: &Path, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let file = io.cwd.join(file);
    let (table, left_out) = price_list::read_list(&file, setup.started)?;
    let before = prices(&price_list::cards(price_list::read(&setup.places)?.as_ref()));
    let after = prices(&price_list::cards(Some(&table)));
    price_list::write(&setup.places, &table)?;
    describe_list(&table, io)?;
    let added: Vec<&String> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    for (name, now) in &after {
        if let Some(was) = before.get(name).filter(|was| !same(was.as_ref(), now.as_ref())) {
            writeln!(
                io.out,
                "changed  {}",
                clean_line(&format!("{name}: {} → {}", words(was.as_ref()), words(now.as_ref())))
            )?;
        }
    }
    for name in added.iter().take(NAMED) {
        let now = words(after.get(*name).and_then(Option::as_ref));
        writeln!(io.out, "added    {}", clean_line(&format!("{name}: {now}")))?;
    }
    if added.len() > NAMED {
        writeln!(io.out, "added    {} more; `retort models WORD` lists those of a name", added.len() - NAMED)?;
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        writeln!(io.out, "removed  {}", clean_line(&format!("{name}, which the list before had")))?;
    }
    describe_left_out(&left_out, io)?;
    writeln!(io.out, "written  {}", price_list::file(&setup.places).display())?;
    Ok(Exit::Done)
}

fn describe_list(table: &PriceTable, io: &mut Io<'_>) -> Result<(), Stopped> {
    let mut vendors: Vec<&str> = table.models.iter().map(|row| row.vendor.as_str()).collect();
    vendors.sort_unstable();
    vendors.dedup();
    let (models, vendors) = (table.models.len(), vendors.len());
    let line = format!("{}, {}: {models} models of {vendors} vendors", table.source, table.as_of);
    Ok(writeln!(io.out, "{}", clean_line(&line))?)
}

fn describe_left_out(left_out: &LeftOut, io: &mut Io<'_>) -> Result<(), Stopped> {
    let LeftOut { unknown_vendors, refused, no_chat } = left_out;
    for (entry, why) in refused {
        writeln!(io.out, "refused  {}", clean_line(&format!("{entry}: {why}")))?;
    }
    if !unknown_vendors.is_empty() {
        let models: usize = unknown_vendors.values().sum();
        let mut names: Vec<(&String, &usize)> = unknown_vendors.iter().collect();
        names.sort_by_key(|(name, models)| (std::cmp::Reverse(**models), *name));
        let some: Vec<String> = names.iter().take(8).map(|(name, models)| format!("{name} ({models})")).collect();
        let more = if names.len() > some.len() { ", …" } else { "" };
        let line = format!("{models} models of vendors that retort does not know: {}{more}", some.join(", "));
        writeln!(io.out, "skipped  {}", clean_line(&line))?;
    }
    if *no_chat > 0 {
        writeln!(io.out, "skipped  {no_chat} models that answer no chat")?;
    }
    Ok(())
}

/// Lists the price of each model by its vendor and name.
fn prices(cards: &[(String, ModelCard)]) -> BTreeMap<String, Option<Price>> {
    cards.iter().map(|(vendor, card)| (format!("{vendor}/{}", card.id), card.price.clone())).collect()
}

/// Tells whether two prices are equal, whenever they were read.
fn same(one: Option<&Price>, other: Option<&Price>) -> bool {
    let amounts = |price: Option<&Price>| {
        price.map(|price| {
            let cache = (price.cache_read, price.cache_write);
            (price.input, price.output, cache, (price.audio_input, price.audio_output))
        })
    };
    amounts(one) == amounts(other)
}

fn words(price: Option<&Price>) -> String {
    let Some(price) = price else {
        return "price unknown".to_owned();
    };
    let each = |name: &str, each: Option<PicoDollars>| {
        each.map(|each| format!(", {} {name}", dollars(each))).unwrap_or_default()
    };
    let (input, output) = (dollars(price.input), dollars(price.output));
    let (read, written) = (each("cached", price.cache_read), each("cache write", price.cache_write));
    let (heard, spoken) = (each("audio in", price.audio_input), each("audio out", price.audio_output));
    format!("{input} in, {output} out{read}{written}{heard}{spoken}")
}
