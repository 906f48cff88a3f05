//! Decompressing an answer piece by piece, whatever the network has done to it.

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};

use super::encoding::{Encoding, WINDOW};

/// The most bytes that come out at once: what Seastar puts into one chunk of an answer, and a
/// little more.
const PIECE: usize = 32 * 1024;

/// The first byte of a gzip member.
const GZIP: u8 = 0x1f;

/// Why a compressed answer cannot be read. It is a source of the SDK's error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecompressionError {
    /// It is larger than [`ResponseCompression::max_size`](crate::ResponseCompression::max_size)
    /// allows.
    #[error(
        "the compressed answer has more than {max_size} bytes once it is decompressed; raise ResponseCompression::max_size if \
         answers may be that large"
    )]
    #[non_exhaustive]
    TooLarge {
        /// How many bytes it may have.
        max_size: usize,
    },
    /// It ends too early.
    #[error("the compressed answer breaks off; check what is between this client and the nodes")]
    #[non_exhaustive]
    Truncated,
    /// It is no compressed data, or its checksum is wrong.
    #[error("the compressed answer is damaged; check what is between this client and the nodes")]
    #[non_exhaustive]
    Damaged {
        /// What the decoder reports.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something follows it that does not belong to it.
    #[error(
        "the compressed answer is followed by something else; check what is between this client and the nodes"
    )]
    #[non_exhaustive]
    Trailing,
    /// It has an encoding that was not asked for.
    #[error(
        "the answer has the content-encoding {encoding:?}, which was not asked for; check what is between this client and the nodes"
    )]
    #[non_exhaustive]
    Unasked {
        /// What it says it is.
        encoding: String,
    },
}

/// Undoes one answer's compression.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    inflate: Decompress,
    progress: Progress,
    /// How many more bytes may come out.
    left: usize,
    max_size: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    /// It goes on with more input.
    Hungry,
    /// The last piece was full, so that there may be more to come without any input.
    Full,
    /// What came so far is complete.
    Ended,
}

impl Decoder {
    pub(crate) fn new(encoding: Encoding, max_size: usize) -> Self {
        Self {
            encoding,
            inflate: match encoding {
                Encoding::Gzip => Decompress::new_gzip(WINDOW),
                Encoding::Deflate => Decompress::new(true),
            },
            progress: Progress::Hungry,
            left: max_size,
            max_size,
        }
    }

    /// The next piece, for which some of the input is used up. `None` if that takes more input than
    /// there is.
    pub(crate) fn decode(
        &mut self,
        input: &mut Bytes,
    ) -> Result<Option<Bytes>, DecompressionError> {
        while !input.is_empty() || self.progress == Progress::Full {
            if self.progress == Progress::Ended {
                // Compressed data may follow each other in gzip only.
                if self.encoding != Encoding::Gzip || input[0] != GZIP {
                    return Err(DecompressionError::Trailing);
                }
                self.inflate.reset(true);
            }
            let piece = self.inflate(input)?;
            self.left = self
                .left
                .checked_sub(piece.len())
                .ok_or(DecompressionError::TooLarge { max_size: self.max_size })?;
            if !piece.is_empty() {
                return Ok(Some(piece.into()));
            }
        }
        Ok(None)
    }

    fn inflate(&mut self, input: &mut Bytes) -> Result<Vec<u8>, DecompressionError> {
        let mut piece = Vec::with_capacity(PIECE);
        let before = self.inflate.total_in();
        let status = self
            .inflate
            .decompress_vec(input, &mut piece, FlushDecompress::None)
            .map_err(|error| DecompressionError::Damaged { source: error.into() })?;
        input.advance((self.inflate.total_in() - before) as usize);
        self.progress = match status {
            Status::StreamEnd => Progress::Ended,
            Status::Ok | Status::BufError if piece.len() == piece.capacity() => Progress::Full,
            Status::Ok | Status::BufError => Progress::Hungry,
        };
        Ok(piece)
    }

    /// Says that there is no more input.
    pub(crate) fn finish(&self) -> Result<(), DecompressionError> {
        match self.progress {
            Progress::Ended => Ok(()),
            Progress::Hungry | Progress::Full => Err(DecompressionError::Truncated),
        }
    }
}
