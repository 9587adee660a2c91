// Target functions: RequestParser::step, write_request_head, remove_hop_by_hop_from_request
//
// The input, whole and byte by byte, must come to the same outcome; and what is written from an accepted
// request must be read back as the same request.
#include <cstdlib>
#include <iostream>

#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/http1_writer.hpp"

#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

void require_equal(const test::Outcome& left, const test::Outcome& right) {
  if (left == right) return;
  std::cerr << left << "\n--- differs from\n" << right << "\n";
  std::abort();
}

// Written by us and read again.
void require_round_trip(http1::RequestParser& parser, const std::string& body) {
  RequestHead& head = parser.head();
  remove_hop_by_hop_from_request(head.fields);
  if (head.authority.empty()) return;  // HTTP/1.0 without Host: never forwarded
  std::string out;
  http1::write_request_head(out, head, parser.extras().framing);
  if (parser.extras().framing.kind == http1::BodyKind::length) out += body;
  if (parser.extras().framing.kind == http1::BodyKind::chunked) {
    if (!body.empty()) {
      http1::write_chunk_start(out, body.size());
      out += body;
      http1::write_chunk_end(out);
    }
    http1::write_last_chunk(out, parser.trailers());
  }
  http1::RequestParser again({.header_bytes = std::size_t{1} << 20, .fields_count = 1000});
  const test::Outcome outcome = test::run(again, out);
  remove_hop_by_hop_from_request(again.head().fields);
  const bool same = outcome.complete && outcome.consumed == out.size() && outcome.body == body &&
                    again.head().method == head.method && again.head().authority == head.authority &&
                    again.head().path == head.path && again.head().fields == head.fields &&
                    again.extras().framing == parser.extras().framing && again.trailers() == parser.trailers();
  if (same) return;
  std::cerr << out << "\n--- was read as\n" << outcome << "\n";
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const http1::Limits limits{.header_bytes = 2048, .fields_count = 20};
  const std::string_view input = text_of({data, size});
  http1::RequestParser whole(limits);
  http1::RequestParser bytewise(limits);
  const test::Outcome outcome = test::run(whole, input);
  require_equal(test::run(bytewise, input, 1), outcome);
  if (outcome.complete) require_round_trip(whole, outcome.body);
  return 0;
}
