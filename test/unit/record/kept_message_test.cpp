#include "sallyport/record/kept_message.hpp"

#include "sallyport/base/bytes.hpp"

#include "../../../src/record/redactor.hpp"
#include "check.hpp"

using namespace sallyport;
using namespace sallyport::record;

TEST(credentials_cookies_and_tokens_are_secrets) {
  for (const char* const name : {"Authorization", "proxy-authorization", "COOKIE", "Set-Cookie", "X-Api-Key",
                                 "X-Auth-Token", "x-csrf-token", "X-Amz-Security-Token", "X-Password"}) {
    CHECK(carries_secret(name));
  }
  for (const char* const name : {"Accept", "Host", "Content-Type", "Author", "ETag", ":path"}) {
    CHECK(!carries_secret(name));
  }
}

TEST(only_the_values_of_secrets_are_replaced) {
  KeptMessage kept;
  kept.add_field("Host", "a.example");
  kept.add_field("Cookie", "id=1: 2");
  kept.add_field("cookie", "");
  kept.add_field("X-Odd", "Authorization: not one");
  kept.add_field(":authority", "b");
  Redactor redactor;
  for (int time = 0; time < 2; ++time) {
    std::string fields = kept.fields;
    redactor.redact(fields);
    CHECK(fields ==
          "Host: a.example\nCookie: [redacted]\ncookie: [redacted]\nX-Odd: Authorization: not one\n:authority: b\n");
  }
  std::string fields;
  redactor.redact(fields);
  CHECK(fields.empty());
  fields = "Host: a\nAuthorization: x\n";
  redactor.redact(fields);
  CHECK(fields == "Host: a\nAuthorization: [redacted]\n");
  // More names than are remembered.
  for (int number = 0; number < 3000; ++number) {
    fields = "Token-" + std::to_string(number) + ": secret\nPlain-" + std::to_string(number) + ": shown\n";
    redactor.redact(fields);
    CHECK(fields.find("secret") == std::string::npos && fields.find("shown") != std::string::npos);
  }
}

TEST(a_body_is_kept_up_to_its_bound) {
  KeptMessage kept;
  kept.add_body(bytes_of("abc"), 5);
  CHECK(kept.body == "abc" && !kept.body_cut);
  kept.add_body(bytes_of("de"), 5);
  CHECK(kept.body == "abcde" && !kept.body_cut);
  kept.add_body(bytes_of("f"), 5);
  CHECK(kept.body == "abcde" && kept.body_cut);
}

UNIT_MAIN(UNIT_TEST(credentials_cookies_and_tokens_are_secrets), UNIT_TEST(only_the_values_of_secrets_are_replaced),
          UNIT_TEST(a_body_is_kept_up_to_its_bound))
