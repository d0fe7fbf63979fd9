//! Pure text: width, cleaning, wrapping, templates.
