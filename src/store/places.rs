//! Where everything is kept: the platform's directories, or those the environment names.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use serde::Deserialize;

use super::{atomic, job::StoreFault, mistake};
use crate::model::settings::Places;

/// The file that marks a project's root.
pub const PROJECT_FILE: &str = "retort.toml";

/// Finds the directories. Nothing is created: that happens on the first write.
///
/// `RETORT_CONFIG_DIR`, `RETORT_DATA_DIR`, `RETORT_CACHE_DIR` and `RETORT_STATE_DIR` come before
/// the platform's own, which are not looked for when all four are set. The project's prompts lie
/// beside the nearest `retort.toml` upward from `cwd`; a mistake in that file is a fault.
pub fn places(env: &dyn Fn(&str) -> Option<String>, cwd: &Path) -> Result<Places, StoreFault> {
    let own = |name: &str| env(name).filter(|value| !value.is_empty()).map(|value| cwd.join(value));
    let platform = ProjectDirs::from("", "", "retort");
    let pick = |name: &str, dir: fn(&ProjectDirs) -> PathBuf| {
        own(name).or_else(|| platform.as_ref().map(dir)).ok_or_else(|| {
            StoreFault::new(format!("there is no home directory to keep files in; set {name} to a directory"))
        })
    };
    Ok(Places {
        config: pick("RETORT_CONFIG_DIR", |dirs| dirs.config_dir().to_path_buf())?,
        data: pick("RETORT_DATA_DIR", |dirs| dirs.data_dir().to_path_buf())?,
        cache: pick("RETORT_CACHE_DIR", |dirs| dirs.cache_dir().to_path_buf())?,
        state: pick("RETORT_STATE_DIR", |dirs| dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_path_buf())?,
        project: project(cwd)?,
    })
}

/// The whole of `retort.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    /// The directory of the project's prompts, beside the file; `prompts` where unset.
    prompts: Option<String>,
}

fn project(cwd: &Path) -> Result<Option<PathBuf>, StoreFault> {
    let Some(root) = cwd.ancestors().find(|dir| dir.join(PROJECT_FILE).is_file()) else {
        return Ok(None);
    };
    let file = root.join(PROJECT_FILE);
    let text = atomic::read(&file)?.unwrap_or_default();
    let label = file.display().to_string();
    let project: Project = mistake::parse(&text, &label)?;
    let name = project.prompts.unwrap_or_else(|| "prompts".to_owned());
    let inside = Path::new(&name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if name.is_empty() || !inside {
        return Err(mistake::at(&text, &label, &["prompts"], "`prompts` must name a directory inside the project"));
    }
    Ok(Some(root.join(name)))
}
