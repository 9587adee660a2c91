// Requests as text, whole but for the part a test is about, and what the request parser makes of them however they
// are cut into pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "http1_run.hpp"

namespace sallyport::test {

// The outcome of one request, the same for every split of the input.
inline Outcome parsed(std::string_view input, http::http1::Limits limits = {}) {
  http::http1::RequestParser parser(limits);
  const Outcome whole = run(parser, input);
  for (const std::size_t piece : {1, 2, 3, 7}) {
    parser.reset();
    CHECK_EQUAL(run(parser, input, piece), whole);
  }
  return whole;
}

struct Refusal {
  std::string input;
  unsigned status;
};

inline void check_refused(const std::vector<Refusal>& refusals) {
  for (const auto& [input, status] : refusals) {
    const Outcome outcome = parsed(input);
    if (outcome.status != status || outcome.complete) {
      fail_check(__FILE__, __LINE__,
                 "expected " + std::to_string(status) + " for\n" + input + "\ngot " + shown(outcome));
    }
    CHECK(!outcome.reason.empty());
  }
}

inline std::string with_fields(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}
inline std::string with_line(const std::string& line) { return line + "\r\nHost: a.example\r\n\r\n"; }
inline std::string with_host(const std::string& host) { return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; }
inline std::string chunked(const std::string& body) { return with_fields("Transfer-Encoding: chunked\r\n") + body; }

}  // namespace sallyport::test
