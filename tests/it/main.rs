//! The crate as its users see it: one binary, public API only.
