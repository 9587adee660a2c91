#include "sallyport/crypto/record_memory.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include <openssl/crypto.h>

// NOLINTBEGIN(cppcoreguidelines-no-malloc): what OpenSSL asks of its memory is what malloc and its kin do

namespace sallyport::crypto {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// A sanitizer looks at each block by itself.
void keep_record_memory() {}
void* take_memory(std::size_t bytes) { return std::malloc(bytes); }
void* resize_memory(void* memory, std::size_t bytes) { return std::realloc(memory, bytes); }
void give_back_memory(void* memory) { std::free(memory); }

#else

namespace {

// A record has 16 KiB of plaintext and OpenSSL's buffer for it up to half a kibibyte more.
constexpr std::size_t more_than = 16 * 1024;
constexpr std::size_t block_bytes = 17 * 1024;
constexpr std::size_t blocks = 64;
constexpr unsigned most_of_thread = 4;

struct alignas(64) Block {
  std::array<std::byte, block_bytes> bytes;
};

struct FreeBlock {
  FreeBlock* next;
};

// Pages that nobody has written to cost nothing.
constinit std::array<Block, blocks> region{};
constinit std::atomic<std::size_t> never_taken = 0;

// Without a destructor, since OpenSSL frees things while a thread ends. What a thread has kept by then is lost to the
// others, who have malloc.
struct Kept {
  FreeBlock* first = nullptr;
  unsigned begun = 0;  // blocks that this thread was the first to take
};
constinit thread_local Kept kept;

bool is_in_region(const void* memory) {
  return reinterpret_cast<std::uintptr_t>(memory) - reinterpret_cast<std::uintptr_t>(region.data()) < sizeof region;
}

void* take_block() {
  if (kept.first != nullptr) {
    FreeBlock* const block = kept.first;
    kept.first = block->next;
    return block;
  }
  if (kept.begun == most_of_thread || never_taken.load(std::memory_order_relaxed) >= blocks) return nullptr;
  const std::size_t index = never_taken.fetch_add(1, std::memory_order_relaxed);
  if (index >= blocks) return nullptr;
  ++kept.begun;
  return &region[index];
}

void* take_for_openssl(std::size_t bytes, const char* /*file*/, int /*line*/) { return take_memory(bytes); }
void* resize_for_openssl(void* memory, std::size_t bytes, const char* /*file*/, int /*line*/) {
  return resize_memory(memory, bytes);
}
void give_back_of_openssl(void* memory, const char* /*file*/, int /*line*/) { give_back_memory(memory); }

}  // namespace

void keep_record_memory() { CRYPTO_set_mem_functions(&take_for_openssl, &resize_for_openssl, &give_back_of_openssl); }

void* take_memory(std::size_t bytes) {
  if (bytes > more_than && bytes <= block_bytes) {
    if (void* const block = take_block()) return block;
  }
  return std::malloc(bytes);
}

void* resize_memory(void* memory, std::size_t bytes) {
  if (!is_in_region(memory)) return std::realloc(memory, bytes);
  if (bytes <= block_bytes) return memory;
  void* const larger = std::malloc(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, block_bytes);
  give_back_memory(memory);
  return larger;
}

void give_back_memory(void* memory) {
  if (!is_in_region(memory)) {
    std::free(memory);
    return;
  }
  kept.first = new (memory) FreeBlock{kept.first};
}

#endif

}  // namespace sallyport::crypto

// NOLINTEND(cppcoreguidelines-no-malloc)
