#include "sallyport/http/request_id.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace sallyport::http {
namespace {

constexpr std::size_t uuid_bytes = 16;
constexpr std::size_t random_bytes_per_id = 10;

// Random bytes fetched from the kernel a few hundred ids at a time.
class RandomReserve {
 public:
  void take(std::uint8_t* out) {
    if (used_ + random_bytes_per_id > bytes_.size()) refill();
    std::memcpy(out, bytes_.data() + used_, random_bytes_per_id);
    used_ += random_bytes_per_id;
  }

 private:
  void refill() {
    std::size_t filled = 0;
    while (filled < bytes_.size()) {
      const ssize_t got = getrandom(bytes_.data() + filled, bytes_.size() - filled, 0);
      if (got > 0) {
        filled += static_cast<std::size_t>(got);
      } else if (errno != EINTR) {
        std::abort();  // the kernel has no such failure for a valid buffer; ids that repeat would be worse
      }
    }
    used_ = 0;
  }

  std::array<std::uint8_t, 2560> bytes_{};
  std::size_t used_ = bytes_.size();
};

std::string as_text(const std::array<std::uint8_t, uuid_bytes>& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(36, '-');
  char* to = text.data();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at == 4 || at == 6 || at == 8 || at == 10) ++to;
    *to++ = digits[bytes[at] >> 4];
    *to++ = digits[bytes[at] & 15];
  }
  return text;
}

}  // namespace

std::string make_request_id() {
  static thread_local RandomReserve reserve;
  std::array<std::uint8_t, uuid_bytes> bytes;
  reserve.take(bytes.data() + 6);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto milliseconds = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  for (std::size_t at = 6; at-- > 0; milliseconds >>= 8) bytes[at] = static_cast<std::uint8_t>(milliseconds);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x70);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 9562
  return as_text(bytes);
}

}  // namespace sallyport::http
