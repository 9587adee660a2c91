#include <algorithm>
#include <utility>

#include "sallyport/base/text.hpp"
#include "sallyport/http/authority.hpp"

#include "http2_fields.hpp"
#include "syntax.hpp"

namespace sallyport::http::http2 {
namespace {

// As for HTTP/1.1: the longest registered method has 17 characters.
constexpr std::size_t longest_method = 64;

// Neither a blank nor a control character: one word, so that it can be part of an HTTP/1.1 request line.
bool is_word(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_text_char(c) && c != ' ' && c != '\t'; });
}

}  // namespace

void RequestBlock::clear() {
  clear_block();
  head_.clear();
  shape_ = {};
  upgrade_.clear();
  cookie_.clear();
  host_.clear();
  seen_ = 0;
  expects_continue_ = false;
}

void RequestBlock::add(std::string_view name, std::string_view value) {
  if (!admit(name, value, 400)) return;
  if (name.starts_with(':')) return add_pseudo(name, value);
  switch (name.size()) {  // most fields are none of these: comparing lengths first spares the rest
    case 4:
      if (name == "host") return take_host(value);
      break;
    case 6:
      if (name == "cookie") {
        // RFC 9113 §8.2.3: whoever is not HTTP/2 must see one field.
        if (!cookie_.empty() && !value.empty()) cookie_ += "; ";
        cookie_ += value;
        return;
      }
      if (name == "expect") expects_continue_ |= equal_ignoring_case(value, "100-continue");
      break;
    case 14:
      if (name == "content-length") return take_content_length(value, 400);
      break;
    default:
      break;
  }
  head_.fields.append(name, value);
}

void RequestBlock::add_pseudo(std::string_view name, std::string_view value) {
  if (regular_seen_) return add_fault(400, "a pseudo-header behind a field");
  const Pseudo which = name == ":method"      ? method
                       : name == ":scheme"    ? scheme
                       : name == ":authority" ? authority
                       : name == ":path"      ? path
                       : name == ":protocol"  ? protocol
                                              : Pseudo{};
  if (which == Pseudo{}) return add_fault(400, "a pseudo-header that requests do not have");
  if ((seen_ & which) != 0) return add_fault(400, "a pseudo-header comes twice");
  seen_ |= which;
  switch (which) {
    case method:
      if (!is_token(value)) return add_fault(400, ":method is not a token");
      if (value.size() > longest_method) return add_fault(501, "the method is too long");
      head_.method = value;
      return;
    case scheme:
      if (value != "http" && value != "https") return add_fault(400, ":scheme is neither http nor https");
      head_.scheme = value;
      return;
    case authority:
      return take_authority(value);
    case path:
      return take_path(value);
    case protocol:
      if (!is_token(value)) return add_fault(400, ":protocol is not a token");
      upgrade_.push_back(to_lower(value));
      return;
  }
}

void RequestBlock::take_authority(std::string_view value) {
  if (value != authority_seen_ || authority_canonical_.empty()) {
    const Result<Authority> parsed = Authority::parse(value);
    if (!parsed) return add_fault(400, ":authority: " + parsed.error().reason);
    authority_canonical_ = parsed->to_string();
    authority_seen_ = value;
  }
  head_.authority = authority_canonical_;
}

void RequestBlock::take_host(std::string_view value) {
  if (!host_.empty()) return add_fault(400, "more than one host field");
  const Result<Authority> parsed = Authority::parse(value);
  if (!parsed) return add_fault(400, "host: " + parsed.error().reason);
  host_ = parsed->to_string();
}

void RequestBlock::take_path(std::string_view value) {
  if (!is_word(value)) return add_fault(400, ":path is empty or holds a blank or control character");
  // A fragment never travels. Some servers cut the path there, others do not.
  if (value.contains('#')) return add_fault(400, "a fragment in :path");
  if (!value.starts_with('/') && value != "*") return add_fault(400, ":path does not begin with a slash");
  head_.path = value;
}

void RequestBlock::check_completeness() {
  const bool connect = head_.method == "CONNECT";
  const bool extended = (seen_ & protocol) != 0;
  if ((seen_ & method) == 0) return add_fault(400, "a request without :method");
  if (extended && !connect) return add_fault(400, ":protocol in a request other than CONNECT");
  if (connect && !extended) {
    // RFC 9113 §8.5.
    if ((seen_ & (scheme | path)) != 0) return add_fault(400, ":scheme or :path in a CONNECT request");
    if ((seen_ & authority) == 0) return add_fault(400, "a CONNECT request without :authority");
    const Result<Authority> target = Authority::parse_connect_target(head_.authority);
    if (!target) return add_fault(400, ":authority: " + target.error().reason);
  } else {
    if ((seen_ & scheme) == 0) return add_fault(400, "a request without :scheme");
    if ((seen_ & path) == 0) return add_fault(400, "a request without :path");
    if (head_.path == "*" && head_.method != "OPTIONS") return add_fault(400, "`*` as :path of a method not OPTIONS");
  }
  // RFC 9113 §8.3.1: both name the same, and one must be there.
  if (head_.authority.empty()) head_.authority = host_;
  if (head_.authority.empty()) return add_fault(400, "neither :authority nor host");
  if (!host_.empty() && host_ != head_.authority) return add_fault(400, ":authority and host name different hosts");
}

void RequestBlock::check_body(bool end_stream) {
  if (head_.method == "CONNECT") {
    // What follows the head belongs to the tunnel, so nothing may claim it for a body.
    if (content_length_) return add_fault(400, "a CONNECT request with a body");
    expects_continue_ = false;
    return;
  }
  if (end_stream && content_length_.value_or(0) != 0) {
    return add_fault(400, "the body is shorter than its content-length");
  }
  shape_ = {.present = content_length_ || !end_stream, .length = content_length_};
  expects_continue_ = expects_continue_ && !end_stream;
}

std::expected<void, ParseError> RequestBlock::finish(bool end_stream) {
  if (!fault()) check_completeness();
  if (!fault()) check_body(end_stream);
  if (fault()) return std::unexpected(*fault());
  if (!cookie_.empty()) head_.fields.add("cookie", std::exchange(cookie_, {}));
  if (!upgrade_.empty()) head_.method = "GET";
  return {};
}

}  // namespace sallyport::http::http2
