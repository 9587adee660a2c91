#include "http2_output.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sallyport::http::http2 {
namespace {

// What an idle connection may keep of the memory that its frames needed.
constexpr std::size_t kept = 1024;

}  // namespace

void Output::append(ByteView bytes) {
  if (bytes_.size() + bytes.size() > bytes_.capacity()) forget_sent();
  const std::size_t needed = bytes_.size() + bytes.size();
  // Not left to double beyond what it comes to.
  const std::size_t largest = most_ + room_for_heads;
  if (needed > bytes_.capacity() && needed <= largest) {
    bytes_.reserve(std::clamp(2 * bytes_.capacity(), needed, largest));
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Output::sent(std::size_t count) {
  sent_ += count;
  if (empty()) {
    bytes_.clear();
    sent_ = 0;
  } else if (sent_ >= most_) {
    forget_sent();
  }
}

void Output::shrink() {
  assert(empty());
  if (bytes_.capacity() > kept) bytes_.shrink_to_fit();
}

void Output::clear() {
  bytes_ = {};
  sent_ = 0;
}

void Output::forget_sent() {
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(std::exchange(sent_, 0)));
}

}  // namespace sallyport::http::http2
