// Parsers pass from one connection to the next: the memory does, and nothing of what was said.
#include "../../../src/http/http1_lent_parser.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::http::http1;

namespace {

const std::string large = "POST /one HTTP/1.1\r\nHost: a.example\r\nX-Secret: " + std::string(100, 's') +
                          "\r\nUpgrade: foo\r\nConnection: upgrade\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string small = "GET / HTTP/1.0\r\n\r\n";

Event read(LentParser& parser, const std::string& bytes) {
  const auto step = parser->step(bytes_of(bytes));
  CHECK(step.has_value());
  return step->event;
}

}  // namespace

TEST(none_is_held_until_it_is_used_nor_afterwards) {
  LentParser parser{Limits{}};
  CHECK(!parser.held());
  CHECK(read(parser, small) == Event::head);
  CHECK(parser.held());
  parser.give_back();
  CHECK(!parser.held());
}

TEST(the_next_connection_takes_it_and_finds_nothing_in_it) {
  LentParser one{Limits{}};
  CHECK(read(one, large) == Event::head);
  const RequestParser* const first = &*one;
  one.give_back();
  LentParser other{Limits{}};
  CHECK(read(other, small) == Event::head);
  CHECK(&*other == first);
  CHECK(other->head().fields.empty() && other->head().authority.empty() && other->head().path == "/");
  CHECK(other->extras().upgrade.empty() && other->extras().minor_version == 0);
  CHECK(other->extras().framing == Framing{});
}

TEST(half_a_head_that_was_given_up_is_forgotten) {
  {
    LentParser one{Limits{}};
    CHECK(read(one, large.substr(0, 30)) == Event::need_more);
    CHECK(one->in_message());
  }
  LentParser other{Limits{}};
  CHECK(!other->in_message());
  CHECK(read(other, small) == Event::head);
}

TEST(two_at_work_have_one_each) {
  LentParser one{Limits{}};
  LentParser other{Limits{}};
  CHECK(read(one, large) == Event::head);
  CHECK(read(other, small) == Event::head);
  CHECK(&*one != &*other);
  CHECK_EQUAL(one->head().path, "/one");
  CHECK_EQUAL(other->head().path, "/");
}

TEST(other_limits_are_kept_by_parsers_of_their_own) {
  const Limits narrow{.header_bytes = 64, .fields_count = 1};
  {
    LentParser wide{Limits{}};
    CHECK(read(wide, large) == Event::head);
  }
  LentParser parser{narrow};
  CHECK(!parser->step(bytes_of(large)).has_value());
  parser.give_back();
  LentParser wide{Limits{}};
  CHECK(read(wide, large) == Event::head);
}

TEST(more_than_are_kept_in_hand) {
  std::vector<std::unique_ptr<LentParser>> many;
  for (int at = 0; at < 40; ++at) {
    many.push_back(std::make_unique<LentParser>(Limits{}));
    CHECK(read(*many.back(), large) == Event::head);
  }
  for (const auto& parser : many) CHECK_EQUAL((*parser)->head().path, "/one");
  many.clear();
  LentParser parser{Limits{}};
  CHECK(read(parser, small) == Event::head);
}

UNIT_MAIN(UNIT_TEST(none_is_held_until_it_is_used_nor_afterwards),
          UNIT_TEST(the_next_connection_takes_it_and_finds_nothing_in_it),
          UNIT_TEST(half_a_head_that_was_given_up_is_forgotten), UNIT_TEST(two_at_work_have_one_each),
          UNIT_TEST(other_limits_are_kept_by_parsers_of_their_own), UNIT_TEST(more_than_are_kept_in_hand))
