#include "http2_session_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "http2_page_blocks.hpp"

namespace sallyport::http::http2 {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool from_pages = false;
#else
constexpr bool from_pages = true;
#endif

// In front of each piece of the block, so that resize() knows how much there is to copy.
struct alignas(std::max_align_t) Header {
  std::size_t bytes;
};

constexpr std::size_t rounded_up(std::size_t bytes) {
  return (bytes + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
}

SessionMemory& of(void* self) { return *static_cast<SessionMemory*>(self); }

}  // namespace

SessionMemory::SessionMemory() : functions_{this, &take, &release, &take_zeroed, &resize} {
  if (from_pages) pages_ = PageBlocks::of_process().take();
}

SessionMemory::~SessionMemory() {
  if (pages_ != nullptr) PageBlocks::of_process().give_back(pages_);
}

bool SessionMemory::holds(const void* block) const {
  const auto* const at = static_cast<const std::uint8_t*>(block);
  return pages_ != nullptr && at >= pages_ && at < pages_ + PageBlocks::block_bytes;
}

// Null: no room, or not for this.
void* SessionMemory::take_from_pages(std::size_t bytes) {
  if (!making_ || pages_ == nullptr || bytes > PageBlocks::block_bytes) return nullptr;
  const std::size_t whole = sizeof(Header) + rounded_up(bytes);
  if (whole > PageBlocks::block_bytes - used_) return nullptr;
  auto* const header = new (pages_ + used_) Header{bytes};
  used_ += whole;
  return header + 1;
}

// NOLINTBEGIN(cppcoreguidelines-no-malloc): what nghttp2 asks of its memory is what malloc and its kin do

void* SessionMemory::take(std::size_t bytes, void* self) {
  void* const block = of(self).take_from_pages(bytes);
  return block != nullptr ? block : std::malloc(bytes);
}

void* SessionMemory::take_zeroed(std::size_t count, std::size_t bytes, void* self) {
  if (bytes != 0 && count > PageBlocks::block_bytes / bytes) return std::calloc(count, bytes);
  void* const block = of(self).take_from_pages(count * bytes);
  if (block == nullptr) return std::calloc(count, bytes);
  std::memset(block, 0, count * bytes);
  return block;
}

void* SessionMemory::resize(void* block, std::size_t bytes, void* self) {
  if (block == nullptr) return take(bytes, self);
  if (!of(self).holds(block)) return std::realloc(block, bytes);
  void* const larger = std::malloc(bytes);
  if (larger != nullptr) std::memcpy(larger, block, std::min(bytes, (static_cast<const Header*>(block) - 1)->bytes));
  return larger;
}

void SessionMemory::release(void* block, void* self) {
  // A piece of the pages goes back with all of them.
  if (!of(self).holds(block)) std::free(block);
}

// NOLINTEND(cppcoreguidelines-no-malloc)

}  // namespace sallyport::http::http2
