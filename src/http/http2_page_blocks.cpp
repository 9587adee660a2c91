#include "http2_page_blocks.hpp"

#include <sys/mman.h>

namespace sallyport::http::http2 {

PageBlocks& PageBlocks::of_process() {
  // Never destroyed: a session may end after everything static has.
  static auto* const blocks = new PageBlocks;
  return *blocks;
}

std::uint8_t* PageBlocks::take() {
  const std::lock_guard lock(mutex_);
  if (warm_.empty() && cold_.empty()) add_region();
  std::vector<std::uint8_t*>& from = warm_.empty() ? cold_ : warm_;
  if (from.empty()) return nullptr;
  std::uint8_t* const memory = from.back();
  from.pop_back();
  return memory;
}

void PageBlocks::give_back(std::uint8_t* memory) {
  const std::lock_guard lock(mutex_);
  if (warm_.size() < most_warm || madvise(memory, block_bytes, MADV_DONTNEED) != 0) {
    warm_.push_back(memory);
  } else {
    cold_.push_back(memory);
  }
}

void PageBlocks::add_region() {
  constexpr std::size_t bytes = blocks_in_region * block_bytes;
  void* const region = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) return;
  // A huge page would make resident what is meant not to be.
  madvise(region, bytes, MADV_NOHUGEPAGE);
  auto* const first = static_cast<std::uint8_t*>(region);
  cold_.reserve(cold_.size() + blocks_in_region);
  for (std::size_t at = blocks_in_region; at > 0; --at) cold_.push_back(first + (at - 1) * block_bytes);
}

}  // namespace sallyport::http::http2
