// Exchange: one HTTP request with its response, in no protocol's terms.
//
// HINT: to add an HTTP version, implement BodySource and ResponseSink for it, make an Exchange of each request,
// and give it to the ExchangeHandler; the handler (gateway/forward) does the rest and needs no change.
//
// An Exchange lives in the coroutine of the connection or stream that received it, on one worker's
// thread; the handler borrows it until its task ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/message.hpp"
#include "sallyport/http/pages.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/stream.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::http {

// What is known of a body before it flows.
struct BodyShape {
  bool present = false;
  std::optional<std::uint64_t> length;  // bytes; nullopt: known only at its end

  static BodyShape none() { return {}; }
  static BodyShape sized(std::uint64_t bytes) { return {true, bytes}; }
  static BodyShape streamed() { return {true, std::nullopt}; }
};

// Room for a body whose taker sets no bound that is known.
inline constexpr std::size_t unbounded_room = std::numeric_limits<std::size_t>::max();

// A body as it arrives, part by part.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next part, which stays valid until the next call of this or of has_buffered(); empty at the proper end. Errors:
  // malformed (its framing is broken), reset (it was cut off), timed_out.
  virtual io::Task<Result<ByteView>> read() = 0;
  // A read() that waits for the client fails with ErrorKind::cancelled, and so does every later one.
  virtual void stop() = 0;
  // Whether read() would give something without waiting.
  [[nodiscard]] virtual bool has_buffered() = 0;
  // Valid after the end.
  [[nodiscard]] virtual Fields& trailers() = 0;
};

// The way back to the client. Calls in the order declared; each waits for the client to take what it sends.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // 100, 102, 103 (RFC 9110 §15.2); any number, before the head.
  virtual io::Task<Result<void>> send_interim(const ResponseHead& head) = 0;
  // Sent together with the first part of the body, or by flush() or finish(). `head` stays as it is until then.
  virtual io::Task<Result<void>> send_head(const ResponseHead& head, BodyShape body) = 0;
  // How many bytes of the body would be taken now; what only fills a queue of ours is not taken. While it is none, a
  // part that is not buffered yet is not read from where it comes from: for each waiting client nothing is held.
  [[nodiscard]] virtual std::size_t room() { return unbounded_room; }
  // Waits for some. After send_head().
  virtual io::Task<Result<void>> wait_for_room() { co_return Result<void>(); }
  // Small parts are gathered until flush(), finish(), or enough for a write of its own has come together.
  virtual io::Task<Result<void>> send_body(ByteView part) = 0;
  virtual io::Task<Result<void>> flush() = 0;
  virtual io::Task<Result<void>> finish(const Fields& trailers) = 0;
  // In place of all that: a 101, or the 200 to a CONNECT, after which the client's bytes are another protocol's. The
  // stream is the connection's, or over HTTP/2 that of the request's stream; what was read ahead has been given back to
  // it. HTTP/2 answers 200 where `head` says 101 (RFC 8441 §5).
  virtual io::Task<Result<io::Stream*>> take_over(const ResponseHead& head, std::string_view protocol) = 0;

  // In place of all that: the client is to ask again by HTTP/1.1 (RFC 9113 §7, HTTP_1_1_REQUIRED). False where it has.
  virtual bool require_http1() { return false; }
  // In place of all that: certainly nothing was done with the request, and the client may send it again (RFC 9113
  // §8.7). False where the protocol has no words for that.
  virtual bool refuse_unprocessed() { return false; }

  // The response ends here, short of its end, and the client must be able to tell (RFC 9112 §8).
  virtual void cut_off() = 0;
  // No further request on this connection.
  virtual void end_connection_after() = 0;
  // Something of the final response has left: until then another one may still take its place.
  [[nodiscard]] virtual bool head_sent() const = 0;
  [[nodiscard]] virtual std::uint64_t body_bytes() const = 0;  // sent so far
};

struct Exchange {
  RequestHead& request;
  BodyShape request_shape;
  BodySource& request_body;
  ResponseSink& response;
  bool expects_continue = false;  // the client waits for a 100 before it sends the body
  // Protocols the client would switch to, lower-case: HTTP/1.1's Upgrade, or the :protocol of an extended CONNECT
  // (RFC 8441), whose request reads as the GET it stands for.
  const std::vector<std::string>& upgrade;
  std::string_view protocol;  // "http/1.1", "h2", as ALPN spells it
  // Ends this exchange alone, as when the client resets its stream; null where only the whole connection can end.
  io::Cancellation* cancellation = nullptr;
};

class ExchangeHandler {
 public:
  virtual ~ExchangeHandler() = default;
  // Sends one response, or cuts it off, before it ends.
  virtual io::Task<void> handle(Exchange& exchange) = 0;
  // What a client gets whose request could not be read; the connection ends after it.
  virtual Page refuse_unreadable(const http1::ParseError& error) = 0;
};

}  // namespace sallyport::http
