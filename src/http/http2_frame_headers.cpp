#include "http2_frame_headers.hpp"

#include <algorithm>

namespace sallyport::http::http2 {

std::optional<SeenFrame> FrameHeaders::next(ByteView& bytes) {
  const std::size_t passed_over = std::min(left_, bytes.size());
  left_ -= passed_over;
  bytes = bytes.subspan(passed_over);
  const std::size_t count = std::min(header_.size() - have_, bytes.size());
  std::copy_n(bytes.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(have_));
  bytes = bytes.subspan(count);
  have_ += count;
  if (have_ < header_.size()) return std::nullopt;
  have_ = 0;
  left_ = std::size_t{header_[0]} << 16 | std::size_t{header_[1]} << 8 | header_[2];
  // The first bit is reserved.
  const std::uint32_t stream =
      std::uint32_t{header_[5]} << 24 | std::uint32_t{header_[6]} << 16 | std::uint32_t{header_[7]} << 8 | header_[8];
  return SeenFrame{.type = header_[3],
                   .flags = header_[4],
                   .stream = static_cast<std::int32_t>(stream & 0x7fffffff),
                   .length = left_};
}

}  // namespace sallyport::http::http2
