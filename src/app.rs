//! The workbench's state machine: messages in, effects out, no IO.
