// HistoryReader: looks things up in the history's database, which another thread or process may be writing.
//
// Opened for each question; one thread at a time. A question over a million rows takes about a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/record/exchange_record.hpp"

namespace sallyport::record {

// What must hold of a row, all of it; what is empty holds of every row.
struct HistoryFilter {
  std::string client;                      // an address; its ports all count
  std::string host;                        // part of the name
  std::string verdict;                     // whole, as in the log
  std::string text;                        // part of the log line
  std::optional<int> status;               // a status, or its first digit
  std::optional<std::int64_t> since;       // microseconds since 1970, inclusive
  std::optional<std::int64_t> until;       // exclusive
  std::optional<std::int64_t> before_row;  // rows older than this one: the next page
  std::size_t limit = 100;
  bool with_messages = false;  // fills HistoryEntry::kept
};

struct HistoryEntry {
  std::int64_t row = 0;
  std::string line;  // as in the log: JSON
  KeptExchange kept;
};

// What was decided of an exchange. Valid during the call that gives it.
struct JudgedRow {
  std::string_view client;  // address and port
  std::string_view host;
  std::string_view verdict;
  std::string_view line;
};

class HistoryReader {
 public:
  // Errors name the path.
  static Result<HistoryReader> open(const std::string& path);
  ~HistoryReader();
  HistoryReader(HistoryReader&& other) noexcept;
  HistoryReader& operator=(HistoryReader&& other) noexcept;

  // The newest first.
  [[nodiscard]] Result<std::vector<HistoryEntry>> find(const HistoryFilter& filter);
  // Hands over what fits, the newest first, without holding it: for questions over all of the history.
  [[nodiscard]] Result<void> visit(const HistoryFilter& filter, const std::function<void(const JudgedRow&)>& visitor);
  // How many rows there are at most.
  [[nodiscard]] Result<std::uint64_t> size();
  // The exchange with this request id, messages included.
  [[nodiscard]] Result<std::optional<HistoryEntry>> get(const std::string& request_id);

 private:
  struct State;
  explicit HistoryReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::record
