// The frames that an Initial packet may hold (RFC 9000 §12.4). Private to quic.
#pragma once

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/quic/crypto_stream.hpp"

namespace sallyport::quic {

// Adds what the CRYPTO frames among `frames` bring to `stream`. Errors: malformed (a frame that runs over the end, or
// that no Initial may hold), and those of CryptoStream::add().
[[nodiscard]] Result<void> read_frames(ByteView frames, CryptoStream& stream);

}  // namespace sallyport::quic
