// See hmac.hpp.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "provided_hmac.hpp"

#include <new>
#include <variant>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "hmac.hpp"

namespace sallyport::crypto {
namespace {

// What OpenSSL calls a context. What is secret in it is wiped with it.
struct Mac {
  KnownDigest digest = KnownDigest::none;
  std::variant<std::monostate, Hmac<OfSha256>, Hmac<OfSha384>> under_way;
};

Mac& of(void* context) { return *static_cast<Mac*>(context); }

std::size_t size_of(KnownDigest digest) {
  return digest == KnownDigest::sha256 ? OfSha256::size : digest == KnownDigest::sha384 ? OfSha384::size : 0;
}

// What OpenSSL calls: see provider-mac(7). 1 for success, 0 for failure, which libssl reports.

void* new_context(void* /*provider*/) { return new (std::nothrow) Mac; }
void* copy_context(void* context) { return new (std::nothrow) Mac(of(context)); }
void free_context(void* context) { delete static_cast<Mac*>(context); }

int set_parameters(void* context, const OSSL_PARAM* parameters) {
  for (; parameters != nullptr && parameters->key != nullptr; ++parameters) {
    if (std::string_view(parameters->key) != OSSL_MAC_PARAM_DIGEST) continue;
    if (parameters->data_type != OSSL_PARAM_UTF8_STRING || parameters->data == nullptr) return 0;
    of(context).digest = known_digest({static_cast<const char*>(parameters->data), parameters->data_size});
    if (of(context).digest == KnownDigest::none) return 0;
  }
  return 1;
}

int begin(void* context, const unsigned char* key, std::size_t size, const OSSL_PARAM* parameters) {
  if (set_parameters(context, parameters) != 1 || key == nullptr) return 0;
  Mac& mac = of(context);
  switch (mac.digest) {
    case KnownDigest::sha256:
      mac.under_way.emplace<Hmac<OfSha256>>(ByteView(key, size));
      return 1;
    case KnownDigest::sha384:
      mac.under_way.emplace<Hmac<OfSha384>>(ByteView(key, size));
      return 1;
    case KnownDigest::none:
      break;
  }
  return 0;
}

int add(void* context, const unsigned char* data, std::size_t size) {
  if (auto* const hmac = std::get_if<Hmac<OfSha256>>(&of(context).under_way)) {
    hmac->add({data, size});
  } else if (auto* const longer = std::get_if<Hmac<OfSha384>>(&of(context).under_way)) {
    longer->add({data, size});
  } else {
    return 0;
  }
  return 1;
}

template <typename Digest>
void finish(Hmac<Digest>& hmac, unsigned char* out) {
  Output<Digest> result{};
  hmac.finish(result);
  std::ranges::copy(result, out);
}

int end(void* context, unsigned char* out, std::size_t* written, std::size_t room) {
  Mac& mac = of(context);
  if (room < size_of(mac.digest)) return 0;
  if (auto* const hmac = std::get_if<Hmac<OfSha256>>(&mac.under_way)) {
    finish(*hmac, out);
  } else if (auto* const longer = std::get_if<Hmac<OfSha384>>(&mac.under_way)) {
    finish(*longer, out);
  } else {
    return 0;
  }
  *written = size_of(mac.digest);
  mac.under_way.emplace<std::monostate>();
  return 1;
}

const OSSL_PARAM* settable(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM all[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, nullptr, 0), OSSL_PARAM_END};
  return all;
}

const OSSL_PARAM* gettable(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM all[] = {OSSL_PARAM_size_t(OSSL_MAC_PARAM_SIZE, nullptr), OSSL_PARAM_END};
  return all;
}

int get_parameters(void* context, OSSL_PARAM* parameters) {
  OSSL_PARAM* const size = OSSL_PARAM_locate(parameters, OSSL_MAC_PARAM_SIZE);
  return size == nullptr ? 1 : OSSL_PARAM_set_size_t(size, size_of(of(context).digest));
}

using Function = void (*)();

const OSSL_DISPATCH functions[] = {{OSSL_FUNC_MAC_NEWCTX, reinterpret_cast<Function>(new_context)},
                                   {OSSL_FUNC_MAC_DUPCTX, reinterpret_cast<Function>(copy_context)},
                                   {OSSL_FUNC_MAC_FREECTX, reinterpret_cast<Function>(free_context)},
                                   {OSSL_FUNC_MAC_INIT, reinterpret_cast<Function>(begin)},
                                   {OSSL_FUNC_MAC_UPDATE, reinterpret_cast<Function>(add)},
                                   {OSSL_FUNC_MAC_FINAL, reinterpret_cast<Function>(end)},
                                   {OSSL_FUNC_MAC_SET_CTX_PARAMS, reinterpret_cast<Function>(set_parameters)},
                                   {OSSL_FUNC_MAC_SETTABLE_CTX_PARAMS, reinterpret_cast<Function>(settable)},
                                   {OSSL_FUNC_MAC_GET_CTX_PARAMS, reinterpret_cast<Function>(get_parameters)},
                                   {OSSL_FUNC_MAC_GETTABLE_CTX_PARAMS, reinterpret_cast<Function>(gettable)},
                                   {0, nullptr}};

const OSSL_ALGORITHM algorithms[] = {{"HMAC", "provider=sallyport", functions, "HMAC for TLS"},
                                     {nullptr, nullptr, nullptr, nullptr}};

}  // namespace

const OSSL_ALGORITHM* mac_algorithms() { return algorithms; }

}  // namespace sallyport::crypto
