#include "sallyport/tls/ja4.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"
#include "sallyport/crypto/openssl.hpp"

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

std::string hex_list(const Values& values) {
  std::string list;
  list.reserve(values.size() * 5);
  for (const std::uint16_t value : values) {
    if (!list.empty()) list += ',';
    for (const int shift : {12, 8, 4, 0}) list += hex_digits[(value >> shift) & 15];
  }
  return list;
}

using MdPtr = std::unique_ptr<EVP_MD, crypto::Freer<EVP_MD_free>>;

// The first 12 hex digits of SHA-256; "" where OpenSSL fails.
std::string short_hash(std::string_view text) {
  // Fetched once: EVP_sha256() looks the implementation up under a lock at each use.
  static const MdPtr sha256(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  if (!sha256 || EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha256.get(), nullptr) != 1) return {};
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
  return short_hash(hex_list(suites));
}

// The name and the protocols are told in the first part, so that this one is the program's alone.
std::string hash_of_extensions(Values extensions, const Values& signature_algorithms) {
  std::erase_if(extensions, [](std::uint16_t type) { return type == server_name || type == alpn; });
  if (extensions.empty()) return std::string(no_values);
  std::ranges::sort(extensions);
  std::string text = hex_list(extensions);
  if (!signature_algorithms.empty()) text += '_' + hex_list(signature_algorithms);
  return short_hash(text);
}

}  // namespace

std::string ja4(const wire::ClientHello& hello, Ja4Transport transport) {
  const Values suites = without_grease(hello.cipher_suites);
  const Values extensions = without_grease(hello.extensions);
  const std::string suites_hash = hash_of_suites(suites);
  const std::string extensions_hash = hash_of_extensions(extensions, without_grease(hello.signature_algorithms));
  if (suites_hash.empty() || extensions_hash.empty()) return {};

  std::string fingerprint(1, static_cast<char>(transport));
  fingerprint += version_of(hello);
  fingerprint += hello.has_extension(server_name) ? 'd' : 'i';
  fingerprint += two_digits(suites.size());
  fingerprint += two_digits(extensions.size());
  fingerprint += alpn_of(hello);
  fingerprint += '_' + suites_hash + '_' + extensions_hash;
  return fingerprint;
}

}  // namespace sallyport::tls
