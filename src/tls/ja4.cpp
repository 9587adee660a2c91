#include "sallyport/tls/ja4.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/crypto/sha256.hpp"

namespace sallyport::tls {
namespace {

using Values = std::vector<std::uint16_t>;

constexpr std::uint16_t server_name = 0;
constexpr std::uint16_t alpn = 16;
constexpr std::string_view no_values = "000000000000";
constexpr std::string_view hex_digits = "0123456789abcdef";

Values without_grease(const Values& values) {
  Values kept;
  kept.reserve(values.size());
  std::ranges::copy_if(values, std::back_inserter(kept), [](std::uint16_t value) { return !wire::is_grease(value); });
  return kept;
}

std::string two_digits(std::size_t count) {
  const std::size_t shown = std::min<std::size_t>(count, 99);
  return {static_cast<char>('0' + shown / 10), static_cast<char>('0' + shown % 10)};
}

std::string_view version_of(const wire::ClientHello& hello) {
  const Values offered = without_grease(hello.supported_versions);
  switch (offered.empty() ? hello.legacy_version : std::ranges::max(offered)) {
    case 0x0304:
      return "13";
    case 0x0303:
      return "12";
    case 0x0302:
      return "11";
    case 0x0301:
      return "10";
    case 0x0300:
      return "s3";
    default:
      return "00";
  }
}

bool is_alphanumeric(std::uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

// The first and the last character of the first protocol, or of its hex form where one of them is no letter or digit.
std::string alpn_of(const wire::ClientHello& hello) {
  if (hello.alpn.empty() || hello.alpn.front().empty()) return "00";
  const ByteView protocol = bytes_of(hello.alpn.front());
  const std::uint8_t first = protocol.front();
  const std::uint8_t last = protocol.back();
  if (is_alphanumeric(first) && is_alphanumeric(last)) return {static_cast<char>(first), static_cast<char>(last)};
  return {hex_digits[first >> 4], hex_digits[last & 15]};
}

void append_hex(std::string& text, const Values& values) {
  std::size_t at = text.size();
  text.resize(at + values.size() * 5, ',');
  for (const std::uint16_t value : values) {
    for (const int shift : {12, 8, 4, 0}) text[at++] = hex_digits[(value >> shift) & 15];
    ++at;  // the comma behind it
  }
  if (!values.empty()) text.pop_back();
}

// The first 12 hex digits of SHA-256.
std::string short_hash(std::string_view text) {
  const crypto::Sha256 digest = crypto::sha256(bytes_of(text));
  std::string hex;
  for (const std::uint8_t byte : std::span(digest).first(6)) {
    hex += hex_digits[byte >> 4];
    hex += hex_digits[byte & 15];
  }
  return hex;
}

std::string hash_of_suites(Values suites) {
  if (suites.empty()) return std::string(no_values);
  std::ranges::sort(suites);
  std::string text;
  append_hex(text, suites);
  return short_hash(text);
}

// The name and the protocols are told in the first part, so that this one is the program's alone.
std::string hash_of_extensions(Values extensions, const Values& signature_algorithms) {
  std::erase_if(extensions, [](std::uint16_t type) { return type == server_name || type == alpn; });
  if (extensions.empty()) return std::string(no_values);
  std::ranges::sort(extensions);
  std::string text;
  text.reserve((extensions.size() + signature_algorithms.size()) * 5);
  append_hex(text, extensions);
  if (!signature_algorithms.empty()) append_hex(text += '_', signature_algorithms);
  return short_hash(text);
}

}  // namespace

std::string ja4(const wire::ClientHello& hello, Ja4Transport transport) {
  const Values suites = without_grease(hello.cipher_suites);
  const Values extensions = without_grease(hello.extensions);
  std::string fingerprint(1, static_cast<char>(transport));
  fingerprint += version_of(hello);
  fingerprint += hello.has_extension(server_name) ? 'd' : 'i';
  fingerprint += two_digits(suites.size());
  fingerprint += two_digits(extensions.size());
  fingerprint += alpn_of(hello);
  fingerprint += '_' + hash_of_suites(suites);
  fingerprint += '_' + hash_of_extensions(extensions, without_grease(hello.signature_algorithms));
  return fingerprint;
}

}  // namespace sallyport::tls
