// Sends a request of the past once more, and tells how what came differs from what came then.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <variant>

#include "sallyport/base/text.hpp"
#include "sallyport/crypto/sha256.hpp"
#include "sallyport/record/history_reader.hpp"

#include "asked.hpp"
#include "har.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

using nlohmann::json;

// A replay ends by itself before.
constexpr std::chrono::seconds patience{45};
constexpr std::string_view redacted = "[redacted]";
// As long as what the log line keeps of a path: a longer one ends in "…".
constexpr std::string_view cut_mark = "…";

// What frames a message, names its host, or is ours to say.
constexpr std::array<std::string_view, 11> not_to_be_set = {
    "host", "connection", "content-length",   "transfer-encoding",   "upgrade",     "keep-alive",
    "te",   "trailer",    "proxy-connection", "proxy-authorization", "x-request-id"};

// Times that differ whenever anything is asked twice, and our own id (RFC 9110 §6.6.1, RFC 9111 §5.1).
constexpr std::array<std::string_view, 3> always_different = {"date", "age", "x-request-id"};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, to_lower(name)) != names.end();
}

bool is_field(std::string_view name, std::string_view value) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";  // RFC 9110 §5.6.2
  const auto is_token = [&](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || marks.find(c) != marks.npos;
  };
  const auto is_printable = [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); };
  return !name.empty() && std::ranges::all_of(name, is_token) && std::ranges::all_of(value, is_printable);
}

// What was kept, and what is wanted besides, as an order.
struct Plan {
  gateway::ReplayOrder order;
  std::vector<std::string> left_out;  // fields whose values were never kept
};

// Why there is none, with the status that says so.
struct Refusal {
  unsigned status = 409;
  std::string reason;
};

std::optional<Refusal> take_headers(const json& headers, Plan& plan) {
  if (!headers.is_object()) return Refusal{400, "headers: an object of names and values is expected"};
  for (const auto& [name, value] : headers.items()) {
    if (!value.is_string() || !is_field(name, value.get_ref<const std::string&>())) {
      return Refusal{400, "headers: '" + name + "' is no header field"};
    }
    if (is_among(not_to_be_set, name)) return Refusal{400, "headers: " + name + " is set by the gateway"};
    std::erase_if(plan.left_out, [&](const std::string& left_out) { return equal_ignoring_case(left_out, name); });
    if (value.get_ref<const std::string&>().empty()) {
      plan.order.request.fields.remove(name);
    } else {
      plan.order.request.fields.set(name, value.get<std::string>());
    }
  }
  return std::nullopt;
}

// Where it goes: to the address where it went, to where DNS says now, or elsewhere.
std::optional<Refusal> take_target(const json& line, const std::string& to, gateway::ReplayOrder& order) {
  const Result<http::Authority> authority = http::Authority::parse(to.empty() ? line.value("host", "") : to);
  if (!authority) return Refusal{to.empty() ? 409U : 400U, "the host cannot be used: " + authority.error().reason};
  order.authority = *authority;
  order.request.authority = authority->to_string();
  const std::optional<Endpoint> upstream = Endpoint::parse(line.value("upstream", ""));
  const bool rewritten = line.value("verdict", "") == policy::text_of(policy::VerdictName::rewritten);
  if (to.empty() && order.transparent && !rewritten) order.endpoint = upstream;
  return std::nullopt;
}

std::variant<Plan, Refusal> plan_of(const record::HistoryEntry& entry, const json& line, const json& wish) {
  Plan plan;
  gateway::ReplayOrder& order = plan.order;
  order.of = line.value("request_id", "");
  order.request.method = line.value("method", "");
  order.request.path = line.value("path", "");
  order.transparent = !line.contains("via");
  order.plain = line.value("tls_client", "").empty();
  order.body = entry.kept.request.body;
  const std::optional<Endpoint> client = Endpoint::parse(line.value("client", ""));
  if (order.request.method.empty() || !client) return Refusal{409, "this was no HTTP exchange, so there is no request"};
  if (order.request.method == "CONNECT" || line.value("status", 0) == 101) {
    return Refusal{409, "it opened a tunnel or switched to another protocol, which no replay does"};
  }
  if (order.request.path.ends_with(cut_mark)) return Refusal{409, "its path was too long to be kept whole"};
  if (entry.kept.request.body_cut || entry.kept.request.body.size() != line.value("bytes_in", std::uint64_t{0})) {
    return Refusal{409, "its body was not kept whole: see [history] body_bytes, for requests to come"};
  }
  order.client = *client;
  for (auto& [name, value] : fields_of(entry.kept.request)) {
    if (value == redacted) {
      plan.left_out.push_back(name);
    } else {
      order.request.fields.add(name, value);
    }
  }
  if (std::optional<Refusal> refused = take_target(line, wish.value("to", ""), order)) return *refused;
  if (std::optional<Refusal> refused = take_headers(wish.value("headers", json::object()), plan)) return *refused;
  return plan;
}

using FieldValues = std::map<std::string, std::string>;

// By name in lower case; several of one name in a line each. Without values that carry secrets.
FieldValues values_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  FieldValues values;
  for (const auto& [name, value] : fields) {
    if (is_among(always_different, name)) continue;
    std::string& all = values[to_lower(name)];
    all += (all.empty() ? "" : "\n") + (record::carries_secret(name) ? std::string(redacted) : value);
  }
  return values;
}

// One of the two responses, as the answer tells of it.
struct Side {
  json told;
  FieldValues fields;
};

