#include "same_site.hpp"

#include "sallyport/base/text.hpp"
#include "sallyport/http/authority.hpp"

namespace sallyport::admin {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

std::uint16_t port_of(const http::Authority& authority, bool tls) {
  return authority.port.value_or(tls ? https_port : http_port);
}

std::string_view scheme_of(const Gate& gate) { return gate.tls ? "https://" : "http://"; }

std::string usual_address(const Gate& gate) { return std::string(scheme_of(gate)) + gate.local.to_string() + "/"; }

bool names(const Gate& gate, const http::Authority& host) {
  if (host.address) return *host.address == gate.local.address;
  return host.host == gate.name || (host.host == "localhost" && gate.local.address.is_loopback());
}

}  // namespace

Result<void> check_host(const http::RequestHead& request, const Gate& gate) {
  const Result<http::Authority> host = http::Authority::parse(request.authority);
  if (host && port_of(*host, gate.tls) == gate.local.port && names(gate, *host)) return {};
  return fail(ErrorKind::not_permitted, "the dashboard is not called " + printable(request.authority) + " but " +
                                            usual_address(gate) +
                                            "; forward the same port number where you forward one");
}

Result<void> check_origin(const http::RequestHead& request, const Gate& gate) {
  const auto refuse = [] {
    return fail(ErrorKind::not_permitted, "the request was made by a page that is not the dashboard's");
  };
  if (request.fields.count("Origin") > 1 || request.fields.count("Sec-Fetch-Site") > 1) return refuse();
  const std::optional<std::string_view> site = request.fields.get("Sec-Fetch-Site");
  // none: the user has typed the address.
  if (site && *site != "same-origin" && *site != "none") return refuse();
  const std::optional<std::string_view> origin = request.fields.get("Origin");
  if (!origin) return {};
  const std::string_view scheme = scheme_of(gate);
  if (!origin->starts_with(scheme)) return refuse();
  const Result<http::Authority> from = http::Authority::parse(origin->substr(scheme.size()));
  const Result<http::Authority> host = http::Authority::parse(request.authority);
  if (!from || !host || from->host != host->host || port_of(*from, gate.tls) != port_of(*host, gate.tls)) {
    return refuse();
  }
  return {};
}

std::optional<std::string_view> cookie(const http::Fields& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (!equal_ignoring_case(field.name, "Cookie")) continue;
    for (const std::string_view pair : split(field.value, ';')) {
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

}  // namespace sallyport::admin
