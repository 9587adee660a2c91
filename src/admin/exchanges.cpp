// What the history holds. Its lines are JSON already, made by the log's own hand.
#include <charconv>

#include "sallyport/base/base64.hpp"
#include "sallyport/base/bytes.hpp"
#include "sallyport/record/history_reader.hpp"

#include "har.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

constexpr std::size_t most_entries = 10'000;

// True where there is no such query, or it is a number from 0 on.
template <typename T>
bool take_number(const Request& request, std::string_view name, std::optional<T>& out) {
  const std::string text = request.query(name);
  if (text.empty()) return true;
  T number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return false;
  out = number;
  return true;
}

// Seconds, perhaps with a fraction, to microseconds.
bool take_time(const Request& request, std::string_view name, std::optional<std::int64_t>& out) {
  std::optional<double> seconds;
  if (!take_number(request, name, seconds) || (seconds && !(*seconds < 1e12))) return false;
  if (seconds) out = static_cast<std::int64_t>(*seconds * 1e6);
  return true;
}

std::string entry_text(const record::HistoryEntry& entry) {
  return R"({"row":)" + std::to_string(entry.row) + "," + entry.line.substr(entry.line.find('{') + 1);
}

nlohmann::json json_of(const record::KeptMessage& kept) {
  nlohmann::json fields = nlohmann::json::array();
  for (const auto& [name, value] : fields_of(kept)) fields.push_back({name, value});
  return {{"fields", std::move(fields)}, {"body_base64", to_base64(bytes_of(kept.body))}, {"body_cut", kept.body_cut}};
}

Reply unreadable(const Error& error) { return error_reply(503, "the history cannot be read: " + error.reason); }

// The filter that the queries ask for.
Result<record::HistoryFilter> filter_of(const Request& request) {
  record::HistoryFilter filter{.client = request.query("client"),
                               .host = request.query("host"),
                               .verdict = request.query("verdict"),
                               .text = request.query("text")};
  std::optional<std::size_t> limit;
  if (!take_number(request, "status", filter.status) || !take_number(request, "before", filter.before_row) ||
      !take_number(request, "limit", limit) || !take_time(request, "since", filter.since) ||
      !take_time(request, "until", filter.until)) {
    return fail(ErrorKind::malformed, "status, before, limit, since and until are numbers");
  }
  filter.limit = std::min(limit.value_or(filter.limit), most_entries);
  return filter;
}

// What fits, handed to `tell`.
template <typename Tell>
Reply look_up(const Context& context, const Request& request, bool with_messages, Tell tell) {
  if (context.observed.history == nullptr) return error_reply(404, "no history is kept: see [history] database");
  Result<record::HistoryFilter> filter = filter_of(request);
  if (!filter) return error_reply(400, filter.error().reason);
  filter->with_messages = with_messages;
  Result<record::HistoryReader> reader = record::HistoryReader::open(context.observed.history->database());
  if (!reader) return unreadable(reader.error());
  const Result<std::vector<record::HistoryEntry>> found = reader->find(*filter);
  if (!found) return unreadable(found.error());
  return tell(*found);
}

}  // namespace

Reply exchanges(const Context& context, const Request& request) {
  return look_up(context, request, false, [](const std::vector<record::HistoryEntry>& found) {
    Reply reply{.body = "["};
    for (const record::HistoryEntry& entry : found) {
      reply.body += (reply.body.size() > 1 ? ",\n" : "\n") + entry_text(entry);
    }
    reply.body += "\n]\n";
    return reply;
  });
}

Reply har(const Context& context, const Request& request) {
  return look_up(context, request, true, [](const std::vector<record::HistoryEntry>& found) {
    return Reply{.body = har_of(found).dump(1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n"};
  });
}

Reply exchange(const Context& context, const Request& request) {
  if (context.observed.history == nullptr) return error_reply(404, "no history is kept: see [history] database");
  Result<record::HistoryReader> reader = record::HistoryReader::open(context.observed.history->database());
  if (!reader) return unreadable(reader.error());
  const Result<std::optional<record::HistoryEntry>> found = reader->get(request.name);
  if (!found) return unreadable(found.error());
  if (!*found) return error_reply(404, "the history holds no exchange " + request.name);
  nlohmann::json told = nlohmann::json::parse((*found)->line, nullptr, false);
  if (!told.is_object()) return error_reply(503, "the history's line of this exchange is damaged");
  told["row"] = (*found)->row;
  told["request"] = json_of((*found)->kept.request);
  told["response"] = json_of((*found)->kept.response);
  return {.body = told.dump(1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n"};
}

}  // namespace sallyport::admin
