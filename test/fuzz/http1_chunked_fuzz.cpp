// Target functions: BodyDecoder::step (chunked), write_chunk_start, write_last_chunk
//
// The input, whole and in pieces, must decode to the same body, trailers and end; and an accepted body,
// framed anew, must decode to itself.
#include <cstdlib>
#include <iostream>

#include "sallyport/http/http1_body_decoder.hpp"
#include "sallyport/http/http1_writer.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

struct Decoded {
  bool complete = false;
  bool failed = false;
  std::string body;
  std::size_t consumed = 0;
  Fields trailers;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(std::string_view input, std::size_t piece) {
  http1::BodyDecoder decoder({.header_bytes = 1024, .fields_count = 10});
  decoder.start({http1::BodyKind::chunked, 0});
  Decoded decoded;
  std::size_t arrived = 0;
  for (;;) {
    const auto step = decoder.step(bytes_of(input.substr(decoded.consumed, arrived - decoded.consumed)));
    if (!step) {
      decoded.failed = true;
      decoded.consumed = 0;
      return decoded;
    }
    decoded.consumed += step->consumed;
    decoded.body += text_of(step->body);
    if (step->event == http1::Event::end) {
      decoded.complete = true;
      decoded.trailers = decoder.trailers();
      return decoded;
    }
    if (step->event != http1::Event::need_more) continue;
    if (arrived == input.size()) return decoded;
    arrived += std::min(piece, input.size() - arrived);
  }
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = text_of({data, size});
  const Decoded whole = decode(input, std::string_view::npos);
  for (const std::size_t piece : {1, 3}) require(decode(input, piece) == whole, "the split decides what is decoded");
  if (!whole.complete) return 0;
  std::string out;
  if (!whole.body.empty()) {
    http1::write_chunk_start(out, whole.body.size());
    out += whole.body;
    http1::write_chunk_end(out);
  }
  http1::write_last_chunk(out, whole.trailers);
  const Decoded again = decode(out, std::string_view::npos);
  require(
      again.complete && again.body == whole.body && again.trailers == whole.trailers && again.consumed == out.size(),
      "what was framed anew is not what was decoded");
  return 0;
}
