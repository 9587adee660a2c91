#include "../../../src/gateway/kept_body.hpp"

#include "check.hpp"

using namespace sallyport;
using gateway::KeptBody;

TEST(a_small_body_is_whole_once_it_has_ended) {
  KeptBody body;
  body.add(bytes_of("first, "));
  body.add(bytes_of("second"));
  CHECK(!body.whole());
  body.end();
  CHECK(body.whole());
  CHECK_EQUAL(text_of(body.bytes()), "first, second");
}

TEST(an_empty_body_is_whole) {
  KeptBody body;
  body.end();
  CHECK(body.whole());
  CHECK(body.bytes().empty());
}

TEST(a_large_body_is_not_kept) {
  KeptBody body;
  const std::string part(4096, 'x');
  for (int parts = 0; parts < 3; ++parts) body.add(bytes_of(part));
  body.add(bytes_of("the rest"));
  body.end();
  CHECK(!body.whole());
  CHECK(body.bytes().empty());
}

TEST(what_was_given_up_stays_so) {
  KeptBody body;
  body.add(bytes_of("first"));
  body.give_up();
  body.end();
  CHECK(!body.whole());
}

UNIT_MAIN(UNIT_TEST(a_small_body_is_whole_once_it_has_ended), UNIT_TEST(an_empty_body_is_whole),
          UNIT_TEST(a_large_body_is_not_kept), UNIT_TEST(what_was_given_up_stays_so))
