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
    of_link(Path::new(LOCAL))
}

/// Reads the time zone whose rules a file links to; none where it is no link into a `zoneinfo` folder.
fn of_link(file: &Path) -> Option<TimeZone> {
    let target = std::fs::read_link(file).ok()?;
    let (_, name) = target.to_str()?.rsplit_once("zoneinfo/")?;
    TimeZone::tzif(name, &std::fs::read(file).ok()?).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use jiff::Timestamp;

    use super::*;

    /// The rules of a zone that is always two hours ahead, as a file has them (RFC 9636): a head and one kind of time, once in
    /// 32 and once in 64 bits, and the rule for all time to come.
    fn two_hours_ahead() -> Vec<u8> {
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        let block = [b"TZif2".as_slice(), &[0; 15], &counts, &7200_i32.to_be_bytes(), &[0, 0], b"EET\0"].concat();
        [block.as_slice(), &block, b"\nEET-2\n"].concat()
    }

    #[test]
    fn the_zone_is_the_one_that_the_link_names_by_the_rules_in_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let rules = dir.path().join("zoneinfo/Test/Ahead");
        fs::create_dir_all(rules.parent().unwrap()).unwrap();
        fs::write(&rules, two_hours_ahead()).unwrap();
        let link = dir.path().join("localtime");
        symlink(&rules, &link).unwrap();
        let zone = of_link(&link).unwrap();
        assert_eq!(zone.iana_name(), Some("Test/Ahead"));
        assert_eq!(zone.to_offset(Timestamp::UNIX_EPOCH).seconds(), 7200);
    }

    #[test]
    fn a_file_that_names_no_zone_or_has_no_rules_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let plain = dir.path().join("plain");
        fs::write(&plain, two_hours_ahead()).unwrap();
        assert_eq!(of_link(&plain), None, "it is no link");
        let elsewhere = dir.path().join("elsewhere");
        symlink(&plain, &elsewhere).unwrap();
        assert_eq!(of_link(&elsewhere), None, "it leads to no zone");
        let odd = dir.path().join("zoneinfo/Odd");
        fs::create_dir_all(odd.parent().unwrap()).unwrap();
        fs::write(&odd, "no rules").unwrap();
        let link = dir.path().join("odd");
        symlink(&odd, &link).unwrap();
        assert_eq!(of_link(&link), None, "its file has no rules");
        assert_eq!(of_link(&dir.path().join("missing")), None);
    }
}
