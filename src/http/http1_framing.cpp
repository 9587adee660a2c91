#include "http1_framing.hpp"

#include <charconv>
#include <limits>

#include "sallyport/base/text.hpp"

#include "syntax.hpp"

namespace sallyport::http::http1 {
namespace {

constexpr std::size_t most_list_members = 64;

// Calls `use` with each non-empty member of a comma-separated list (RFC 9110 §5.6.1).
template <typename Use>
void for_each_member(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view member = trim(list.substr(0, comma));
    if (!member.empty()) use(member);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

void read_connection(HeadFacts& facts, std::string_view value) {
  for_each_member(value, [&](std::string_view option) {
    ++facts.connection_options;
    if (equal_ignoring_case(option, "close")) facts.connection_close = true;
    if (equal_ignoring_case(option, "keep-alive")) facts.connection_keep_alive = true;
    if (equal_ignoring_case(option, "upgrade")) facts.connection_upgrade = true;
  });
}

void read_content_length(HeadFacts& facts, std::string_view value) {
  if (facts.content_lengths++ == 0) {
    facts.content_length = value;
  } else if (value != facts.content_length) {
    facts.content_lengths_differ = true;
  }
}

// 1*DIGIT without leading zeros, which some readers take for octal. At most 2^63-1, so that no signed
// arithmetic in an origin behind us can wrap.
std::expected<std::uint64_t, ParseError> parse_length(std::string_view text) {
  std::uint64_t value = 0;
  const bool digits = !text.empty() && is_digit(text[0]) && (text.size() == 1 || text[0] != '0');
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!digits || error != std::errc() || end != text.data() + text.size() ||
      value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::unexpected(ParseError{400, "Content-Length is not one plain number below 2^63"});
  }
  return value;
}

}  // namespace

HeadFacts facts_of(const Fields& fields) {
  HeadFacts facts;
  for (const Field& field : fields) {
    const auto is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
    switch (field.name.size()) {  // most fields are none of these: comparing lengths first spares the rest
      case 4:
        if (is("host") && facts.hosts++ == 0) facts.host = field.value;
        break;
      case 6:
        if (is("expect")) facts.expects_continue |= equal_ignoring_case(field.value, "100-continue");
        break;
      case 7:
        if (is("upgrade")) {
          for_each_member(field.value, [&](std::string_view name) {
            if (facts.upgrade.size() <= most_list_members) facts.upgrade.push_back(to_lower(name));
          });
        }
        break;
      case 10:
        if (is("connection")) read_connection(facts, field.value);
        break;
      case 14:
        if (is("content-length")) read_content_length(facts, field.value);
        break;
      case 17:
        if (is("transfer-encoding") && facts.transfer_encodings++ == 0) facts.transfer_encoding = field.value;
        break;
      default:
        break;
    }
  }
  return facts;
}

std::expected<void, ParseError> check_list_sizes(const HeadFacts& facts) {
  if (facts.connection_options > most_list_members) {
    return std::unexpected(ParseError{400, "more connection options than are accepted"});
  }
  if (facts.upgrade.size() > most_list_members) {
    return std::unexpected(ParseError{400, "more upgrade protocols than are accepted"});
  }
  return {};
}

std::expected<Framing, ParseError> framing_of(const HeadFacts& facts, int minor_version) {
  if (facts.transfer_encodings > 0) {
    if (facts.content_lengths > 0) {
      return std::unexpected(ParseError{400, "both Content-Length and Transfer-Encoding"});
    }
    if (minor_version == 0) return std::unexpected(ParseError{400, "Transfer-Encoding in an HTTP/1.0 message"});
    if (facts.transfer_encodings > 1) return std::unexpected(ParseError{400, "more than one Transfer-Encoding field"});
    if (equal_ignoring_case(facts.transfer_encoding, "chunked")) return Framing{BodyKind::chunked, 0};
    if (is_token(facts.transfer_encoding)) {
      return std::unexpected(ParseError{501, "a transfer coding other than chunked"});
    }
    return std::unexpected(ParseError{400, "Transfer-Encoding is not exactly `chunked`"});
  }
  if (facts.content_lengths == 0) return Framing{};
  if (facts.content_lengths_differ) {
    return std::unexpected(ParseError{400, "Content-Length fields that differ"});
  }
  const auto length = parse_length(facts.content_length);
  if (!length) return std::unexpected(length.error());
  return Framing{BodyKind::length, *length};
}

bool is_framing_field(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equal_ignoring_case(name, "host");
    case 14:
      return equal_ignoring_case(name, "content-length");
    case 17:
      return equal_ignoring_case(name, "transfer-encoding");
    default:
      return false;
  }
}

bool keeps_alive(const HeadFacts& facts, int minor_version) {
  if (facts.connection_close) return false;
  return minor_version >= 1 || facts.connection_keep_alive;
}

}  // namespace sallyport::http::http1
