// History: what happened, kept in a SQLite database by a thread of its own.
//
// Any thread may add; nobody who adds waits for the disk. The queue and the database are bounded: what does not fit the
// queue, or cannot be written because the disk is full or broken, is dropped and counted, and the gateway goes on.
// Made by daemon/ before the workers, which it must outlive. Each batch is one transaction, so that a kill -9 loses
// at most the last one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sallyport/base/result.hpp"
#include "sallyport/record/exchange_record.hpp"

namespace sallyport::record {

struct HistorySettings {
  std::string database;                // a path
  std::uint64_t max_rows = 1'000'000;  // the oldest go first
  std::uint64_t max_bytes = 1ULL << 30;
  std::size_t queue_records = 32'768;
  std::size_t queue_bytes = 64ULL << 20;
  std::chrono::milliseconds batch{250};  // how long what is added may wait for company
};

class History {
 public:
  // Opens or makes the database and starts the thread. `report` is told in a sentence, from that thread, of what goes
  // wrong later, and when it goes well again. A database of another version, or a damaged one, is put aside under its
  // name with ".old" behind it. Errors name the path.
  static Result<std::unique_ptr<History>> open(const HistorySettings& settings,
                                               std::function<void(const std::string&)> report);
  // Writes what is queued.
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // `line`: the record as append_json() writes it.
  void add(ExchangeRecord record, std::string line);
  // Waits until everything added so far is written or dropped. For tests and for orderly ends.
  void flush();
  void set_bounds(std::uint64_t max_rows, std::uint64_t max_bytes);

  [[nodiscard]] const std::string& database() const;

  struct Counts {
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
    std::size_t queued = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  class Writer;
  explicit History(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace sallyport::record
