// A blocking HTTPS client for the benchmarks: one thread, one connection, as plain as a client can be, so that what is
// measured is the machine in between. Each object belongs to the thread that made it; a context may be shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::bench {

// A client's context: TLS 1.3, these key exchange groups, ALPN http/1.1, and no roots but those of the PEM file.
[[nodiscard]] Result<crypto::SslCtxPtr> client_context(const std::string& roots_file, const std::string& groups);

// Where connections go, and from where: IPv4 literals. An empty source leaves the choice to the kernel.
struct Destination {
  std::string address;
  std::uint16_t port = 443;
  std::string source;
};

// The IPv4 literal that many addresses further on.
[[nodiscard]] std::string address_after(const std::string& literal, std::uint64_t distance);

// A connected socket that waits for its peer no longer than 20 s at a time.
[[nodiscard]] Result<UniqueFd> dial(const Destination& destination);

// A socket that does not block and that becomes writable once it is connected.
[[nodiscard]] Result<UniqueFd> begin_to_dial(const Destination& destination);

// A connection to one origin, verified for its name; closed without ceremony, as clients do.
class TlsClient {
 public:
  // Connects and completes the handshake; `session` is offered where it is not null, and has to outlive the call.
  [[nodiscard]] static Result<TlsClient> open(const Destination& destination, SSL_CTX* context, const std::string& name,
                                              SSL_SESSION* session = nullptr);

  // One GET; gives the length of the body. `last` asks the server to close. Error: a status that is no success.
  [[nodiscard]] Result<std::uint64_t> get(std::string_view path, bool last);

  // One PUT of so many zero bytes. Errors as above.
  [[nodiscard]] Result<void> put(std::string_view path, std::uint64_t bytes);

  // The session of the newest ticket. Nothing is sent or received after it: OpenSSL forgets the session of a connection
  // that was not shut down, so that this one is called shut down.
  [[nodiscard]] crypto::SslSessionPtr take_session() {
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return crypto::SslSessionPtr(SSL_get1_session(ssl_.get()));
  }
  // Whether the other side has not ended the connection so far.
  [[nodiscard]] bool is_open() const;
  [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // The common name of who signed the certificate that was shown.
  [[nodiscard]] std::string issuer() const;

 private:
  TlsClient(UniqueFd socket, crypto::SslPtr ssl, std::string name);
  [[nodiscard]] Result<void> write(std::string_view bytes);
  [[nodiscard]] Result<std::uint64_t> read_answer();

  UniqueFd socket_;
  crypto::SslPtr ssl_;
  std::string name_;
};

}  // namespace sallyport::bench
