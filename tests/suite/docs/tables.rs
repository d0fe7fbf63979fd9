//! Tables that are written from the program's own. `RETORT_REWRITE=1 cargo nextest run -j1 docs` writes them anew.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use clap::CommandFactory as _;
use retort::{
    app::Keymap,
    cli::{Exit, args::Cli},
    config,
    config::{
        setting_table::FILE_SETTINGS,
        target_table::{PROVIDER_SETTINGS, SETTINGS, SettingInfo},
    },
    eval::check,
    model::{Catalog, Wire, query::FILTERS, vendor::Vendor},
};

use super::{pages, read, root};

/// Holds what stands between the two marks of a name on a page against what the program says.
fn holds(page: &str, name: &str, table: &str) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let kept = read(Path::new(page));
    let (before, rest) = kept.split_once(&begin).unwrap_or_else(|| panic!("{page} has lost its {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has lost its {end}"));
    let written = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("RETORT_REWRITE").is_some() {
        fs::write(root().join(page), &written).unwrap();
        return;
    }
    assert!(kept == written, "{page}: its {name} are stale: RETORT_REWRITE=1 cargo nextest run -j1 docs");
}

#[test]
fn every_action_is_listed_with_its_keys() {
    holds("docs/keys.md", "keys", &Keymap::default().table());
}

#[test]
fn every_exit_code_is_listed_with_its_meaning() {
    holds("docs/command-line.md", "exits", &Exit::table());
}

#[test]
fn every_filter_of_a_query_is_listed_with_what_it_takes() {
    let mut table = "| filter | takes |\n|---|---|\n".to_owned();
    for (key, takes) in FILTERS {
        writeln!(table, "| `{key}:` | {takes} |").unwrap();
    }
    holds("docs/history.md", "filters", &table);
    let mut cli = Cli::command();
    let help = cli.find_subcommand_mut("history").unwrap().render_long_help().to_string();
    for (key, takes) in FILTERS {
        assert!(help.contains(&format!("{key}:")), "retort history --help lacks {key}:");
        let words = takes.split([',', ' ', ';']).filter(|_| ["end", "verdict"].contains(key));
        for word in words.filter(|word| !["", "or"].contains(word)) {
            assert!(help.contains(word), "retort history --help lacks {key}:{word}");
        }
    }
}

#[test]
fn every_check_is_listed_with_what_it_asks_of_an_answer() {
    holds("docs/checks.md", "checks", &check::table());
}

#[test]
fn every_command_and_every_option_is_explained() {
    let page = read(Path::new("docs/command-line.md"));
    let all: String = pages().iter().map(|page| read(page)).collect();
    let mut missing = BTreeSet::new();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(page.contains(&format!("`retort {name}")), "docs/command-line.md lacks `retort {name}`");
        for command in command.get_subcommands().chain([command]) {
            for option in command.get_arguments() {
                let Some(long) = option.get_long() else { continue };
                let short = option.get_short().map(|short| format!("`-{short}"));
                if !all.contains(&format!("--{long}")) && !short.is_some_and(|short| all.contains(&short)) {
                    missing.insert(long.to_owned());
                }
            }
        }
    }
    assert!(missing.is_empty(), "no page explains {missing:?}");
}

#[test]
fn every_wire_is_explained_with_its_variables() {
    let (kinds, variables) = (read(Path::new("docs/concepts.md")), read(Path::new("docs/environment.md")));
    for wire in Wire::ALL {
        let info = wire.info();
        assert!(kinds.contains(&format!("`{}`", info.name)), "docs/concepts.md lacks `{}`", info.name);
    }
    for vendor in Vendor::all().iter().filter(|vendor| vendor.builtin) {
        let address = vendor.host_env.clone().unwrap_or_else(|| vendor.url_variable());
        for name in vendor.key_env.iter().chain([&address]) {
            assert!(variables.contains(&format!("`{name}`")), "docs/environment.md lacks `{name}`");
        }
    }
}

