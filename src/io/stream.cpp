#include "sallyport/io/stream.hpp"

#include <algorithm>

namespace sallyport::io {

Attempt Stream::take_unread(ByteSpan into) {
  const std::size_t count = std::min(into.size(), unread_.size());
  std::copy_n(unread_.begin(), count, into.begin());
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(count));
  if (unread_.empty()) unread_.shrink_to_fit();
  return {Attempt::State::done, count};
}

}  // namespace sallyport::io
