#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "sallyport/base/text.hpp"
#include "sallyport/http/hop_by_hop.hpp"

#include "http2_fields.hpp"
#include "name_set.hpp"
#include "syntax.hpp"

namespace sallyport::http::http2 {
namespace {

constexpr unsigned bad_response = 502;

// RFC 9113 §8.2.2. TE has a rule of its own.
constexpr NameSet connection_specific{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

// RFC 9113 §6.5.2.
constexpr std::size_t overhead_of_line = 32;

bool is_lower_case_token(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_token_char(c) && ascii_lower(c) == c; });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// What stands in a field, byte for byte. Null: nothing is wrong.
const char* fault_of(std::string_view name, std::string_view value) {
  if (!is_lower_case_token(name)) return "a field name is not a token in lower case";
  if (!is_text(value)) return "a control character in a field value";
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) {
    return "a field value starts or ends with a blank";
  }
  if (connection_specific.contains(name)) return "a connection-specific field, which HTTP/2 does not have";
  if (name == "te" && !equal_ignoring_case(value, "trailers")) return "a TE field other than `trailers`";
  return nullptr;
}

}  // namespace

void ReceivedBlock::add_fault(unsigned status, std::string_view reason) {
  if (!fault_) fault_ = ParseError{status, std::string(reason)};
}

void ReceivedBlock::clear_block() {
  content_length_.reset();
  regular_seen_ = false;
  bytes_ = lines_ = 0;
  fault_.reset();
}

bool ReceivedBlock::admit(std::string_view name, std::string_view value, unsigned status_of_fault) {
  if (fault_) return false;
  bytes_ += name.size() + value.size() + overhead_of_line;
  const unsigned status_of_excess = status_of_fault == 400 ? 431 : status_of_fault;
  if (bytes_ > limits_.header_bytes) add_fault(status_of_excess, "the head is larger than is accepted");
  if (++lines_ > limits_.fields_count) add_fault(status_of_excess, "more fields than are accepted");
  if (fault_) return false;
  if (name.starts_with(':')) return true;
  regular_seen_ = true;
  const char* const fault = fault_of(name, value);
  if (fault != nullptr) add_fault(status_of_fault, fault);
  return fault == nullptr;
}

void ReceivedBlock::take_content_length(std::string_view value, unsigned status_of_fault) {
  std::uint64_t length = 0;
  const bool plain = !value.empty() && is_digit(value[0]) && (value.size() == 1 || value[0] != '0');
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (!plain || error != std::errc() || end != value.data() + value.size() ||
      length > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    add_fault(status_of_fault, "content-length is not one plain number below 2^63");
  } else if (content_length_) {
    add_fault(status_of_fault, "more than one content-length");
  }
  content_length_ = length;
}

void ResponseBlock::clear() {
  clear_block();
  head_.clear();
  shape_ = {};
}

void ResponseBlock::add(std::string_view name, std::string_view value) {
  if (!admit(name, value, bad_response)) return;
  if (name.starts_with(':')) {
    take_status(name, value);
  } else if (name == "content-length") {
    take_content_length(value, bad_response);
  } else if (name != "te" && name != "host") {
    head_.fields.append(name, value);
  }
}

void ResponseBlock::take_status(std::string_view name, std::string_view value) {
  if (name != ":status") return add_fault(bad_response, "a pseudo-header that responses do not have");
  if (regular_seen_) return add_fault(bad_response, "a pseudo-header behind a field");
  if (head_.status != 0) return add_fault(bad_response, "more than one :status");
  if (value.size() != 3 || !std::all_of(value.begin(), value.end(), is_digit) || value[0] == '0') {
    return add_fault(bad_response, ":status is not three digits");
  }
  std::from_chars(value.data(), value.data() + value.size(), head_.status);
  // RFC 9113 §8.6: there is nothing to switch to.
  if (head_.status == 101) add_fault(bad_response, "a 101 response, which HTTP/2 does not have");
}

std::expected<void, ParseError> ResponseBlock::finish(std::string_view request_method, bool end_stream) {
  const unsigned status = head_.status;
  if (status == 0) add_fault(bad_response, "a response without :status");
  if (status < 200 && end_stream) add_fault(bad_response, "the response ends with an interim one");
  const bool describes_only = request_method == "HEAD" || status == 304;
  const bool bodiless = status < 200 || status == 204 || (request_method == "CONNECT" && status < 300);
  if (!describes_only && !bodiless) {
    if (end_stream && content_length_.value_or(0) != 0) {
      add_fault(bad_response, "the body is shorter than its content-length");
    }
    shape_ = {.present = true, .length = content_length_};
    if (end_stream) shape_.length = 0;
  } else if (describes_only && !bodiless && content_length_) {
    head_.fields.add("content-length", std::to_string(*content_length_));
  }
  if (fault()) return std::unexpected(*fault());
  return {};
}

void TrailerBlock::clear() {
  clear_block();
  fields_.clear();
}

void TrailerBlock::add(std::string_view name, std::string_view value) {
  if (!admit(name, value, 400)) return;
  // RFC 9113 §8.1.
  if (name.starts_with(':')) return add_fault(400, "a pseudo-header among the trailers");
  if (may_be_trailer(name)) fields_.append(name, value);
}

void ReceivedTrailers::take(TrailerBlock& block) {
  std::swap(fields, block.fields());
  if (block.fault()) fault = block.fault()->reason;
}

void ReceivedTrailers::clear() {
  fields.clear();
  fault.clear();
}

}  // namespace sallyport::http::http2
