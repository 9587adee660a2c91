// KeptBody: a copy of a small request body until the origin answers. An HTTP/2 origin may refuse a stream that it did
// not look at (RFC 9113 §8.7), by which time all of a small body is on its way; with the copy it can go again.
// One exchange's; a value.
#pragma once

#include <cstddef>
#include <string>

#include "sallyport/base/bytes.hpp"

namespace sallyport::gateway {

class KeptBody {
 public:
  void add(ByteView part) {
    if (given_up_ || bytes_.size() + part.size() > most_bytes) {
      give_up();
    } else {
      bytes_ += text_of(part);
    }
  }
  // Nothing follows.
  void end() { ended_ = true; }
  // Nobody will ask for it.
  void give_up() {
    given_up_ = true;
    bytes_ = {};
  }

  // All of the body is here.
  [[nodiscard]] bool whole() const { return ended_ && !given_up_; }
  [[nodiscard]] ByteView bytes() const { return bytes_of(bytes_); }

 private:
  // A hundred streams of one client that wait for their answers keep less than 1 MiB.
  static constexpr std::size_t most_bytes = std::size_t{8} * 1024;

  std::string bytes_;
  bool ended_ = false;
  bool given_up_ = false;
};

}  // namespace sallyport::gateway
