//! The answers, those that flip first.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Action,
        quality::whatif::{Read, View},
        table::{Column, Width},
    },
    eval::{
        figures::count,
        whatif::{Flip, Measured},
    },
    ui::{
        part::{
            column::{fitted, right},
            table::{Cursor, table},
        },
        quality::framed,
        scene::Scene,
        theme::Role,
    },
};

/// Draws the list.
pub(super) fn draw(scene: Scene<'_>, view: &View, read: &Read, area: Rect, buffer: &mut Buffer) {
    let flips = read.sorted.flips(view.chosen, read.knob.counting());
    let all = count(read.sorted.len() as u64);
    let title = match flips {
        0 => format!("Answers  {all}, none flips"),
        flips => format!("Answers  {all}, {} of them flip", count(flips as u64)),
    };
    let mut keys = Line::default();
    for (action, says) in [(Action::PreviousFlip, " "), (Action::NextFlip, " to the next flip")] {
        keys.push_span(scene.span(scene.key(action), Role::Key));
        keys.push_span(scene.span(says, Role::Quiet));
    }
    let title = Line::from(scene.span(title, Role::Title));
    let inside = framed(scene, None, title, keys, area, buffer);
    let columns = [
        Column::new("comes out", Width::Fixed(10)),
        Column::new(read.knob.rule.as_str(), Width::Fixed(12)).right(),
        Column::new("grade", Width::Fixed(7)),
        Column::new("input", Width::Share(1, 12)),
        Column::new("answer", Width::Share(1, 12)),
    ];
    table(&view.table, &columns, Cursor::Row, inside, scene.theme, buffer, |row, column, wide| {
        let Some((measured, flip, run)) = view.row(row) else {
            return Line::default();
        };
        Line::from(match column {
            0 => {
                let (said, role) = out(flip);
                scene.span(said, role)
            }
            1 => {
                let value = measured.value.map_or_else(|| "–".to_owned(), |value| read.knob.shown_measured(value));
                scene.span(right(&value, wide), if measured.decides { Role::Number } else { Role::Quiet })
            }
            2 => {
                let (said, role) = grade(measured);
                scene.span(said, role)
            }
            _ => match run {
                None => scene.span("…", Role::Quiet),
                Some(run) if column == 3 => scene.span(fitted(&flat(&run.input), wide), Role::Text),
                Some(run) => {
                    let role = if run.demo { Role::Demo } else { Role::Text };
                    scene.span(fitted(&flat(&run.answer), wide), role)
                }
            },
        })
    });
}

/// How an answer comes out with the present threshold and with the one that was moved to.
fn out(flip: Flip) -> (&'static str, Role) {
    match (flip.before, flip.after) {
        (false, true) => ("✗→✓ fixed", Role::Pass),
        (true, false) => ("✓→✗ broken", Role::Fail),
        (true, true) => ("✓", Role::Pass),
        (false, false) => ("✗", Role::Quiet),
    }
}

/// What a person found.
fn grade(measured: &Measured) -> (&'static str, Role) {
    match measured.right {
        Some(true) => ("right", Role::Pass),
        Some(false) => ("wrong", Role::Fail),
        None => ("–", Role::Quiet),
    }
}

/// Puts a text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
