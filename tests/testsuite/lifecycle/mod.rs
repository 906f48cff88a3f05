//! How a connector lives: under which runtimes, for how long, with how many connections, and what
//! becomes of all that when someone loses patience.

mod configuration;
mod ending;
mod limits;
mod patience;
mod runtimes;
mod service;
