#include "sallyport/wire/client_hello.hpp"

#include <algorithm>
#include <array>

#include "sallyport/base/domain_name.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::wire {
namespace {

constexpr std::uint16_t tls_1_3 = 0x0304;
constexpr std::uint16_t secp256r1 = 0x0017;
constexpr std::uint16_t ecdsa_secp256r1_sha256 = 0x0403;
constexpr std::array<std::uint16_t, 3> tls_1_3_suites{0x1301, 0x1302, 0x1303};
// ECDHE-ECDSA with AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305 (RFC 5289, RFC 7905).
constexpr std::array<std::uint16_t, 3> ecdhe_ecdsa_suites{0xc02b, 0xc02c, 0xcca9};

bool contains(const std::vector<std::uint16_t>& list, std::uint16_t value) {
  return std::ranges::find(list, value) != list.end();
}

bool contains_any(const std::vector<std::uint16_t>& list, const std::array<std::uint16_t, 3>& values) {
  return std::ranges::any_of(values, [&](std::uint16_t value) { return contains(list, value); });
}

}  // namespace

bool ClientHello::offers_version(std::uint16_t version) const {
  if (supported_versions.empty()) return version <= legacy_version && version != tls_1_3;
  return contains(supported_versions, version);
}

bool ClientHello::has_extension(std::uint16_t type) const { return contains(extensions, type); }

Result<std::optional<std::string>> asked_name(const ClientHello& hello) {
  switch (hello.server_name_form) {
    case ServerNameForm::absent:
      return std::nullopt;
    case ServerNameForm::several:
      return fail(ErrorKind::malformed, "SNI with several names");
    case ServerNameForm::malformed:
      return fail(ErrorKind::malformed, "malformed SNI");
    case ServerNameForm::one:
      break;
  }
  std::optional<std::string> name = canonical_domain_name(*hello.server_name);
  if (name) return name;
  // A name may be 64 KiB of anything: what an error quotes of it is bounded.
  const std::string quoted = printable(std::string_view(*hello.server_name).substr(0, 256));
  if (IpAddress::parse(*hello.server_name)) return fail(ErrorKind::malformed, "SNI is an IP address: " + quoted);
  return fail(ErrorKind::malformed, "SNI is not a domain name: " + quoted);
}

bool accepts_ecdsa(const ClientHello& hello) {
  // Without the extension a TLS 1.2 client stands for SHA-1 (RFC 5246 §7.4.1.4.1), which no leaf uses.
  if (!contains(hello.signature_algorithms, ecdsa_secp256r1_sha256)) return false;
  if (hello.offers_version(tls_1_3) && contains_any(hello.cipher_suites, tls_1_3_suites)) return true;
  // No supported_groups means any curve in TLS 1.2 (RFC 8422 §4).
  return contains_any(hello.cipher_suites, ecdhe_ecdsa_suites) &&
         (hello.groups.empty() || contains(hello.groups, secp256r1));
}

}  // namespace sallyport::wire
