#include "sallyport/tls/client_context.hpp"

#include "context_options.hpp"

namespace sallyport::tls {

Result<std::unique_ptr<ClientContext>> ClientContext::create(MinVersion min_version) {
  Result<crypto::SslCtxPtr> context = new_context(TLS_client_method());
  if (!context) return std::unexpected(context.error());
  SSL_CTX* const ctx = context->get();
  if (min_version == MinVersion::tls13) SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, &TlsStream::verify_peer, nullptr);
  SSL_CTX_set_cert_cb(ctx, &TlsStream::choose_identity, nullptr);
  // The owner of the connection keeps sessions, as objects and by whom they were for.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, &TlsStream::keep_session);
  return std::unique_ptr<ClientContext>(new ClientContext(std::move(*context)));
}

Result<std::unique_ptr<TlsStream>> ClientContext::connect(io::Stream& below, Session session) const {
  crypto::SslPtr ssl(SSL_new(context_.get()));
  bool set = ssl != nullptr;
  if (set && !session.server_name.empty()) set = SSL_set_tlsext_host_name(ssl.get(), session.server_name.c_str()) == 1;
  if (set && !session.alpn.empty()) {
    const std::vector<unsigned char> wire = alpn_wire_format(session.alpn);
    // Unlike its neighbours this function returns 0 for success.
    set = SSL_set_alpn_protos(ssl.get(), wire.data(), static_cast<unsigned int>(wire.size())) == 0;
  }
  if (set && session.resume != nullptr) set = SSL_set_session(ssl.get(), session.resume) == 1;
  if (!set) return std::unexpected(crypto::take_error(ErrorKind::exhausted, "a TLS session for the origin"));
  SSL_set_connect_state(ssl.get());
  if (session.secret) SSL_CTX_set_keylog_callback(context_.get(), &TlsStream::tell_secret);
  return std::make_unique<TlsStream>(std::move(ssl), below,
                                     Callbacks{.identity = std::move(session.identity),
                                               .verify = std::move(session.verify),
                                               .new_session = std::move(session.new_session),
                                               .first_byte = {},
                                               .secret = std::move(session.secret)});
}

}  // namespace sallyport::tls
