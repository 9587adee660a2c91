#include "sallyport/crypto/record_memory.hpp"

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace sallyport::crypto;

namespace {

constexpr std::size_t record = 16'716;  // what OpenSSL asks for to read one

bool holds(const void* memory, int value, std::size_t bytes) {
  const auto* const at = static_cast<const unsigned char*>(memory);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (at[i] != value) return false;
  }
  return true;
}

}  // namespace

TEST(blocks_in_hand_are_each_their_own) {
  // More than are kept, so that malloc's are among them.
  std::vector<void*> taken;
  for (int i = 0; i < 100; ++i) {
    taken.push_back(take_memory(record + static_cast<std::size_t>(i)));
    CHECK(taken.back() != nullptr);
    std::memset(taken.back(), i, record);
  }
  CHECK_EQUAL(std::set<void*>(taken.begin(), taken.end()).size(), 100U);
  for (int i = 0; i < 100; ++i) CHECK(holds(taken[static_cast<std::size_t>(i)], i, record));
  for (void* const memory : taken) give_back_memory(memory);
}

TEST(another_thread_may_give_back) {
  void* const here = take_memory(record);
  std::thread([here] {
    give_back_memory(here);
    void* const there = take_memory(record);
    std::memset(there, 7, record);
    give_back_memory(there);
  }).join();
  void* const again = take_memory(record);
  CHECK(again != nullptr);
  std::memset(again, 8, record);
  give_back_memory(again);
}

TEST(what_is_resized_keeps_its_bytes) {
  for (const std::size_t first : {std::size_t{100}, record, std::size_t{40'000}}) {
    for (const std::size_t second : {std::size_t{50}, record, record + 100, std::size_t{60'000}}) {
      void* memory = take_memory(first);
      std::memset(memory, 5, first);
      memory = resize_memory(memory, second);
      CHECK(holds(memory, 5, std::min(first, second)));
      std::memset(memory, 6, second);
      give_back_memory(memory);
    }
  }
  void* const fresh = resize_memory(nullptr, record);
  CHECK(fresh != nullptr);
  give_back_memory(fresh);
  give_back_memory(nullptr);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(the_block_given_back_last_is_taken_first) {
  void* const one = take_memory(record);
  give_back_memory(one);
  CHECK(take_memory(record + 1) == one);
  give_back_memory(one);
}
#else
TEST(the_block_given_back_last_is_taken_first) {}
#endif

UNIT_MAIN(UNIT_TEST(blocks_in_hand_are_each_their_own), UNIT_TEST(another_thread_may_give_back),
          UNIT_TEST(what_is_resized_keeps_its_bytes), UNIT_TEST(the_block_given_back_last_is_taken_first))