/// What a vendor's example sets: an address where it has none, else a model of its own name.
fn example(vendor: &Vendor) -> String {
    let Vendor { name, title, key_env, model, .. } = vendor;
    let key = match key_env.first() {
        Some(variable) if vendor.needs_key() => format!("the key is in `{variable}`"),
        Some(variable) => format!("a key, if it wants one, is in `{variable}`"),
        None => "it needs no key".to_owned(),
    };
    let place = if vendor.makes_answers() { "`-m " } else { "as the `judge` of a check, `" };
    let mut text = format!("**{title}**: {place}{name}/{model}`; {key}.\n\n```toml\n# config.toml\n");
    if vendor.base_url.is_none() {
        let host = format!("https://my-name.{name}.example.com");
        write!(text, "[providers.work]\nvendor = \"{name}\"\nbase_url = \"{host}\"\n").unwrap();
        text.push_str("# query = { api-version = \"2024-10-21\" }      # its deployments, in place of v1\n");
        text.push_str("# api_keys = [\"env:AZURE_OPENAI_AD_TOKEN\"]    # with Entra, together with\n");
        text.push_str("# auth = { header = \"Authorization\", scheme = \"Bearer\" }\n\n");
        write!(text, "[models.mine]\nprovider = \"work\"\nmodel = \"{model}\"\n").unwrap();
    } else {
        let own = if vendor.local { "timeouts = { first_token = \"300s\" }" } else { "concurrency = 8" };
        write!(text, "[providers.{name}]\n{own}\n\n[models.mine]\nprovider = \"{name}\"\nmodel = \"{model}\"\n")
            .unwrap();
    }
    text + "```\n\n"
}

#[test]
fn every_vendor_and_every_setting_of_its_requests_is_listed_with_an_example() {
    let mut table =
        "| name | vendor | key | wire | address | otherwise than its wire |\n|---|---|---|---|---|---|\n".to_owned();
    for vendor in Vendor::all() {
        let names = [&vendor.name].into_iter().chain(&vendor.aliases).map(|name| format!("`{name}`"));
        let keys: Vec<_> = vendor.key_env.iter().map(|name| format!("`{name}`")).collect();
        let own = vendor.url_env.iter().chain(&vendor.host_env).map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let address = vendor.base_url.as_ref().map_or_else(|| own.join(", "), |url| format!("`{url}`"));
        let mut other: Vec<_> = vendor.drop.iter().map(|name| format!("no `{name}`")).collect();
        other.extend(vendor.rename.iter().map(|(from, to)| format!("`{to}` for `{from}`")));
        other.extend(vendor.auth.iter().map(|auth| format!("the key in `{}`", auth.header)));
        let services: Vec<_> = vendor.services.iter().map(|service| service.name()).collect();
        other.extend((!services.is_empty()).then(|| format!("no answers, but {}", services.join(" and "))));
        let (names, title, wire) = (names.collect::<Vec<_>>().join(", "), &vendor.title, vendor.wire);
        writeln!(table, "| {names} | {title} | {} | `{wire}` | {address} | {} |", keys.join(", "), other.join(", "))
            .unwrap();
    }
    holds("docs/vendors.md", "vendors", &table);
    let mut table = "| name | counts | reasoning | errors |\n|---|---|---|---|\n".to_owned();
    for Vendor { name, usage, reasoning, errors, .. } in Vendor::all() {
        let places = |all: &[String]| all.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join(", ");
        let errors: Vec<_> = errors.iter().map(|(words, class)| format!("`{words}`: {class}")).collect();
        if !(usage.is_empty() && reasoning.is_empty() && errors.is_empty()) {
            writeln!(table, "| `{name}` | {} | {} | {} |", places(usage), places(reasoning), errors.join(", "))
                .unwrap();
        }
    }
    holds("docs/vendors.md", "answers", &table);
    for (name, settings) in [("settings", SETTINGS), ("provider-settings", PROVIDER_SETTINGS)] {
        let mut table = "| key | does | such as |\n|---|---|---|\n".to_owned();
        for SettingInfo { name, does, example } in settings {
            writeln!(table, "| `{name}` | {} | `{example}` |", does.trim()).unwrap();
        }
        holds("docs/vendors.md", name, &table);
    }
    holds("docs/vendors.md", "examples", &Vendor::all().iter().map(example).collect::<String>());
}

#[test]
fn every_setting_with_a_variable_is_listed() {
    let mut table = "| variable | setting | does | unset | such as |\n|---|---|---|---|---|\n".to_owned();
    for setting in FILE_SETTINGS {
        let (variable, path, does) = (setting.variable(), setting.path(), setting.does.trim());
        writeln!(table, "| `{variable}` | `{path}` | {does} | {} | `{}` |", setting.usual, setting.example).unwrap();
    }
    holds("docs/environment.md", "settings", &table);
    // The page of the settings has each of them with the same default, where that is a value.
    let page = read(Path::new("docs/providers.md"));
    for setting in FILE_SETTINGS {
        assert!(page.contains(&format!("\n{} = ", setting.key)) || setting.table == "tools", "{}", setting.path());
    }
}

