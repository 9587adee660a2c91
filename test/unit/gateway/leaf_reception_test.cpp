#include "../../../src/gateway/leaf_reception.hpp"

#include "check.hpp"

using namespace sallyport::gateway;
using namespace std::chrono_literals;

TEST(alerts_that_name_the_certificate_are_refusals) {
  for (const int alert : {42, 46, 48}) CHECK(is_refusal({.shown = true, .alert = alert}));
  // handshake_failure, certificate_expired, protocol_version, ech_required
  for (const int alert : {40, 45, 70, 121}) CHECK(!is_refusal({.shown = true, .left = true, .alert = alert}));
}

TEST(leaving_at_once_is_a_refusal) {
  CHECK(is_refusal({.shown = true, .left = true, .after = 0s}));
  CHECK(is_refusal({.shown = true, .left = true, .after = 9s}));
  CHECK(!is_refusal({.shown = true, .left = true, .after = 10s}));
  CHECK(!is_refusal({.shown = true, .left = false}));
}

TEST(whoever_saw_no_leaf_or_used_it_refused_none) {
  CHECK(!is_refusal({.shown = false, .left = true}));
  CHECK(!is_refusal({.shown = false, .alert = 48}));
  CHECK(!is_refusal({.shown = true, .used = true, .left = true}));
}

UNIT_MAIN(UNIT_TEST(alerts_that_name_the_certificate_are_refusals), UNIT_TEST(leaving_at_once_is_a_refusal),
          UNIT_TEST(whoever_saw_no_leaf_or_used_it_refused_none))
