#include "sallyport/http/http1_writer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "sallyport/base/text.hpp"

#include "name_set.hpp"
#include "syntax.hpp"

namespace sallyport::http::http1 {
namespace {

constexpr NameSet written_by_the_writer{"host", "connection", "upgrade", "content-length", "transfer-encoding"};

void write_number(std::string& out, std::uint64_t number, int base) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

// Everything but the characters that would end the line or the value; those become blanks.
void write_value(std::string& out, std::string_view value) {
  const std::size_t start = out.size();
  out += value;
  if (is_text(value)) return;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), [](char c) { return !is_text_char(c); }, ' ');
}

void write_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  write_value(out, value);
  out += "\r\n";
}

// A target is one word; a blank or control character in it, possible only from another protocol, is
// percent-encoded (RFC 3986 §2.1).
void write_target(std::string& out, std::string_view target) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : target) {
    if (c == ' ' || !is_text_char(c) || c == '\t') {
      const auto byte = static_cast<std::uint8_t>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
}

void write_fields(std::string& out, const Fields& fields, bool with_content_length) {
  for (const Field& field : fields) {
    if (!is_token(field.name)) continue;
    const bool describes = with_content_length && equal_ignoring_case(field.name, "content-length");
    if (!describes && written_by_the_writer.contains(field.name)) continue;
    write_line(out, field.name, field.value);
  }
}

void write_framing(std::string& out, const Framing& framing) {
  switch (framing.kind) {
    case BodyKind::none:
    case BodyKind::until_close:
      return;
    case BodyKind::length:
      out += "Content-Length: ";
      write_number(out, framing.length, 10);
      out += "\r\n";
      return;
    case BodyKind::chunked:
      out += "Transfer-Encoding: chunked\r\n";
      return;
  }
}

void write_connection(std::string& out, std::initializer_list<std::string_view> options) {
  std::string_view before = "Connection: ";
  for (const std::string_view option : options) {
    if (option.empty()) continue;
    out += before;
    out += option;
    before = ", ";
  }
  if (before == ", ") out += "\r\n";
}

}  // namespace

void write_request_head(std::string& out, const RequestHead& head, const Framing& framing,
                        const RequestOptions& options) {
  assert(is_token(head.method));
  assert(framing.kind != BodyKind::until_close);
  const bool connect = head.method == "CONNECT";
  out += head.method;
  out += ' ';
  if (connect) {
    write_target(out, head.authority);
  } else {
    if (options.form == TargetForm::absolute) {
      write_target(out, head.scheme);
      out += "://";
      write_target(out, head.authority);
    }
    // The absolute form of `OPTIONS *` is the URI without a path (RFC 9112 §3.2.4).
    if (options.form == TargetForm::origin || head.path != "*") write_target(out, head.path);
  }
  out += " HTTP/1.1\r\n";
  write_line(out, "Host", head.authority);
  write_fields(out, head.fields, false);
  write_framing(out, framing);
  write_connection(out, {options.keep_alive ? "" : "close", options.upgrade.empty() ? "" : "Upgrade",
                         head.fields.count("te") > 0 ? "TE" : ""});
  if (!options.upgrade.empty()) write_line(out, "Upgrade", options.upgrade);
  out += "\r\n";
}

void write_response_head(std::string& out, const ResponseHead& head, const Framing& framing,
                         int minor_version_of_client, bool keep_alive, std::string_view upgrade,
                         std::string_view reason) {
  assert(head.status >= 100 && head.status <= 999);
  // The version is ours whatever the client's is (RFC 9110 §2.5).
  out += "HTTP/1.1 ";
  write_number(out, head.status, 10);
  out += ' ';
  write_value(out, reason.empty() ? reason_phrase(head.status) : reason);
  out += "\r\n";
  write_fields(out, head.fields, framing.kind == BodyKind::none && head.status >= 200);
  write_framing(out, framing);
  const bool interim = head.status < 200;
  const bool close = (!keep_alive || framing.kind == BodyKind::until_close) && !interim;
  const bool say_keep_alive = !close && !interim && minor_version_of_client == 0;
  write_connection(out, {close ? "close" : "", say_keep_alive ? "keep-alive" : "", upgrade.empty() ? "" : "Upgrade"});
  if (!upgrade.empty()) write_line(out, "Upgrade", upgrade);
  out += "\r\n";
}

Framing framing_towards(const Framing& origin, int minor_version_of_client) {
  if (origin.kind == BodyKind::none || origin.kind == BodyKind::length) return origin;
  return {minor_version_of_client >= 1 ? BodyKind::chunked : BodyKind::until_close, 0};
}

void write_chunk_start(std::string& out, std::uint64_t size) {
  assert(size > 0);
  write_number(out, size, 16);
  out += "\r\n";
}

void write_chunk_end(std::string& out) { out += "\r\n"; }

void write_last_chunk(std::string& out, const Fields& trailers) {
  out += "0\r\n";
  write_fields(out, trailers, false);
  out += "\r\n";
}

}  // namespace sallyport::http::http1
