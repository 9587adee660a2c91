#include "sallyport/pki/rsa_key_pool.hpp"

#include "sallyport/crypto/certificate.hpp"

#include "check.hpp"

using namespace sallyport;
using pki::RsaKeyPool;

TEST(gives_rsa_2048) {
  RsaKeyPool pool(1);
  const auto key = pool.take(std::chrono::seconds(60));
  CHECK_OK(key);
  CHECK_EQUAL(crypto::kind_of(key->get()), "RSA-2048");
}

TEST(never_waits_once_there_was_a_key) {
  RsaKeyPool pool(1);
  CHECK_OK(pool.take(std::chrono::seconds(60)));
  // More than one thread can make meanwhile: an old key is given again rather than none.
  for (int i = 0; i < 1000; ++i) CHECK_OK(pool.take(std::chrono::milliseconds(0)));
}

TEST(says_so_when_the_first_key_takes_too_long) {
  RsaKeyPool pool(1);
  const auto key = pool.take(std::chrono::milliseconds(0));
  CHECK(!key);
  CHECK(key.error().kind == ErrorKind::exhausted);
}

TEST(keys_are_replaced_while_they_are_taken) {
  RsaKeyPool pool(1);
  const auto first = pool.take(std::chrono::seconds(60));
  CHECK_OK(first);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  bool replaced = false;
  while (!replaced && std::chrono::steady_clock::now() < deadline) {
    const auto next = pool.take();
    CHECK_OK(next);
    replaced = EVP_PKEY_eq(next->get(), first->get()) != 1;
    std::this_thread::yield();
  }
  CHECK(replaced);
}

TEST(ends_while_a_key_is_being_made) {
  RsaKeyPool pool(8);
  pool.prepare();
}

TEST(ends_unused) { const RsaKeyPool pool; }

UNIT_MAIN(UNIT_TEST(gives_rsa_2048), UNIT_TEST(never_waits_once_there_was_a_key),
          UNIT_TEST(says_so_when_the_first_key_takes_too_long), UNIT_TEST(keys_are_replaced_while_they_are_taken),
          UNIT_TEST(ends_while_a_key_is_being_made), UNIT_TEST(ends_unused))
