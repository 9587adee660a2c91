#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "sallyport/base/text.hpp"
#include "sallyport/http/hop_by_hop.hpp"

#include "http2_fields.hpp"
#include "name_set.hpp"
#include "syntax.hpp"

namespace sallyport::http::http2 {
namespace {

// Host is :authority, and the rest does not exist in HTTP/2 (RFC 9113 §8.2.2) or is written from what the body is.
constexpr NameSet left_out{"host",    "connection", "keep-alive",     "proxy-connection", "transfer-encoding",
                           "upgrade", "te",         "http2-settings", "content-length"};

// Secrets (RFC 7541 §7.1.3), and what never comes twice and would only push others out of the table.
constexpr NameSet never_indexed{"authorization", "proxy-authorization", "set-cookie", "x-request-id"};

// Shorter ones could be guessed (RFC 7541 §7.1.3).
constexpr std::size_t short_cookie = 20;

// The most that numbers take in one block: a length and a status.
constexpr std::size_t room_for_numbers = 32;

std::uint8_t* borrowed(std::string_view text) {
  // nghttp2's type is not const; it copies, and writes nothing.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

char blank_for_control(char c) { return is_text_char(c) ? c : ' '; }

}  // namespace

void OutgoingBlock::begin(const Fields& fields) {
  fields_.clear();
  kept_.clear();
  std::size_t most = room_for_numbers;
  for (const Field& field : fields) most += field.name.size() + field.value.size();
  kept_.reserve(most);
}

void OutgoingBlock::set_request(const RequestHead& head, BodyShape body, std::string_view protocol) {
  begin(head.fields);
  const bool tunnel = head.method == "CONNECT" && protocol.empty();
  add(":method", protocol.empty() ? std::string_view(head.method) : "CONNECT");
  if (!protocol.empty()) add(":protocol", protocol);
  if (!tunnel) {
    add(":scheme", head.scheme);
    add(":path", head.path);
  }
  add(":authority", head.authority);
  add_fields(head.fields, false);
  if (body.present && body.length) add_length(*body.length);
}

void OutgoingBlock::set_response(const ResponseHead& head, BodyShape body) {
  assert(head.status >= 100 && head.status <= 999);
  begin(head.fields);
  std::array<char, 3> digits{};
  std::to_chars(digits.data(), digits.data() + digits.size(), head.status);
  add(":status", keep({digits.data(), digits.size()}, [](char c) { return c; }));
  add_fields(head.fields, !body.present && head.status >= 200);
  if (body.present && body.length) add_length(*body.length);
}

void OutgoingBlock::set_trailers(const Fields& trailers) {
  begin(trailers);
  for (const Field& field : trailers) {
    if (may_be_trailer(field.name) && !left_out.contains(field.name)) add_field(field.name, field.value);
  }
}

void OutgoingBlock::add(std::string_view name, std::string_view value, std::uint8_t flags) {
  fields_.push_back({borrowed(name), borrowed(value), name.size(), value.size(), flags});
}

void OutgoingBlock::add_fields(const Fields& fields, bool with_content_length) {
  for (const Field& field : fields) {
    const bool wanted_length = with_content_length && equal_ignoring_case(field.name, "content-length");
    if (wanted_length || !left_out.contains(field.name)) {
      add_field(field.name, field.value);
    } else if (equal_ignoring_case(field.name, "te")) {
      if (equal_ignoring_case(field.value, "trailers")) add("te", "trailers");
    }
  }
}

void OutgoingBlock::add_field(std::string_view name, std::string_view value) {
  if (!is_token(name)) return;
  if (std::any_of(name.begin(), name.end(), [](char c) { return ascii_lower(c) != c; })) name = keep(name, ascii_lower);
  if (!is_text(value)) value = keep(value, blank_for_control);
  value = trim(value);
  if (name == "cookie") {
    add_cookie(value);
  } else {
    add(name, value, never_indexed.contains(name) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
  }
}

// Each on its own, so that one that changes does not keep the others out of the table.
void OutgoingBlock::add_cookie(std::string_view value) {
  for (;;) {
    const std::size_t end = value.find("; ");
    const std::string_view crumb = trim(value.substr(0, end));
    add("cookie", crumb, crumb.size() < short_cookie ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
    if (end == std::string_view::npos) return;
    value.remove_prefix(end + 2);
  }
}

void OutgoingBlock::add_length(std::uint64_t length) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  add("content-length", keep(text, [](char c) { return c; }));
}

std::string_view OutgoingBlock::keep(std::string_view text, char (*change)(char)) {
  const std::size_t start = kept_.size();
  assert(start + text.size() <= kept_.capacity());
  std::transform(text.begin(), text.end(), std::back_inserter(kept_), change);
  return std::string_view(kept_).substr(start);
}

}  // namespace sallyport::http::http2
