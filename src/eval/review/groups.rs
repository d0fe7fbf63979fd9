//! Counts by name, found by the name's number without a search.

use super::Group;
use crate::model::facts::{Name, RunFacts};

/// Something for each of some names, in the order they were met.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ByName<T> {
    /// One more than the place of each name; 0 for those not met.
    places: Vec<u32>,
    all: Vec<(Name, T)>,
}

/// Counts of runs by two names, each pair with its place in the order it was met.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Groups {
    /// The places of the pairs with each second name, and before them of those without one.
    places: Vec<Vec<u32>>,
    all: Vec<(Pair, Group)>,
}

/// Two names, such as a provider and its model, a prompt and its version.
type Pair = (Option<Name>, Option<Name>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self { places: Vec::new(), all: Vec::new() }
    }
}

impl<T: Default> ByName<T> {
    /// Changes what belongs to a name.
    pub(super) fn change(&mut self, name: Name, change: impl FnOnce(&mut T)) {
        if self.places.len() <= name.place() {
            self.places.resize(name.place() + 1, 0);
        }
        let Some(place) = self.places.get_mut(name.place()) else { return };
        if *place == 0 {
            self.all.push((name, T::default()));
            *place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        }
        if let Some((_, own)) = self.all.get_mut(*place as usize - 1) {
            change(own);
        }
    }

    /// Returns what belongs to a name, if it was met.
    pub(super) fn get(&self, name: Name) -> Option<&T> {
        let place = self.places.get(name.place())?.checked_sub(1)?;
        self.all.get(place as usize).map(|(_, own)| own)
    }

    /// Lists the names with what belongs to them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Name, &T)> {
        self.all.iter().map(|(name, own)| (*name, own))
    }
}

impl Groups {
    /// Takes a run into the group of a pair of names, and returns the group's place.
    pub(super) fn take(&mut self, pair: Pair, facts: &RunFacts) -> u32 {
        self.change(pair, |group| group.take(facts))
    }

    /// Changes the group of a pair of names, and returns its place.
    pub(super) fn change(&mut self, pair: Pair, change: impl FnOnce(&mut Group)) -> u32 {
        let second = pair.1.map_or(0, |name| name.place() + 1);
        if self.places.len() <= second {
            self.places.resize_with(second + 1, Vec::new);
        }
        let Some(places) = self.places.get_mut(second) else { return u32::MAX };
        let all = &mut self.all;
        let known = places.iter().copied().find(|place| all.get(*place as usize).is_some_and(|(own, _)| *own == pair));
        let place = known.unwrap_or_else(|| {
            let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
            all.push((pair, Group::default()));
            places.push(next);
            next
        });
        if let Some((_, group)) = all.get_mut(place as usize) {
            change(group);
        }
        place
    }

    /// Lists the groups with their names and places, in the order they were met.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Pair, u32, Group)> {
        (0..).zip(&self.all).map(|(place, (pair, group))| (*pair, place, *group))
    }
}
