// HistoryStore: the tables of the history, written in batches. The writer's thread alone.
#pragma once

#include <span>

#include "sallyport/record/history.hpp"

#include "database.hpp"
#include "redactor.hpp"

namespace sallyport::record {

// A row on its way to the table.
struct HistoryRow {
  std::int64_t time = 0;  // microseconds since 1970
  std::string request_id;
  std::string client;
  std::string host;
  int status = 0;
  std::string verdict;
  std::string line;
  KeptExchange kept;

  [[nodiscard]] std::size_t bytes() const {
    return sizeof *this + request_id.size() + client.size() + host.size() + verdict.size() + line.size() +
           kept.request.fields.size() + kept.request.body.size() + kept.response.fields.size() +
           kept.response.body.size();
  }
};

class HistoryStore {
 public:
  // Errors name the path.
  static Result<HistoryStore> open(const std::string& path);

  // All rows or none. Takes the secrets out of them.
  Result<void> write(std::span<HistoryRow> rows);
  // Deletes the oldest rows beyond the bounds, a bounded number at a time.
  Result<void> trim(std::uint64_t max_rows, std::uint64_t max_bytes);

 private:
  HistoryStore(Database database, Statement insert, Statement remove)
      : database_(std::move(database)), insert_(std::move(insert)), remove_(std::move(remove)) {}
  Result<void> insert_all(std::span<HistoryRow> rows);

  Database database_;
  Statement insert_;
  Statement remove_;
  Redactor redactor_;
};

}  // namespace sallyport::record
