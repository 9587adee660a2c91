// Our HMAC beside OpenSSL's own: whatever libssl could ask, both answer alike; and nobody else is given ours.
#include <random>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "sallyport/crypto/key_schedule.hpp"

#include "check.hpp"

using namespace sallyport;

namespace {

using Bytes = std::vector<unsigned char>;
using MacPtr = std::unique_ptr<EVP_MAC, crypto::Freer<EVP_MAC_free>>;
using MacCtxPtr = std::unique_ptr<EVP_MAC_CTX, crypto::Freer<EVP_MAC_CTX_free>>;

const char* const usual = "provider=default";

MacPtr hmac(const char* properties) {
  CHECK_OK(crypto::provide_key_schedule());
  MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", properties));
  CHECK(mac != nullptr);
  return mac;
}

std::string provider_of(const EVP_MAC* mac) { return OSSL_PROVIDER_get0_name(EVP_MAC_get0_provider(mac)); }

// As libssl makes Finished. Empty: refused.
Bytes at_once(const char* properties, const char* digest, const Bytes& key, const Bytes& data) {
  std::string value = properties;
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_ALG_PARAM_PROPERTIES, value.data(), 0),
                                   OSSL_PARAM_construct_end()};
  Bytes out(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  const unsigned char none = 0;
  const void* const of_key = key.empty() ? &none : key.data();
  if (EVP_Q_mac(nullptr, "HMAC", properties, digest, parameters, of_key, key.size(), data.data(), data.size(),
                out.data(), out.size(), &size) == nullptr) {
    return {};
  }
  out.resize(size);
  return out;
}

// As libssl seals a ticket: in parts, with a context that is asked for the size, and a copy that goes its own way.
std::vector<Bytes> in_parts(const char* properties, const char* digest, const Bytes& key, const Bytes& data) {
  const MacPtr mac = hmac(properties);
  const MacCtxPtr context(EVP_MAC_CTX_new(mac.get()));
  std::string name = digest;
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                   OSSL_PARAM_construct_end()};
  CHECK_EQUAL(EVP_MAC_init(context.get(), key.data(), key.size(), parameters), 1);
  const std::size_t size = EVP_MAC_CTX_get_mac_size(context.get());
  const std::size_t half = data.size() / 2;
  CHECK_EQUAL(EVP_MAC_update(context.get(), data.data(), half), 1);
  const MacCtxPtr copy(EVP_MAC_CTX_dup(context.get()));
  CHECK_EQUAL(EVP_MAC_update(context.get(), data.data() + half, data.size() - half), 1);
  std::vector<Bytes> all;
  for (EVP_MAC_CTX* const one : {context.get(), copy.get()}) {
    Bytes out(size);
    std::size_t written = 0;
    CHECK_EQUAL(EVP_MAC_final(one, nullptr, &written, 0), 1);
    CHECK_EQUAL(written, size);
    CHECK_EQUAL(EVP_MAC_final(one, out.data(), &written, size - 1), 0);
    CHECK_EQUAL(EVP_MAC_final(one, out.data(), &written, size), 1);
    CHECK_EQUAL(written, size);
    all.push_back(out);
  }
  return all;
}

Bytes random_bytes(std::size_t size) {
  static std::mt19937 source(11);
  Bytes bytes(size);
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(source());
  return bytes;
}

}  // namespace

TEST(who_prefers_it_has_ours_and_nobody_else) {
  CHECK_EQUAL(provider_of(hmac(crypto::key_schedule_properties).get()), "sallyport");
  CHECK_EQUAL(provider_of(hmac(nullptr).get()), "default");
  CHECK_EQUAL(provider_of(hmac("").get()), "default");
  for (const char* digest : {"SHA1", "SHA512", "MD5"}) CHECK(!at_once("", digest, Bytes(20), Bytes(9)).empty());
}

TEST(answers_are_the_same) {
  for (const char* digest : {"SHA2-256", "SHA256", "SHA2-384", "SHA384"}) {
    for (const std::size_t key : {1UL, 20UL, 32UL, 48UL, 64UL, 65UL, 128UL, 129UL, 300UL}) {
      for (const std::size_t size : {0UL, 1UL, 32UL, 48UL, 55UL, 56UL, 64UL, 127UL, 1000UL}) {
        const Bytes secret = random_bytes(key);
        const Bytes data = random_bytes(size);
        const Bytes ours = at_once(crypto::key_schedule_properties, digest, secret, data);
        CHECK(!ours.empty());
        CHECK(ours == at_once(usual, digest, secret, data));
        CHECK(in_parts(crypto::key_schedule_properties, digest, secret, data) == in_parts(usual, digest, secret, data));
        CHECK(in_parts(usual, digest, secret, data).front() == ours);
      }
    }
  }
}

TEST(what_it_does_not_know_it_refuses) {
  CHECK(at_once(crypto::key_schedule_properties, "SHA512", Bytes(32), Bytes(32)).empty());
  CHECK(at_once(crypto::key_schedule_properties, "nothing", Bytes(32), Bytes(32)).empty());
  const MacPtr mac = hmac(crypto::key_schedule_properties);
  const MacCtxPtr context(EVP_MAC_CTX_new(mac.get()));
  const Bytes key(32);
  std::size_t written = 0;
  Bytes out(EVP_MAX_MD_SIZE);
  CHECK_EQUAL(EVP_MAC_init(context.get(), key.data(), key.size(), nullptr), 0);  // by which digest?
  CHECK_EQUAL(EVP_MAC_update(context.get(), key.data(), key.size()), 0);
  CHECK_EQUAL(EVP_MAC_final(context.get(), out.data(), &written, out.size()), 0);
}

UNIT_MAIN(UNIT_TEST(who_prefers_it_has_ours_and_nobody_else), UNIT_TEST(answers_are_the_same),
          UNIT_TEST(what_it_does_not_know_it_refuses))
