// Relaying bytes both ways between two streams until both directions have ended.
//
// Runs on the loop's thread; the streams outlive it. Half-closed connections live on: what one side still sends is
// delivered, and its end is passed on. When one side breaks, both are ended.
#pragma once

#include <cstdint>
#include <optional>

#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/pipe_pool.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::io {

struct Relayed {
  std::uint64_t forth = 0;  // bytes from the first stream to the second
  std::uint64_t back = 0;
  std::optional<Error> error;  // why it ended, unless both sides ended their directions
};

// Sees the bytes of one direction once they were handed on, in the pieces they came in.
class RelayTap {
 public:
  virtual ~RelayTap() = default;
  virtual void passed(ByteView bytes) = 0;
};

// Who looks on; borrowed for the relay's time.
struct RelayTaps {
  RelayTap* forth = nullptr;
  RelayTap* back = nullptr;
};

// Through buffers: for streams with TLS in them. `idle`: how long neither direction may move.
Task<Relayed> relay(Stream& first, Stream& second, BufferPool& buffers, Duration idle, RelayTaps taps = {});

// By splice(2), without bytes passing through this process, but those given back by unread(). The process must ignore
// SIGPIPE: splice(2) has no MSG_NOSIGNAL. While nothing moves, no pipe is held.
Task<Relayed> splice_relay(FdStream& first, FdStream& second, PipePool& pipes, Duration idle);

}  // namespace sallyport::io
