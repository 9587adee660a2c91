// The tokeniser of HTTP/1.1 heads: Boost.Beast's basic_parser, wrapped. Its headers are included by
// http1_tokeniser.cpp alone, because they cost seconds of compile time.
//
// Pure functions over a complete block that HeadScanner has passed: Beast by itself joins folded lines, and
// its table of field-name characters is shorter than 256. Views in the answers end with the block. Any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "sallyport/http/message.hpp"

namespace sallyport::http::http1 {

struct RequestLine {
  std::string_view method;
  std::string_view target;
  int minor_version = 1;
};

struct StatusLine {
  unsigned status = 0;
  std::string_view reason;
  int minor_version = 1;
};

// Appends the fields, with blanks around values trimmed; of trailers, those that do not frame a message. The error is a
// reason.
std::expected<RequestLine, std::string> tokenise_request(std::string_view block, Fields& fields);
std::expected<StatusLine, std::string> tokenise_response(std::string_view block, Fields& fields);
std::expected<void, std::string> tokenise_trailers(std::string_view block, Fields& fields);

}  // namespace sallyport::http::http1
