#include "sallyport/io/frame_pool.hpp"

#include <array>
#include <new>

namespace sallyport::io {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

void* take_frame(std::size_t bytes) { return ::operator new(bytes); }
void release_frame(void* frame, std::size_t bytes) noexcept { ::operator delete(frame, bytes); }

#else

namespace {

// What fills glibc's blocks to the last byte: multiples of 16 of which 8 are glibc's own. An idle connection is a dozen
// frames, and with steps of 64 bytes a quarter of that was the distance to the next one.
constexpr std::size_t step = 16;
constexpr std::size_t smallest = 24;
constexpr std::size_t classes = 256;               // up to 4 KiB
constexpr std::size_t kept_per_class = 16 * 1024;  // bytes: what a crowd needed once is not kept for the next one

struct FreeBlock {
  FreeBlock* next;
};

struct FreeList {
  FreeBlock* head = nullptr;
  std::size_t length = 0;
};

class ThreadPool {
 public:
  ThreadPool() = default;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    for (FreeList& list : lists_) {
      while (list.head != nullptr) {
        FreeBlock* const block = list.head;
        list.head = block->next;
        ::operator delete(block);
      }
    }
  }

  FreeList& list(std::size_t index) { return lists_[index]; }

 private:
  std::array<FreeList, classes> lists_{};
};

thread_local ThreadPool pool;

std::size_t class_of(std::size_t bytes) { return bytes <= smallest ? 0 : (bytes - smallest + step - 1) / step; }
std::size_t bytes_in(std::size_t index) { return smallest + index * step; }

}  // namespace

void* take_frame(std::size_t bytes) {
  const std::size_t index = class_of(bytes);
  if (index >= classes) return ::operator new(bytes);
  FreeList& list = pool.list(index);
  if (list.head == nullptr) return ::operator new(bytes_in(index));
  FreeBlock* const block = list.head;
  list.head = block->next;
  --list.length;
  return block;
}

void release_frame(void* frame, std::size_t bytes) noexcept {
  const std::size_t index = class_of(bytes);
  if (index >= classes || pool.list(index).length * bytes_in(index) >= kept_per_class) {
    ::operator delete(frame);
    return;
  }
  FreeList& list = pool.list(index);
  list.head = new (frame) FreeBlock{list.head};
  ++list.length;
}

#endif

}  // namespace sallyport::io
