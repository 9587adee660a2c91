#include "../../../src/http/http2_frame_headers.hpp"

#include "check.hpp"
#include "http2_frames.hpp"

using namespace sallyport;
using http::http2::FrameHeaders;

namespace {

// "type/flags/stream/length" of each frame, where the bytes arrive in pieces.
std::string seen_in(const std::string& bytes, std::size_t before, std::size_t piece) {
  FrameHeaders headers(before);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    ByteView rest = bytes_of(std::string_view(bytes).substr(at, piece));
    while (const auto frame = headers.next(rest)) {
      seen += std::to_string(frame->type) + "/" + std::to_string(frame->flags) + "/" + std::to_string(frame->stream) +
              "/" + std::to_string(frame->length) + " ";
    }
    CHECK(rest.empty());
  }
  return seen;
}

}  // namespace

TEST(sees_each_frame_however_it_arrives) {
  const std::string bytes = test::preface() + test::data(1, std::string(70'000, '\xff')) + test::data(3, "") +
                            test::frame(0xfe, 0xff, 0xffffffff, "x") + std::string(8, '\0');
  const std::string expected = "4/0/0/0 4/1/0/0 0/1/1/70000 0/1/3/0 254/255/2147483647/1 ";
  for (const std::size_t piece : {1UL, 2UL, 9UL, 10UL, 1'000UL, 16'384UL, bytes.size()}) {
    CHECK_EQUAL(seen_in(bytes, NGHTTP2_CLIENT_MAGIC_LEN, piece), expected);
  }
  CHECK_EQUAL(seen_in(bytes.substr(NGHTTP2_CLIENT_MAGIC_LEN), 0, 7), expected);
}

UNIT_MAIN(UNIT_TEST(sees_each_frame_however_it_arrives))
