//! Scrolling the lanes together: to the same JSON path, to what matches, or to the same paragraph.

use super::{App, difference::Place, lane::Lane};

impl App {
    /// Puts the other lanes where a lane stands. What is compared goes by what matches in it; the
    /// baseline, shown as it is, by its bytes; everything else by paragraphs.
    pub(super) fn align_to(&mut self, at: usize) {
        let baseline = self.bench.baseline();
        let Some(from) = self.bench.lanes.get(at).map(Lane::shown) else {
            return;
        };
        let stand = from.view().stand();
        let place = match from.difference() {
            _ if from.view().follows() => None,
            Some(difference) => Some(difference.place()),
            None => match from.view().json() {
                Some(json) => Some(Place::Path(json.top_path())),
                None => (baseline == Some(at)).then(|| Place::Byte(from.view().bytes(from.view().top()).start)),
            },
        };
        for (other, lane) in self.bench.lanes.iter_mut().enumerate().filter(|(other, _)| *other != at) {
            let take = lane.shown_mut();
            let compared = !take.shows_reasoning();
            if let (Some(place), Some(difference)) = (&place, take.compared.shown_mut().filter(|_| compared))
                && difference.align(place)
            {
                continue;
            }
            let view = take.view_mut();
            match (&place, view.json_mut()) {
                (Some(Place::Path(path)), Some(json)) => json.align(path),
                (Some(Place::Byte(byte)), None) if baseline == Some(other) => view.align_to(*byte),
                _ => view.align(stand),
            }
        }
    }
}