#[test]
fn every_setting_that_is_listed_is_taken() {
    let read = |text: &str| config::parse(text, Path::new("config.toml"), &|_| None).map_err(|error| error.message);
    for SettingInfo { name, example, .. } in SETTINGS {
        let provider = if *name == "wire" { "" } else { "wire = \"openai\"\n" };
        read(&format!("[providers.a]\n{provider}{example}\n")).unwrap();
        read(&format!("[models.a]\nprovider = \"groq\"\nmodel = \"m\"\n{example}\n")).unwrap();
    }
    for SettingInfo { name, example, .. } in PROVIDER_SETTINGS {
        let wire = match *name {
            "kind" | "vendor" => "",
            "command" => "wire = \"command\"\n",
            "recordings" => "wire = \"demo\"\n",
            "client_key" => "wire = \"openai\"\nclient_cert = \"me.pem\"\n",
            _ => "wire = \"openai\"\n",
        };
        read(&format!("[providers.a]\n{wire}{example}\n")).unwrap();
    }
    for vendor in Vendor::all() {
        let text = example(vendor);
        let toml = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let settings = read(toml).unwrap();
        let target = Catalog::new(Vec::new(), &settings).resolve("mine").unwrap();
        assert_eq!((target.vendor().unwrap().name.as_str(), target.kind), (vendor.name.as_str(), vendor.wire));
    }
}

#[test]
fn every_variable_of_the_program_is_explained() {
    fn walk(dir: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for at in text.match_indices("RETORT_").map(|(at, _)| at) {
                let name = text[at..].split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap();
                names.insert(name.to_owned());
            }
        }
    }
    let page = read(Path::new("docs/environment.md"));
    let mut names = BTreeSet::new();
    walk(&root().join("src"), &mut names);
    walk(&root().join("benches"), &mut names);
    assert!(names.len() > 5, "{names:?}");
    names.retain(|name| !page.contains(&format!("`{name}")));
    assert!(names.is_empty(), "docs/environment.md lacks {names:?}");
}

/// Lists the code blocks of a page, in its order.
fn blocks(page: &str) -> String {
    page.split("```").skip(1).step_by(2).collect::<Vec<_>>().join("\n")
}

/// The texts in which people find models to begin with: what the pages show, the starters, the demonstration's files, and
/// the examples of the help.
fn examples() -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_none_or(|ending| ending != "svg")
                && name != "models.toml"
                && let Ok(text) = fs::read_to_string(&path)
            {
                out.push((path.display().to_string(), text));
            }
        }
    }
    let mut texts = Vec::new();
    for page in pages() {
        let text = read(&page);
        texts.push((page.display().to_string(), blocks(&text)));
    }
    walk(&root().join("assets"), &mut texts);
    let mut program = Cli::command();
    program.build();
    let help = program.get_subcommands_mut().map(|command| command.render_long_help().to_string());
    texts.push(("the help".to_owned(), help.collect()));
    texts
}

#[test]
fn no_example_names_a_model_that_goes_within_a_year_of_the_tables_day() {
    let cards = config::builtin::cards();
    let read_on = cards.iter().filter_map(|(_, card)| Some(card.price.as_ref()?.as_of.clone())).max().unwrap();
    let in_a_year =
        read_on.parse::<jiff::civil::Date>().unwrap().saturating_add(jiff::Span::new().years(1)).to_string();
    let going = |word: &str| cards.iter().any(|(_, card)| card.id == word && card.retired_on(&in_a_year));
    assert!(going("gpt-4o-mini") && !going("gpt-6-luna"), "{in_a_year}");
    let texts = examples();
    assert!(texts.len() > 20, "{} texts", texts.len());
    for (place, text) in texts {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)));
        let named: BTreeSet<&str> =
            words.map(|word| word.trim_end_matches(['.', '-', '_'])).filter(|word| going(word)).collect();
        assert!(named.is_empty(), "{place} names {named:?}, which go by {in_a_year}");
    }
}
