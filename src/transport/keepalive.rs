//! TCP keep-alive, to notice hosts that vanish: power that fails and cables that are cut send no
//! packet.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// The maximum that Linux accepts.
const LONGEST: u64 = 32_767;

/// Probes that may stay unanswered.
const PROBES: u32 = 3;

/// Silence after which the host is probed, and after which it counts as gone. Systems count these
/// in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keepalive {
    idle: Duration,
    /// Between two probes.
    interval: Duration,
}

impl Keepalive {
    pub(crate) fn new(idle: Duration) -> Self {
        let up = u64::from(idle.subsec_nanos() > 0);
        let seconds = idle.as_secs().saturating_add(up).clamp(1, LONGEST);
        Self {
            idle: Duration::from_secs(seconds),
            interval: Duration::from_secs((seconds / 3).max(1)),
        }
    }

    /// How long data may stay unacknowledged: shorter than the probes take by themselves, as Linux
    /// then ends a connection after the same time whether or not data was being sent
    /// (<https://blog.cloudflare.com/when-tcp-sockets-refuse-to-die/>).
    #[cfg_attr(not(any(target_os = "android", target_os = "linux")), allow(dead_code))]
    fn patience(self) -> Duration {
        self.idle + self.interval * (PROBES - 1)
    }

    pub(super) fn watch(self, tcp: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(tcp);
        let keepalive = TcpKeepalive::new()
            .with_time(self.idle)
            .with_interval(self.interval)
            .with_retries(PROBES);
        socket.set_tcp_keepalive(&keepalive)?;
        // Probes are only sent while no data is; this covers the data.
        #[cfg(any(target_os = "android", target_os = "linux"))]
        socket.set_tcp_user_timeout(Some(self.patience()))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(idle: Duration) -> (u64, u64, u64) {
        let keepalive = Keepalive::new(idle);
        let Keepalive { idle, interval } = keepalive;
        let patience = keepalive.patience();
        (idle.as_secs(), interval.as_secs(), patience.as_secs())
    }

    #[test]
    fn times_are_whole_seconds_that_every_system_takes() {
        assert_eq!(seconds(Duration::from_secs(3)), (3, 1, 5));
        assert_eq!(seconds(Duration::from_secs(60)), (60, 20, 100));
        assert_eq!(seconds(Duration::from_millis(1)), (1, 1, 3));
        assert_eq!(seconds(Duration::from_millis(3001)), (4, 1, 6));
        assert_eq!(seconds(Duration::MAX), (32_767, 10_922, 54_611));
    }

    #[tokio::test]
    async fn the_kernel_takes_them() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        for idle in [Duration::from_millis(1), Duration::MAX] {
            let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            Keepalive::new(idle).watch(&tcp).unwrap();
            assert!(SockRef::from(&tcp).keepalive().unwrap());
        }
    }
}
