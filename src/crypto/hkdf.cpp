#include "sallyport/crypto/hkdf.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace sallyport::crypto {
namespace {

using MacPtr = std::unique_ptr<EVP_MAC, Freer<EVP_MAC_free>>;

constexpr std::string_view label_prefix = "tls13 ";
constexpr std::size_t longest_label = 32;

}  // namespace

Result<Hkdf> Hkdf::create() {
  const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (!mac) return std::unexpected(take_error(ErrorKind::system, "looking up HMAC"));
  MacCtxPtr context(EVP_MAC_CTX_new(mac.get()));
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  if (!context || EVP_MAC_CTX_set_params(context.get(), parameters.data()) != 1) {
    return std::unexpected(take_error(ErrorKind::system, "preparing HMAC-SHA-256"));
  }
  return Hkdf(std::move(context));
}

bool Hkdf::hmac(ByteView key, ByteView input, Secret& digest) {
  std::size_t written = 0;
  return EVP_MAC_init(context_.get(), key.data(), key.size(), nullptr) == 1 &&
         EVP_MAC_update(context_.get(), input.data(), input.size()) == 1 &&
         EVP_MAC_final(context_.get(), digest.data(), &written, digest.size()) == 1 && written == digest.size();
}

bool Hkdf::extract(ByteView salt, ByteView input, Secret& secret) { return hmac(salt, input, secret); }

bool Hkdf::expand_label(const Secret& secret, std::string_view label, ByteSpan output) {
  assert(output.size() <= secret_bytes && label.size() <= longest_label);
  // Length, label, an empty context; and the number of HKDF-Expand's first and only block.
  std::array<std::uint8_t, 2 + 1 + label_prefix.size() + longest_label + 1 + 1> info{};
  auto at = info.begin();
  *at++ = 0;
  *at++ = static_cast<std::uint8_t>(output.size());
  *at++ = static_cast<std::uint8_t>(label_prefix.size() + label.size());
  at = std::ranges::copy(label_prefix, at).out;
  at = std::ranges::copy(label, at).out;
  *at++ = 0;
  *at++ = 1;
  Secret block{};
  if (!hmac(secret, ByteView(info.begin(), at), block)) return false;
  std::ranges::copy(ByteView(block).first(output.size()), output.begin());
  return true;
}

}  // namespace sallyport::crypto
