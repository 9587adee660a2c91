#include "sallyport/wire/first_bytes.hpp"

#include <algorithm>
#include <array>

namespace sallyport::wire {
namespace {

// RFC 9110 §9, PATCH (RFC 5789), HTTP/2's preface (RFC 9113 §3.4), and what WebDAV (RFC 4918) has of its own.
constexpr std::array<std::string_view, 17> http_methods = {
    "GET ",   "HEAD ",     "POST ",      "PUT ",   "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH ",
    "PRI * ", "PROPFIND ", "PROPPATCH ", "MKCOL ", "COPY ",   "MOVE ",    "LOCK ",    "UNLOCK "};

bool begins(std::string_view seen, std::string_view word) {
  const std::size_t length = std::min(seen.size(), word.size());
  return seen.substr(0, length) == word.substr(0, length);
}

}  // namespace

FirstBytes classify_first_bytes(ByteView bytes) {
  if (bytes.empty()) return FirstBytes::silence;
  const std::string_view seen = text_of(bytes);
  if (begins(seen, "SSH-")) return FirstBytes::ssh;
  const bool is_http = std::ranges::any_of(http_methods, [&](std::string_view method) { return begins(seen, method); });
  return is_http ? FirstBytes::http : FirstBytes::unknown;
}

std::string_view name_of(FirstBytes seen) {
  switch (seen) {
    case FirstBytes::silence:
      return "silence";
    case FirstBytes::http:
      return "http";
    case FirstBytes::ssh:
      return "ssh";
    case FirstBytes::unknown:
      break;
  }
  return "unknown";
}

}  // namespace sallyport::wire
