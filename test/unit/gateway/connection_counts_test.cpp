#include "sallyport/gateway/connection_counts.hpp"

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::gateway;

namespace {

constexpr std::size_t many = 1'000'000;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

void come_and_go(ConnectionCounts& counts, const IpAddress& client) {
  for (int i = 0; i < 5'000; ++i) {
    const auto place = counts.enter(client, many, many);
    CHECK(place.has_value());
  }
}

}  // namespace

TEST(each_client_has_its_own_bound) {
  ConnectionCounts counts;
  const auto first = counts.enter(address("10.0.0.1"), many, 2);
  std::optional second = counts.enter(address("10.0.0.1"), many, 2);
  CHECK(first && *second);
  const auto third = counts.enter(address("10.0.0.1"), many, 2);
  CHECK(!third);
  CHECK_EQUAL(third.error().kind, ErrorKind::exhausted);
  CHECK_EQUAL(third.error().reason, "connections_per_client is reached for 10.0.0.1");
  CHECK(counts.enter(address("10.0.0.2"), many, 2).has_value());
  second.reset();
  CHECK(counts.enter(address("10.0.0.1"), many, 2).has_value());
}

TEST(all_clients_together_have_a_bound) {
  ConnectionCounts counts;
  std::vector<ConnectionCounts::Place> places;
  for (int i = 1; i <= 3; ++i) {
    auto place = counts.enter(address(("10.0.0." + std::to_string(i)).c_str()), 3, many);
    CHECK(place.has_value());
    places.push_back(std::move(*place));
  }
  const auto refused = counts.enter(address("10.0.0.9"), 3, many);
  CHECK(!refused);
  CHECK_EQUAL(refused.error().reason, "max_connections is reached");
  places.pop_back();
  CHECK(counts.enter(address("10.0.0.9"), 3, many).has_value());
}

TEST(a_place_that_moves_is_given_back_once) {
  ConnectionCounts counts;
  auto place = counts.enter(address("::1"), 2, 2);
  CHECK(place.has_value());
  {
    const ConnectionCounts::Place moved = std::move(*place);
    const auto second = counts.enter(address("::1"), 2, 2);
    CHECK(second.has_value());
    CHECK(!counts.enter(address("::1"), 2, 2));
  }
  const auto again = counts.enter(address("::1"), 2, 2);
  const auto and_again = counts.enter(address("::1"), 2, 2);
  CHECK(again && and_again);
}

TEST(a_refused_client_leaves_no_trace) {
  ConnectionCounts counts;
  CHECK(!counts.enter(address("10.0.0.1"), many, 0));
  CHECK(!counts.enter(address("10.0.0.1"), 0, many));
  CHECK(counts.enter(address("10.0.0.1"), 1, 1).has_value());
}

TEST(workers_share_the_counts) {
  ConnectionCounts counts;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back(come_and_go, std::ref(counts), address(i % 2 == 0 ? "10.0.0.1" : "10.0.0.2"));
  }
  workers.clear();
  CHECK(counts.enter(address("10.0.0.1"), 1, 1).has_value());
}

UNIT_MAIN(UNIT_TEST(each_client_has_its_own_bound), UNIT_TEST(all_clients_together_have_a_bound),
          UNIT_TEST(a_place_that_moves_is_given_back_once), UNIT_TEST(a_refused_client_leaves_no_trace),
          UNIT_TEST(workers_share_the_counts))
