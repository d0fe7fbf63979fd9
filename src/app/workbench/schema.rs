//! The schema of the answer: opened as text, taken over where it is valid, kept as a draft where it is not, and tried on
//! the stored answers of the prompt.

use crate::{
    app::{
        context::Cx,
        event::{Effect, FieldId},
        intent::{Intent, OverlayIntent},
        overlays::schema::SchemaPane,
        workbench::Workbench,
    },
    eval::schema_text,
    model::{Format, Prompt, Response},
    text::json,
};

impl Workbench {
    /// Opens the schema of the answer: the draft of it where there is one.
    pub(crate) fn open_schema(&mut self, cx: &mut Cx<'_, Self>) {
        let written = || self.response.schema.as_ref().and_then(|schema| json::to_pretty(schema).ok());
        let text = self.schema_draft.clone().or_else(written).unwrap_or_default();
        self.schema_changed = false;
        cx.open(SchemaPane::new(self.prompt_name.clone(), &text));
        self.try_schema(cx);
    }

    /// Puts the text of a schema in place of the one there is. All that is typed while the pane is open is one change.
    pub(crate) fn set_schema(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if !self.schema_changed {
            self.schema_changed = true;
            self.begin_change();
        }
        match schema_text::read(text) {
            Ok(schema) => {
                (self.response.schema, self.schema_draft) = (schema, None);
                if self.response.schema.is_none() && self.response.format == Format::Schema {
                    self.response.format = Format::Json;
                }
                self.try_schema(cx);
            }
            Err(_) => self.schema_draft = Some(text.to_owned()),
        }
        self.touch();
    }

    /// Has the record say how many stored answers of the prompt would pass the schema.
    fn try_schema(&self, cx: &mut Cx<'_, Self>) {
        let (Some(schema), Some(name)) = (&self.response.schema, &self.prompt_name) else {
            return;
        };
        let response = Response { format: Format::Schema, schema: Some(schema.clone()), ..Response::default() };
        let prompt = Box::new(Prompt { response, ..Prompt::default() });
        cx.send(Intent::Overlay(OverlayIntent::TrySchema { prompt, name: name.clone() }));
    }

    /// Opens the text of the schema in the person's editor.
    pub(crate) fn edit_schema(text: String, cx: &mut Cx<'_, Self>) {
        cx.effect(Effect::Edit { field: FieldId::Schema, text, suffix: ".json" });
    }
}
