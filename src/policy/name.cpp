#include "sallyport/policy/name.hpp"

#include <algorithm>
#include <memory>

#include <idn2.h>

#include "sallyport/base/domain_name.hpp"
#include "sallyport/base/ip_address.hpp"

#include "name_pattern.hpp"

namespace sallyport::policy {
namespace {

struct FreeIdn {
  void operator()(char* text) const { idn2_free(text); }
};

// A name of 253 bytes in A-labels has fewer than this in any encoding of its U-labels.
constexpr std::size_t most_typed_bytes = 1'024;

Result<std::string> to_a_labels(std::string_view typed) {
  const std::string terminated(typed);
  char* converted = nullptr;
  const int outcome = idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeIdn> owner(converted);
  if (outcome != IDN2_OK) {
    return fail(ErrorKind::malformed,
                "'" + terminated + "' is not an internationalized domain name: " + idn2_strerror(outcome));
  }
  return std::string(converted);
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string why_not(std::string_view typed) {
  const std::string quoted = "'" + std::string(typed) + "' ";
  if (typed.find("://") != std::string_view::npos) return quoted + "is a URL; write the name alone";
  if (typed.find('/') != std::string_view::npos) return quoted + "is neither a domain name nor an IP address";
  if (typed.find('*') != std::string_view::npos) {
    return quoted + "has a wildcard out of place; it stands for whole labels at the start, as in *.example.com";
  }
  return quoted + "is neither a domain name nor an IP address";
}

}  // namespace

Result<std::string> canonical_domain(std::string_view typed) {
  if (std::optional<std::string> name = canonical_domain_name(typed)) return std::move(*name);
  if (is_ascii(typed) || typed.size() > most_typed_bytes || typed.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::malformed, why_not(typed.substr(0, most_typed_bytes)));
  }
  const Result<std::string> converted = to_a_labels(typed);
  if (!converted) return converted;
  if (std::optional<std::string> name = canonical_domain_name(*converted)) return std::move(*name);
  return fail(ErrorKind::malformed, why_not(typed));
}

Result<std::string> canonical_name(std::string_view typed) {
  if (const std::optional<IpAddress> address = IpAddress::parse(typed)) return address->to_string();
  return canonical_domain(typed);
}

}  // namespace sallyport::policy
