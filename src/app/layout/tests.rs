//! Where parts lie on screens of many sizes.

use proptest::prelude::*;

use super::*;

fn wish(lanes: usize) -> Wish {
    Wish {
        lanes,
        lane: 0,
        solo: false,
        focus: Focus::Message(0),
        zoom: false,
        left: 0,
        prompt: 0,
        banner: false,
        overlay: None,
        beside: false,
    }
}

#[test]
fn a_large_screen_shows_everything() {
    let layout = Layout::new(Rect::new(0, 0, 120, 40), &wish(2));
    assert_eq!(layout.shape, Shape::Wide);
    for part in [layout.prompt, layout.input_text, layout.metrics, layout.status, layout.footer] {
        assert!(!part.is_empty());
    }
    assert!(layout.lanes.iter().all(|lane| lane.text.width > 20 && lane.text.height > 20));
    assert!(layout.prompt.right() <= layout.lanes[0].pane.x && layout.prompt.bottom() <= layout.input.y);
}

#[test]
fn lanes_that_are_too_narrow_pass_by_as_whole_ones_around_the_one_with_the_focus() {
    let seen = |lane, lanes| {
        let layout = Layout::new(Rect::new(0, 0, 120, 40), &Wish { lane, ..wish(lanes) });
        let seen = layout.lanes.iter().map(|lane| !lane.pane.is_empty()).collect::<Vec<_>>();
        assert!(layout.lanes.iter().all(|lane| lane.pane.is_empty() || lane.pane.width >= LANE));
        (layout.strip.height, seen)
    };
    assert_eq!(seen(0, 3), (0, vec![true; 3]));
    assert_eq!(seen(0, 4), (1, vec![true, true, true, false]));
    assert_eq!(seen(3, 4), (1, vec![false, true, true, true]));
    let alone = Layout::new(Rect::new(0, 0, 200, 60), &Wish { lane: 2, solo: true, ..wish(4) });
    assert!(alone.strip.height == 1 && alone.lanes[2].pane.width > 100 && alone.lanes[1].pane.is_empty());
}

#[test]
fn a_small_screen_shows_the_pane_with_the_focus() {
    let layout = Layout::new(Rect::new(0, 0, 80, 24), &Wish { focus: Focus::Lane(1), ..wish(2) });
    assert_eq!((layout.shape, layout.tabs.height), (Shape::Tabs, 1));
    assert!(layout.prompt.is_empty() && layout.lanes[0].pane.is_empty());
    assert_eq!(layout.lanes[1].pane.width, 80);
}

#[test]
fn a_place_leads_to_what_is_drawn_there() {
    let layout = Layout::new(Rect::new(0, 0, 120, 40), &wish(1));
    let text = layout.lanes[0].text;
    let hit = layout.hit(text.x + 3, text.y + 2);
    assert_eq!(hit, Hit::Pane { focus: Focus::Lane(0), row: 2, column: 3 });
    let over = Layout::new(Rect::new(0, 0, 120, 40), &Wish { overlay: Some((40, 10)), ..wish(1) });
    assert_eq!(over.hit(0, 0), Hit::Nothing);
    assert_eq!(over.hit(over.overlay.x + 1, over.overlay.y + 3), Hit::Overlay { row: 2 });
}

proptest! {
    #[test]
    fn every_part_lies_on_the_screen(
        width in 0..300_u16, height in 0..120_u16, lanes in 1..=4_usize, zoom: bool, banner: bool, solo: bool, beside: bool,
        left in -9..9_i16, prompt in -9..9_i16, focus in 0..5_usize, over in proptest::option::of((0..200_u16, 0..99_u16)),
    ) {
        let focus = [Focus::Message(0), Focus::Message(1), Focus::Input, Focus::Lane(lanes - 1), Focus::Metrics][focus];
        let area = Rect::new(0, 0, width, height);
        let layout = Layout::new(area, &Wish { lanes, lane: lanes - 1, solo, focus, zoom, left, prompt, banner, overlay: over, beside });
        let mut parts = vec![
            layout.title, layout.tabs, layout.banner, layout.prompt, layout.input, layout.input_text,
            layout.metrics, layout.body, layout.status, layout.footer, layout.overlay, layout.strip,
        ];
        parts.extend(layout.lanes.iter().flat_map(|lane| [lane.pane, lane.text, lane.foot]));
        for part in parts {
            prop_assert_eq!(part.intersection(area), part);
        }
    }
}
