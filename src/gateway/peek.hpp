// Looking at what a client says first, before it is known who is to hear it.
//
// Coroutines of one connection; one worker's thread. What is not theirs to take is put back into the stream.
#pragma once

#include <cstdint>
#include <vector>

#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"
#include "sallyport/wire/client_hello_reader.hpp"
#include "sallyport/wire/proxy_protocol.hpp"

#include "worker_context.hpp"

namespace sallyport::gateway {

// What comes first: at least `wanted` bytes, fewer where no more came within `patience` or before the end. Errors,
// where not one came: timed_out, end_of_stream, reset.
io::Task<Result<std::vector<std::uint8_t>>> peek(io::Stream& client, io::Duration patience, std::size_t wanted = 1);

// Whether these bytes begin a TLS handshake (RFC 8446 §5.1).
[[nodiscard]] inline bool begins_handshake(ByteView bytes) { return !bytes.empty() && bytes[0] == 22; }

// Reads a PROXY header and takes it off the stream. Errors: those of parse_proxy_header(), timed_out after `patience`,
// end_of_stream, reset.
io::Task<Result<wire::ProxyHeader>> take_proxy_header(io::Stream& client, io::Duration patience);

// Reads a whole ClientHello into `reader` and puts every byte back. Errors are the reader's, or as above; where there
// is an alert that tells the client, it has been sent.
io::Task<Result<void>> peek_client_hello(WorkerContext& worker, io::Stream& client, wire::ClientHelloReader& reader);

// In the clear, in place of a ServerHello; then our direction ends, and what the client still sends is taken for a
// moment, so that closing does not reset the connection under the alert.
io::Task<void> send_alert(WorkerContext& worker, io::Stream& client, wire::Alert alert);

}  // namespace sallyport::gateway
