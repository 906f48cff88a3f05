//! Tests that need an environment of their own run another test of this program as a child process,
//! as a process has one environment for all its tests.

use std::process::Command;

/// Runs the ignored test `name` as `configure` changes the command, and returns all that it prints.
pub fn run(name: &str, configure: impl FnOnce(&mut Command) -> &mut Command) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    let output = configure(&mut command).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    printed
}

/// Returns a variable of the child's environment.
pub fn var(name: &str) -> String {
    std::env::var(name).unwrap()
}
