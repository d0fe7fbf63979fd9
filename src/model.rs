//! What the program talks about: pure data, no behaviour beyond its own rules.

pub mod address;
pub mod api_key;
pub mod attachment;
pub mod batch;
pub mod catalog;
pub mod check;
pub mod check_program;
pub mod cost;
pub mod dataset;
pub mod error;
pub mod expected;
pub mod finish;
pub mod freshness;
pub mod header;
pub mod id;
pub mod imported;
pub mod input;
pub mod media;
pub mod message;
pub mod model_card;
pub mod model_list;
pub mod outcome;
pub mod picture;
pub mod prompt;
pub mod prompt_caching;
pub mod prompt_toml;
pub mod query;
pub mod quirk;
pub mod remote_job;
pub mod request;
pub mod run_end;
pub mod run_facts;
pub mod schema_rules;
pub mod session;
pub mod settings;
pub mod target;
pub mod target_settings;
pub mod text_service;
pub mod theme;
pub mod tool;
pub mod trace_parent;
pub mod traffic;
pub mod transport;
pub mod usage;
pub mod vendor;
pub mod verdict;
pub mod version;
pub mod wire;

pub use crate::model::{
    api_key::{Key, KeySource},
    attachment::{Attachment, Part, PartFolders, PartRoot},
    catalog::Catalog,
    check::{Check, CheckKind, CheckType},
    check_program::CheckProgram,
    cost::{CacheSaving, Cost, PicoDollars},
    dataset::DatasetRow,
    error::{CallError, ErrorKind, Timer},
    expected::Expected,
    finish::{Ending, Finish},
    freshness::{AnswerSource, Freshness},
    id::{BatchId, CellIndex, CellRef, RunId},
    imported::TraceFormat,
    input::{Input, NamedInput, VarValue},
    media::{MediaKind, MediaType},
    message::{Message, Role, Turn},
    model_card::{ModelCard, Price},
    outcome::{Outcome, Provenance},
    prompt::{Format, Params, Prompt, Response, ResponseRule},
    prompt_caching::PromptCaching,
    request::{CacheMode, Commit, RunRequest},
    run_end::RunEnd,
    session::{LaneSpec, Pinned, Session},
    settings::{Settings, TerminalCaps},
    target::Target,
    target_settings::TargetOptions,
    text_service::TextService,
    tool::{Tool, ToolCall, ToolChoice, ToolSet},
    usage::{ModalityTokens, Spent, Usage},
    vendor::Vendor,
    verdict::{Grade, Quality, Rule, RunStatus, Status, StatusCounts, Thumb, Verdict},
    version::VersionId,
    wire::{Transport, Wire},
};
