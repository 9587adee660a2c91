// Target functions: parse_proxy_header
//
// Byte by byte, nothing must be decided before the last byte of the header, and then what the whole gave; a refusal
// stays one however much follows.
#include <cstdlib>
#include <iostream>

#include "sallyport/wire/proxy_protocol.hpp"

using namespace sallyport;
using namespace sallyport::wire;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto whole = parse_proxy_header(bytes);
  for (std::size_t cut = 0; cut < size; ++cut) {
    const auto part = parse_proxy_header(bytes.first(cut));
    if (!part) {
      require(!whole && whole.error().kind == part.error().kind, "a refusal was taken back");
      return 0;
    }
    if (*part) {
      require(whole && *whole == *part && (*part)->size == cut, "the header did not end at its last byte");
      return 0;
    }
  }
  if (whole && *whole) require((*whole)->size == size, "more was awaited than the header");
  return 0;
}
