//! Compressing a body, where that is worth its header.

use flate2::{Compress, Compression, FlushCompress, Status};

use super::RequestCompression;
use super::encoding::{Encoding, WINDOW};

/// The header that names the encoding takes this, besides the encoding's name.
const HEADER: usize = "content-encoding: \r\n".len();

/// The body compressed, and how, if the options want that and it makes the request smaller.
pub(crate) fn encode(body: &[u8], options: &RequestCompression) -> Option<(Encoding, Vec<u8>)> {
    let (encoding, level) = options.applies(body.len())?;
    let level = Compression::new(level.get().into());
    let mut compress = match encoding {
        Encoding::Gzip => Compress::new_gzip(level, WINDOW),
        Encoding::Deflate => Compress::new(level, true),
    };
    // What does not fit is no smaller.
    let room = body.len().checked_sub(HEADER + encoding.name().len() + 1)?;
    let mut smaller = Vec::with_capacity(room);
    let status = compress.compress_vec(body, &mut smaller, FlushCompress::Finish);
    // It is kept for as long as the request runs.
    smaller.shrink_to_fit();
    matches!(status, Ok(Status::StreamEnd)).then_some((encoding, smaller))
}
