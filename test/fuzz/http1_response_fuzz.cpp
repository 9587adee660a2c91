// Target functions: ResponseParser::step, ResponseParser::at_end_of_input, write_response_head
//
// The first byte of the input chooses the request's method. The rest, whole and byte by byte, must come to the
// same outcome; and what is written from an accepted response must be read back as the same response.
#include <array>
#include <cstdlib>
#include <iostream>

#include "sallyport/http/hop_by_hop.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/http1_writer.hpp"

#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

void require_round_trip(http1::ResponseParser& parser, const std::string& body, std::string_view method) {
  ResponseHead& head = parser.head();
  remove_hop_by_hop_from_response(head.fields);
  const http1::Framing framing = http1::framing_towards(parser.extras().framing, 1);
  std::string out;
  http1::write_response_head(out, head, framing, 1, true, {}, parser.extras().reason);
  if (framing.kind == http1::BodyKind::length) out += body;
  if (framing.kind == http1::BodyKind::chunked) {
    if (!body.empty()) {
      http1::write_chunk_start(out, body.size());
      out += body;
      http1::write_chunk_end(out);
    }
    http1::write_last_chunk(out, parser.trailers());
  }
  http1::ResponseParser again({.header_bytes = std::size_t{1} << 20, .fields_count = 1000});
  again.reset(method);
  const test::Outcome outcome = test::run(again, out);
  remove_hop_by_hop_from_response(again.head().fields);
  require(outcome.complete && outcome.consumed == out.size() && outcome.body == body &&
              again.head().status == head.status && again.head().fields == head.fields &&
              again.extras().framing == framing && again.trailers() == parser.trailers(),
          out + "\n--- was read as\n" + outcome.head + outcome.reason);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const http1::Limits limits{.header_bytes = 2048, .fields_count = 20};
  static constexpr std::array<std::string_view, 4> methods{"GET", "HEAD", "CONNECT", "POST"};
  if (size == 0) return 0;
  const std::string_view method = methods[data[0] % methods.size()];
  const std::string_view input = text_of({data + 1, size - 1});
  http1::ResponseParser whole(limits);
  http1::ResponseParser bytewise(limits);
  whole.reset(method);
  bytewise.reset(method);
  const test::Outcome outcome = test::run(whole, input);
  require(test::run(bytewise, input, 1) == outcome, "the outcome depends on how the input is split");
  if (outcome.status != 0) return 0;
  const bool ends = whole.at_end_of_input().has_value();
  require(ends == bytewise.at_end_of_input().has_value(), "the end of input depends on how the input is split");
  if (ends) require_round_trip(whole, outcome.body, method);
  return 0;
}
