//! Whole fleets on one machine: a PostgreSQL of their own, nodes that can be killed, load.

pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod faults;
pub(crate) mod figures;
pub(crate) mod fleet;
pub(crate) mod load;
