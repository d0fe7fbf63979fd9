//! Where everything is kept: the platform's directories, or those the environment names.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::{
    config::project,
    model::{error::StoreError, settings::Places},
};

/// Finds the directories. Nothing is created: that happens on the first write.
///
/// `RETORT_CONFIG_DIR`, `RETORT_DATA_DIR`, `RETORT_CACHE_DIR` and `RETORT_STATE_DIR` come before
/// the platform's own, which are not looked for when all four are set. The project is that of the nearest
/// `retort.toml` upward from `cwd`; what is wrong with it stops only those who need its prompts.
pub fn places(env: &dyn Fn(&str) -> Option<String>, cwd: &Path) -> Result<Places, StoreError> {
    let own = |name: &str| env(name).filter(|value| !value.is_empty()).map(|value| cwd.join(value));
    let platform = ProjectDirs::from("", "", "retort");
    let pick = |name: &str, dir: fn(&ProjectDirs) -> PathBuf| {
        own(name).or_else(|| platform.as_ref().map(dir)).ok_or_else(|| {
            StoreError::new(format!("there is no home directory to keep files in; set {name} to a directory"))
        })
    };
    Ok(Places {
        config: pick("RETORT_CONFIG_DIR", |dirs| dirs.config_dir().to_path_buf())?,
        data: pick("RETORT_DATA_DIR", |dirs| dirs.data_dir().to_path_buf())?,
        cache: pick("RETORT_CACHE_DIR", |dirs| dirs.cache_dir().to_path_buf())?,
        state: pick("RETORT_STATE_DIR", |dirs| dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_path_buf())?,
        project: project::find(cwd),
    })
}
