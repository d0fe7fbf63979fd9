//! What may take the place of what, and what stays whole.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::{cli::output::*, model::settings::Project};

/// What each form of a report begins with.
const REPORTS: [(ReportFormat, &str); 5] = [
    (
        ReportFormat::Lines,
        "{\"row\":1,\"line\":2,\"prompt\":\"p\",\"target\":\"m\",\"sample\":1,\"run\":\"x\",\"end\":\"done\",\"standing\":\"passed\"}\n",
    ),
    (ReportFormat::Csv, "row,line,description,prompt,target,sample,input,answer\r\n"),
    (
        ReportFormat::Markdown,
        "# rows.csv\n\ncomplete\n\n| prompt | target | cells | passed | failed | inconclusive | unchecked | errors | pass rate | score |\n",
    ),
    (ReportFormat::Html, "<!doctype html>\n<html><head>\n<meta name=\"generator\" content=\"retort\">\n<style>\n"),
    (
        ReportFormat::Junit,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- written by retort -->\n<testsuites name=\"rows\">\n",
    ),
];

struct Folder {
    dir: tempfile::TempDir,
    places: Places,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let own = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        let places = Places {
            config: own("config"),
            data: own("data"),
            cache: own("cache"),
            state: own("state"),
            project: Project::Absent,
        };
        own("work");
        for (file, text) in [
            ("data/retort.db", "SQLite format 3"),
            ("cache/cache.db", "SQLite format 3"),
            ("config/config.toml", "theme = \"dark\""),
            ("config/prompts/p.toml", "user = \"x\""),
            ("state/retort.log", "a line"),
            ("work/rows.csv", "input\na\n"),
            ("work/thesis.md", "# My thesis\n"),
        ] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { dir, places }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn outputs(&self, force: bool) -> Outputs<'_> {
        Outputs { places: &self.places, in_use: vec![self.path("work/rows.csv")], force }
    }

    fn refusal(&self, name: &str, form: ReportFormat, force: bool) -> Option<String> {
        self.outputs(force).one(self.path(name), OutputContent::Report(form)).err().map(|error| error.message)
    }
}

#[test]
fn what_is_no_report_of_the_form_stays_and_retorts_own_stay_whatever_is_said() {
    let folder = Folder::new();
    symlink(folder.path("work/rows.csv"), folder.path("work/link.csv")).unwrap();
    symlink(folder.path("work/nowhere"), folder.path("work/dangling.csv")).unwrap();
    symlink(folder.path("data"), folder.path("work/dir")).unwrap();
    fs::hard_link(folder.path("work/rows.csv"), folder.path("work/hard.csv")).unwrap();
    fs::create_dir(folder.path("work/folder.csv")).unwrap();
    // the path, what is said of it, and whether --force lets it through
    for (path, text, forced) in [
        ("data/retort.db", "the record of runs", false),
        ("data/retort.db-wal", "the record of runs", false),
        ("data/retort.db.before-20261128T000000", "the record of runs", false),
        ("work/../data/retort.db", "the record of runs", false),
        ("work/dir/retort.db", "the record of runs", false),
        ("cache/cache.db", "the response cache", false),
        ("cache/cache.db-shm", "the response cache", false),
        ("config/config.toml", "the settings", false),
        ("config/prompts/p.toml", "retort's own files", true),
        ("config/prompts/new.toml", "retort's own files", true),
        ("state/retort.log", "retort's own files", true),
        ("work/rows.csv", "this command reads that file", true),
        ("work/hard.csv", "this command reads that file", true),
        ("work/thesis.md", "a file is there that is not", true),
        ("work/link.csv", "links are not followed", false),
        ("work/dangling.csv", "links are not followed", false),
        ("work/folder.csv", "it is a folder", false),
        ("work/none/report.csv", "there is no folder", false),
        ("work/new.csv", "", true),
    ] {
        let refusal = folder.refusal(path, ReportFormat::Csv, false);
        assert_eq!(refusal.is_none(), text.is_empty(), "{path}: {refusal:?}");
        assert!(refusal.is_none_or(|words| words.contains(text)), "{path}");
        assert_eq!(folder.refusal(path, ReportFormat::Csv, true).is_none(), forced, "{path} with --force");
    }
    let link = folder.refusal("work/link.csv", ReportFormat::Csv, false).unwrap();
    assert!(link.contains("work/rows.csv"), "it says where the link leads: {link}");
}

