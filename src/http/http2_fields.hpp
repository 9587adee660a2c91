// The field blocks of HTTP/2 (RFC 9113 §8) from and to the heads that every version shares.
//
// Nothing that a block may hold can become a second field, request or framing in HTTP/1.1, and nothing that
// HTTP/1.1 lets through reaches HTTP/2 unless it may stand there. A block is never interrupted by another one of its
// connection (RFC 9113 §4.3), so that one object serves all of them, one after another; what a message has come to is
// its stream's. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "sallyport/http/exchange.hpp"
#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/message.hpp"

namespace sallyport::http::http2 {

using http1::Limits;
using http1::ParseError;

// What all received blocks have in common: the bounds, the first fault, and the rules for a field line
// (RFC 9113 §8.2, RFC 9110 §5.5). A block larger than its bounds is read to its end and kept no further.
class ReceivedBlock {
 public:
  explicit ReceivedBlock(Limits limits) : limits_(limits) {}

  // The first thing wrong with what was added so far.
  [[nodiscard]] const std::optional<ParseError>& fault() const { return fault_; }
  // Makes the block wrong for a reason found elsewhere: a field that nghttp2 kept to itself.
  void add_fault(unsigned status, std::string_view reason);

 protected:
  ~ReceivedBlock() = default;
  void clear_block();
  // Counts the line and applies the rules; false if it must not be looked at any further.
  bool admit(std::string_view name, std::string_view value, unsigned status_of_fault);
  // The number of a content-length, which comes once and is plain (RFC 9110 §8.6).
  void take_content_length(std::string_view value, unsigned status_of_fault);

  std::optional<std::uint64_t> content_length_;
  bool regular_seen_ = false;  // pseudo-headers may no longer come (RFC 9113 §8.3)

 private:
  Limits limits_;
  std::size_t bytes_ = 0;  // as RFC 9113 §6.5.2 counts: 32 more for each line
  std::size_t lines_ = 0;
  std::optional<ParseError> fault_;
};

class RequestBlock final : public ReceivedBlock {
 public:
  explicit RequestBlock(Limits limits = {}) : ReceivedBlock(limits) {}

  void clear();
  // One field line, in order of arrival.
  void add(std::string_view name, std::string_view value);
  // The block is complete; `end_stream`: nothing follows it. After success head() and the rest below hold. The error's
  // status is 400 or 431.
  std::expected<void, ParseError> finish(bool end_stream);

  // Without Host, Content-Length and what belongs to one hop; cookies are one field again (RFC 9113 §8.2.3). An
  // extended CONNECT (RFC 8441 §4) reads as the GET it stands for.
  [[nodiscard]] RequestHead& head() { return head_; }
  [[nodiscard]] BodyShape shape() const { return shape_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  // The :protocol of an extended CONNECT, lower-case; empty for all other requests.
  [[nodiscard]] std::vector<std::string>& upgrade() { return upgrade_; }

 private:
  enum Pseudo : std::uint8_t { method = 1, scheme = 2, authority = 4, path = 8, protocol = 16 };

  void add_pseudo(std::string_view name, std::string_view value);
  void take_authority(std::string_view value);
  void take_host(std::string_view value);
  void take_path(std::string_view value);
  void check_completeness();
  void check_body(bool end_stream);

  RequestHead head_;
  BodyShape shape_;
  std::vector<std::string> upgrade_;
  std::string cookie_;
  std::string host_;  // canonical; empty: none came
  std::uint8_t seen_ = 0;
  bool expects_continue_ = false;
  std::string authority_seen_;       // the last one as it was spelt, and
  std::string authority_canonical_;  // what became of it: on a connection most requests repeat it
};

class ResponseBlock final : public ReceivedBlock {
 public:
  explicit ResponseBlock(Limits limits = {}) : ReceivedBlock(limits) {}

  void clear();
  void add(std::string_view name, std::string_view value);
  // The block is complete, and answers a request of this method. The error's status is 502.
  std::expected<void, ParseError> finish(std::string_view request_method, bool end_stream);

  // Without what belongs to one hop; Content-Length stays where no body follows and it only describes (HEAD, 304).
  [[nodiscard]] ResponseHead& head() { return head_; }
  [[nodiscard]] BodyShape shape() const { return shape_; }

 private:
  void take_status(std::string_view name, std::string_view value);

  ResponseHead head_;
  BodyShape shape_;
};

class TrailerBlock final : public ReceivedBlock {
 public:
  explicit TrailerBlock(Limits limits = {}) : ReceivedBlock(limits) {}

  void clear();
  void add(std::string_view name, std::string_view value);

  // Without the fields that may not be trailers (RFC 9110 §6.5.1).
  [[nodiscard]] Fields& fields() { return fields_; }

 private:
  Fields fields_;
};

// What a stream keeps of the block behind its body.
struct ReceivedTrailers {
  Fields fields;
  std::string fault;  // why the body has come to no proper end; empty: it has

  void take(TrailerBlock& block);
  void clear();
};

// A block to be sent. It borrows: what it was made from must not change until fields() has been submitted, which
// copies.
class OutgoingBlock {
 public:
  // `protocol`: the request is sent as an extended CONNECT for it (RFC 8441 §4); empty: as it is.
  void set_request(const RequestHead& head, BodyShape body, std::string_view protocol = {});
  // Content-Length among the fields is sent where no body follows, as its only meaning there is to describe.
  void set_response(const ResponseHead& head, BodyShape body);
  void set_trailers(const Fields& trailers);

  // Pseudo-headers first, names lower-case, hop-by-hop fields and Host left out, Cookie split (RFC 9113 §8.2.3). What
  // must not be found out by guessing is never indexed (RFC 7541 §7.1).
  [[nodiscard]] std::span<const nghttp2_nv> fields() const { return fields_; }

 private:
  void begin(const Fields& fields);
  void add(std::string_view name, std::string_view value, std::uint8_t flags = NGHTTP2_NV_FLAG_NONE);
  void add_fields(const Fields& fields, bool with_content_length);
  void add_field(std::string_view name, std::string_view value);
  void add_cookie(std::string_view value);
  void add_length(std::uint64_t length);
  // A copy with each character changed, for what cannot be borrowed as it is.
  std::string_view keep(std::string_view text, char (*change)(char));

  std::vector<nghttp2_nv> fields_;
  std::string kept_;  // never grows while a block is made: fields_ points into it
};

}  // namespace sallyport::http::http2
