//! Blackholed sockets, as if their host were gone: the kernel drops whatever arrives, and so
//! acknowledges nothing.

use std::io;
#[cfg(target_os = "linux")]
use std::time::Duration;

use socket2::SockRef;

#[cfg(target_os = "linux")]
pub(crate) fn drop_received(socket: &SockRef<'_>) -> io::Result<()> {
    /// "Return a constant", which is how much of the packet is kept: nothing.
    const RET_K: u16 = 0x06;
    socket.attach_filter(&[socket2::SockFilter::new(RET_K, 0, 0, 0)])
}

/// Makes the kernel give up on unacknowledged data, since a retransmission would be a sign of life.
/// It still retransmits once, as it checks the timeout only afterwards.
#[cfg(target_os = "linux")]
pub(crate) fn stop_retransmitting(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_user_timeout(Some(Duration::from_millis(1)))
}

#[cfg(target_os = "linux")]
pub(crate) fn receive_again(socket: &SockRef<'_>) -> io::Result<()> {
    socket.detach_filter()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn drop_received(_: &SockRef<'_>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn stop_retransmitting(_: &SockRef<'_>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn receive_again(_: &SockRef<'_>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
