// PageBlocks: blocks of pages, each resident only as far as it was written to.
//
// One for the process; any thread. Address space is kept for good, memory is not: what a crowd needed once goes back to
// the system, but for a few blocks that the next sessions find warm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sallyport::http::http2 {

class PageBlocks {
 public:
  static constexpr std::size_t block_bytes = 28 * 1024;

  static PageBlocks& of_process();

  // What is in it is anything. Null: the system has none.
  [[nodiscard]] std::uint8_t* take();
  void give_back(std::uint8_t* memory);

 private:
  PageBlocks() = default;

  static constexpr std::size_t blocks_in_region = 64;
  static constexpr std::size_t most_warm = 16;

  void add_region();

  std::mutex mutex_;
  // Below: protected by mutex_.
  std::vector<std::uint8_t*> warm_;
  std::vector<std::uint8_t*> cold_;  // not resident
};

}  // namespace sallyport::http::http2
