//! Drawing: the frame as a function of the app.
