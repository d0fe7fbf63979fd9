//! What both shells start from: settings, places, and the world's time and chance.

pub mod world;