json told_of(const json& line) {
  json told = {{"id", line.value("request_id", "")},
               {"status", line.value("status", 0)},
               {"verdict", line.value("verdict", "")},
               {"rule", line.value("rule", "")},
               {"upstream", line.value("upstream", "")},
               {"error", line.value("error", "")},
               {"ms", line.value("ms", 0.0)},
               {"wait_ms", line.value("timing", json::object()).value("wait", 0.0)},
               {"body_bytes", line.value("bytes_out", std::uint64_t{0})}};
  return told;
}

Side recorded_side(const record::HistoryEntry& entry, const json& line) {
  Side side{told_of(line), values_of(fields_of(entry.kept.response))};
  const record::KeptMessage& kept = entry.kept.response;
  if (!kept.body_cut && kept.body.size() == line.value("bytes_out", std::uint64_t{0})) {
    crypto::Sha256Sum sum;
    sum.add(bytes_of(kept.body));
    side.told["body_sha256"] = sum.hex();
  }
  side.told["fields"] = side.fields;
  return side;
}

Side replayed_side(const gateway::ReplayResult& result) {
  std::string text;
  record::append_json(text, result.record);
  std::vector<std::pair<std::string, std::string>> fields;
  for (const http::Field& field : result.fields) fields.emplace_back(field.name, field.value);
  Side side{told_of(json::parse(text, nullptr, false)), values_of(fields)};
  side.told["body_bytes"] = result.body_bytes;
  side.told["body_sha256"] = result.body_sha256;
  side.told["fields"] = side.fields;
  return side;
}

json differences_of(const Side& recorded, const Side& replayed) {
  json differences = json::array();
  const auto compare = [&](const std::string& what, const json& before, const json& now) {
    if (before != now) differences.push_back({{"what", what}, {"recorded", before}, {"replayed", now}});
  };
  for (const char* const key : {"status", "verdict", "rule", "error", "upstream", "body_bytes"}) {
    compare(key, recorded.told.at(key), replayed.told.at(key));
  }
  if (recorded.told.contains("body_sha256")) {
    compare("body_sha256", recorded.told.at("body_sha256"), replayed.told.at("body_sha256"));
  }
  std::set<std::string> names;
  for (const Side* const side : {&recorded, &replayed}) {
    for (const auto& [name, value] : side->fields) names.insert(name);
  }
  const auto value_in = [](const Side& side, const std::string& name) {
    const auto found = side.fields.find(name);
    return found == side.fields.end() ? json() : json(found->second);
  };
  for (const std::string& name : names) {
    compare("header " + name, value_in(recorded, name), value_in(replayed, name));
  }
  return differences;
}

Reply told_of(const record::HistoryEntry& entry, const json& line, const Plan& plan,
              const gateway::ReplayResult& result) {
  const Side recorded = recorded_side(entry, line);
  const Side replayed = replayed_side(result);
  Reply reply;
  reply.body = json_text({{"id", result.record.request_id},
                          {"of", plan.order.of},
                          {"request",
                           {{"method", plan.order.request.method},
                            {"scheme", plan.order.plain ? "http" : "https"},
                            {"host", plan.order.request.authority},
                            {"path", plan.order.request.path},
                            {"body_bytes", plan.order.body.size()},
                            {"left_out", plan.left_out}}},
                          {"recorded", recorded.told},
                          {"replayed", replayed.told},
                          {"differences", differences_of(recorded, replayed)}});
  return reply;
}

// What is asked for besides the id; null where it is not understood.
json wish_of(const std::string& body) {
  json wish = body.empty() ? json::object() : json::parse(body, nullptr, false);
  const bool understood = wish.is_object() && (!wish.contains("to") || wish["to"].is_string());
  return understood ? wish : json();
}

}  // namespace

io::Task<Reply> replay(const Context& context, Request request) {
  if (context.observed.history == nullptr) co_return error_reply(404, "no history is kept: see [history] database");
  if (!context.observed.replay) co_return error_reply(501, "this daemon replays nothing");
  const json wish = wish_of(request.body);
  if (wish.is_null()) co_return error_reply(400, R"(expected {"to": "host", "headers": {"name": "value"}})");
  Result<record::HistoryReader> reader = record::HistoryReader::open(context.observed.history->database());
  if (!reader) co_return error_reply(503, "the history cannot be read: " + reader.error().reason);
  const Result<std::optional<record::HistoryEntry>> found = reader->get(request.name);
  if (!found) co_return error_reply(503, "the history cannot be read: " + found.error().reason);
  if (!*found) co_return error_reply(404, "the history holds no exchange " + request.name);
  const json line = json::parse((*found)->line, nullptr, false);
  if (!line.is_object()) co_return error_reply(503, "the history's line of this exchange is damaged");
  const std::variant<Plan, Refusal> planned = plan_of(**found, line, wish);
  if (const Refusal* const refused = std::get_if<Refusal>(&planned)) {
    co_return error_reply(refused->status, refused->reason);
  }
  const Plan& plan = std::get<Plan>(planned);
  context.observed.log.info("a replay of " + plan.order.of + " to " + plan.order.request.authority +
                            " is asked for by " + request.asker);
  Asked<gateway::ReplayResult> asked(context.loop);
  context.observed.replay(plan.order, asked.teller());
  const io::TimePoint deadline = context.loop.now() + patience;
  const std::optional<gateway::ReplayResult> result = co_await asked.wait(context.ending, deadline);
  if (!result) co_return error_reply(504, "the gateway did not say in time what came of it: see its log");
  if (!result->refusal.empty()) co_return error_reply(409, result->refusal);
  co_return told_of(**found, line, plan, *result);
}

}  // namespace sallyport::admin
