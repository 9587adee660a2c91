// See hmac.hpp.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "sallyport/crypto/key_schedule.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "hmac.hpp"
#include "provided_hmac.hpp"

namespace sallyport::crypto {
namespace {

// What libssl asks by, where it lies.
struct Request {
  int mode = -1;
  std::string_view digest;
  ByteView key, salt, prefix, label, data;
  bool has_key = false;
  bool has_salt = false;
};

ByteView bytes_of(const OSSL_PARAM& parameter) {
  return {static_cast<const std::uint8_t*>(parameter.data), parameter.data == nullptr ? 0 : parameter.data_size};
}

// False: a parameter is not of the type that it should be.
bool read(const OSSL_PARAM* parameter, Request& request) {
  for (; parameter->key != nullptr; ++parameter) {
    const std::string_view name = parameter->key;
    if (name == OSSL_KDF_PARAM_MODE) {
      if (OSSL_PARAM_get_int(parameter, &request.mode) != 1) return false;
      continue;
    }
    const bool is_digest = name == OSSL_KDF_PARAM_DIGEST;
    if (parameter->data_type != (is_digest ? OSSL_PARAM_UTF8_STRING : OSSL_PARAM_OCTET_STRING)) return false;
    const ByteView bytes = bytes_of(*parameter);
    if (is_digest) {
      request.digest = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    } else if (name == OSSL_KDF_PARAM_KEY) {
      request.key = bytes;
      request.has_key = true;
    } else if (name == OSSL_KDF_PARAM_SALT) {
      request.salt = bytes;
      request.has_salt = true;
    } else if (name == OSSL_KDF_PARAM_PREFIX) {
      request.prefix = bytes;
    } else if (name == OSSL_KDF_PARAM_LABEL) {
      request.label = bytes;
    } else if (name == OSSL_KDF_PARAM_DATA) {
      request.data = bytes;
    }
  }
  return true;
}

// HkdfLabel of RFC 8446 §7.1: a length, the label with its prefix, the context.
class HkdfLabel {
 public:
  // False: something is longer than its length can say.
  bool write(std::size_t length, ByteView prefix, ByteView label, ByteView context) {
    if (length > 0xffff || prefix.size() + label.size() > 0xff || context.size() > 0xff) return false;
    put(static_cast<std::uint8_t>(length >> 8));
    put(static_cast<std::uint8_t>(length));
    put(static_cast<std::uint8_t>(prefix.size() + label.size()));
    put(prefix);
    put(label);
    put(static_cast<std::uint8_t>(context.size()));
    put(context);
    return true;
  }
  [[nodiscard]] ByteView bytes() const { return {bytes_.data(), size_}; }

 private:
  void put(std::uint8_t byte) { bytes_[size_++] = byte; }
  void put(ByteView part) {
    std::ranges::copy(part, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += part.size();
  }

  std::array<std::uint8_t, 2 + 1 + 0xff + 1 + 0xff> bytes_{};
  std::size_t size_ = 0;
};

// HKDF-Expand-Label: HKDF-Expand (RFC 5869 §2.3) with such a label.
template <typename Digest>
bool expand(ByteView secret, const Request& request, ByteView context, std::span<std::uint8_t> out) {
  HkdfLabel label;
  if (!label.write(out.size(), request.prefix, request.label, context)) return false;
  if (out.size() > Digest::size * 0xff) return false;
  Output<Digest> last{};
  for (std::uint8_t number = 1; !out.empty(); ++number) {
    Hmac<Digest> hmac(secret);
    if (number > 1) hmac.add(last);
    hmac.add(label.bytes());
    hmac.add({&number, 1});
    hmac.finish(last);
    const std::size_t count = std::min(out.size(), last.size());
    std::copy_n(last.begin(), count, out.begin());
    out = out.subspan(count);
  }
  return true;
}

// One step down the schedule: what the secret before is expanded to salts the extraction of the new input (RFC 5869
// §2.2). What is missing counts as zeros.
template <typename Digest>
bool extract(const Request& request, std::span<std::uint8_t> out) {
  if (out.size() != Digest::size) return false;
  const std::array<std::uint8_t, Digest::size> zeros{};
  Output<Digest> salt{};
  if (request.has_salt) {
    std::array<std::uint8_t, Digest::size> of_nothing{};
    digest<Digest>({}, of_nothing);
    if (!expand<Digest>(request.salt, request, of_nothing, salt)) return false;
  }
  Hmac<Digest> hmac(salt);
  hmac.add(request.has_key ? request.key : ByteView(zeros));
  Output<Digest> secret{};
  hmac.finish(secret);
  std::ranges::copy(secret, out.begin());
  return true;
}

template <typename Digest>
bool answer(const Request& request, std::span<std::uint8_t> out) {
  if (request.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY) return extract<Digest>(request, out);
  if (request.mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY || !request.has_key) return false;
  return expand<Digest>(request.key, request, request.data, out);
}

// What OpenSSL calls: see provider-kdf(7). All of a request comes with derive(), so that there is no state to keep;
// libssl reports what fails.

void* new_state(void* provider) { return provider; }
void free_state(void* /*provider*/) {}

int derive(void* /*provider*/, unsigned char* out, std::size_t size, const OSSL_PARAM* parameters) {
  Request request;
  if (parameters == nullptr || !read(parameters, request)) return 0;
  switch (known_digest(request.digest)) {
    case KnownDigest::sha256:
      return answer<OfSha256>(request, {out, size}) ? 1 : 0;
    case KnownDigest::sha384:
      return answer<OfSha384>(request, {out, size}) ? 1 : 0;
    case KnownDigest::none:
      break;
  }
  return 0;
}

using Function = void (*)();

const OSSL_DISPATCH functions[] = {{OSSL_FUNC_KDF_NEWCTX, reinterpret_cast<Function>(new_state)},
                                   {OSSL_FUNC_KDF_FREECTX, reinterpret_cast<Function>(free_state)},
                                   {OSSL_FUNC_KDF_DERIVE, reinterpret_cast<Function>(derive)},
                                   {0, nullptr}};

const OSSL_ALGORITHM algorithms[] = {
    {OSSL_KDF_NAME_TLS1_3_KDF, "provider=sallyport", functions, "the key schedule of TLS 1.3"},
    {nullptr, nullptr, nullptr, nullptr}};

const OSSL_ALGORITHM* tell_algorithms(void* /*provider*/, int operation, int* changes) {
  *changes = 0;
  if (operation == OSSL_OP_KDF) return algorithms;
  return operation == OSSL_OP_MAC ? mac_algorithms() : nullptr;
}

const OSSL_DISPATCH provider_functions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<Function>(tell_algorithms)}, {0, nullptr}};

int begin(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* /*core*/, const OSSL_DISPATCH** tell, void** provider) {
  *tell = provider_functions;
  *provider = const_cast<OSSL_CORE_HANDLE*>(handle);  // never looked into, but must not be null
  return 1;
}

}  // namespace

Result<void> provide_key_schedule() {
  // Kept until OpenSSL tidies up at exit. With one that is asked for, the default provider no longer comes by itself.
  static const OSSL_PROVIDER* const usual = OSSL_PROVIDER_load(nullptr, "default");
  static const OSSL_PROVIDER* const ours =
      OSSL_PROVIDER_add_builtin(nullptr, "sallyport", begin) == 1 ? OSSL_PROVIDER_load(nullptr, "sallyport") : nullptr;
  if (usual != nullptr && ours != nullptr) return {};
  return std::unexpected(take_error(ErrorKind::system, "providing TLS 1.3's key schedule"));
}

}  // namespace sallyport::crypto
