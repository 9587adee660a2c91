#include "sallyport/http/request_id.hpp"

#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace sallyport;

TEST(is_a_version_7_uuid_of_now) {
  const auto milliseconds = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const auto before = milliseconds();
  const std::string id = http::make_request_id();
  const auto after = milliseconds();
  CHECK_EQUAL(id.size(), 36U);
  for (const std::size_t at : {8, 13, 18, 23}) CHECK_EQUAL(id[at], '-');
  CHECK_EQUAL(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
  CHECK_EQUAL(id[14], '7');
  CHECK(std::string("89ab").contains(id[19]));
  const auto stamp = std::stoll(id.substr(0, 8) + id.substr(9, 4), nullptr, 16);
  CHECK(stamp >= before && stamp <= after);
}

TEST(never_repeats_across_threads) {
  constexpr std::size_t per_thread = 20000;
  std::vector<std::vector<std::string>> ids(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : ids) {
      threads.emplace_back([&mine] {
        for (std::size_t at = 0; at < per_thread; ++at) mine.push_back(http::make_request_id());
      });
    }
  }
  std::set<std::string> all;
  for (const auto& mine : ids) all.insert(mine.begin(), mine.end());
  CHECK_EQUAL(all.size(), ids.size() * per_thread);
}

UNIT_MAIN(UNIT_TEST(is_a_version_7_uuid_of_now), UNIT_TEST(never_repeats_across_threads))
