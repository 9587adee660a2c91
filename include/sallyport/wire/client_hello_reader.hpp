// ClientHelloReader: puts a ClientHello together from a TCP stream, in whatever pieces it arrives.
//
// It does no I/O: the caller feeds what it read, until told that the hello is complete, and sets the deadline.
// A hello may lie in several TLS records (RFC 8446 §5.1) and come byte by byte. Every byte fed is kept, for
// passthrough and for replay into a TLS library. Belongs to one connection; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/wire/client_hello.hpp"
#include "sallyport/wire/tls_alert.hpp"

namespace sallyport::wire {

class ClientHelloReader {
 public:
  // The hello's last byte must be among the first this many of the stream, record headers counted.
  static constexpr std::size_t max_bytes = 64 * 1024;

  // Takes the next bytes; true once the hello is complete. Bytes behind the hello (early data) are kept in
  // raw() and not looked at. Errors, after which the reader must not be fed again:
  //   unsupported  not TLS at all, told by the first byte (the third, where it might be SSLv2)
  //   malformed    TLS that breaks its grammar, another kind of record or message first, or an SSLv2 hello
  //   exhausted    longer than max_bytes
  [[nodiscard]] Result<bool> feed(ByteView bytes);

  // The hello. Only after feed() gave true.
  [[nodiscard]] const ClientHello& hello() const { return hello_; }

  // Every byte fed, in order. Valid until the next feed().
  [[nodiscard]] ByteView raw() const { return raw_; }

  // After feed() failed: the alert that tells the client why. nullopt where it does not speak TLS.
  [[nodiscard]] std::optional<Alert> alert() const { return alert_; }

 private:
  enum class State { record_header, fragment, complete, failed };

  Result<bool> advance();
  Result<bool> read_record_header(ByteView window);
  Result<bool> refuse_first_bytes(ByteView window);
  Result<bool> read_fragment(ByteView window);
  Result<bool> finish();
  std::unexpected<Error> refuse(ErrorKind kind, std::optional<Alert> alert, std::string reason);

  State state_ = State::record_header;
  std::vector<std::uint8_t> raw_;
  std::size_t seen_ = 0;               // bytes of raw_ already looked at
  std::size_t fragment_left_ = 0;      // bytes of the current record still to come
  std::vector<std::uint8_t> message_;  // the handshake message, without record headers
  ClientHello hello_;
  std::optional<Alert> alert_;
};

}  // namespace sallyport::wire
