//! Tells the program how it was built: for which target, in which profile, with which features, from which commit; and
//! the linker to write it small, where such a program runs. The tables of models and vendors become JSON, which every start
//! of the program reads in a tenth of the time.
//!
//! Nothing of that depends on the time or the machine. Where there is no repository, as in a package from a registry, the
//! commit is the one that cargo noted, or nobody knows it.

use std::{
    env, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let said = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    let out = PathBuf::from(said("OUT_DIR"));
    // target/[TRIPLE/]PROFILE/build/PACKAGE/out
    let profile = out.ancestors().nth(3).and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let profile = profile.unwrap_or_else(|| said("PROFILE"));
    let mut features: Vec<String> = Vec::new();
    if env::var_os("CARGO_FEATURE_KEYRING").is_some() {
        features.push("keyring".to_owned());
    }
    let mut script = io::stdout().lock();
    writeln!(script, "cargo:rerun-if-changed=build.rs")?;
    for table in ["models", "vendors"] {
        let file = root.join("assets").join(table).with_extension("toml");
        writeln!(script, "cargo:rerun-if-changed={}", file.display())?;
        fs::write(out.join(table).with_extension("json"), as_json(&file)?)?;
    }
    writeln!(script, "cargo:rerun-if-env-changed=BUILD_COMMIT")?;
    let commit = Some(said("BUILD_COMMIT")).filter(|commit| !commit.is_empty()).or_else(|| packaged(&root));
    let commit = match commit {
        // What is built to be tried out is built anew for no commit.
        None if said("PROFILE") == "release" => checked_out(&root, &mut script)?,
        known => known,
    };
    let commit = commit.filter(|commit| commit.chars().all(|c| c.is_ascii_hexdigit()));
    let commit = commit.map_or_else(|| "unknown".to_owned(), |commit| commit.chars().take(12).collect());
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    for (name, value) in [("TARGET", said("TARGET")), ("PROFILE", profile), ("FEATURES", features), ("COMMIT", commit)]
    {
        writeln!(script, "cargo:rustc-env=BUILT_{name}={value}")?;
    }
    if said("PROFILE") == "release" && said("CARGO_CFG_TARGET_OS") == "linux" && runs_packed(&out, &said("TARGET")) {
        writeln!(script, "cargo:rustc-link-arg-bins={PACKED}")?;
    }
    Ok(())
}

/// Writes what a file of TOML says as JSON.
fn as_json(file: &Path) -> io::Result<String> {
    let read: toml::Table = toml::from_str(&fs::read_to_string(file)?)
        .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    Ok(serde_json::to_string(&read)?)
}

/// Has the linker write the places of addresses in a hundredth of the room, which is a twentieth of the program.
const PACKED: &str = "-Wl,-z,pack-relative-relocs";

/// Tells whether a program that is linked so runs here. Where the C library is too old to read it (glibc before 2.36), the
/// linker does not know it, or the target is another machine, it does not.
fn runs_packed(out: &Path, target: &str) -> bool {
    let (source, program) = (out.join("packed.rs"), out.join("packed"));
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.to_string_lossy()));
    }
    rustc.args(["--target", target, "-C", &format!("link-arg={PACKED}"), "-o"]).arg(&program).arg(&source);
    let succeeds = |command: &mut Command| command.output().is_ok_and(|done| done.status.success());
    fs::write(&source, "fn main() {}").is_ok() && succeeds(&mut rustc) && succeeds(&mut Command::new(&program))
}

/// Reads the commit that cargo notes in a package.
fn packaged(root: &Path) -> Option<String> {
    let noted = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = noted.split_once("\"sha1\"")?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// Asks git for the commit that is checked out, if this is the top of a repository, and has the program built anew once it
/// is another.
fn checked_out(root: &Path, script: &mut impl io::Write) -> io::Result<Option<String>> {
    if !root.join(".git").exists() {
        return Ok(None);
    }
    let git = |arguments: &[&str]| {
        let done = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        let said = String::from_utf8(done.stdout).ok()?;
        done.status.success().then(|| said.trim().to_owned())
    };
    if let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        writeln!(script, "cargo:rerun-if-changed={}", root.join(head).display())?;
    }
    Ok(git(&["rev-parse", "HEAD"]))
}
