//! The terminal shell of the workbench.
