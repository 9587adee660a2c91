// Request ids: what ties a request at the origin, its log line, its history row and the page a user sees
// to each other. Any thread.
#pragma once

#include <string>

namespace sallyport::http {

// A UUID of version 7 (RFC 9562 §5.7), 36 characters: milliseconds since 1970, so that ids sort by time, and
// 74 random bits, so that nobody guesses or repeats one.
[[nodiscard]] std::string make_request_id();

}  // namespace sallyport::http
