#include "sallyport/pki/certificate_names.hpp"

#include <algorithm>
#include <optional>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/text.hpp"

#include "public_suffix.hpp"

namespace sallyport::pki {

namespace {

crypto::GeneralNamesPtr alternative_names(const X509* certificate) {
  return crypto::GeneralNamesPtr(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

ByteView bytes_of(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// `presented` as the certificate spells it. Anything that is not a plain host name or "*." before one matches
// nothing: empty labels, a trailing dot, NUL, U-labels, partial wildcards.
bool host_matches(std::string_view presented, std::string_view host) {
  const std::string lowered = to_lower(presented);
  if (is_host_name(lowered)) return lowered == host;
  if (!lowered.starts_with("*.")) return false;
  const std::string_view parent = std::string_view(lowered).substr(2);
  const auto dot = host.find('.');
  return dot != std::string_view::npos && host.substr(dot + 1) == parent && is_host_name(parent) &&
         !is_public_suffix(parent);
}

bool address_matches(ByteView presented, const IpAddress& address) {
  return std::ranges::equal(presented, ByteView(address.data(), address.size()));
}

std::optional<IpAddress> address_of(ByteView bytes) {
  if (bytes.size() == 4) return IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
  if (bytes.size() != 16) return std::nullopt;
  std::array<std::uint8_t, 16> all{};
  std::ranges::copy(bytes, all.begin());
  return IpAddress::v6(all);
}

// The name in the spelling of LeafRequest, or nullopt if a leaf cannot carry it.
std::optional<std::string> usable_name(const GENERAL_NAME* name) {
  if (name->type == GEN_IPADD) {
    const auto address = address_of(bytes_of(name->d.iPAddress));
    if (!address) return std::nullopt;
    return address->to_string();
  }
  if (name->type != GEN_DNS) return std::nullopt;
  std::string host = to_lower(text_of(bytes_of(name->d.dNSName)));
  const std::string_view plain = std::string_view(host).substr(host.starts_with("*.") ? 2 : 0);
  if (!is_host_name(plain) || IpAddress::parse(plain)) return std::nullopt;
  return host;
}

}  // namespace

bool certificate_names(const X509* certificate, std::string_view name) {
  const crypto::GeneralNamesPtr names = alternative_names(certificate);
  if (names == nullptr) return false;
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::optional<IpAddress> address = IpAddress::parse(name);
  const std::string host = to_lower(name);
  if (!address && !is_host_name(host)) return false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* presented = sk_GENERAL_NAME_value(names.get(), i);
    if (address) {
      if (presented->type == GEN_IPADD && address_matches(bytes_of(presented->d.iPAddress), *address)) return true;
    } else if (presented->type == GEN_DNS && host_matches(text_of(bytes_of(presented->d.dNSName)), host)) {
      return true;
    }
  }
  return false;
}

std::vector<std::string> names_in(const X509* certificate, std::size_t limit) {
  std::vector<std::string> found;
  const crypto::GeneralNamesPtr names = alternative_names(certificate);
  if (names == nullptr) return found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && found.size() < limit; ++i) {
    auto name = usable_name(sk_GENERAL_NAME_value(names.get(), i));
    if (name && std::ranges::find(found, *name) == found.end()) found.push_back(std::move(*name));
  }
  return found;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed || ++label > 63) return false;
  }
  return label != 0;
}

}  // namespace sallyport::pki
