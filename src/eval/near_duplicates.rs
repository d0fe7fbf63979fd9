//! Rows that say nearly the same: a data set in which one row stands many times says less than it seems to.

use crate::text::lower;

/// The characters of a shingle.
const SHINGLE: usize = 5;

/// The share of shingles in common from which on two texts are nearly the same.
const ALIKE: f64 = 0.8;

/// The characters of a text that are compared.
const COMPARED: usize = 20_000;

/// Texts that another one may not be nearly the same as.
#[derive(Debug, Clone, Default)]
pub struct NearDuplicates {
    known: Vec<Known>,
}

/// A text, by what is compared of it.
#[derive(Debug, Clone)]
struct Known {
    /// What a person knows it by.
    name: String,
    /// In lower case, each run of white space one space.
    text: String,
    /// The shingles, in order, none twice.
    shingles: Vec<String>,
}

/// A text that is nearly the same.
#[derive(Debug, Clone, PartialEq)]
pub struct NearDuplicate {
    /// What a person knows it by.
    pub of: String,
    /// The share of shingles in common, from 0 to 1; 1 where they are equal.
    pub share: f64,
}

impl Known {
    fn of(name: &str, text: &str) -> Self {
        let text: String =
            lower(text).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(COMPARED).collect();
        let chars: Vec<char> = text.chars().collect();
        let mut shingles: Vec<String> = chars.windows(SHINGLE).map(|five| five.iter().collect()).collect();
        shingles.sort_unstable();
        shingles.dedup();
        Self { name: name.to_owned(), text, shingles }
    }

    /// Returns the share of shingles that are in both of those that are in one (Jaccard 1912).
    fn share(&self, other: &Self) -> f64 {
        if self.text == other.text {
            return 1.0;
        }
        let (less, more) =
            (self.shingles.len().min(other.shingles.len()), self.shingles.len().max(other.shingles.len()));
        // So few could never be enough.
        if less == 0 || (less as f64) < ALIKE * more as f64 {
            return 0.0;
        }
        let common = self.shingles.iter().filter(|own| other.shingles.binary_search(own).is_ok()).count();
        common as f64 / (self.shingles.len() + other.shingles.len() - common) as f64
    }
}

impl NearDuplicates {
    /// Finds a known text that another one is nearly the same as: equal but for case and white space, or with more than four
    /// in five shingles of five characters in common. Takes it in where there is none.
    pub fn take(&mut self, name: &str, text: &str) -> Option<NearDuplicate> {
        let own = Known::of(name, text);
        let found = self.known.iter().find_map(|known| {
            let share = known.share(&own);
            (share > ALIKE).then(|| NearDuplicate { of: known.name.clone(), share })
        });
        if found.is_none() {
            self.known.push(own);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_the_same_is_found_and_not_taken_in() {
        let mut known = NearDuplicates::default();
        let of = |known: &mut NearDuplicates, text: &str| known.take(text, text).map(|found| found.of);
        let first = "My parcel was to come on Monday and has not come yet.";
        assert_eq!(of(&mut known, first), None);
        for near in [
            first.to_uppercase().as_str(),
            "  My parcel was to come\non Monday and has not come yet. ",
            "My parcel was to come on Monday and has not come yet!",
        ] {
            assert_eq!(of(&mut known, near).as_deref(), Some(first), "{near}");
        }
        for other in
            ["My parcel came broken.", "", "a", "b", "My parcel was to come on Friday, but I was not at home then."]
        {
            assert_eq!(of(&mut known, other), None, "{other}");
        }
        assert_eq!(of(&mut known, "\n \t"), Some(String::new()), "nothing is as empty as nothing");
    }

    /// "abcdefgh" has the shingles abcde, bcdef, cdefg, defgh; "abcdefgi" three of them and one of its own: 3 of 5.
    #[test]
    fn the_share_is_that_of_jaccard() {
        let share = Known::of("", "abcdefgh").share(&Known::of("", "abcdefgi"));
        assert!((share - 0.6).abs() < 1e-12, "{share}");
        assert!(Known::of("", "ab").share(&Known::of("", "ac")) < 0.1);
    }
}
