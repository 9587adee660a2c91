#include "../../../src/http/http2_byte_queue.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "check.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using namespace sallyport::http::http2;
using io::BufferPool;

namespace {

constexpr std::size_t frame = std::size_t{8} * 1024;

// The pieces that come out, of what goes in frame by frame from reads of so many bytes.
std::vector<std::string> pieces_of(std::string_view bytes, std::size_t read, ByteQueue& queue, BufferPool& pool) {
  std::size_t coming = 0;
  while (!bytes.empty()) {
    const std::string_view one = bytes.substr(0, frame);
    if (coming == 0) coming = read;
    queue.push(bytes_of(one), coming, pool);
    coming -= std::min(coming, one.size());
    bytes.remove_prefix(one.size());
  }
  std::vector<std::string> pieces;
  while (!queue.empty()) {
    pieces.emplace_back(text_of(queue.front()));
    queue.pop(queue.front().size());
  }
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

}  // namespace

TEST(what_comes_in_many_frames_at_once_goes_out_in_one_piece) {
  BufferPool pool;
  ByteQueue queue;
  const std::string bytes = test::distinct_bytes(8 * frame, 1);
  const std::vector<std::string> pieces = pieces_of(bytes, bytes.size(), queue, pool);
  CHECK_EQUAL(pieces.size(), 1U);
  CHECK(pieces.front() == bytes);
  CHECK(pool.lent_bytes() == 0);
  CHECK(pool.kept_bytes() == BufferPool::bulk_bytes);
}

TEST(the_rest_of_a_frame_does_not_stand_alone) {
  BufferPool pool;
  ByteQueue queue;
  const std::string bytes = test::distinct_bytes(8 * frame, 2);
  CHECK_EQUAL(pieces_of(bytes, bytes.size(), queue, pool).size(), 1U);
  const std::string rest = test::distinct_bytes(100, 3);
  queue.push(bytes_of(rest), bytes.size() + rest.size(), pool);
  const std::vector<std::string> pieces = pieces_of(bytes, bytes.size(), queue, pool);
  CHECK_EQUAL(pieces.size(), 1U);
  CHECK(pieces.front() == rest + bytes);
}

TEST(small_frames_and_small_reads_take_no_large_piece) {
  BufferPool pool;
  ByteQueue queue;
  queue.push(bytes_of(std::string(100, 'a')), BufferPool::bulk_bytes, pool);
  CHECK(pool.lent_bytes() == 0);
  queue.push(bytes_of(std::string(frame, 'b')), frame, pool);
  CHECK(pool.lent_bytes() == 0);
  CHECK_EQUAL(queue.size(), 100 + frame);
}

TEST(what_waits_is_gathered_though_it_came_in_small_reads) {
  BufferPool pool;
  ByteQueue queue;
  const std::string bytes = test::distinct_bytes(24 * frame, 5);
  // Where the reader keeps up, a piece takes no more than an ordinary buffer.
  CHECK_EQUAL(pieces_of(bytes.substr(0, 2 * frame), frame, queue, pool).size(), 1U);
  CHECK(pool.kept_bytes() == BufferPool::buffer_bytes);
  const std::vector<std::string> pieces = pieces_of(bytes, frame, queue, pool);
  CHECK(joined(pieces) == bytes);
  CHECK_EQUAL(pieces.size(), 4U);
  CHECK(std::any_of(pieces.begin(), pieces.end(),
                    [](const std::string& piece) { return piece.size() == BufferPool::bulk_bytes; }));
}

TEST(without_a_large_piece_to_be_had_small_ones_do) {
  BufferPool pool;
  std::vector<BufferPool::Memory> lent;
  for (BufferPool::Memory memory = pool.take_bulk(); memory; memory = pool.take_bulk())
    lent.push_back(std::move(memory));
  ByteQueue queue;
  const std::string bytes = test::distinct_bytes(8 * frame, 4);
  const std::vector<std::string> pieces = pieces_of(bytes, bytes.size(), queue, pool);
  CHECK(pieces.size() > 1);
  CHECK(joined(pieces) == bytes);
}

TEST(a_queue_that_ends_with_bytes_in_it_gives_its_memory_back) {
  BufferPool pool;
  {
    ByteQueue queue;
    queue.push(bytes_of(std::string(3 * frame, 'a')), BufferPool::bulk_bytes, pool);
    CHECK(pool.lent_bytes() == BufferPool::bulk_bytes);
  }
  CHECK(pool.lent_bytes() == 0);
}

UNIT_MAIN(UNIT_TEST(what_comes_in_many_frames_at_once_goes_out_in_one_piece),
          UNIT_TEST(the_rest_of_a_frame_does_not_stand_alone),
          UNIT_TEST(small_frames_and_small_reads_take_no_large_piece),
          UNIT_TEST(what_waits_is_gathered_though_it_came_in_small_reads),
          UNIT_TEST(without_a_large_piece_to_be_had_small_ones_do),
          UNIT_TEST(a_queue_that_ends_with_bytes_in_it_gives_its_memory_back))
