//! Packages: what they name is there, their versions are the program's, and what they are made of is made by it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::home::{Home, PROGRAM};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_long_version_says_how_it_was_built_and_the_short_one_does_not() {
    let home = Home::new();
    let long = home.run(&["--version"]).out;
    let mut lines = long.lines();
    assert_eq!(lines.next(), Some(concat!("retort ", env!("CARGO_PKG_VERSION"))));
    let said: Vec<_> = lines.map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let names: Vec<_> = said.iter().map(|words| words[0]).collect();
    assert_eq!(names, ["commit", "target", "profile", "features"], "{long}");
    assert!(said.iter().all(|words| words.len() > 1), "{long}");
    assert!(said[1][1].split('-').count() >= 3, "{long}");
    let keyring = said[3].contains(&"keyring");
    assert_eq!(keyring, cfg!(feature = "keyring"), "{long}");
    assert!(!long.contains(&*root().to_string_lossy()), "nothing of the machine is in it: {long}");
    assert_eq!(home.run(&["-V"]).out, concat!("retort ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(!home.run(&["man"]).out.contains("profile "), "a page is the same wherever it was built");
}

/// Lists the files that the sources put into the program.
fn included() -> BTreeSet<PathBuf> {
    fn walk(dir: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for (_, rest) in ["include_str!(", "include_bytes!("]
                .iter()
                .flat_map(|name| text.match_indices(name).map(|(at, name)| text.split_at(at + name.len())))
            {
                let Some(named) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) else { continue };
                let real = fs::canonicalize(path.parent().unwrap().join(named));
                found.extend(real.ok().and_then(|real| real.strip_prefix(root()).map(Path::to_path_buf).ok()));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&root().join("src"), &mut found);
    found
}

#[test]
fn the_package_of_the_registry_has_all_that_it_is_built_of() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let listed = Command::new(cargo)
        .args(["package", "--list", "--offline", "--allow-dirty"])
        .current_dir(root())
        .output()
        .unwrap();
    let list = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let packed: BTreeSet<&str> = list.lines().collect();
    for file in ["build.rs", "Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/main.rs"] {
        assert!(packed.contains(file), "{file}");
    }
    for schema in fs::read_dir(root().join("assets/schema")).unwrap() {
        let name = format!("assets/schema/{}", schema.unwrap().file_name().to_string_lossy());
        assert!(packed.contains(&*name), "{name}");
    }
    let included = included();
    assert!(included.len() > 5, "{included:?}");
    for file in included {
        assert!(packed.contains(&*file.to_string_lossy()), "{}", file.display());
    }
    assert!(packed.iter().all(|file| !file.starts_with("target/") && !file.starts_with("fuzz/")));
}

#[test]
fn the_debian_package_names_what_is_there() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let made = ["target/dist/retort", "target/extras/"];
    let (mut seen, mut places) = (0, Vec::new());
    for asset in deb["assets"].as_array().unwrap() {
        let [from, to, _] = asset.as_array().unwrap().as_slice() else { panic!("{asset}") };
        let from = from.as_str().unwrap();
        places.push(to.as_str().unwrap());
        if !made.iter().any(|made| from.starts_with(made)) {
            assert!(root().join(from).exists(), "{from}");
            seen += 1;
        }
    }
    assert!(seen > 3);
    for place in ["usr/bin/", "usr/share/bash-completion/completions/retort", "usr/share/man/man1/"] {
        assert!(places.contains(&place), "{place}");
    }
}

#[test]
fn every_package_is_of_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let formula = read("packaging/homebrew/retort.rb");
    assert!(formula.contains(&format!("/tags/v{version}.tar.gz")), "{formula}");
    assert!(formula.contains("@SHA256@") && formula.contains("@REPOSITORY@"), "the release fills them in");
    assert!(read("flake.nix").contains("importTOML ./Cargo.toml"), "the flake reads the version");
    let install = read("docs/install.md");
    for name in [format!("retort-{version}-x86_64"), format!("retort_{version}-1_amd64.deb")] {
        assert!(install.contains(&name), "docs/install.md lacks {name}");
    }
}

#[cfg(unix)]
#[test]
fn an_archive_has_the_program_with_its_completions_and_pages_and_is_the_same_every_time() {
    let home = Home::new();
    // What a debug build weighs takes long to pack.
    let program = home.file("bin/retort", &format!("#!/bin/sh\nexec {PROGRAM} \"$@\"\n"));
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let pack = |folder: &str| {
        let mut command = Command::new("sh");
        command.arg(root().join("packaging/archive.sh")).arg("x86_64-test").arg(&program).arg(home.dir(folder));
        let done = command.env_clear().envs(home.environment()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        home.dir(folder).join(format!("retort-{}-x86_64-test.tar.gz", env!("CARGO_PKG_VERSION")))
    };
    let (one, other) = (pack("one"), pack("other"));
    assert!(fs::read(&one).unwrap() == fs::read(&other).unwrap(), "two archives differ");
    let sum = fs::read_to_string(one.with_extension("gz.sha256")).unwrap();
    assert_eq!(sum.split_whitespace().next().map(str::len), Some(64), "{sum}");
    let listed = Command::new("tar").arg("-tzf").arg(&one).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let within = format!("retort-{}-x86_64-test", env!("CARGO_PKG_VERSION"));
    for file in [
        "retort",
        "README.md",
        "LICENSE-MIT",
        "completions/retort.bash",
        "completions/_retort",
        "completions/retort.fish",
        "man/retort.1",
        "man/retort-batch.1",
        "schema/settings.json",
    ] {
        assert!(listed.lines().any(|line| line == format!("{within}/{file}")), "{file} is not in:\n{listed}");
    }
}
