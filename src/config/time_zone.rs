//! The time zone of the machine.

use std::path::Path;

use jiff::tz::TimeZone;

/// What holds the rules of the machine's time zone; a link to them by name, mostly.
const LOCAL: &str = "/etc/localtime";

/// Reads the machine's time zone from the one file that says it; none where there is no such file, as on Windows.
///
/// [`TimeZone::system`] lists all time zones first, which takes as long as all the rest of a start.
#[must_use]
pub fn of_machine() -> Option<TimeZone> {
    let file = Path::new(LOCAL);
    let target = std::fs::read_link(file).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    TimeZone::tzif(name, &std::fs::read(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_the_one_that_is_found_by_its_name() {
        let Some(zone) = of_machine() else { return };
        let name = zone.iana_name().unwrap_or_default();
        assert_eq!(TimeZone::get(name).ok().as_ref(), Some(&zone), "{name}");
    }
}
