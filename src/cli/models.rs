//! `retort models`: what can be named, what it costs, how long it is served, and by whom.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::{
    cli::{Exit, Io, Stopped, text_table},
    engine::Workspace,
    model::{CallError, ErrorKind, Key, Target},
    provider::{Providers, discovery::Listed, wires::demo},
    text::clean_line,
};

/// What a provider said it serves; the reason in words if it said nothing.
type Lists = BTreeMap<String, Result<Vec<Listed>, Silent>>;

/// A provider that did not say what it serves.
struct Silent {
    why: String,
    /// Whether that is an error and not just something that is not set up.
    error: bool,
}

/// Lists the models; with `check`, after asking every configured provider.
pub(crate) async fn models(check: bool, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let lists = if check { ask(&setup).await } else { Lists::new() };
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let (mut rows, mut over) = (Vec::new(), Vec::new());
    for name in setup.catalog.names() {
        if let Ok(target) = setup.catalog.resolve(name) {
            let row = row(name, &target, lists.get(&target.provider), &today);
            let gone = !target.custom_endpoint && target.card.retired_on(&today);
            if gone { &mut over } else { &mut rows }.push(row);
        }
    }
    for (name, what) in demo::MODELS {
        let price = "demo".to_owned();
        rows.push(vec![(*name).to_owned(), "demo".to_owned(), "–".to_owned(), price, (*what).to_owned()]);
    }
    rows.append(&mut over);
    text_table::write(io.out, &["NAME", "PROVIDER", "CONTEXT", "PRICE IN/OUT PER MILLION", "NOTES"], &rows)?;
    let mut exit = Exit::Done;
    for (provider, list) in &lists {
        match list {
            Ok(list) => {
                let strange = list.iter().filter(|listed| setup.catalog.card(&listed.id).is_none());
                let some: Vec<&str> = strange.map(|listed| listed.id.as_str()).take(8).collect();
                let others = if some.is_empty() { String::new() } else { format!(", such as {}", some.join(", ")) };
                let line = format!("{provider}: serves {} models{others}; name them {provider}/MODEL", list.len());
                writeln!(io.err, "{}", clean_line(&line))?;
            }
            Err(silent) => {
                writeln!(io.err, "{}", clean_line(&format!("{provider}: {}", silent.why)))?;
                if silent.error {
                    exit = Exit::Failed;
                }
            }
        }
    }
    Ok(exit)
}

/// Asks every provider that has a list what it serves, all at once.
async fn ask(setup: &Workspace) -> Lists {
    let providers = setup.providers();
    let over_http = setup.catalog.providers().filter(|(_, settings)| settings.kind.is_http());
    let answers = over_http.filter_map(|(name, settings)| {
        let target = setup.catalog.resolve(&format!("{name}/list")).ok()?;
        let (mut keys, providers) = (setup.keys(name, settings), &providers);
        keys.hand_over(name, providers);
        Some(async move {
            let obstacles = keys.obstacles();
            if !obstacles.is_empty() {
                return (name.to_owned(), Err(Silent { why: obstacles.join("; "), error: true }));
            }
            if keys.usable.is_empty() && target.needs_key() {
                let errors: Vec<String> = keys.errors.iter().chain(&keys.unset).map(ToString::to_string).collect();
                return (name.to_owned(), Err(Silent { why: errors.join("; "), error: false }));
            }
            let list = first_accepted(providers, &target, &keys.usable).await.map_err(|error| Silent {
                why: if target.is_local() { format!("not running ({error})") } else { error.to_string() },
                error: !target.is_local(),
            });
            (name.to_owned(), list)
        })
    });
    join_all(answers).await.into_iter().collect()
}

/// Asks with one key after the other, as long as the server refuses them.
async fn first_accepted(providers: &Providers, target: &Target, keys: &[Key]) -> Result<Vec<Listed>, CallError> {
    let mut list = providers.models(target, keys.first()).await;
    for key in keys.iter().skip(1) {
        match list {
            Err(CallError { class: ErrorKind::Credential | ErrorKind::Quota, .. }) => {}
            other => return other,
        }
        list = providers.models(target, Some(key)).await;
    }
    list
}

fn row(name: &str, target: &Target, list: Option<&Result<Vec<Listed>, Silent>>, today: &str) -> Vec<String> {
    let card = &target.card;
    let context = card.context.map_or_else(|| "?".to_owned(), |tokens| format!("{}k", tokens / 1000));
    let price = card.price.as_ref().map_or_else(
        || "?".to_owned(),
        |price| {
            let per_million = |each: crate::model::PicoDollars| each.0 as f64 / 1e6;
            format!("${:.2} / ${:.2} ({})", per_million(price.input), per_million(price.output), price.as_of)
        },
    );
    vec![name.to_owned(), target.provider.clone(), context, price, notes(target, list, today).join("; ")]
}

fn notes(target: &Target, list: Option<&Result<Vec<Listed>, Silent>>, today: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if target.name != target.model {
        notes.push(format!("is {}", target.model));
    }
    let mut shutdown = target.card.shutdown.clone();
    if let Some(Ok(list)) = list {
        match list.iter().find(|listed| listed.id == target.model) {
            Some(listed) => {
                notes.push("served".to_owned());
                shutdown = listed.shutdown.clone().or(shutdown);
            }
            None => notes.push("NOT SERVED".to_owned()),
        }
    }
    if let Some(day) = shutdown {
        let successor = target.card.successor.as_ref().map(|name| format!(", then {name}")).unwrap_or_default();
        let gone = day.as_str() <= today && !target.custom_endpoint;
        notes.push(format!("{} {day}{successor}", if gone { "RETIRED" } else { "shutdown" }));
    }
    notes
}
