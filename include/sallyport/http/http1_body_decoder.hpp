// BodyDecoder: takes the framing off an HTTP/1.1 message body (RFC 9112 §6 and §7).
//
// Owned by one parser, any thread, one at a time. It keeps no bytes: the body it hands out is a view
// into the caller's input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"
#include "sallyport/http/http1_head_scanner.hpp"
#include "sallyport/http/message.hpp"

namespace sallyport::http::http1 {

// none: there is no body. until_close: the body ends with the connection (responses only).
enum class BodyKind { none, length, chunked, until_close };

// length is the body's size in bytes where kind is BodyKind::length, and 0 otherwise.
struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;

  friend bool operator==(const Framing&, const Framing&) = default;
};

// What a step of a parser came upon.
enum class Event {
  need_more,  // nothing further can be made of this input
  head,       // once: the head is complete
  body,       // any number of times: Step::body holds part of the body
  end,        // once: the message is complete
};

// consumed: how many bytes of the input are done with, in every event. body is a view into the input.
struct Step {
  Event event = Event::need_more;
  std::size_t consumed = 0;
  ByteView body;
};

class BodyDecoder {
 public:
  explicit BodyDecoder(Limits limits) : trailer_scanner_(limits) {}

  void start(const Framing& framing);

  // body, end or need_more; after end, always end with nothing consumed. The error is a reason. A trailer
  // section is consumed as a whole, so an input may come again longer. Forbidden trailer fields
  // (RFC 9110 §6.5.1) are left out.
  std::expected<Step, std::string> step(ByteView input);

  // Whether the end of the connection is a proper end of this body at this point.
  [[nodiscard]] bool may_end_here() const;

  [[nodiscard]] Fields& trailers() { return trailers_; }

 private:
  enum class State : std::uint8_t {
    done,
    counted,
    until_close,
    size_start,
    size,
    extension,
    size_line_end,
    data,
    data_carriage_return,
    data_line_feed,
    trailers,
  };

  std::expected<Step, std::string> step_chunked(ByteView input);
  std::expected<Step, std::string> take_trailers(ByteView input, std::size_t before);
  std::expected<void, std::string> take_size_digit(char c);
  std::expected<void, std::string> take_framing_byte(char c);
  std::expected<void, std::string> end_size_line();

  HeadScanner trailer_scanner_;
  State state_ = State::done;
  std::uint64_t remaining_ = 0;  // of the body, or of this chunk's data
  unsigned size_digits_ = 0;
  std::size_t extension_bytes_ = 0;   // in this chunk's size line
  std::uint64_t framing_excess_ = 0;  // framing bytes not justified by data
  Fields trailers_;
};

}  // namespace sallyport::http::http1
