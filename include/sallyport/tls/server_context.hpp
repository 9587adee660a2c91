// ServerContext: TLS towards clients. TicketKeys: what lets them resume, on whichever worker.
//
// One ServerContext for each worker, so that handshakes on different cores share no lock; it outlives
// its streams. TicketKeys is an immutable value, shared by all workers; a new one every few hours, and
// at each reload, ends the use of tickets made under the old.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/tls/tls_stream.hpp"

namespace sallyport::tls {

class TicketKeys {
 public:
  // Error: the random number generator failed.
  static Result<std::shared_ptr<const TicketKeys>> generate();
  ~TicketKeys();

 private:
  friend class ServerContext;
  TicketKeys() = default;
  std::array<std::uint8_t, 80> bytes_{};
};

class ServerContext {
 public:
  struct Options {
    std::shared_ptr<const TicketKeys> ticket_keys;
    std::chrono::seconds ticket_life{3600};
  };
  static Result<std::unique_ptr<ServerContext>> create(const Options& options);

  struct Session {
    // Called for a full handshake alone.
    std::function<Result<Identity>()> identity;
    // What we speak, best first. A client that names only others is refused with no_application_protocol (RFC 7301
    // §3.2); one that names none gets none.
    std::vector<std::string> alpn;
    // A ticket is good only where this is the same: the name, its policy and trust generation, the issuer.
    std::string resumption_scope;
    std::function<void(std::string_view line)> secret = {};  // see Callbacks; costs every session of this context
    std::function<void()> first_byte = {};  // called once, when the client has sent something under the session
  };
  // No session is captured any more: OpenSSL need not work out lines for `secret`.
  void forget_secrets() const { SSL_CTX_set_keylog_callback(context_.get(), nullptr); }
  // Error: out of memory.
  [[nodiscard]] Result<std::unique_ptr<TlsStream>> accept(io::Stream& below, Session session) const;

 private:
  explicit ServerContext(crypto::SslCtxPtr context) : context_(std::move(context)) {}
  static int choose_alpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_length,
                         const unsigned char* offered, unsigned int offered_length, void* unused);

  crypto::SslCtxPtr context_;
};

}  // namespace sallyport::tls
