#include "http1_tokeniser.hpp"

#include <algorithm>
#include <limits>

#include <boost/beast/http/basic_parser.hpp>

#include "sallyport/base/text.hpp"

#include "name_set.hpp"

namespace sallyport::http::http1 {
namespace {

namespace beast = boost::beast;

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

// Collects what Beast tokenises. Bodies never get here, so the callbacks for them are never called.
template <bool IsRequest>
class Tokeniser final : public beast::http::basic_parser<IsRequest> {
 public:
  explicit Tokeniser(Fields& fields) : fields_(fields) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScanner's limit holds
    // Not boost::none: this version takes every length for greater than that.
    this->body_limit(std::numeric_limits<std::uint64_t>::max());
    this->eager(false);
  }

  // All of `text`, the last part of which completes the head where `last`.
  std::expected<void, std::string> feed(std::string_view text, bool last) {
    beast::error_code error;
    this->put(boost::asio::const_buffer(text.data(), text.size()), error);
    if (!last && error == beast::http::error::need_more) return {};
    if (!error) return {};
    malformed_connection = error == beast::http::error::bad_value;
    return std::unexpected(reason_of(error));
  }

  RequestLine request_line;
  StatusLine status_line;
  bool malformed_connection = false;

 private:
  static std::string reason_of(const beast::error_code& code) {
    using beast::http::error;
    if (code == error::bad_content_length)
      return "Content-Length is not one number, or stands beside Transfer-Encoding";
    if (code == error::bad_transfer_encoding) return "Transfer-Encoding is repeated, or stands beside Content-Length";
    if (code == error::bad_method) return "the method is not a token followed by one blank";
    if (code == error::bad_target) return "the request target is missing or holds a blank or control character";
    if (code == error::bad_version) return "the protocol version is malformed";
    if (code == error::bad_status) return "the status is not three digits";
    if (code == error::bad_value) return "a list in a Connection field is malformed";
    return "malformed: " + code.message();
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       beast::error_code&) override {
    request_line = {view_of(method), view_of(target), version - 10};
  }
  void on_response_impl(int code, beast::string_view reason, int version, beast::error_code&) override {
    status_line = {static_cast<unsigned>(code), view_of(reason), version - 10};
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    fields_.append(view_of(name), view_of(value));
  }
  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
    return body.size();
  }
  void on_finish_impl(beast::error_code&) override {}

  Fields& fields_;
};

// What Beast reads as lists of connection options; and, besides, what tells it of a body.
constexpr NameSet connection_fields{"connection", "proxy-connection"};
constexpr NameSet framing_fields{"connection", "proxy-connection", "upgrade", "content-length", "transfer-encoding"};

template <std::size_t count>
std::string without(const NameSet<count>& names, std::string_view lines) {
  std::string rest;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n") + 2);
    if (!names.contains(line.substr(0, line.find(':')))) rest += line;
    lines.remove_prefix(line.size());
  }
  return rest;
}

// Field lines alone.
std::expected<void, std::string> tokenise_fields(std::string_view lines, Fields& fields) {
  Tokeniser<false> tokeniser(fields);
  if (auto fed = tokeniser.feed("HTTP/1.1 200 \r\n", false); !fed) return fed;
  return tokeniser.feed(lines, true);
}

}  // namespace

std::expected<RequestLine, std::string> tokenise_request(std::string_view block, Fields& fields) {
  Tokeniser<true> tokeniser(fields);
  if (auto fed = tokeniser.feed(block, true); !fed) return std::unexpected(std::move(fed.error()));
  return tokeniser.request_line;
}

std::expected<StatusLine, std::string> tokenise_response(std::string_view block, Fields& fields) {
  Tokeniser<false> tokeniser(fields);
  const std::size_t status_line_length = block.find("\r\n");
  const std::string_view lines = block.substr(status_line_length + 2);
  std::expected<void, std::string> fed;
  // Origins leave out the blank before an empty reason phrase, and every client takes that; Beast does not.
  if (status_line_length == std::string_view("HTTP/1.1 200").size()) {
    fed = tokeniser.feed(std::string(block.substr(0, status_line_length)) + " \r\n", false);
    tokeniser.status_line.reason = {};
    if (fed) fed = tokeniser.feed(lines, true);
  } else {
    fed = tokeniser.feed(block, true);
  }
  if (!fed && tokeniser.malformed_connection) {
    // Origins in use send `Connection: timeout=5`. Their pages are wanted; their connection is not kept.
    fields.clear();
    fed = tokenise_fields(without(connection_fields, lines), fields);
    fields.add("Connection", "close");
  }
  if (!fed) return std::unexpected(std::move(fed.error()));
  return tokeniser.status_line;
}

std::expected<void, std::string> tokenise_trailers(std::string_view block, Fields& fields) {
  // These frame nothing, and Beast would refuse the message where they contradict each other.
  return tokenise_fields(without(framing_fields, block), fields);
}

}  // namespace sallyport::http::http1
