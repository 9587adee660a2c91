// SessionMemory: the memory of one nghttp2 session, laid out so that an idle one costs what it has written to.
//
// Each session of nghttp2 begins with a table of streams, two of header fields, and a buffer for a whole frame of 16
// KiB of which requests and responses fill a few hundred bytes, since bodies pass it by. From the general allocator all
// of it would stay resident. What is allocated while a session is made lies in one block of pages of its own instead,
// the buffer last, so that its unused part is never touched: 12 KiB of 26. Under a sanitizer the general allocator
// serves all, so that use after free stays visible.
//
// The owner of the session owns it, and it outlives the session. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nghttp2/nghttp2.h>

namespace sallyport::http::http2 {

class SessionMemory {
 public:
  SessionMemory();
  ~SessionMemory();
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  [[nodiscard]] nghttp2_mem* functions() { return &functions_; }
  // The session is made: what it allocates from now on may be short-lived, and comes from the general allocator.
  void made() { making_ = false; }

 private:
  static void* take(std::size_t bytes, void* self);
  static void* take_zeroed(std::size_t count, std::size_t bytes, void* self);
  static void* resize(void* block, std::size_t bytes, void* self);
  static void release(void* block, void* self);

  void* take_from_pages(std::size_t bytes);
  [[nodiscard]] bool holds(const void* block) const;

  nghttp2_mem functions_;
  std::uint8_t* pages_ = nullptr;  // null: none to be had, or not wanted
  std::size_t used_ = 0;
  bool making_ = true;
};

}  // namespace sallyport::http::http2
