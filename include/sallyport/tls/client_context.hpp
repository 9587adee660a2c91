// ClientContext: TLS towards origins.
//
// One for each worker and configuration; it outlives its streams. Whom to believe is not its matter:
// the caller verifies the chain in Connect::verify.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sallyport/tls/tls_stream.hpp"

namespace sallyport::tls {

enum class MinVersion { tls12, tls13 };

class ClientContext {
 public:
  static Result<std::unique_ptr<ClientContext>> create(MinVersion min_version);

  struct Session {
    std::string server_name;        // SNI; empty for an origin known by address alone
    std::vector<std::string> alpn;  // empty: no extension
    SSL_SESSION* resume = nullptr;  // borrowed for the call
    std::function<Result<void>(X509_STORE_CTX*)> verify;
    std::function<void(crypto::SslSessionPtr)> new_session;  // may be empty
    // Called where the origin asks for a client certificate, once its own was verified and its key has signed the
    // handshake: what to show, nothing where `certificate` is null. An error ends the handshake. May be empty.
    std::function<Result<Identity>()> identity = {};
    std::function<void(std::string_view line)> secret = {};  // see Callbacks; costs every session of this context
  };
  // No session is captured any more: OpenSSL need not work out lines for `secret`.
  void forget_secrets() const { SSL_CTX_set_keylog_callback(context_.get(), nullptr); }
  // Error: out of memory, or a server name that cannot stand in a ClientHello.
  [[nodiscard]] Result<std::unique_ptr<TlsStream>> connect(io::Stream& below, Session session) const;

 private:
  explicit ClientContext(crypto::SslCtxPtr context) : context_(std::move(context)) {}

  crypto::SslCtxPtr context_;
};

}  // namespace sallyport::tls
