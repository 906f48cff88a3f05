//! Processes that are kept to one core, so that what they do side by side is the same in every run.

use std::ffi::OsStr;
use std::process::Command;

/// Returns a command that runs `program` on this core, where the system has the means.
pub fn on_core(core: usize, program: impl AsRef<OsStr>) -> Command {
    let pinned = || {
        let mut taskset = Command::new("taskset");
        taskset.args(["-c", &core.to_string()]);
        taskset
    };
    if !pinned().arg("true").output().is_ok_and(|output| output.status.success()) {
        println!("a process is not kept to one core, as there is no taskset");
        return Command::new(program);
    }
    let mut command = pinned();
    command.arg(program);
    command
}
