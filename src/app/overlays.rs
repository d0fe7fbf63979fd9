//! The overlays there are, each in a file of its own: its state, what is done in it, and how it is drawn.
//!
//! A new one is a file with a type that is an [`OverlayPart`], and a line in the list below.

pub mod answer_groups;
pub mod batch_limits;
pub mod columns;
pub mod compare_with;
pub mod confirm;
pub mod copy;
pub mod grade;
pub mod help;
pub mod lane_params;
pub mod lists;
pub mod models;
pub mod palette;
pub mod params;
pub mod prompts;
pub mod rows;
pub mod samples;
pub mod search;
pub mod sessions;
pub mod text_prompt;
pub mod variables;
pub mod versions;
pub mod xray;

use crate::{
    app::{App, intent::Intent, overlay::OverlayPart},
    pipeline::ports::RunRecord,
};

/// Writes the enum of all overlays and the one match that leads to what each of them is.
macro_rules! overlays {
    ($($name:ident($part:ty) = $doc:literal;)*) => {
        /// One overlay.
        #[derive(Debug, Clone)]
        pub enum Overlay {
            $(#[doc = $doc] $name($part),)*
        }

        impl Overlay {
            /// Returns what it is.
            #[must_use]
            pub fn part(&self) -> &dyn OverlayPart {
                match self {
                    $(Self::$name(part) => part,)*
                }
            }

            /// Returns what it is, to be changed.
            pub(crate) fn part_mut(&mut self) -> &mut dyn OverlayPart {
                match self {
                    $(Self::$name(part) => part,)*
                }
            }
        }

        $(
            impl From<$part> for Overlay {
                fn from(part: $part) -> Self {
                    Self::$name(part)
                }
            }

            impl OverlayKind for $part {
                fn of(overlay: &mut Overlay) -> Option<&mut Self> {
                    if let Overlay::$name(part) = overlay { Some(part) } else { None }
                }
            }
        )*
    };
}

overlays! {
    Help(help::Help) = "The keys for what has the focus.";
    Palette(palette::Palette) = "Every action.";
    Models(models::Models) = "The models a lane can have.";
    Params(params::ParamsForm) = "Parameters and response.";
    LaneParams(lane_params::LaneParamsForm) = "Parameters of a lane's own.";
    Samples(samples::SamplesForm) = "How many samples each lane makes.";
    Limits(batch_limits::LimitsForm) = "What a batch may use.";
    Variables(variables::VariablesForm) = "The values of the prompt's variables.";
    Prompts(prompts::PromptList) = "The prompts.";
    Sessions(sessions::SessionList) = "The sessions.";
    Rows(rows::RowList) = "The rows of a data set.";
    CompareWith(compare_with::CompareWith) = "What the lanes can be compared with.";
    Versions(versions::Versions) = "The versions of the prompt.";
    Grade(grade::GradeMenu) = "What can be said of an answer.";
    Groups(answer_groups::AnswerGroups) = "A lane's answers in groups.";
    TextPrompt(text_prompt::TextPrompt) = "One text, to be typed: a name, a path, a comment.";
    Xray(xray::Xray) = "A run step by step.";
    Copy(copy::CopyMenu) = "In what form to copy.";
    Columns(columns::Columns) = "The columns of the history, and which are shown.";
    Search(search::Search) = "A text to be searched while it is typed; it lies on the status line.";
    Confirm(confirm::Confirm) = "A question.";
}

/// One kind of overlay.
pub(crate) trait OverlayKind: Sized {
    /// Returns an overlay as one of this kind, if it is one.
    fn of(overlay: &mut Overlay) -> Option<&mut Self>;
}

impl App {
    /// Finds an open overlay of a kind.
    pub(crate) fn find_overlay<K: OverlayKind>(&mut self) -> Option<&mut K> {
        self.overlays.iter_mut().find_map(K::of)
    }

    /// Closes the overlays of a kind, wherever they lie.
    pub(crate) fn close_overlays<K: OverlayKind>(&mut self) {
        self.overlays.retain_mut(|overlay| K::of(overlay).is_none());
    }

    /// Opens the list of all actions.
    pub(crate) fn open_palette(&mut self) {
        self.open(palette::Palette::new(&self.keymap, self.screen));
    }

    /// Asks a question; something follows a yes.
    pub(crate) fn ask(&mut self, text: &str, yes: &'static str, then: Intent) {
        self.open(confirm::Confirm::new(text, yes, then));
    }

    /// Shows a judge's run: over the run it judged, or in the place of the judge before.
    pub(crate) fn show_judge(&mut self, record: &RunRecord) {
        let Some(Overlay::Xray(xray)) = self.overlays.last_mut() else {
            return;
        };
        let Some(judge) = xray.judges.take(record) else {
            return;
        };
        if xray.judges.is_shown() {
            *xray = judge;
        } else {
            self.open(judge);
        }
    }
}
