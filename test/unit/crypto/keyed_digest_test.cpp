#include "sallyport/crypto/keyed_digest.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::crypto;

TEST(a_digest_tells_texts_and_keys_apart) {
  const Result<KeyedDigest> key = KeyedDigest::create();
  const Result<KeyedDigest> other_key = KeyedDigest::create();
  CHECK_OK(key);
  CHECK_OK(other_key);
  CHECK(*key->of(bytes_of("a")) == *key->of(bytes_of("a")));
  CHECK(*key->of(bytes_of("a")) != *key->of(bytes_of("b")));
  CHECK(*key->of(bytes_of("a")) != *other_key->of(bytes_of("a")));
  CHECK_OK(key->of({}));
}

TEST(compares) {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK(!equal_in_constant_time("abc", "abd"));
  CHECK(!equal_in_constant_time("abc", "ab"));
}

TEST(wipes) {
  std::string secret = "open sesame";
  wipe(secret);
  CHECK(secret.empty());
}

UNIT_MAIN(UNIT_TEST(a_digest_tells_texts_and_keys_apart), UNIT_TEST(compares), UNIT_TEST(wipes))
