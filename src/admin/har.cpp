// Past exchanges as an HTTP Archive, version 1.2, which browsers' network panels and many tools read.
#include "har.hpp"

#include <algorithm>

#include "sallyport/admin/query.hpp"
#include "sallyport/base/base64.hpp"
#include "sallyport/base/bytes.hpp"
#include "sallyport/base/text.hpp"

namespace sallyport::admin {
namespace {

using nlohmann::json;

constexpr int unknown = -1;

json names_and_values(const std::vector<std::pair<std::string, std::string>>& pairs) {
  json list = json::array();
  for (const auto& [name, value] : pairs) list.push_back({{"name", name}, {"value", value}});
  return list;
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& fields, std::string_view name) {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& one) { return equal_ignoring_case(one.first, name); });
  return found == fields.end() ? std::string() : found->second;
}

std::string version_of(const std::string& alpn) { return alpn == "h2" ? "HTTP/2" : "HTTP/1.1"; }

std::string url_of(const json& line) {
  const std::string scheme = line.value("tls_client", "").empty() ? "http://" : "https://";
  const std::string path = line.value("path", "");
  return scheme + line.value("host", "") + (path.starts_with('/') ? path : "/");
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Text where it is text, base64 where it is not.
void put_body(json& object, const std::string& body) {
  if (is_utf8(body)) {
    object["text"] = body;
  } else {
    object["text"] = to_base64(bytes_of(body));
    object["encoding"] = "base64";
  }
}

json request_of(const json& line, const record::KeptMessage& kept) {
  const auto fields = fields_of(kept);
  const std::string path = line.value("path", "");
  const std::size_t question = path.find('?');
  json request = {
      {"method", line.value("method", "")},
      {"url", url_of(line)},
      {"httpVersion", version_of(line.value("alpn", ""))},
      {"cookies", json::array()},
      {"headers", names_and_values(fields)},
      {"queryString",
       names_and_values(question == std::string::npos ? std::vector<std::pair<std::string, std::string>>()
                                                      : parse_query(std::string_view(path).substr(question + 1)))},
      {"headersSize", unknown},
      {"bodySize", line.value("bytes_in", 0)},
  };
  if (!kept.body.empty()) {
    request["postData"] = {{"mimeType", value_of(fields, "Content-Type")}, {"params", json::array()}};
    put_body(request["postData"], kept.body);
  }
  return request;
}

json response_of(const json& line, const record::KeptMessage& kept) {
  const auto fields = fields_of(kept);
  json content = {{"size", line.value("bytes_out", 0)}, {"mimeType", value_of(fields, "Content-Type")}};
  if (!kept.body.empty()) put_body(content, kept.body);
  if (kept.body_cut) content["comment"] = "cut at [history] body_bytes";
  return {
      {"status", line.value("status", 0)},
      {"statusText", ""},
      {"httpVersion", version_of(line.value("alpn", ""))},
      {"cookies", json::array()},
      {"headers", names_and_values(fields)},
      {"content", std::move(content)},
      {"redirectURL", value_of(fields, "Location")},
      {"headersSize", unknown},
      {"bodySize", line.value("bytes_out", 0)},
  };
}

// HAR counts TLS within connect as well.
json timings_of(const json& line) {
  const json timing = line.value("timing", json::object());
  const auto of = [&](const char* phase) { return timing.value(phase, 0.0); };
  const bool opened = of("connect") > 0 || of("tls") > 0;
  return {
      {"blocked", of("queue") + of("gateway")},
      {"dns", of("dns") > 0 ? of("dns") : unknown},
      {"connect", opened ? of("connect") + of("tls") : unknown},
      {"ssl", of("tls") > 0 ? of("tls") : unknown},
      {"send", of("send")},
      {"wait", of("wait")},
      {"receive", of("transfer")},
  };
}

std::string address_of(std::string endpoint) {
  endpoint.erase(std::min(endpoint.rfind(':'), endpoint.size()));
  if (endpoint.starts_with('[')) endpoint = endpoint.substr(1, endpoint.size() - 2);
  return endpoint;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> fields_of(const record::KeptMessage& kept) {
  std::vector<std::pair<std::string, std::string>> fields;
  std::string_view rest = kept.fields;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    // A name of HTTP/2 may begin with a colon.
    const std::size_t colon = std::min(line.find(": ", 1), line.size());
    fields.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
  }
  return fields;
}

json har_entry(const record::HistoryEntry& entry) {
  const json line = json::parse(entry.line, nullptr, false);
  if (!line.is_object()) return nullptr;
  json told = {
      {"startedDateTime", line.value("time", "")},
      {"time", line.value("ms", 0.0)},
      {"request", request_of(line, entry.kept.request)},
      {"response", response_of(line, entry.kept.response)},
      {"cache", json::object()},
      {"timings", timings_of(line)},
      {"_request_id", line.value("request_id", "")},
      {"_client", line.value("client", "")},
      {"_verdict", line.value("verdict", "")},
      {"_rule", line.value("rule", "")},
  };
  if (const std::string upstream = line.value("upstream", ""); !upstream.empty()) {
    told["serverIPAddress"] = address_of(upstream);
  }
  if (const std::string error = line.value("error", ""); !error.empty()) told["_error"] = error;
  return told;
}

json har_of(const std::vector<record::HistoryEntry>& newest_first) {
  json entries = json::array();
  for (auto entry = newest_first.rbegin(); entry != newest_first.rend(); ++entry) {
    json told = har_entry(*entry);
    // What ended before a request, or was passed through, is no HTTP.
    if (told.is_object() && !told["request"]["method"].get_ref<const std::string&>().empty()) {
      entries.push_back(std::move(told));
    }
  }
  return {{"log",
           {{"version", "1.2"},
            {"creator", {{"name", "sallyport"}, {"version", SALLYPORT_VERSION}}},
            {"pages", json::array()},
            {"entries", std::move(entries)}}}};
}

}  // namespace sallyport::admin
