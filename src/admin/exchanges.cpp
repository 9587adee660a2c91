// What the history holds. Its lines are JSON already, made by the log's own hand.
#include <charconv>

#include "sallyport/record/history_reader.hpp"

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

Reply unreadable(const Error& error) { return error_reply(503, "the history cannot be read: " + error.reason); }

}  // namespace

Reply exchanges(const Context& context, const Request& request) {
  if (context.observed.history == nullptr) return error_reply(404, "no history is kept: see [history] database");
  record::HistoryFilter filter{.client = request.query("client"),
                               .host = request.query("host"),
                               .verdict = request.query("verdict"),
                               .text = request.query("text")};
  std::optional<std::size_t> limit;
  if (!take_number(request, "status", filter.status) || !take_number(request, "before", filter.before_row) ||
      !take_number(request, "limit", limit) || !take_time(request, "since", filter.since) ||
      !take_time(request, "until", filter.until)) {
    return error_reply(400, "status, before, limit, since and until are numbers");
  }
  filter.limit = std::min(limit.value_or(filter.limit), most_entries);
  Result<record::HistoryReader> reader = record::HistoryReader::open(context.observed.history->database());
  if (!reader) return unreadable(reader.error());
  const Result<std::vector<record::HistoryEntry>> found = reader->find(filter);
  if (!found) return unreadable(found.error());
  Reply reply{.body = "["};
  for (const record::HistoryEntry& entry : *found) {
    reply.body += (reply.body.size() > 1 ? ",\n" : "\n") + entry_text(entry);
  }
  reply.body += "\n]\n";
  return reply;
}

Reply exchange(const Context& context, const Request& request) {
  if (context.observed.history == nullptr) return error_reply(404, "no history is kept: see [history] database");
  Result<record::HistoryReader> reader = record::HistoryReader::open(context.observed.history->database());
  if (!reader) return unreadable(reader.error());
  const Result<std::optional<record::HistoryEntry>> found = reader->get(request.name);
  if (!found) return unreadable(found.error());
  if (!*found) return error_reply(404, "the history holds no exchange " + request.name);
  return {.body = entry_text(**found) + "\n"};
}

}  // namespace sallyport::admin
