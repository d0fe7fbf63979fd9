//! How the runs a query asks for are found where all of them are wanted.

use rusqlite::Connection;

use super::matching::{Found, Matcher, Test, Wanted};
use crate::{
    model::query::{Query, What},
    store::history,
};

/// What is read, and what of that is asked for.
#[derive(Debug, Default)]
pub(in crate::store) struct Plan {
    /// The only runs that can be asked for, ascending, where they are known to be few.
    pub(in crate::store) few: Option<Vec<i64>>,
    pub(super) matcher: Matcher,
}

impl Plan {
    /// Looks up what is not told by the facts themselves.
    pub(in crate::store) fn of(db: &Connection, query: &Query) -> rusqlite::Result<Self> {
        let mut plan = Self::default();
        for filter in &query.filters {
            if !filter.not
                && let Some(few) = history::few_of(db, &filter.what)?
            {
                plan.narrow(few);
            }
            let test = match (Test::of(&filter.what), &filter.what) {
                (Some(test), _) => test,
                (None, What::Version(name)) => version(db, name)?,
                (None, what) => {
                    let list = history::every(db, what)?;
                    if !filter.not && history::is_few(list.len()) {
                        plan.narrow(list.clone());
                    }
                    Test::Found(vec![Found { versions: None, list: Some(list) }])
                }
            };
            plan.matcher.tests.push((filter.not, test));
        }
        if !query.words.is_empty() {
            let found = history::found(db, &query.words)?;
            let lists: Option<Vec<&[i64]>> = found.iter().map(|found| found.list.as_deref()).collect();
            if let Some(lists) = lists.filter(|lists| history::is_few(lists.iter().map(|list| list.len()).sum())) {
                plan.narrow(lists.concat());
            }
            plan.matcher.tests.push((false, Test::Found(found)));
        }
        Ok(plan)
    }

    /// Plans to read blocks, although the runs are few.
    #[cfg(test)]
    pub(in crate::store) fn in_blocks(self) -> Self {
        Self { few: None, ..self }
    }

    fn narrow(&mut self, mut few: Vec<i64>) {
        if self.few.as_ref().is_none_or(|known| few.len() < known.len()) {
            few.sort_unstable();
            few.dedup();
            self.few = Some(few);
        }
    }
}

fn version(db: &Connection, name: &str) -> rusqlite::Result<Test> {
    let sql = "SELECT hash FROM version_name WHERE name = ?1";
    let all = db.prepare_cached(sql)?.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let from = name.to_ascii_lowercase();
    Ok(Test::Is(&[super::block::Named::Version], Wanted::Hash { below: format!("{from}g"), from, all }))
}
