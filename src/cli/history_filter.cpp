#include "history_filter.hpp"

#include <charconv>
#include <chrono>
#include <ostream>

#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"

namespace sallyport::cli {
namespace {

// Empty: it is neither.
std::string since_text(const std::string& text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || number < 0) return {};
  if (unit.empty()) return text;
  long seconds = 0;
  if (unit == "s") seconds = 1;
  if (unit == "m") seconds = 60;
  if (unit == "h") seconds = 3'600;
  if (unit == "d") seconds = 86'400;
  if (seconds == 0) return {};
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  return std::to_string(now.count() - number * seconds);
}

}  // namespace

std::expected<std::string, int> since_of(const HistoryQuery& query, Streams streams) {
  std::string since = query.since.empty() ? "" : since_text(query.since);
  if (since.empty() == query.since.empty()) return since;
  streams.err << "--since: expected 30s, 15m, 2h, 3d or seconds since 1970, found '" << printable(query.since) << "'\n";
  return std::unexpected(exit_usage);
}

std::expected<record::HistoryFilter, int> filter_of(const HistoryQuery& query, Streams streams) {
  record::HistoryFilter filter{
      .client = query.client, .host = query.host, .verdict = query.verdict, .text = query.text, .limit = query.limit};
  const std::expected<std::string, int> since = since_of(query, streams);
  if (!since) return std::unexpected(since.error());
  if (!since->empty()) filter.since = std::stoll(*since) * 1'000'000;
  if (query.status.empty()) return filter;
  int status = 0;
  const char* const end = query.status.data() + query.status.size();
  const auto [last, error] = std::from_chars(query.status.data(), end, status);
  if (error != std::errc() || last != end) {
    streams.err << "--status: expected a status or its first digit, found '" << printable(query.status) << "'\n";
    return std::unexpected(exit_usage);
  }
  filter.status = status;
  return filter;
}

}  // namespace sallyport::cli
