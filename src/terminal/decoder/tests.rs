//! Whole and divided sequences, late ones, and those that never end.

use crate::terminal::decoder::*;

/// Feeds pieces with pauses between them, in milliseconds, lets everything run out, and spells the events.
fn events(pieces: &[(&[u8], u64)]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut now = tokio::time::Instant::now().into_std();
    let mut all = Vec::new();
    for (bytes, pause) in pieces {
        all.extend(decoder.feed(bytes, now));
        let until = now + Duration::from_millis(*pause);
        while let Some(due) = decoder.deadline().filter(|due| *due <= until) {
            all.extend(decoder.expire(due));
        }
        now = until;
    }
    all.iter().map(spelled).collect()
}

fn spelled(event: &Event) -> String {
    match event {
        Event::Key(key) => crate::widgets::key::Chord::from(*key).to_string(),
        Event::Paste(text) => format!("<{text}>"),
        Event::Mouse(mouse) => format!("{:?} {} {}", mouse.kind, mouse.column, mouse.row),
        other => format!("{other:?}"),
    }
}

fn at_once(bytes: &[u8]) -> Vec<String> {
    events(&[(bytes, 60_000)])
}

#[test]
fn every_key_a_terminal_sends_is_read() {
    let keys: &[(&str, &str)] = &[
        ("q", "q"),
        ("\r", "enter"),
        ("\t", "tab"),
        ("\x7f", "backspace"),
        ("\x08", "backspace"),
        ("\x03", "ctrl-c"),
        ("\x00", "ctrl-space"),
        ("é", "é"),
        ("日", "日"),
        ("\x1b", "esc"),
        ("\x1bm", "alt-m"),
        ("\x1bé", "alt-é"),
        ("\x1b\r", "alt-enter"),
        ("\x1b\x1b[A", "alt-up"),
        ("\x1b[A", "up"),
        ("\x1bOA", "up"),
        ("\x1b[1;5D", "ctrl-left"),
        ("\x1b[1;3A", "alt-up"),
        ("\x1b[H", "home"),
        ("\x1b[4~", "end"),
        ("\x1b[3~", "delete"),
        ("\x1b[5;5~", "ctrl-pageup"),
        ("\x1b[Z", "shift-tab"),
        ("\x1bOP", "f1"),
        ("\x1b[15~", "f5"),
        ("\x1b[24~", "f12"),
        ("\x1b[[E", "f5"),
        ("\x1b[1;2P", "shift-f1"),
        ("\x1b[1;2R", "shift-f3"),
        ("\x1bOM", "enter"),
        ("\x1bOq", "1"),
        ("\x1b[27u", "esc"),
        ("\x1b[97;5u", "ctrl-a"),
        ("\x1b[13;3u", "alt-enter"),
        ("\x1b[57414u", "enter"),
        ("\x1b[57400u", "1"),
        ("\x1b[27;5;97~", "ctrl-a"),
        // with caps lock and num lock on
        ("\x1b[97;197u", "ctrl-a"),
        // held down
        ("\x1b[97;5:2u", "ctrl-a"),
    ];
    for (bytes, key) in keys {
        assert_eq!(at_once(bytes.as_bytes()), [*key], "{bytes:?}");
    }
    assert_eq!(at_once(b"\x1b[97;5:3u"), [""; 0], "a key let go");
    assert_eq!(at_once(b"\x1b[57358u"), [""; 0], "caps lock alone");
}

#[test]
fn a_sequence_is_one_wherever_it_is_divided() {
    let whole = "\x1b[15~日\x1b[200~a\x1b[b\x1b[201~\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b[97;5u".as_bytes();
    let wanted = ["f5", "日", "<a\x1b[b>", "ctrl-a"];
    for pause in [0, 30] {
        let bytes: Vec<(&[u8], u64)> = whole.chunks(1).map(|piece| (piece, pause)).collect();
        assert_eq!(events(&bytes), wanted, "each byte by itself, {pause} ms apart");
    }
    for at in 0..whole.len() {
        let (one, other) = whole.split_at(at);
        assert_eq!(events(&[(one, 20), (other, 5000)]), wanted, "divided at {at}");
    }
}

