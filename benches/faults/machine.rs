//! How busy the machine is, whoever keeps it so: a machine without a pause measures itself and no
//! client.

/// The time that all its processors have spent, as the kernel counts it.
#[derive(Default)]
pub(crate) struct Machine {
    idle: u64,
    all: u64,
}

impl Machine {
    /// Nothing where the kernel does not tell.
    pub(crate) fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().next().unwrap_or_default();
        // user, nice, system, idle, waiting for disks, interrupts, soft interrupts, stolen; what
        // follows is counted in these.
        let times: Vec<u64> =
            line.split_whitespace().skip(1).take(8).filter_map(|time| time.parse().ok()).collect();
        Self { idle: times.iter().skip(3).take(2).sum(), all: times.iter().sum() }
    }

    /// The share of the time since then that was not idle.
    pub(crate) fn busy_since(&self, earlier: &Self) -> f64 {
        let [idle, all] = [self.idle - earlier.idle, self.all - earlier.all];
        1.0 - idle as f64 / all.max(1) as f64
    }
}
