#include "sallyport/tls/server_context.hpp"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/sha256.hpp"

#include "context_options.hpp"

namespace sallyport::tls {
namespace {

// A scope of any length in the 32 bytes that a session id context has.
bool set_resumption_scope(SSL* ssl, const std::string& scope) {
  const crypto::Sha256 digest = crypto::sha256(bytes_of(scope));
  return SSL_set_session_id_context(ssl, digest.data(), digest.size()) == 1;
}

// Where nothing is kept to be found by it, a session's id is neither sent nor part of its ticket: OpenSSL would make
// one of random bytes for each ticket, for 9,000 instructions.
int give_no_id(SSL* /*ssl*/, unsigned char* id, unsigned int* size) {
  std::fill_n(id, *size, static_cast<unsigned char>(0));
  return 1;
}

}  // namespace

Result<std::shared_ptr<const TicketKeys>> TicketKeys::generate() {
  std::shared_ptr<TicketKeys> keys(new TicketKeys);
  if (RAND_priv_bytes(keys->bytes_.data(), static_cast<int>(keys->bytes_.size())) != 1) {
    return std::unexpected(crypto::take_error(ErrorKind::system, "random bytes for ticket keys"));
  }
  return keys;
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Result<std::unique_ptr<ServerContext>> ServerContext::create(const Options& options) {
  Result<crypto::SslCtxPtr> context = new_context(TLS_server_method());
  if (!context) return std::unexpected(context.error());
  SSL_CTX* const ctx = context->get();
  std::array<std::uint8_t, 80> keys = options.ticket_keys->bytes_;
  const bool set = SSL_CTX_set_tlsext_ticket_keys(ctx, keys.data(), keys.size()) == 1;
  OPENSSL_cleanse(keys.data(), keys.size());
  if (!set) return std::unexpected(crypto::take_error(ErrorKind::system, "setting ticket keys"));
  // Tickets alone: nothing to look up, nothing to share, and one is enough for the next connection.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_generate_session_id(ctx, &give_no_id);
  SSL_CTX_set_timeout(ctx, options.ticket_life.count());
  SSL_CTX_set_alpn_select_cb(ctx, &ServerContext::choose_alpn, nullptr);
  SSL_CTX_set_cert_cb(ctx, &TlsStream::choose_identity, nullptr);
  return std::unique_ptr<ServerContext>(new ServerContext(std::move(*context)));
}

Result<std::unique_ptr<TlsStream>> ServerContext::accept(io::Stream& below, Session session) const {
  crypto::SslPtr ssl(SSL_new(context_.get()));
  if (!ssl || !set_resumption_scope(ssl.get(), session.resumption_scope)) {
    return std::unexpected(crypto::take_error(ErrorKind::exhausted, "a TLS session for the client"));
  }
  SSL_set_accept_state(ssl.get());
  if (session.secret) SSL_CTX_set_keylog_callback(context_.get(), &TlsStream::tell_secret);
  return std::make_unique<TlsStream>(std::move(ssl), below,
                                     Callbacks{.identity = std::move(session.identity),
                                               .verify = {},
                                               .new_session = {},
                                               .first_byte = std::move(session.first_byte),
                                               .secret = std::move(session.secret),
                                               .alpn = alpn_wire_format(session.alpn)});
}

int ServerContext::choose_alpn(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_length,
                               const unsigned char* offered, unsigned int offered_length, void* /*unused*/) {
  const std::vector<unsigned char>& ours = TlsStream::caller().callbacks_->alpn;
  unsigned char* selected = nullptr;
  const int found = SSL_select_next_proto(&selected, chosen_length, ours.data(), static_cast<unsigned int>(ours.size()),
                                          offered, offered_length);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace sallyport::tls