#[test]
fn the_late_rest_of_a_sequence_is_no_text() {
    let late: &[(&[u8], &[u8], &[&str])] = &[
        (b"\x1b", b"[15~", &["esc", "f5"]),
        (b"\x1b", b"[A", &["esc", "up"]),
        (b"\x1b", b"OP", &["esc", "f1"]),
        (b"\x1b", b"]11;rgb:0000/0000/0000\x07", &["esc"]),
        (b"\x1b", b"P>|tmux 3.5\x1b\\", &["esc"]),
        (b"\x1b", b"[200~pasted\x1b[201~", &["esc", "<pasted>"]),
        (b"\x1b[", b"15~", &["alt-[", "f5"]),
        (b"\x1b[1", b"5~", &["f5"]),
        (b"\x1b[15", b"~", &["f5"]),
        (b"\x1b[97;", b"5u", &["ctrl-a"]),
        (b"\x1b]11;rgb:00", b"00/0000/0000\x07q", &["q"]),
        (b"\x1bP>|XTerm(", b"390)\x1b\\q", &["q"]),
    ];
    for (begun, rest, wanted) in late {
        let pause = if begun.len() == 1 { 300 } else { 1500 };
        assert_eq!(events(&[(begun, pause), (rest, 5000)]), *wanted, "{begun:?} {rest:?}");
    }
}

#[test]
fn keys_after_an_escape_are_keys() {
    assert_eq!(events(&[(b"\x1b", 300), (b"[", 100), (b"A", 5000)]), ["esc", "[", "A"]);
    assert_eq!(events(&[(b"\x1b", 300), (b"Or else", 5000)]).len(), 8);
    assert_eq!(events(&[(b"\x1b\x1b", 300)]), ["esc", "esc"]);
}

#[test]
fn what_a_terminal_replies_is_no_key() {
    let replies = [
        "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        "\x1b]11;rgba:1e1e/1e1e/1e1e/ffff\x07",
        "\x1b]52;c;aGVsbG8=\x07",
        "\x1bP>|XTerm(390)\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x1bP1+r544e=787465726d\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b[?62;22c",
        "\x1b[>41;390;0c",
        "\x1b[?2026;2$y",
        "\x1b[?1u",
        "\x1b[24;80R",
        "\x1b[8;40;120t",
        "\x1b[0n",
        "\x1b[?997;1n",
    ];
    for reply in replies {
        assert_eq!(at_once(reply.as_bytes()), [""; 0], "{reply:?}");
        let then = [reply, "q"].concat();
        assert_eq!(at_once(then.as_bytes()), ["q"], "{reply:?}");
    }
    assert_eq!(at_once(b"\x1b[I\x1b[O"), ["FocusGained", "FocusLost"]);
}

#[test]
fn no_beginning_holds_the_keyboard() {
    for begun in [
        "\x1b",
        "\x1b[",
        "\x1b[1;",
        "\x1bO",
        "\x1b]",
        "\x1b]11;",
        "\x1bP",
        "\x1bP>|",
        "\x1b_",
        "\x1b^x",
        "\x1bX",
        "\x1b[M",
        "\x1b[200~",
        "\u{e9}",
    ] {
        let bytes = if begun == "\u{e9}" { &begun.as_bytes()[..1] } else { begun.as_bytes() };
        let seen = events(&[(bytes, 3500), (b"q", 100), (b"\x03", 100)]);
        assert!(seen.ends_with(&["q".to_owned(), "ctrl-c".to_owned()]), "{begun:?}: {seen:?}");
    }
    // Somebody who never pauses gets through as well, and ctrl-c does at once.
    let mut typed: Vec<(&[u8], u64)> = vec![(b"\x1b]11;", 10)];
    typed.extend(std::iter::repeat_n((b"x" as &[u8], 200), 40));
    assert!(events(&typed).len() > 20);
    assert_eq!(events(&[(b"\x1b]11;", 10), (b"\x03", 10)]), ["ctrl-c"]);
}

#[test]
fn a_paste_without_its_end_is_taken_as_it_is() {
    assert_eq!(
        events(&[(b"\x1b[200~half a paste", 1500), (b"\x03", 10), (b"q", 10)]),
        ["<half a paste>", "ctrl-c", "q"]
    );
    // What goes on after a long pause is no command, whatever it holds.
    let late: &[(&[u8], u64)] =
        &[(b"\x1b[200~one ", 3000), (b"quit now? q\r", 3000), (b"and more q q q", 10), (b"\x1b[201~q", 10)];
    assert_eq!(events(late), ["<one >", "<quit now? q\r>", "<and more q q q>", "q"]);
    assert_eq!(events(&[(b"\x1b[200~one", 3000), (b"\x1b[201~q", 10)]), ["<one>", "q"]);
    assert_eq!(at_once(b"\x1b[200~\x1b[201~q"), ["q"]);
    assert_eq!(at_once(b"\x1b[201~q"), ["q"], "an end without a beginning");
}

#[test]
fn a_key_of_another_layout_counts_by_its_place_where_it_commands() {
    // с, the key of c; й, the key of q
    assert_eq!(at_once(b"\x1b[1089::99;5u"), ["ctrl-c"]);
    assert_eq!(at_once(b"\x1b[1081::113;3u"), ["alt-q"]);
    assert_eq!(at_once(b"\x1b[1057:1089:99;6u").len(), 1);
    // A Latin layout that is another one says what it types.
    assert_eq!(at_once(b"\x1b[97::113;5u"), ["ctrl-a"]);
    // Text is what it types.
    assert_eq!(at_once("с".as_bytes()), ["с"]);
    assert_eq!(at_once(b"\x1b[49:33;2u"), ["!"]);
    assert_eq!(at_once(b"\x1b[113::113;7;64u"), ["@"]);
}