#[test]
fn a_report_takes_the_place_of_one_of_its_form_alone() {
    let folder = Folder::new();
    for (there, text) in REPORTS {
        fs::write(folder.path("work/report"), text).unwrap();
        for (form, _) in REPORTS {
            assert_eq!(folder.refusal("work/report", form, false).is_none(), form == there, "{form:?} over {there:?}");
        }
        let backup = folder.outputs(false).one(folder.path("work/report"), OutputContent::Backup);
        assert!(backup.is_err(), "a backup over {there:?}");
    }
    fs::write(folder.path("work/report"), "").unwrap();
    assert!(REPORTS.iter().all(|(form, _)| folder.refusal("work/report", *form, false).is_none()), "an empty file");
}

#[test]
fn two_outputs_of_a_command_are_two_files() {
    let folder = Folder::new();
    let (a, b) = (OutputContent::Report(ReportFormat::Csv), OutputContent::Report(ReportFormat::Junit));
    for force in [false, true] {
        let outputs = folder.outputs(force);
        for name in ["work/a.csv", "work/../work/a.csv", "work/./a.csv"] {
            let error = outputs.check([(folder.path("work/a.csv"), a), (folder.path(name), b)]).unwrap_err();
            assert!(error.message.contains("are one file"), "{name}: {error}");
        }
        assert_eq!(outputs.check([(folder.path("work/a.csv"), a), (folder.path("work/b.xml"), b)]).unwrap().len(), 2);
        let null = || PathBuf::from("/dev/null");
        assert_eq!(outputs.check([(null(), a), (null(), b)]).unwrap().len(), 2, "what keeps nothing takes both");
    }
}

#[test]
fn nothing_goes_into_a_folder_whose_texts_are_the_rows() {
    let folder = Folder::new();
    fs::create_dir(folder.path("texts")).unwrap();
    let outputs = Outputs { in_use: vec![folder.path("texts")], ..folder.outputs(false) };
    let error = outputs.one(folder.path("texts/report.md"), OutputContent::Report(ReportFormat::Markdown)).unwrap_err();
    assert!(error.message.contains("a row of it"), "{error}");
}

#[test]
fn what_is_there_stays_whole_until_the_new_one_is_and_where_something_came_between() {
    let folder = Folder::new();
    let path = folder.path("work/report.csv");
    let (old, report) = (REPORTS[1].1, OutputContent::Report(ReportFormat::Csv));
    fs::write(&path, old).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let output = folder.outputs(false).one(path.clone(), report).unwrap();
    let error = output.write(|out| out.write_all(b"half").and_then(|()| Err(io::Error::other("full")))).unwrap_err();
    assert!(error.message.contains("full"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), old);
    output.write(|out| out.write_all(b"new")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640, "its mode is its owner's to say");
    // somebody else writes a file there while the command runs
    let later = folder.path("work/later.csv");
    let output = folder.outputs(false).one(later.clone(), report).unwrap();
    fs::write(&later, "somebody's").unwrap();
    assert!(output.write(|out| out.write_all(b"new")).is_err());
    assert_eq!(fs::read_to_string(&later).unwrap(), "somebody's");
    // or a link
    fs::remove_file(&later).unwrap();
    symlink(folder.path("work/thesis.md"), &later).unwrap();
    assert!(output.write(|out| out.write_all(b"new")).is_err());
    assert_eq!(fs::read_to_string(folder.path("work/thesis.md")).unwrap(), "# My thesis\n");
    let left: Vec<_> = fs::read_dir(folder.path("work")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn a_device_and_a_pipe_are_written_to() {
    let folder = Folder::new();
    let pipe = folder.path("work/pipe.csv");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    let output = folder.outputs(false).one(pipe.clone(), OutputContent::Report(ReportFormat::Csv)).unwrap();
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    output.write(|out| out.write_all(b"rows")).unwrap();
    assert_eq!(reader.join().unwrap(), "rows");
    let output =
        folder.outputs(false).one(PathBuf::from("/dev/null"), OutputContent::Report(ReportFormat::Csv)).unwrap();
    output.write(|out| out.write_all(b"rows")).unwrap();
    assert!(output.draft().is_err(), "a backup needs a file");
}
