#include "../../../src/http/http2_session_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "../../../src/http/http2_page_blocks.hpp"
#include "check.hpp"

using namespace sallyport::http::http2;

namespace {

std::size_t resident_bytes(const std::uint8_t* block) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages(PageBlocks::block_bytes / page);
  CHECK_EQUAL(mincore(const_cast<std::uint8_t*>(block), PageBlocks::block_bytes, pages.data()), 0);
  return static_cast<std::size_t>(std::count(pages.begin(), pages.end(), 1)) * page;
}

// As nghttp2 calls it.
struct Caller {
  SessionMemory memory;
  nghttp2_mem& mem = *memory.functions();

  std::uint8_t* take(std::size_t bytes) {
    auto* const block = static_cast<std::uint8_t*>(mem.malloc(bytes, mem.mem_user_data));
    std::memset(block, 0xaa, bytes);
    return block;
  }
  std::uint8_t* take_zeroed(std::size_t bytes) {
    return static_cast<std::uint8_t*>(mem.calloc(bytes / 8, 8, mem.mem_user_data));
  }
  void release(void* block) { mem.free(block, mem.mem_user_data); }
};

}  // namespace

TEST(pages_are_resident_as_far_as_they_were_written_to) {
  PageBlocks& blocks = PageBlocks::of_process();
  std::vector<std::uint8_t*> taken;
  // More than are kept warm, so that some are given back to the system.
  for (int i = 0; i < 40; ++i) taken.push_back(blocks.take());
  for (std::uint8_t* const block : taken) std::memset(block, 1, PageBlocks::block_bytes);
  CHECK_EQUAL(resident_bytes(taken.front()), PageBlocks::block_bytes);
  for (std::uint8_t* const block : taken) blocks.give_back(block);
  CHECK_EQUAL(resident_bytes(taken.back()), 0u);
  for (std::uint8_t*& block : taken) block = blocks.take();
  const auto cold = std::find_if(taken.begin(), taken.end(), [](auto* block) { return resident_bytes(block) == 0; });
  CHECK(cold != taken.end());
  (*cold)[0] = 1;
  CHECK(resident_bytes(*cold) <= 8 * 1024);
  for (std::uint8_t* const block : taken) blocks.give_back(block);
}

struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

TEST(a_session_finds_room_for_all_that_it_begins_with) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK_EQUAL(nghttp2_session_callbacks_new(&callbacks), 0);
  SessionMemory memory;
  nghttp2_mem counting = *memory.functions();
  // Whoever asks for more than a block can give would be served by the general allocator, and nobody would notice.
  static std::size_t asked;
  static nghttp2_mem below;
  asked = 0;
  below = counting;
  counting.malloc = [](std::size_t bytes, void* self) { return asked += bytes + 32, below.malloc(bytes, self); };
  counting.calloc = [](std::size_t count, std::size_t bytes, void* self) {
    return asked += count * bytes + 32, below.calloc(count, bytes, self);
  };
  counting.realloc = [](void* block, std::size_t bytes, void* self) {
    return asked += bytes + 32, below.realloc(block, bytes, self);
  };
  nghttp2_session* made = nullptr;
  CHECK_EQUAL(nghttp2_session_client_new3(&made, callbacks, nullptr, nullptr, &counting), 0);
  const std::unique_ptr<nghttp2_session, SessionDeleter> session(made);
  nghttp2_session_callbacks_del(callbacks);
  CHECK(asked > 16 * 1024);
  CHECK(asked <= PageBlocks::block_bytes);
}

TEST(pieces_do_not_overlap_and_zeroed_ones_are_zero) {
  for (int round = 0; round < 2; ++round) {
    Caller caller;
    std::uint8_t* const first = caller.take(2928);
    std::uint8_t* const zeroed = caller.take_zeroed(4096);
    std::uint8_t* const last = caller.take(16394);
    CHECK(std::all_of(zeroed, zeroed + 4096, [](std::uint8_t byte) { return byte == 0; }));
    CHECK(std::all_of(first, first + 2928, [](std::uint8_t byte) { return byte == 0xaa; }));
    CHECK(std::all_of(last, last + 16394, [](std::uint8_t byte) { return byte == 0xaa; }));
    for (std::uint8_t* const block : {first, zeroed, last}) caller.release(block);
  }
}

TEST(what_has_no_room_and_what_comes_later_is_anybodys_memory) {
  Caller caller;
  std::uint8_t* const large = caller.take(100'000);
  std::uint8_t* const much = caller.take(20'000);
  std::uint8_t* const more = caller.take(20'000);
  caller.memory.made();
  std::uint8_t* const later = caller.take(64);
  for (std::uint8_t* const block : {large, much, more, later}) caller.release(block);
}

TEST(a_piece_that_grows_keeps_what_is_in_it) {
  Caller caller;
  auto* const piece = static_cast<std::uint8_t*>(caller.mem.realloc(nullptr, 100, caller.mem.mem_user_data));
  std::memset(piece, 0xaa, 100);
  auto* const larger = static_cast<std::uint8_t*>(caller.mem.realloc(piece, 30'000, caller.mem.mem_user_data));
  CHECK(std::all_of(larger, larger + 100, [](std::uint8_t byte) { return byte == 0xaa; }));
  auto* const smaller = static_cast<std::uint8_t*>(caller.mem.realloc(larger, 50, caller.mem.mem_user_data));
  CHECK(std::all_of(smaller, smaller + 50, [](std::uint8_t byte) { return byte == 0xaa; }));
  caller.release(smaller);
}

UNIT_MAIN(UNIT_TEST(pages_are_resident_as_far_as_they_were_written_to),
          UNIT_TEST(a_session_finds_room_for_all_that_it_begins_with),
          UNIT_TEST(pieces_do_not_overlap_and_zeroed_ones_are_zero),
          UNIT_TEST(what_has_no_room_and_what_comes_later_is_anybodys_memory),
          UNIT_TEST(a_piece_that_grows_keeps_what_is_in_it))
