// Our key schedule beside OpenSSL's own: whatever libssl could ask, both answer alike.
#include "sallyport/crypto/key_schedule.hpp"

#include <optional>
#include <random>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "check.hpp"

using namespace sallyport;

namespace {

using Bytes = std::vector<unsigned char>;
using KdfPtr = std::unique_ptr<EVP_KDF, crypto::Freer<EVP_KDF_free>>;
using KdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, crypto::Freer<EVP_KDF_CTX_free>>;

struct Question {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string digest = "SHA2-256";
  std::optional<Bytes> key, salt, data;
  std::string label = "c hs traffic";
  std::size_t size = 32;
};

// Empty: refused.
Bytes answer_of(const char* properties, Question question) {
  CHECK_OK(crypto::provide_key_schedule());
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, "TLS13-KDF", properties));
  CHECK(kdf != nullptr);
  const KdfCtxPtr context(EVP_KDF_CTX_new(kdf.get()));
  std::string prefix = "tls13 ";
  std::vector<OSSL_PARAM> all = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &question.mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, question.digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix.data(), prefix.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, question.label.data(), question.label.size())};
  const auto add = [&](const char* name, std::optional<Bytes>& value) {
    if (value) all.push_back(OSSL_PARAM_construct_octet_string(name, value->data(), value->size()));
  };
  add(OSSL_KDF_PARAM_KEY, question.key);
  add(OSSL_KDF_PARAM_SALT, question.salt);
  add(OSSL_KDF_PARAM_DATA, question.data);
  all.push_back(OSSL_PARAM_construct_end());
  Bytes out(question.size);
  return EVP_KDF_derive(context.get(), out.data(), out.size(), all.data()) == 1 ? out : Bytes();
}

void check_alike(const Question& question) {
  CHECK(answer_of(crypto::key_schedule_properties, question) == answer_of("provider=default", question));
}

void check_answered_alike(const Question& question) {
  CHECK(!answer_of("provider=default", question).empty());
  check_alike(question);
}

Bytes random_bytes(std::size_t size) {
  static std::mt19937 source(7);
  Bytes bytes(size);
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(source());
  return bytes;
}

struct Kind {
  const char* digest;
  std::size_t size;
};
constexpr Kind kinds[] = {{"SHA2-256", 32}, {"SHA2-384", 48}};

}  // namespace

TEST(it_is_ours_that_answers) {
  CHECK_OK(crypto::provide_key_schedule());
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, "TLS13-KDF", crypto::key_schedule_properties));
  CHECK_EQUAL(std::string(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf.get()))), "sallyport");
  const std::unique_ptr<EVP_KDF, crypto::Freer<EVP_KDF_free>> other(
      EVP_KDF_fetch(nullptr, "TLS1-PRF", crypto::key_schedule_properties));
  CHECK_EQUAL(std::string(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(other.get()))), "default");
}

TEST(expanding) {
  for (const auto& [digest, size] : kinds) {
    for (const std::size_t length : {1UL, 12UL, 16UL, 32UL, 48UL, 49UL, 200UL}) {
      for (const std::size_t context : {1UL, 32UL, 48UL, 255UL}) {
        check_answered_alike(
            {.digest = digest, .key = random_bytes(size), .data = random_bytes(context), .size = length});
      }
      check_answered_alike({.digest = digest, .key = random_bytes(size), .size = length});
    }
    // Of an exporter, or of nobody: keys that are longer than a block, short and long labels.
    for (const std::size_t key : {1UL, 64UL, 65UL, 128UL, 129UL, 300UL}) {
      check_answered_alike({.digest = digest, .key = random_bytes(key)});
    }
    for (const std::size_t label : {1UL, 100UL, 249UL}) {
      check_answered_alike({.digest = digest, .key = random_bytes(size), .label = std::string(label, 'x')});
    }
  }
}

TEST(extracting) {
  for (const auto& [digest, size] : kinds) {
    Question question{.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, .digest = digest, .label = "derived", .size = size};
    check_answered_alike(question);
    question.key = random_bytes(32);
    check_answered_alike(question);
    question.salt = random_bytes(size);
    check_answered_alike(question);
    question.key = random_bytes(600);
    check_answered_alike(question);
    question.key.reset();
    check_answered_alike(question);
  }
}

// RFC 8448 §3: the early secret, and what it is derived to.
TEST(the_rfcs_example) {
  const Bytes early =
      answer_of(crypto::key_schedule_properties, {.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, .label = "derived"});
  CHECK_EQUAL(early.size(), std::size_t{32});
  CHECK(early[0] == 0x33 && early[1] == 0xad && early[2] == 0x0a && early[3] == 0x1c && early[31] == 0x2a);
}

TEST(what_cannot_be_is_refused) {
  const Bytes key = random_bytes(32);
  for (const Question& question : std::vector<Question>{
           {.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, .key = key},
           {.mode = 77, .key = key},
           {.digest = "SHA2-513", .key = key},
           {.key = key, .label = std::string(250, 'x')},
           {.key = key, .data = random_bytes(256)},
           {.key = key, .size = 32 * 255 + 1},
           {.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, .key = key, .size = 31},
           {},
       }) {
    CHECK(answer_of(crypto::key_schedule_properties, question).empty());
    check_alike(question);
  }
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, "TLS13-KDF", crypto::key_schedule_properties));
  const KdfCtxPtr context(EVP_KDF_CTX_new(kdf.get()));
  Bytes out(32);
  CHECK(EVP_KDF_derive(context.get(), out.data(), out.size(), nullptr) != 1);
}

UNIT_MAIN(UNIT_TEST(it_is_ours_that_answers), UNIT_TEST(expanding), UNIT_TEST(extracting), UNIT_TEST(the_rfcs_example),
          UNIT_TEST(what_cannot_be_is_refused))
