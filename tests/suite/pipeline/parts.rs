//! What goes with messages: read before the cache is asked, known by its bytes, and refused where a model does not take it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use retort::{
    model::{
        Attachment, CacheMode, ErrorKind, Input, MediaKind, Part, Role, RunEnd, RunRequest, Turn, Wire,
        attachment::PartOrigin,
    },
    pipeline::{
        PipelineConfig, RunEvent,
        ports::{PartFile, PartReader, PortFuture, ReadPart},
    },
};

use crate::support::script::{Bench, answer, keys, request};

/// Files in memory, and who asked for which.
#[derive(Default)]
struct Files {
    bytes: Mutex<BTreeMap<String, Vec<u8>>>,
    asked: Mutex<Vec<(String, PartOrigin)>>,
}

impl Files {
    fn put(&self, path: &str, bytes: Vec<u8>) {
        self.bytes.lock().unwrap().insert(path.to_owned(), bytes);
    }
}

impl PartReader for Files {
    fn read(&self, file: PartFile) -> PortFuture<'_, Result<ReadPart, String>> {
        self.asked.lock().unwrap().push((file.path.clone(), file.whose));
        let bytes = self.bytes.lock().unwrap().get(&file.path).cloned();
        Box::pin(async move {
            let bytes = bytes.ok_or_else(|| format!("there is no file {}", file.path))?;
            let attachment = Attachment::of_bytes(&file.part, file.path, bytes.into())?;
            Ok(ReadPart { attachment, notice: None })
        })
    }
}

/// A PNG of this width, whose last byte is its own.
fn png(width: u32, own: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &2_u32.to_be_bytes(), &[own]].concat()
}

fn bench(takers: &[&str]) -> (Bench, Arc<Files>) {
    let takers = takers.iter().map(|name| (*name).to_owned()).collect();
    let takers = BTreeMap::from([(MediaKind::Image, takers)]);
    let rules =
        PipelineConfig { cache: true, keys: keys("openai", &[("env:K", "k")]), takers, ..PipelineConfig::default() };
    let mut bench = Bench::with(rules, |_, _| answer(&["{}"]));
    let files = Arc::new(Files::default());
    bench.reads_files(Arc::clone(&files) as Arc<dyn PartReader>);
    (bench, files)
}

/// A request whose message has an image of this source.
fn shows(source: &str, targets: &[&str]) -> RunRequest {
    let mut request = request(targets);
    let prompt = Arc::make_mut(&mut request.prompt);
    let parts = vec![Part::of(MediaKind::Image, source)];
    (prompt.user, prompt.messages) = (String::new(), vec![Turn { parts, ..Turn::of(Role::User, "What is it?") }]);
    RunRequest { cache: CacheMode::On, ..request }
}

