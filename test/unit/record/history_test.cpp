#include "sallyport/record/history.hpp"

#include <filesystem>
#include <fstream>
#include <mutex>
#include <vector>

#include "sallyport/record/history_reader.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::record;
using sallyport::test::TemporaryFolder;

namespace {

// What History reports comes from its own thread.
struct Reports {
  std::mutex mutex;
  std::vector<std::string> sentences;

  std::function<void(const std::string&)> taker() {
    return [this](const std::string& sentence) {
      const std::lock_guard lock(mutex);
      sentences.push_back(sentence);
    };
  }
};

ExchangeRecord exchange(int number) {
  ExchangeRecord record;
  record.time = std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000 + number));
  record.request_id = "id-" + std::to_string(number);
  record.client = number % 2 == 0 ? "10.1.0.2:40000" : "[fd10::2]:40000";
  record.host = "host" + std::to_string(number) + ".example";
  record.path = "/100%_sure";
  record.status = number % 3 == 0 ? 403 : 200;
  record.verdict = number % 3 == 0 ? "BLOCKED" : "ALLOWED-BY-DEFAULT";
  return record;
}

void add(History& history, const ExchangeRecord& record) {
  std::string line;
  append_json(line, record);
  history.add(record, std::move(line));
}

std::unique_ptr<History> opened(const HistorySettings& settings, Reports& reports) {
  Result<std::unique_ptr<History>> history = History::open(settings, reports.taker());
  CHECK_OK(history);
  return std::move(*history);
}

std::size_t found(const std::string& path, const HistoryFilter& filter) {
  Result<HistoryReader> reader = HistoryReader::open(path);
  CHECK_OK(reader);
  const Result<std::vector<HistoryEntry>> entries = reader->find(filter);
  CHECK_OK(entries);
  return entries->size();
}

TEST(what_was_added_is_found_newest_first_and_by_every_filter) {
  const TemporaryFolder folder;
  const std::string path = folder.path("history.db");
  Reports reports;
  const auto history = opened({.database = path}, reports);
  for (int number = 0; number < 30; ++number) add(*history, exchange(number));
  history->flush();
  Result<HistoryReader> reader = HistoryReader::open(path);
  CHECK_OK(reader);
  const auto newest = reader->find({.limit = 2});
  CHECK_OK(newest);
  CHECK(newest->at(0).line.find("id-29") != std::string::npos);
  const auto older = reader->find({.before_row = newest->at(1).row, .limit = 1});
  CHECK(older->at(0).line.find("id-27") != std::string::npos);
  CHECK_EQUAL(found(path, {.client = "10.1.0.2"}), 15U);
  CHECK_EQUAL(found(path, {.client = "10.1.0"}), 0U);
  CHECK_EQUAL(found(path, {.client = "fd10::2"}), 15U);
  CHECK_EQUAL(found(path, {.host = "host1"}), 11U);
  CHECK_EQUAL(found(path, {.host = "%"}), 0U);
  CHECK_EQUAL(found(path, {.text = "100%_sure"}), 30U);
  CHECK_EQUAL(found(path, {.status = 403}), 10U);
  CHECK_EQUAL(found(path, {.status = 2}), 20U);
  CHECK_EQUAL(found(path, {.verdict = "BLOCKED"}), 10U);
  CHECK_EQUAL(found(path, {.since = 1'000'010'000'000, .until = 1'000'012'000'000}), 2U);
  const auto one = reader->get("id-7");
  CHECK_OK(one);
  CHECK(one->has_value());
  CHECK(!reader->get("id-70")->has_value());
}

TEST(the_oldest_rows_go_beyond_max_rows) {
  const TemporaryFolder folder;
  Reports reports;
  const auto history = opened({.database = folder.path("db"), .max_rows = 10}, reports);
  for (int number = 0; number < 25; ++number) {
    add(*history, exchange(number));
    if (number % 5 == 0) history->flush();
  }
  history->flush();
  CHECK_EQUAL(found(folder.path("db"), {}), 10U);
  CHECK_EQUAL(found(folder.path("db"), {.host = "host15."}), 1U);
  CHECK_EQUAL(found(folder.path("db"), {.host = "host14."}), 0U);
}

TEST(the_file_stays_near_max_bytes) {
  const TemporaryFolder folder;
  Reports reports;
  constexpr std::uint64_t bound = 1U << 20;
  const auto history = opened({.database = folder.path("db"), .max_bytes = bound}, reports);
  for (int round = 0; round < 100; ++round) {
    for (int number = 0; number < 100; ++number) add(*history, exchange(number));
    history->flush();
  }
  CHECK(std::filesystem::file_size(folder.path("db")) < bound * 3 / 2);
  CHECK(found(folder.path("db"), {.limit = 10'000}) > 1'000U);
}

TEST(a_full_queue_drops_and_counts) {
  const TemporaryFolder folder;
  Reports reports;
  const auto history =
      opened({.database = folder.path("db"), .queue_records = 4, .batch = std::chrono::hours(1)}, reports);
  constexpr int added = 1'000;
  for (int number = 0; number < added; ++number) add(*history, exchange(number));
  history->flush();
  const History::Counts counts = history->counts();
  CHECK_EQUAL(counts.written + counts.dropped, static_cast<std::uint64_t>(added));
  CHECK_EQUAL(found(folder.path("db"), {.limit = added}), counts.written);
}

TEST(what_is_queued_at_the_end_is_written) {
  const TemporaryFolder folder;
  Reports reports;
  {
    const auto history = opened({.database = folder.path("db"), .batch = std::chrono::hours(1)}, reports);
    add(*history, exchange(1));
  }
  CHECK_EQUAL(found(folder.path("db"), {}), 1U);
}

TEST(a_damaged_or_foreign_database_is_put_aside) {
  const TemporaryFolder folder;
  const std::string path = folder.path("db");
  std::ofstream(path) << std::string(8192, 'x');
  Reports reports;
  const auto history = opened({.database = path}, reports);
  add(*history, exchange(1));
  history->flush();
  CHECK_EQUAL(found(path, {}), 1U);
  CHECK(std::filesystem::exists(path + ".old"));
}

TEST(a_folder_that_is_not_there_is_named) {
  Reports reports;
  const auto history = History::open({.database = "/nonexistent/history.db"}, reports.taker());
  CHECK(!history);
  CHECK(history.error().reason.find("/nonexistent/history.db") != std::string::npos);
}

}  // namespace

UNIT_MAIN(UNIT_TEST(what_was_added_is_found_newest_first_and_by_every_filter),
          UNIT_TEST(the_oldest_rows_go_beyond_max_rows), UNIT_TEST(the_file_stays_near_max_bytes),
          UNIT_TEST(a_full_queue_drops_and_counts), UNIT_TEST(what_is_queued_at_the_end_is_written),
          UNIT_TEST(a_damaged_or_foreign_database_is_put_aside), UNIT_TEST(a_folder_that_is_not_there_is_named))
