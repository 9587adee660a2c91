// Drives an HTTP/1.1 parser as a connection does, with the input arriving in pieces of a given size, and
// tells what came out: the same for every size, or the parser is wrong.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

#include "sallyport/http/http1_parser.hpp"

namespace sallyport::test {

struct Outcome {
  bool complete = false;  // Event::end came
  unsigned status = 0;    // of the error, or 0
  std::string reason;     // of the error
  std::string head;       // as text, "" if none came
  std::string body;       // all parts joined
  std::string trailers;   // name: value\n…
  std::size_t consumed = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << (outcome.complete ? "complete " : "incomplete ") << outcome.status << " " << outcome.reason
             << "\nhead: " << outcome.head << "\nbody: " << outcome.body << "\ntrailers: " << outcome.trailers
             << "\nconsumed: " << outcome.consumed;
}

inline std::string text_of_fields(const http::Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) text += field.name + ": " + field.value + "\n";
  return text;
}

inline std::string text_of_extras(const http::http1::Framing& framing, int minor_version, bool keep_alive) {
  return " 1." + std::to_string(minor_version) + " kind=" + std::to_string(static_cast<int>(framing.kind)) +
         " length=" + std::to_string(framing.length) + (keep_alive ? " keep-alive" : " close") + "\n";
}

inline std::string text_of_head(http::http1::RequestParser& parser) {
  const http::RequestHead& head = parser.head();
  const auto& extras = parser.extras();
  return head.method + " " + head.scheme + " " + head.authority + " " + head.path +
         text_of_extras(extras.framing, extras.minor_version, extras.keep_alive) + text_of_fields(head.fields);
}

inline std::string text_of_head(http::http1::ResponseParser& parser) {
  const auto& extras = parser.extras();
  return std::to_string(parser.head().status) + " " + extras.reason +
         text_of_extras(extras.framing, extras.minor_version, extras.keep_alive) + text_of_fields(parser.head().fields);
}

// One message. The parser must be fresh or reset.
template <typename Parser>
Outcome run(Parser& parser, std::string_view input, std::size_t piece = std::string_view::npos) {
  Outcome outcome;
  std::size_t arrived = 0;
  for (;;) {
    const auto step = parser.step(bytes_of(input.substr(outcome.consumed, arrived - outcome.consumed)));
    if (!step) {
      outcome.status = step.error().status;
      outcome.reason = step.error().reason;
      outcome.consumed = 0;  // means nothing any more
      return outcome;
    }
    outcome.consumed += step->consumed;
    switch (step->event) {
      case http::http1::Event::need_more:
        if (arrived == input.size()) return outcome;
        arrived += std::min(piece, input.size() - arrived);
        break;
      case http::http1::Event::head:
        outcome.head = text_of_head(parser);
        break;
      case http::http1::Event::body:
        outcome.body += text_of(step->body);
        break;
      case http::http1::Event::end:
        outcome.complete = true;
        outcome.trailers = text_of_fields(parser.trailers());
        return outcome;
    }
  }
}

}  // namespace sallyport::test
