#include "sallyport/http/hop_by_hop.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "sallyport/base/text.hpp"

#include "name_set.hpp"

namespace sallyport::http {
namespace {

// Gone whether Connection lists them or not. Host and framing are here for heads that did not come from a
// parser of ours: authority and Framing speak for them.
constexpr NameSet always_removed{"connection",       "keep-alive",        "upgrade", "http2-settings",
                                 "proxy-connection", "transfer-encoding", "host"};

// A response's Proxy-… fields that speak of this hop. Proxy-Status (RFC 9209) is meant for the client.
constexpr NameSet proxy_response_fields{"proxy-authenticate", "proxy-authentication-info", "proxy-authorization"};

// What Connection cannot take away (RFC 9110 §7.6.1: fields meant for every recipient are not to be listed):
// what frames a message, says whom it is for and from, and what it may be used for.
constexpr NameSet protected_names{"accept",
                                  "accept-encoding",
                                  "age",
                                  "allow",
                                  "authorization",
                                  "cache-control",
                                  "content-encoding",
                                  "content-type",
                                  "content-length",
                                  "content-location",
                                  "content-range",
                                  "cookie",
                                  "date",
                                  "etag",
                                  "expect",
                                  "expires",
                                  "forwarded",
                                  "from",
                                  "host",
                                  "if-match",
                                  "if-none-match",
                                  "if-modified-since",
                                  "if-range",
                                  "if-unmodified-since",
                                  "last-modified",
                                  "location",
                                  "max-forwards",
                                  "origin",
                                  "pragma",
                                  "range",
                                  "referer",
                                  "retry-after",
                                  "set-cookie",
                                  "te",
                                  "trailer",
                                  "transfer-encoding",
                                  "user-agent",
                                  "vary",
                                  "via",
                                  "www-authenticate",
                                  "x-real-ip",
                                  "x-request-id",
                                  "strict-transport-security",
                                  "content-security-policy",
                                  "content-disposition",
                                  "x-content-type-options",
                                  "x-frame-options",
                                  "authentication-info"};

bool is_protected(std::string_view name) {
  return protected_names.contains(name) || starts_ignoring_case(name, "x-forwarded-") ||
         starts_ignoring_case(name, "sec-") || starts_ignoring_case(name, "access-control-");
}

// What the Connection fields list and may take away.
std::vector<std::string> listed_names(const Fields& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, "connection")) continue;
    for (const std::string_view name : split(field.value, ',')) {
      const bool option = equal_ignoring_case(name, "close") || equal_ignoring_case(name, "keep-alive");
      if (!name.empty() && !option && !is_protected(name)) names.emplace_back(name);
    }
  }
  return names;
}

template <typename AlsoUnwanted>
void remove_connection_fields(Fields& fields, AlsoUnwanted also_unwanted) {
  const std::vector<std::string> listed = listed_names(fields);
  fields.remove_if([&](const Field& field) {
    return always_removed.contains(field.name) || also_unwanted(field.name) ||
           std::any_of(listed.begin(), listed.end(),
                       [&](const std::string& name) { return equal_ignoring_case(field.name, name); });
  });
}

// A member of TE without its weight and parameters.
bool te_names_trailers(const Fields& fields) {
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, "te")) continue;
    for (const std::string_view member : split(field.value, ',')) {
      if (equal_ignoring_case(trim(member.substr(0, member.find(';'))), "trailers")) return true;
    }
  }
  return false;
}

}  // namespace

void remove_hop_by_hop_from_request(Fields& fields) {
  const bool trailers = te_names_trailers(fields);
  remove_connection_fields(fields, [](std::string_view name) {
    return starts_ignoring_case(name, "proxy-") || equal_ignoring_case(name, "te") ||
           equal_ignoring_case(name, "content-length");
  });
  if (trailers) fields.add("TE", "trailers");
}

void remove_hop_by_hop_from_response(Fields& fields) {
  remove_connection_fields(fields, [](std::string_view name) {
    return proxy_response_fields.contains(name) || equal_ignoring_case(name, "te");
  });
}

bool may_be_trailer(std::string_view name) {
  static constexpr NameSet forbidden{
      // framing and connection
      "transfer-encoding", "content-length", "trailer", "connection", "keep-alive", "upgrade", "te", "http2-settings",
      // routing
      "host", "forwarded", "via", "x-real-ip", "x-request-id",
      // request modifiers
      "cache-control", "expect", "max-forwards", "pragma", "range", "if-match", "if-none-match", "if-modified-since",
      "if-unmodified-since", "if-range",
      // authentication and state
      "authorization", "www-authenticate", "authentication-info", "cookie", "set-cookie",
      // content
      "content-encoding", "content-type", "content-range", "content-location",
      // response control
      "age", "date", "expires", "location", "retry-after", "vary", "warning", "strict-transport-security",
      "content-security-policy"};
  return !forbidden.contains(name) && !starts_ignoring_case(name, "proxy-") &&
         !starts_ignoring_case(name, "x-forwarded-") && !starts_ignoring_case(name, "access-control-");
}

void remove_forbidden_trailers(Fields& trailers) {
  trailers.remove_if([](const Field& field) { return !may_be_trailer(field.name); });
}

}  // namespace sallyport::http
