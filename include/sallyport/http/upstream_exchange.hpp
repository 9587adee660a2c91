// UpstreamExchange: one request on its way to an origin and its response, in no protocol's terms.
//
// HINT: another HTTP version towards origins is another implementation of this. Owned by the coroutine that
// forwards; one worker's thread. Sending and receiving may go on at the same time, each by one coroutine.
#pragma once

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/origin_connection.hpp"

namespace sallyport::http {

// What a failed exchange leaves open.
enum class Again {
  no,
  // Nothing of a response has come, over a connection that served before: it may simply have been too late
  // (RFC 9110 §9.2.2).
  if_idempotent,
  // The origin did certainly nothing with it (RFC 9113 §8.7).
  yes,
  // The same, and the origin wants it by HTTP/1.1 (RFC 9113 §7, HTTP_1_1_REQUIRED).
  over_http1,
};

class UpstreamExchange {
 public:
  virtual ~UpstreamExchange() = default;

  // --- the request, in this order ----------------------------------------------------------------
  // `upgrade`: protocols to offer, empty for none; over HTTP/2 an extended CONNECT (RFC 8441), whose 2xx read_head()
  // gives as 101. Sent with the first part of the body, by flush() or by finish().
  virtual io::Task<Result<void>> send_head(const RequestHead& head, BodyShape body, std::string_view upgrade) = 0;
  // Whether a part of the body would be taken now, as ResponseSink::room() means it.
  [[nodiscard]] virtual bool has_room() { return true; }
  virtual io::Task<Result<void>> wait_for_room() { co_return Result<void>(); }
  virtual io::Task<Result<void>> send_body(ByteView part) = 0;
  virtual io::Task<Result<void>> flush() = 0;
  virtual io::Task<Result<void>> finish(const Fields& trailers) = 0;

  // --- the response --------------------------------------------------------------------------------
  // The client would take so many bytes of the response's body now. Said before send_head() and before each part is
  // read, it keeps an origin from sending what would only wait here.
  virtual void expect(std::size_t /*room*/) {}
  // The next head: interim ones (status below 200) first, one a call. It stays valid until the next call.
  // Errors: malformed (the origin breaks HTTP), reset, end_of_stream (it closed without an answer), timed_out.
  virtual io::Task<Result<ResponseHead*>> read_head() = 0;
  // After the final head.
  [[nodiscard]] virtual BodyShape response_shape() const = 0;
  [[nodiscard]] virtual BodySource& response_body() = 0;
  // After a 101: the connection is another protocol's.
  [[nodiscard]] virtual io::Stream& take_over() = 0;

  // Ends it; whoever waits fails with `why`.
  virtual void close(Error why) = 0;
  // After a failure: whether the request may be sent once more.
  [[nodiscard]] virtual Again again() const = 0;
  [[nodiscard]] virtual OriginFacts& facts() = 0;
};

}  // namespace sallyport::http
