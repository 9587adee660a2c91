#include "sallyport/io/buffer_pool.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::io;

namespace {

void append(InputBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    const ByteSpan room = buffer.room();
    CHECK(!room.empty());
    const std::size_t count = std::min(room.size(), bytes.size());
    std::copy_n(bytes_of(bytes).begin(), count, room.begin());
    buffer.added(count);
    bytes.remove_prefix(count);
  }
}

// Where the pool's next memory lies; it is given back.
const std::uint8_t* next_of(BufferPool& pool) {
  BufferPool::Memory memory = pool.take();
  const std::uint8_t* const at = memory.get();
  pool.give_back(std::move(memory));
  return at;
}

}  // namespace

TEST(memory_given_back_is_lent_again) {
  BufferPool pool;
  BufferPool::Memory first = pool.take();
  const BufferPool::Memory second = pool.take();
  CHECK(first != second);
  const std::uint8_t* const at = first.get();
  pool.give_back(std::move(first));
  CHECK(pool.take().get() == at);
}

TEST(a_buffer_takes_memory_with_its_first_byte_and_gives_it_back_when_empty) {
  BufferPool pool;
  const std::uint8_t* const kept = next_of(pool);
  InputBuffer buffer(pool);
  CHECK(next_of(pool) == kept);
  append(buffer, "abc");
  CHECK(text_of(buffer.unread()) == "abc");
  CHECK(buffer.unread().data() == kept);
  CHECK(next_of(pool) != kept);

  buffer.release_if_empty();
  CHECK(text_of(buffer.unread()) == "abc");
  buffer.consume(1);
  CHECK(text_of(buffer.unread()) == "bc");
  buffer.consume(2);
  CHECK(buffer.empty());
  buffer.release_if_empty();
  CHECK(next_of(pool) == kept);
  append(buffer, "again");
  CHECK(text_of(buffer.unread()) == "again");
}

TEST(the_end_of_a_buffer_returns_memory_with_bytes_in_it) {
  BufferPool pool;
  const std::uint8_t* const kept = next_of(pool);
  {
    InputBuffer buffer(pool);
    append(buffer, "unread");
  }
  CHECK(next_of(pool) == kept);
}

TEST(room_is_found_in_front_before_the_buffer_grows) {
  BufferPool pool;
  InputBuffer buffer(pool);
  append(buffer, std::string(BufferPool::buffer_bytes, 'a'));
  buffer.consume(100);
  CHECK_EQUAL(buffer.room().size(), 100U);
  append(buffer, std::string(100, 'b'));
  CHECK_EQUAL(buffer.unread().size(), BufferPool::buffer_bytes);
  CHECK(text_of(buffer.unread()).substr(BufferPool::buffer_bytes - 101, 2) == "ab");
}

TEST(a_buffer_grows_around_what_is_unread) {
  BufferPool pool;
  InputBuffer buffer(pool);
  std::string all;
  for (int i = 0; all.size() < 5 * BufferPool::buffer_bytes; ++i) all += std::to_string(i) + ",";
  append(buffer, all);
  CHECK(text_of(buffer.unread()) == all);
  // Grown memory is not the pool's.
  buffer.consume(all.size());
  buffer.release_if_empty();
  CHECK_EQUAL(buffer.room().size(), BufferPool::buffer_bytes);
}

TEST(the_pool_keeps_a_bounded_number) {
  BufferPool pool;
  std::vector<BufferPool::Memory> lent(1000);
  std::generate(lent.begin(), lent.end(), [&] { return pool.take(); });
  // Under the address sanitizer, memory lost or given twice would show here.
  for (BufferPool::Memory& memory : lent) pool.give_back(std::move(memory));
  std::generate(lent.begin(), lent.end(), [&] { return pool.take(); });
  std::sort(lent.begin(), lent.end());
  CHECK(std::adjacent_find(lent.begin(), lent.end()) == lent.end());
}

