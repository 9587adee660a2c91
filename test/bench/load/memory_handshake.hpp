// TLS handshakes between two ends in memory: what OpenSSL itself must spend (the floor), and a small fixed piece of
// work whose cost tells how fast the core is just now (the probe). One thread.
#pragma once

#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::bench {

// CPU time of both ends of a handshake, in seconds of this thread.
struct HandshakeCost {
  double client = 0;
  double server = 0;
};

class MemoryHandshake {
 public:
  // `identity_file` holds the server's chain and key, `roots_file` what the client trusts; the client verifies `name`.
  [[nodiscard]] static Result<MemoryHandshake> create(const std::string& identity_file, const std::string& roots_file,
                                                      std::string name);

  // One full handshake: certificate, verification, no ticket. What each end spends is counted apart.
  [[nodiscard]] Result<HandshakeCost> run();

 private:
  MemoryHandshake(crypto::SslCtxPtr client, crypto::SslCtxPtr server, std::string name);

  crypto::SslCtxPtr client_;
  crypto::SslCtxPtr server_;
  std::string name_;
};

}  // namespace sallyport::bench
