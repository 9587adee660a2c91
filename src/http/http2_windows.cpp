#include "http2_windows.hpp"

#include <algorithm>

namespace sallyport::http::http2 {

std::optional<std::int32_t> GrowingWindow::consumed(std::size_t count, std::size_t unread, std::int32_t largest,
                                                    io::TimePoint now) {
  const auto half = static_cast<std::size_t>(size_) / 2;
  if (in_round_ == 0) round_began_ = now;
  in_round_ += count;
  if (in_round_ < half) return std::nullopt;
  in_round_ = 0;
  const bool kept_up = now - round_began_ < keeps_up && unread < half;
  if (!kept_up || size_ >= largest) return std::nullopt;
  size_ = static_cast<std::int32_t>(std::min<std::int64_t>(std::int64_t{size_} * 2, largest));
  return size_;
}

}  // namespace sallyport::http::http2
