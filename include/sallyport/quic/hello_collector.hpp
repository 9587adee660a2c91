// HelloCollector: puts a ClientHello together from the first datagrams of one QUIC flow, in whatever order they come.
//
// It does no I/O and knows no time: the caller feeds what the client sent, until told that the hello is complete or
// that there is none to be read, and forgets what takes too long. Bounded by CryptoStream's bounds, max_datagrams and
// max_derivations.
// Belongs to one flow; one thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/quic/crypto_stream.hpp"
#include "sallyport/quic/initial_opener.hpp"
#include "sallyport/wire/client_hello.hpp"

namespace sallyport::quic {

class HelloCollector {
 public:
  // A hello fills two or three; clients that get no answer send it again, and 0-RTT data may come ahead of it.
  static constexpr std::size_t max_datagrams = 16;
  // Connection ids that keys were derived from: a client's first one, and another behind a Retry. One that cannot be
  // read is tried with its own, and whoever packs many of those into a datagram would have us do little else.
  static constexpr std::size_t max_derivations = 32;

  // Takes the payload of the flow's next UDP datagram; true once the hello is complete. What an origin would discard
  // (RFC 9001 §5.5, RFC 9000 §12.2) is passed over, but a flow has to begin with something readable. Errors, after
  // which it must not be fed again:
  //   unsupported  not QUIC, or another version
  //   malformed    QUIC that breaks its grammar, or contradicts itself; a connection's middle; not for its keys
  //   exhausted    one of the bounds
  [[nodiscard]] Result<bool> feed(InitialOpener& opener, ByteView datagram);

  // Only after feed() gave true.
  [[nodiscard]] const wire::ClientHello& hello() const { return hello_; }

 private:
  // What the packets of one datagram came to.
  struct Datagram {
    bool opened = false;
    bool early_data = false;  // 0-RTT packets, which are read by nobody without the session's keys
  };

  Result<Datagram> read_packets(InitialOpener& opener, ByteView datagram);
  Result<bool> read_initial(InitialOpener& opener, const LongHeader& header);
  Result<std::optional<ByteView>> open(InitialOpener& opener, const LongHeader& header);
  Result<bool> finish();

  // Keys stay those of the client's first connection id, while the id itself becomes one of the origin's choice
  // (RFC 9001 §5.2).
  struct Known {
    Version version;
    std::vector<std::uint8_t> destination_id;
    InitialKeys keys;
  };

  std::optional<Known> known_;
  CryptoStream stream_;
  std::size_t datagrams_ = 0;
  std::size_t derivations_ = 0;
  wire::ClientHello hello_;
};

}  // namespace sallyport::quic