#[test]
fn the_mouse_is_read_in_every_form() {
    assert_eq!(at_once(b"\x1b[<0;3;5M\x1b[<0;3;5m"), ["Down(Left) 2 4", "Up(Left) 2 4"]);
    assert_eq!(at_once(b"\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<35;9;9M"), ["ScrollUp 0 0", "ScrollDown 0 0", "Moved 8 8"]);
    assert_eq!(at_once(b"\x1b[M !!q"), ["Down(Left) 0 0", "q"]);
    assert_eq!(at_once(b"\x1b[32;4;5M"), ["Down(Left) 3 4"]);
    assert_eq!(at_once(b"\x1b[<0;0;0M"), [""; 0], "a place that is none");
}

/// Feeds pieces likewise, and returns the keys and the background that was told.
fn keys_and_background(pieces: &[&[u8]]) -> (Vec<String>, Option<Rgb>) {
    let (mut decoder, now) = (Decoder::default(), tokio::time::Instant::now().into_std());
    let mut all = Vec::new();
    for bytes in pieces {
        all.extend(decoder.feed(bytes, now));
    }
    while let Some(due) = decoder.deadline() {
        all.extend(decoder.expire(due));
    }
    (all.iter().map(spelled).collect(), decoder.take_background())
}

#[test]
fn the_background_is_read_among_keys_that_stay_keys() {
    let night = Some(Rgb(0x1a, 0x1b, 0x26));
    for reply in
        ["\x1b]11;rgb:1a1a/1b1b/2626\x07", "\x1b]11;rgb:1a/1b/26\x1b\\", "\x1b]11;rgba:1a1a/1b1b/2626/ffff\x1b\\"]
    {
        let (head, tail) = reply.as_bytes().split_at(9);
        assert_eq!(keys_and_background(&[b"jk", reply.as_bytes(), b"q"]), (keys("j k q"), night), "{reply:?}");
        assert_eq!(keys_and_background(&[b"j", head, tail, b"\x1b[A"]), (keys("j up"), night), "in pieces: {reply:?}");
    }
    let (white, short) = (Some(Rgb(255, 255, 255)), keys_and_background(&[b"\x1b]11;rgb:f/f/f\x07"]).1);
    assert_eq!(short, white, "all digits set are all of it, however many they are");
}

#[test]
fn what_a_terminal_says_of_itself_tells_whether_it_takes_sixels_and_is_no_key() {
    let told = |reply: &str| {
        let (mut decoder, now) = (Decoder::default(), tokio::time::Instant::now().into_std());
        let (head, tail) = reply.as_bytes().split_at(4);
        let mut events = decoder.feed(head, now);
        events.extend(decoder.feed(tail, now));
        events.extend(decoder.feed(b"q", now));
        (events.iter().map(spelled).collect::<Vec<_>>(), decoder.take_sixel())
    };
    assert_eq!(told("\x1b[?62;4;22c"), (keys("q"), Some(true)));
    assert_eq!(told("\x1b[?1;2;4c"), (keys("q"), Some(true)), "as tmux has it");
    assert_eq!(told("\x1b[?64;14;22c"), (keys("q"), Some(false)));
    assert_eq!(told("\x1b[?4;6c"), (keys("q"), Some(false)), "the first number is the kind of the terminal");
    assert_eq!(told("\x1b[>41;390;0c"), (keys("q"), None), "nobody asked for that");
}

#[test]
fn what_is_no_background_tells_none_and_takes_no_keys() {
    for reply in [
        "\x1b]10;rgb:1a1a/1b1b/2626\x07",
        "\x1b]11;rgb:1a1a/1b1b\x07",
        "\x1b]11;rgb:1a1a/1b1b/2626/0000\x07",
        "\x1b]11;rgba:1a/1b/26\x07",
        "\x1b]11;rgb://\x07",
        "\x1b]11;rgb:12345/0/0\x07",
        "\x1b]11;\x07",
    ] {
        assert_eq!(keys_and_background(&[reply.as_bytes(), b"q"]), (keys("q"), None), "{reply:?}");
    }
    // One that breaks off ends with a key that no reply holds.
    assert_eq!(keys_and_background(&[b"\x1b]11;rgb:1a1a/", b"\r", b"q"]), (keys("enter q"), None));
}

fn keys(names: &str) -> Vec<String> {
    names.split(' ').map(str::to_owned).collect()
}