fn reason(end: &RunEnd) -> (ErrorKind, String) {
    match end {
        RunEnd::Failed { reasons } => (reasons[0].error.class, reasons[0].error.message.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_cache_knows_a_file_by_its_bytes_and_not_by_its_name() {
    let (bench, files) = bench(&[]);
    for (path, own) in [("a.png", 1), ("b.png", 1), ("c.png", 2)] {
        files.put(path, png(4, own));
    }
    let mut attempts = Vec::new();
    for path in ["a.png", "b.png", "c.png", "a.png"] {
        attempts.push(bench.end(shows(path, &["a"])).await.attempts);
    }
    assert_eq!(attempts, [1, 0, 1, 0]);
    assert_eq!(bench.calls().len(), 2, "two pictures were sent, whatever they are called");
    files.put("a.png", png(4, 3));
    bench.end(shows("a.png", &["a"])).await;
    assert_eq!(bench.calls().len(), 3, "another picture of the same name is another request");
}

#[tokio::test(start_paused = true)]
async fn a_variable_names_what_the_input_names() {
    let (bench, files) = bench(&[]);
    files.put("x/1.png", png(4, 1));
    files.put("dir/1.png", png(4, 1));
    let with = |source: &str, value: &str| {
        let vars = [("photo".to_owned(), value.into())].into();
        RunRequest { input: Input { vars, ..Input::of("hello") }, ..shows(source, &["a"]) }
    };
    bench.end(with("{{ photo }}", "x/1.png")).await;
    bench.end(with("dir/{{ photo }}", "1.png")).await;
    let asked = files.asked.lock().unwrap().clone();
    assert_eq!(asked, [("x/1.png".to_owned(), PartOrigin::Input), ("dir/1.png".to_owned(), PartOrigin::Prompt)]);
    let (class, words) = reason(&bench.end(shows("{{ photo }}", &["a"])).await.end);
    assert_eq!(class, ErrorKind::InvalidPrompt);
    assert!(words.contains("no value for variable `photo`"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_an_input_go_with_the_last_message() {
    let (bench, files) = bench(&[]);
    files.put("a.png", png(4, 1));
    let mut request = request(&["a"]);
    request.input.parts = vec![Part::of(MediaKind::Image, "a.png")];
    bench.end(request).await;
    let messages = bench.last_call().messages;
    let names: Vec<Vec<&str>> =
        messages.iter().map(|message| message.attachments.iter().map(|one| one.name.as_str()).collect()).collect();
    assert_eq!(names, [Vec::new(), vec!["a.png"]]);
}

#[tokio::test(start_paused = true)]
async fn in_a_conversation_the_parts_of_an_input_stay_with_the_turn_that_has_its_text() {
    let (bench, files) = bench(&[]);
    files.put("a.png", png(4, 1));
    let mut request = request(&["a"]);
    let prompt = Arc::make_mut(&mut request.prompt);
    let turns = [(Role::User, "Look: {{ input }}"), (Role::Assistant, "A cat."), (Role::User, "Are you sure?")];
    (prompt.system, prompt.user) = (String::new(), String::new());
    prompt.messages = turns.map(|(role, text)| Turn::of(role, text)).to_vec();
    request.input.parts = vec![Part::of(MediaKind::Image, "a.png")];
    bench.end(request).await;
    let messages = bench.last_call().messages;
    let with: Vec<usize> = messages.iter().map(|message| message.attachments.len()).collect();
    assert_eq!(with, [1, 0, 0], "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_takes_no_images_is_not_asked_and_others_are_named() {
    let (bench, files) = bench(&["sees", "looks"]);
    files.put("a.png", png(4, 1));
    let mut blind = shows("a.png", &["a"]);
    blind.targets[0].card.takes = Some(BTreeSet::new());
    let (class, words) = reason(&bench.end(blind.clone()).await.end);
    assert_eq!((class, words.as_str()), (ErrorKind::CallerFault, "a-1 takes no images; sees, looks do"));
    assert_eq!(bench.calls().len(), 0);

    // a fallback that takes them is asked in its place
    let mut seeing = shows("a.png", &["b"]).targets;
    seeing[0].card.takes = Some([MediaKind::Image].into());
    blind.targets.extend(seeing);
    assert_eq!(bench.end(blind).await.target, "b");

    let unknown = bench.events(shows("a.png", &["a"])).await;
    let RunEvent::Prepared { notices, .. } = &unknown[0].event else { panic!("{unknown:?}") };
    assert!(notices.iter().any(|notice| notice == "whether a-1 takes images is not known; it is sent"), "{notices:?}");
}

#[tokio::test(start_paused = true)]
async fn an_address_goes_to_providers_that_fetch_and_leads_nowhere_inside() {
    let (bench, _) = bench(&[]);
    let url = "https://example.com/a.png";
    assert_eq!(bench.end(shows(url, &["a"])).await.end, RunEnd::Done);
    assert_eq!(bench.last_call().messages[1].attachments[0].url(), Some(url));
    let mut ollama = shows(url, &["a"]);
    ollama.targets[0].kind = Wire::Ollama;
    let (_, words) = reason(&bench.end(ollama).await.end);
    assert!(words.contains("save a.png and name the file"), "{words}");
    for url in ["http://169.254.169.254/latest/meta-data/x.png", "https://10.1.2.3/a.png", "http://example.com/a.png"] {
        let (_, words) = reason(&bench.end(shows(url, &["a"])).await.end);
        assert!(words.contains("is not passed on"), "{url}: {words}");
    }
    assert_eq!(bench.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_or_too_much_is_sent_to_nobody() {
    let (bench, files) = bench(&[]);
    let mut large = png(4, 1);
    large.resize(18 * 1024 * 1024, 0);
    files.put("large.png", large);
    files.put("text.png", b"root:x:0:0".to_vec());
    let mut three = shows("large.png", &["a"]);
    let turn = &mut Arc::make_mut(&mut three.prompt).messages[0];
    turn.parts = vec![Part::of(MediaKind::Image, "large.png"); 3];
    for (request, why) in [
        (three, "larger than 50 MB"),
        (shows("text.png", &["a"]), "it is a text"),
        (shows("none.png", &["a"]), "no file none.png"),
    ] {
        let (class, words) = reason(&bench.end(request).await.end);
        assert_eq!(class, ErrorKind::InvalidPrompt);
        assert!(words.contains(why), "{words}");
    }
    assert_eq!(bench.calls().len(), 0);
}
