//! What the program talks about: pure data, no behaviour beyond its own rules.

pub mod card;
pub mod catalog;
pub mod fault;
pub mod id;
pub mod input;
pub mod key;
pub mod lane;
pub mod look;
pub mod message;
pub mod outcome;
pub mod prompt;
pub mod quality;
pub mod request;
pub mod session;
pub mod settings;
pub mod target;
pub mod template;
pub mod usage;

pub use card::{ModelCard, Price};
pub use catalog::Catalog;
pub use fault::{Class, Fault, Timer};
pub use id::RunId;
pub use input::Input;
pub use key::{Key, KeySource};
pub use lane::{LaneSpec, Pinned};
pub use look::Look;
pub use message::{Message, Role};
pub use outcome::{End, Finish, Outcome, Provenance};
pub use prompt::{Check, CheckKind, Format, Params, Prompt, Response};
pub use quality::{Mark, Quality, Rule, Verdict};
pub use request::{CacheMode, Commit, RunRequest};
pub use session::Session;
pub use settings::Settings;
pub use target::{ProviderKind, Target};
pub use usage::{Cost, PicoDollars, Usage};
