// OriginConnection: an open connection to an origin, with all its layers and what was learnt while opening it.
//
// Owned by one exchange at a time, or by the UpstreamPool between two. One worker's thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/crypto/openssl.hpp"
#include "sallyport/io/buffer_pool.hpp"
#include "sallyport/io/fd_stream.hpp"
#include "sallyport/tls/tls_stream.hpp"

namespace sallyport::http {

// When each step of opening it was over; unset: it was not reached, or there was none.
struct OpeningTimes {
  io::TimePoint began;
  io::TimePoint resolved;
  io::TimePoint connected;
  io::TimePoint secured;
};

struct OriginFacts {
  Endpoint dialled;
  IpAddress source;      // from which address: the client's, or unspecified for the kernel's choice
  std::string_view tls;  // as TlsStream::suite() says it; empty without TLS
  std::string alpn;
  crypto::X509Ptr certificate;                                                // the origin's leaf; null without TLS
  std::chrono::sys_seconds verified_until = std::chrono::sys_seconds::max();  // the end of its chain
  std::uint64_t trust_generation = 0;
  std::shared_ptr<const OpeningTimes> opening;  // null: nobody looked
  const io::FdStream* socket = nullptr;         // the connection's
};

class OriginConnection {
 public:
  OriginConnection(std::unique_ptr<io::FdStream> socket, io::BufferPool& buffers)
      : socket_(std::move(socket)), input_(buffers) {
    facts_.socket = socket_.get();
  }

  // The uppermost layer.
  [[nodiscard]] io::Stream& stream() { return tls_ ? static_cast<io::Stream&>(*tls_) : *socket_; }
  [[nodiscard]] io::FdStream& socket() { return *socket_; }
  [[nodiscard]] tls::TlsStream* tls() { return tls_.get(); }
  void set_tls(std::unique_ptr<tls::TlsStream> tls) { tls_ = std::move(tls); }

  [[nodiscard]] io::InputBuffer& input() { return input_; }
  [[nodiscard]] OriginFacts& facts() { return facts_; }

  // Open, and nothing has come but what TLS handles by itself (session tickets).
  [[nodiscard]] bool quiet() {
    std::array<std::uint8_t, 1> byte{};
    return stream().try_read(byte).state == io::Attempt::State::wait_readable;
  }

  // It was open before this exchange: the origin may have ended it already without this being anybody's fault.
  [[nodiscard]] bool idled() const { return idled_; }
  void mark_idled() { idled_ = true; }

  // Begins an exchange; true if there was one before.
  bool begin_exchange() { return std::exchange(used_, true); }

 private:
  std::unique_ptr<io::FdStream> socket_;
  std::unique_ptr<tls::TlsStream> tls_;  // above the socket: destroyed first
  io::InputBuffer input_;
  OriginFacts facts_;
  bool idled_ = false;
  bool used_ = false;
};

using OriginConnectionPtr = std::unique_ptr<OriginConnection>;

}  // namespace sallyport::http
