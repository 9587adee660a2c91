// The request target in its four forms (RFC 9112 §3.2). Pure; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "sallyport/http/http1_parser.hpp"

namespace sallyport::http::http1 {

// Views end with the target's text.
struct SplitTarget {
  RequestExtras::Target form = RequestExtras::Target::origin;
  std::string_view scheme = {};     // "http" or "https"; absolute-form only
  std::string_view authority = {};  // as it was spelt; absolute-form and authority-form
  std::string_view path = {};       // with the query; empty for authority-form, and for an absolute URI without a path
};

std::expected<SplitTarget, ParseError> split_target(std::string_view method, std::string_view target);

}  // namespace sallyport::http::http1
