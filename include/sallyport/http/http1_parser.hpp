// RequestParser and ResponseParser: HTTP/1.1 messages from bytes, without any input or output of
// their own (RFC 9112).
//
// Strict where intermediaries were ever tricked: everything that two parsers could read differently is
// an error, after which the connection must not be used again. A parser belongs to one connection and is
// used by one thread at a time; reset() makes it ready for the next message and keeps a bounded amount
// of memory. Bodies are views into the caller's input; heads and trailers are owned by the parser
// until the next reset() and may be moved from.
//
// How to drive one:  loop { step(all bytes not yet consumed) }; drop Step::consumed bytes each time; on
// need_more append what arrives next and call again. After `end` the rest of the input belongs to the
// next message (call reset()), or, after a CONNECT or a 101, to whatever follows.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/http/http1_body_decoder.hpp"
#include "sallyport/http/http1_head_scanner.hpp"
#include "sallyport/http/message.hpp"

namespace sallyport::http::http1 {

// status is that of our own answer: 400, 414, 431, 501 or 505 for a request, 502 for a response. The
// reason quotes nothing from the network.
struct ParseError {
  unsigned status = 400;
  std::string reason;

  friend bool operator==(const ParseError&, const ParseError&) = default;
};

// What a request's head says beyond RequestHead.
struct RequestExtras {
  enum class Target { origin, absolute, authority, asterisk };

  int minor_version = 1;  // HTTP/1.0 or HTTP/1.1
  Target target = Target::origin;
  Framing framing;
  bool keep_alive = false;           // the client lets the connection live on (RFC 9112 §9.3)
  bool expects_continue = false;     // Expect: 100-continue from an HTTP/1.1 client (RFC 9110 §10.1.1)
  std::vector<std::string> upgrade;  // protocols offered, lower-case, in order (RFC 9110 §7.8)
};

struct HeadFacts;    // what the fields say of framing and connection
struct SplitTarget;  // the request target, taken apart

class RequestParser {
 public:
  explicit RequestParser(Limits limits = {});

  void reset();

  // Head, body and end of one request, as above. Host, Content-Length and Transfer-Encoding are taken out of
  // the fields. One empty line before the request line is skipped (RFC 9112 §2.2).
  std::expected<Step, ParseError> step(ByteView input);

  // From Event::head on.
  [[nodiscard]] RequestHead& head() { return head_; }
  [[nodiscard]] const RequestExtras& extras() const { return extras_; }
  // From Event::end on; without the fields that may not be trailers.
  [[nodiscard]] Fields& trailers() { return body_.trailers(); }
  // Whether a part of a request has been seen: when the connection ends now, it ended in the middle of one.
  [[nodiscard]] bool in_message() const { return in_message_; }

 private:
  enum class Stage : std::uint8_t { head, body };

  std::expected<Step, ParseError> step_head(ByteView input);
  std::expected<void, ParseError> check_start_line(std::string_view line);
  std::expected<void, ParseError> read_head(std::string_view block);
  std::expected<void, ParseError> take_host(std::string_view host);
  std::expected<void, ParseError> take_target(const SplitTarget& target);
  std::expected<void, ParseError> take_framing(HeadFacts& facts);
  [[nodiscard]] ParseError head_error(HeadScanner::Fault fault, std::string_view block) const;

  HeadScanner scanner_;
  BodyDecoder body_;
  Stage stage_ = Stage::head;
  bool skipped_empty_line_ = false;
  bool start_line_checked_ = false;
  bool in_message_ = false;
  RequestHead head_;
  RequestExtras extras_;
  std::string host_seen_;       // the last Host as it was spelt, and
  std::string host_canonical_;  // what became of it: on a kept connection every request repeats it
};

// What a response's head says beyond ResponseHead.
struct ResponseExtras {
  int minor_version = 1;
  Framing framing;
  bool keep_alive = false;           // the origin lets the connection live on, and the body has an end of its own
  std::string reason;                // the reason phrase, free of control characters
  std::vector<std::string> upgrade;  // protocols named by Upgrade, lower-case; what a 101 switched to
};

class ResponseParser {
 public:
  explicit ResponseParser(Limits limits = {});

  // For the answer to a request of this method: HEAD and CONNECT change what a body is (RFC 9112 §6.3).
  // Also between an interim response and the final one: each 1xx is a message of its own, head and end.
  void reset(std::string_view request_method);

  // Head, body and end of one response, as above. Content-Length (but for HEAD and 304) and
  // Transfer-Encoding are taken out of the fields.
  std::expected<Step, ParseError> step(ByteView input);

  // The origin closed the connection in an orderly way, and all input went through step(): `end` where
  // that ends the response properly, otherwise an error that says what was cut off.
  std::expected<Step, ParseError> at_end_of_input();

  // From Event::head on.
  [[nodiscard]] ResponseHead& head() { return head_; }
  [[nodiscard]] const ResponseExtras& extras() const { return extras_; }
  // From Event::end on; without the fields that may not be trailers.
  [[nodiscard]] Fields& trailers() { return body_.trailers(); }
  [[nodiscard]] bool in_message() const { return in_message_; }

 private:
  enum class Stage : std::uint8_t { head, body };

  std::expected<Step, ParseError> step_head(ByteView input);
  std::expected<void, ParseError> read_head(std::string_view block);

  HeadScanner scanner_;
  BodyDecoder body_;
  Stage stage_ = Stage::head;
  bool to_head_ = false;
  bool to_connect_ = false;
  bool in_message_ = false;
  ResponseHead head_;
  ResponseExtras extras_;
};

}  // namespace sallyport::http::http1
