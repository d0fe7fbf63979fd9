//! What a threshold that is moved says against what people found of the answers, in rows.

use crate::eval::whatif::GradeMatrix;

/// Writes a count and what it becomes.
#[must_use]
pub fn change(before: u64, after: u64) -> String {
    if before == after { after.to_string() } else { format!("{before} → {after}") }
}

/// Columns of the names of the rows, and of a count with what it becomes.
const NAME: usize = 11;
const COUNT: usize = 15;

/// Writes the matrix: a row of heads, one of what passes and one of what fails, each by what people found right and wrong.
#[must_use]
pub fn grade_rows(before: GradeMatrix, after: GradeMatrix) -> [String; 3] {
    let row =
        |name: &str, right: String, wrong: String| format!("{name:NAME$}{right:COUNT$}{wrong}").trim_end().to_owned();
    [
        row(&format!("grades {}", after.graded()), "right".to_owned(), "wrong".to_owned()),
        row("  pass", change(before.pass_right, after.pass_right), change(before.pass_wrong, after.pass_wrong)),
        row("  fail", change(before.fail_right, after.fail_right), change(before.fail_wrong, after.fail_wrong)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grades_say_stands_against_what_the_threshold_says() {
        let before = GradeMatrix { pass_right: 9, pass_wrong: 3, ..GradeMatrix::default() };
        let after = GradeMatrix { pass_right: 8, pass_wrong: 1, fail_right: 1, fail_wrong: 2 };
        let rows =
            ["grades 12  right          wrong", "  pass     9 → 8          3 → 1", "  fail     0 → 1          0 → 2"];
        assert_eq!(grade_rows(before, after), rows);
        assert_eq!((after.agrees(), after.graded()), (10, 12));
    }
}
