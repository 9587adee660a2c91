#include "name_pattern.hpp"

#include "sallyport/base/ip_address.hpp"

namespace sallyport::policy {

Result<NamePattern> parse_pattern(std::string_view typed) {
  const bool wildcard = typed.starts_with("*.");
  const bool with_apex = typed.starts_with('.');
  if (!wildcard && !with_apex) {
    Result<std::string> name = canonical_domain(typed);
    if (!name) {
      if (const std::optional<IpAddress> address = IpAddress::parse(typed)) name = address->to_string();
    }
    if (!name) return std::unexpected(name.error());
    return NamePattern{std::move(*name), false};
  }
  const Result<std::string> base = canonical_domain(typed.substr(wildcard ? 2 : 1));
  if (!base) return std::unexpected(base.error());
  return NamePattern{"*." + *base, with_apex};
}

}  // namespace sallyport::policy
