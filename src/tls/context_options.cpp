#include "context_options.hpp"

#include <cassert>

#include "sallyport/crypto/key_schedule.hpp"

namespace sallyport::tls {
namespace {

constexpr const char* tls12_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* tls13_suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// Without SHA-1, SHA-224 and DSA, which the defaults still offer.
constexpr const char* signature_algorithms =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
constexpr const char* key_exchange_groups = "X25519:P-256:P-384";
// 112 bits: RSA and DH from 2048, no SHA-1 signatures.
constexpr int security_level = 2;

constexpr std::uint64_t protocol_options =
    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
constexpr long buffer_modes =
    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;

}  // namespace

Result<crypto::SslCtxPtr> new_context(const SSL_METHOD* method) {
  crypto::SslCtxPtr context(SSL_CTX_new_ex(nullptr, crypto::key_schedule_properties, method));
  if (!context) return std::unexpected(crypto::take_error(ErrorKind::system, "SSL_CTX_new"));
  SSL_CTX* const ctx = context.get();
  SSL_CTX_set_security_level(ctx, security_level);
  SSL_CTX_set_options(ctx, protocol_options);
  SSL_CTX_set_mode(ctx, buffer_modes);
  // One system call for a record's header and body, and whatever follows it. TlsStream turns it off for bulk.
  SSL_CTX_set_read_ahead(ctx, 1);
  const bool set =
      SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 && SSL_CTX_set_cipher_list(ctx, tls12_suites) == 1 &&
      SSL_CTX_set_ciphersuites(ctx, tls13_suites) == 1 && SSL_CTX_set1_groups_list(ctx, key_exchange_groups) == 1 &&
      SSL_CTX_set1_sigalgs_list(ctx, signature_algorithms) == 1;
  if (!set) return std::unexpected(crypto::take_error(ErrorKind::system, "setting up TLS"));
  return context;
}

std::vector<unsigned char> alpn_wire_format(const std::vector<std::string>& protocols) {
  std::vector<unsigned char> wire;
  for (const std::string& protocol : protocols) {
    assert(!protocol.empty() && protocol.size() < 256);
    wire.push_back(static_cast<unsigned char>(protocol.size()));
    wire.insert(wire.end(), protocol.begin(), protocol.end());
  }
  return wire;
}

}  // namespace sallyport::tls
