// Memory for coroutine frames, reused per thread.
//
// A connection starts a few coroutines for each exchange; their frames come in a handful of sizes, so
// a free list per size saves the general allocator from every request. Any thread; a block may be
// released on another thread than the one that took it. Under a sanitizer the plain allocator is used,
// so that use after free stays visible.
#pragma once

#include <cstddef>

namespace sallyport::io {

[[nodiscard]] void* take_frame(std::size_t bytes);
void release_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace sallyport::io
