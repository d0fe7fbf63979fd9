use std::fs;

use retort::{
    app::{Effect, overlays::Overlay},
    model::{KeySource, transport::ProxySetting},
};

use crate::support::{
    bench::{Bench, ended, outcome},
    home::Home,
    pty::Pty,
};

/// Texts that would run `touch PASTED` in a shell, or take its line editor elsewhere, if one of their characters
/// came through as itself.
const HOSTILE: [&str; 16] = [
    "hello\x03\x1b[201~\ntouch PASTED\n#",
    "\u{9b}201~\ntouch PASTED\n#",
    "'; touch PASTED; '",
    "it's $(touch PASTED) `touch PASTED` \"$(touch PASTED)\"",
    "\\'; touch PASTED #",
    "\x03\n\\'; touch PASTED #",
    "two lines\n!touch PASTED\n!! !$ !#:0-$",
    "\x16\x03\x15touch PASTED\r\n",
    "a\rtouch PASTED\r\r\n",
    "\x04\x04touch PASTED\n",
    "\x18\x05\x0f\x0e\x10\x12touch PASTED\n",
    "JSON\ntouch PASTED\nEOF\n",
    "\ttouch PASTED\t\t",
    "\x1b\x05$(touch PASTED)\x1b\x05\n",
    "\x1a\x1c\x11\x13touch PASTED\x7f\x08\n",
    "\u{202e}DETSAP hcuot\u{2066} \u{2028}touch PASTED\n",
];

/// Every form in which a bench with this text everywhere can be copied, by its label.
fn copies(hostile: &str) -> Vec<(String, String)> {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    let openai = bench.app.shared.settings.providers.get_mut("openai").unwrap();
    openai.api_keys.push(KeySource::Env("K}$(touch PASTED)".to_owned()));
    openai.transport.ca_file = Some(hostile.to_owned());
    openai.transport.client_cert = Some(format!("~/{hostile}"));
    openai.transport.proxy = Some(ProxySetting::Source(KeySource::Env(hostile.to_owned())));
    bench.app.bench.input.set(hostile);
    bench.app.bench.vars.insert("tone".to_owned(), hostile.to_owned().into());
    bench.app.bench.params.stop = vec![hostile.to_owned()];
    let ticket = bench.run();
    let json = serde_json::json!({ "mood": hostile, hostile: [hostile] }).to_string();
    bench.tell(ticket, ended(outcome(&format!("{hostile}\n{json}"))));
    bench.take();
    bench.keys("y");
    let Some(Overlay::Copy(menu)) = bench.app.overlay() else { panic!("nothing to copy in") };
    let labels: Vec<String> = menu.choice.shown().map(|item| item.label.clone()).collect();
    bench.keys("<esc>");
    let mut copied = Vec::new();
    for (at, label) in labels.into_iter().enumerate().filter(|(_, label)| label != "raw answer") {
        bench.keys(&format!("y{}<enter>", "j".repeat(at)));
        match bench.take().pop() {
            Some(Effect::Copy { text, .. }) => copied.push((label, text.as_str().to_owned())),
            other => panic!("{label}: {other:?}"),
        }
    }
    copied
}

#[test]
fn no_copied_form_holds_what_a_terminal_obeys_but_the_raw_answer() {
    for hostile in HOSTILE {
        let forms = copies(hostile);
        let labels: Vec<&str> = forms.iter().map(|(label, _)| label.as_str()).collect();
        for form in ["answer", "JSON", "Markdown", "command line", "curl", "Python", "promptfoo"] {
            assert!(labels.contains(&form) || form == "JSON", "{form} is not in {labels:?}");
        }
        for (label, text) in forms {
            let obeyed = |c: char| {
                (c.is_control() && !matches!(c, '\n' | '\t'))
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!text.contains(obeyed), "{label}: {text:?}");
        }
    }
}

/// The text as it stands on the bench.
fn written(text: &str) -> String {
    let mut bench = Bench::new();
    bench.app.bench.input.set(text);
    bench.app.bench.input.text()
}

/// A shell that someone types at, with programs of ours in place of `retort` and `curl` that keep what they are sent.
fn shell(home: &Home, bracketed: bool) -> Pty {
    let mode = if bracketed { "on" } else { "off" };
    home.file(
        "work/rc",
        &format!(
            "PS1='ready> '; HISTFILE=; bind 'set enable-bracketed-paste {mode}'\n\
             retort() {{ cat > got; }}; curl() {{ cat > got; }}\nAPI_KEY=k\n"
        ),
    );
    let mut pty = Pty::start(home, &["bash", "--noprofile", "--rcfile", "rc", "-i"], &[("LC_ALL", "C.UTF-8")], 120, 40);
    pty.wait_for("ready>");
    pty
}

/// Pastes as a terminal does: every line break is a return.
fn paste(pty: &mut Pty, text: &str, bracketed: bool) {
    let typed = text.replace('\n', "\r");
    pty.send(&if bracketed { format!("\x1b[200~{typed}\x1b[201~") } else { typed });
}

/// Waits until the shell has done all it was given, and reads keys again.
fn settled(pty: &mut Pty, turn: usize) {
    pty.send(&format!("\rclear; PS1='turn-{turn}> '\r"));
    let prompt = format!("turn-{turn}>");
    pty.wait_until(&prompt, |pty| pty.text().lines().any(|line| line.trim_end() == prompt));
}

#[test]
fn nothing_that_is_copied_runs_where_it_is_pasted() {
    for bracketed in [true, false] {
        let home = Home::new();
        let mut pty = shell(&home, bracketed);
        let (ran, got) = (home.dir("work").join("PASTED"), home.dir("work").join("got"));
        let mut turn = 0;
        for hostile in HOSTILE {
            for (label, text) in copies(hostile) {
                let for_a_shell = matches!(label.as_str(), "command line" | "curl");
                if !for_a_shell && !bracketed {
                    // A line of plain text that is typed is a command: only the end of a bracketed paste is ours to keep.
                    continue;
                }
                let _ = fs::remove_file(&got);
                paste(&mut pty, &text, bracketed);
                if !for_a_shell {
                    // The line is taken away. Ctrl-c would also take what the shell has not read yet.
                    pty.send("\x05\x15");
                }
                turn += 1;
                settled(&mut pty, turn);
                assert!(!ran.exists(), "{label} of {hostile:?} ran; bracketed: {bracketed}\n{}", pty.text());
                if for_a_shell {
                    let got = String::from_utf8(fs::read(&got).expect(&text)).unwrap();
                    let input = written(hostile);
                    let arrived = if label == "curl" {
                        let body: serde_json::Value = serde_json::from_str(&got).expect(&got);
                        let all = body["messages"].as_array().unwrap();
                        all.last().unwrap()["content"].as_str().unwrap().contains(&input)
                    } else {
                        got == input
                    };
                    assert!(arrived, "{label} of {hostile:?} gave {got:?}; bracketed: {bracketed}");
                }
            }
        }
    }
}