TEST(the_pool_knows_how_much_it_lent_and_keeps) {
  BufferPool pool;
  CHECK(pool.lent_bytes() == 0);
  {
    const BufferPool::Memory dropped = pool.take();
    BufferPool::Memory returned = pool.take();
    CHECK(pool.lent_bytes() == 2 * BufferPool::buffer_bytes);
    pool.give_back(std::move(returned));
    CHECK(pool.lent_bytes() == BufferPool::buffer_bytes);
    CHECK(pool.kept_bytes() == BufferPool::buffer_bytes);
  }
  CHECK(pool.lent_bytes() == 0);
  InputBuffer buffer(pool);
  append(buffer, std::string(BufferPool::buffer_bytes + 1, 'x'));
  CHECK(pool.lent_bytes() == 2 * BufferPool::buffer_bytes);
  buffer.consume(BufferPool::buffer_bytes + 1);
  buffer.release_if_empty();
  CHECK(pool.lent_bytes() == 0);
}

TEST(who_fills_a_buffer_gets_a_larger_one) {
  BufferPool pool;
  InputBuffer buffer(pool);
  CHECK_EQUAL(buffer.room().size(), BufferPool::buffer_bytes);
  buffer.added(BufferPool::buffer_bytes);
  buffer.consume(BufferPool::buffer_bytes);
  CHECK_EQUAL(buffer.room().size(), BufferPool::bulk_bytes);
  buffer.added(20'000);
  buffer.consume(20'000);
  // A wait in between says nothing of what comes.
  buffer.release_if_empty();
  CHECK(pool.lent_bytes() == 0);
  CHECK_EQUAL(buffer.room().size(), BufferPool::bulk_bytes);
  buffer.added(100);
  buffer.consume(100);
  buffer.release_if_empty();
  CHECK_EQUAL(buffer.room().size(), BufferPool::buffer_bytes);
}

TEST(large_buffers_are_lent_to_a_few_and_kept_for_fewer) {
  BufferPool pool;
  std::vector<BufferPool::Memory> lent;
  for (BufferPool::Memory memory = pool.take_bulk(); memory; memory = pool.take_bulk())
    lent.push_back(std::move(memory));
  CHECK(lent.size() > 8 && lent.size() * BufferPool::bulk_bytes <= 4 * 1024 * 1024);
  CHECK(pool.lent_bytes() == lent.size() * BufferPool::bulk_bytes);
  {
    InputBuffer buffer(pool);
    buffer.added(buffer.room().size());
    buffer.consume(BufferPool::buffer_bytes);
    CHECK_EQUAL(buffer.room().size(), BufferPool::buffer_bytes);
  }
  lent.pop_back();
  CHECK(pool.take_bulk() != nullptr);
  for (BufferPool::Memory& memory : lent) pool.give_back(std::move(memory));
  CHECK(pool.lent_bytes() == 0);
  CHECK(pool.kept_bytes() <= 512 * 1024);
}

TEST(as_many_large_buffers_are_kept_as_are_with_others) {
  BufferPool pool;
  std::vector<BufferPool::Memory> lent(16);
  std::generate(lent.begin(), lent.end(), [&] { return pool.take_bulk(); });
  for (std::size_t one = 8; one < lent.size(); ++one) pool.give_back(std::move(lent[one]));
  CHECK(pool.kept_bytes() == 8 * BufferPool::bulk_bytes);
  pool.give_back(std::move(lent[7]));
  CHECK(pool.kept_bytes() == 7 * BufferPool::bulk_bytes);
  CHECK(pool.lent_bytes() == 7 * BufferPool::bulk_bytes);
}

UNIT_MAIN(UNIT_TEST(memory_given_back_is_lent_again),
          UNIT_TEST(a_buffer_takes_memory_with_its_first_byte_and_gives_it_back_when_empty),
          UNIT_TEST(the_end_of_a_buffer_returns_memory_with_bytes_in_it),
          UNIT_TEST(room_is_found_in_front_before_the_buffer_grows), UNIT_TEST(a_buffer_grows_around_what_is_unread),
          UNIT_TEST(the_pool_keeps_a_bounded_number), UNIT_TEST(the_pool_knows_how_much_it_lent_and_keeps),
          UNIT_TEST(who_fills_a_buffer_gets_a_larger_one),
          UNIT_TEST(large_buffers_are_lent_to_a_few_and_kept_for_fewer),
          UNIT_TEST(as_many_large_buffers_are_kept_as_are_with_others))
