#include "sallyport/base/rare_error.hpp"

#include "check.hpp"

using namespace sallyport;

namespace {

TEST(says_nothing_until_there_is_one) {
  const RareError error;
  CHECK(error.empty());
  CHECK(error.get() == Error());
  CHECK_EQUAL(sizeof error, sizeof(void*));
}

TEST(the_last_one_stays) {
  RareError error;
  error = {ErrorKind::tls, "an alert"};
  CHECK(!error.empty());
  error = {ErrorKind::reset, "gone"};
  CHECK(error.get() == (Error{ErrorKind::reset, "gone"}));
}

// A caller may pass on what it got from the same object.
TEST(may_be_set_to_what_it_is) {
  RareError error;
  error = {ErrorKind::timed_out, "the deadline has passed and this is too long for a small string"};
  error = Error(error.get());
  CHECK_EQUAL(error.get().reason, "the deadline has passed and this is too long for a small string");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(says_nothing_until_there_is_one), UNIT_TEST(the_last_one_stays),
          UNIT_TEST(may_be_set_to_what_it_is))
