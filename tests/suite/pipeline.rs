//! The pipeline on a scripted backend and a paused clock: every budget, wait and end.

/// What is answered from the cache, what is kept, and runs that share one answer.
mod cache;
/// Any script, any caller, any moment to stop.
mod chance;
/// Who may see partial text decides whether a run starts over.
mod commit;
/// Exactly one end, whatever happens, and always a record.
mod end;
/// How much of an account is used at once and in a minute.
mod gate;
/// Which key is used, cools, or is dead.
mod keys;
/// What one run learns of a model for all later ones.
mod learn;
/// Many runs at once.
mod many;
/// Answers that came but are not what was asked for.
mod mend;
/// Numbers from events.
mod meter;
/// What is refused or changed before anything is sent.
mod prepare;
/// Retries, waits and fallbacks.
mod retry;
/// Every timer of an attempt.
mod timers;
