//! The pipeline on a scripted backend and a paused clock: every budget, wait and end.

/// Many cells: in order, some at a time, kept, stopped, paused and gone on with.
mod batch;
/// What is answered from the cache, what is kept, and runs that share one answer.
mod cache;
/// What a batch may use, and what an account lets through.
mod caps;
/// Any script, any caller, any moment to stop.
mod chance;
/// Who may see partial text decides whether a run starts over.
mod commit;
/// Answers that came but are not what was asked for.
mod correction;
/// Exactly one end, whatever happens, and always a record.
mod end;
mod finish;
/// How much of an account is used at once and in a minute.
mod gate;
/// Which key is used, cools, or rests after a refusal.
mod keys;
/// What one run learns of a model for all later ones.
mod learn;
/// Batches on servers that refuse what is too much.
mod limits;
/// Many runs at once.
mod many;
/// Numbers from events.
mod meter;
/// Files and addresses that go with messages.
mod parts;
/// What is refused or changed before anything is sent.
mod prepare;
/// A batch and a record that is slow or full.
mod pressure;
/// A judge that fails at random, and every form of report read back.
mod reports;
/// Retries, waits and fallbacks.
mod retry;
/// Judges, asked through the same pipeline.
mod rubric;
/// The answers of a row, compared by one judge.
mod select_best;
/// What each attempt took, and how sure that is.
mod spending;
/// Every timer of an attempt.
mod timers;
/// Rounds of tools, and what stops them.
mod tools;
/// Conversations of several turns.
mod turns;
