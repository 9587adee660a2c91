#include "sallyport/http/message.hpp"

#include <utility>

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using http::Fields;

TEST(keeps_order_and_finds_ignoring_case) {
  Fields fields;
  fields.add("Set-Cookie", "a");
  fields.append("X", "y");
  fields.add("set-cookie", "b");
  CHECK_EQUAL(test::text_of_fields(fields), "Set-Cookie: a\nX: y\nset-cookie: b\n");
  CHECK_EQUAL(*fields.get("SET-COOKIE"), "a");
  CHECK(!fields.get("Set"));
  CHECK_EQUAL(fields.count("set-Cookie"), 2U);
}

TEST(sets_and_removes) {
  Fields fields;
  for (const char* value : {"1", "2", "3"}) {
    fields.add("A", value);
    fields.add("B", value);
  }
  fields.set("a", "one");
  CHECK_EQUAL(test::text_of_fields(fields), "a: one\nB: 1\nB: 2\nB: 3\n");
  CHECK_EQUAL(fields.remove("b"), 3U);
  CHECK_EQUAL(fields.remove("b"), 0U);
  fields.set("C", "new");
  CHECK_EQUAL(test::text_of_fields(fields), "a: one\nC: new\n");
  // A name that lies inside what is removed.
  fields.add("C", "again");
  CHECK_EQUAL(fields.remove(fields.begin()[1].name), 2U);
  CHECK_EQUAL(fields.size(), 1U);
}

TEST(reads_token_lists) {
  Fields fields;
  fields.add("Connection", "close , Upgrade");
  fields.add("connection", ",x,");
  for (const char* token : {"close", "upgrade", "X"}) CHECK(fields.has_token("Connection", token));
  for (const char* token : {"clos", "close ,", "y"}) CHECK(!fields.has_token("Connection", token));
}

TEST(copies_and_moves_only_what_is_there) {
  Fields fields;
  fields.add("A", "1");
  fields.add("B", "2");
  fields.remove("A");
  Fields copy = fields;
  CHECK(copy == fields);
  CHECK_EQUAL(copy.size(), 1U);
  const Fields moved = std::move(fields);
  CHECK(moved == copy);
  fields = Fields();
  CHECK(fields.empty());
  fields.append("C", "3");
  copy = fields;
  CHECK_EQUAL(test::text_of_fields(copy), "C: 3\n");
}

TEST(nothing_comes_back_after_clear) {
  Fields fields;
  for (int at = 0; at < 500; ++at) fields.add(std::to_string(at), std::string(1000, 'x'));
  fields.clear();
  CHECK(fields.empty());
  CHECK(!fields.get("0"));
  fields.append("A", "");
  CHECK_EQUAL(test::text_of_fields(fields), "A: \n");
  CHECK(fields.begin()->value.capacity() < 1000);
}

UNIT_MAIN(UNIT_TEST(keeps_order_and_finds_ignoring_case), UNIT_TEST(sets_and_removes), UNIT_TEST(reads_token_lists),
          UNIT_TEST(copies_and_moves_only_what_is_there), UNIT_TEST(nothing_comes_back_after_clear))
