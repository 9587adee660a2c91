#include "sallyport/record/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/base/unique_fd.hpp"
#include "sallyport/record/exchange_record.hpp"

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::record;
using sallyport::test::TemporaryFolder;

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::unique_ptr<Log> opened(const LogSettings& settings) {
  Result<std::unique_ptr<Log>> log = Log::open(settings);
  CHECK_OK(log);
  return std::move(*log);
}

// "info hello" of "2026-01-31T23:59:59.999Z info hello".
std::string without_time(const std::string& line) {
  CHECK(line.size() > 25);
  CHECK_EQUAL(line.substr(4, 1) + line.substr(10, 1) + line.substr(23, 2), "-TZ ");
  return line.substr(25);
}

TEST(a_line_has_time_level_and_message) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  opened({.destination = path})->info("ready");
  const auto lines = lines_of(path);
  CHECK_EQUAL(lines.size(), 1u);
  CHECK_EQUAL(without_time(lines[0]), "info ready");
  struct stat status{};
  CHECK_EQUAL(stat(path.c_str(), &status), 0);
  CHECK_EQUAL(status.st_mode & 0137, 0u);
}

TEST(an_exchange_is_one_line_of_json) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  std::string line;
  append_json(line, ExchangeRecord{.host = "a.example\n{\"forged\":1}"});
  opened({.destination = path})->write_exchange(line);
  const auto lines = lines_of(path);
  CHECK_EQUAL(lines.size(), 1u);
  CHECK(nlohmann::json::parse(lines[0])["host"] == "a.example\n{\"forged\":1}");
}

TEST(foreign_text_forges_no_line) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  opened({.destination = path})->warning("name a\r\n2026 error forged \x1b[2J \xff {} %s");
  const auto lines = lines_of(path);
  CHECK_EQUAL(lines.size(), 1u);
  CHECK_EQUAL(without_time(lines[0]), "warning name a\\x0d\\x0a2026 error forged \\x1b[2J \\xff {} %s");
}

TEST(the_level_decides_what_is_written) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  {
    const auto log = opened({.destination = path, .level = Level::warning});
    CHECK(!log->enabled(Level::info));
    log->debug("1");
    log->info("2");
    log->write_exchange("{}");
    log->warning("3");
    log->error("4");
    log->set_level(Level::debug);
    log->debug("5");
    log->write_exchange("{}");
  }
  const auto lines = lines_of(path);
  CHECK_EQUAL(lines.size(), 4u);
  CHECK_EQUAL(without_time(lines[0]), "warning 3");
  CHECK_EQUAL(without_time(lines[1]), "error 4");
  CHECK_EQUAL(without_time(lines[2]), "debug 5");
}

TEST(levels_have_names) {
  for (const Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
    CHECK(level_named(name_of(level)) == level);
  }
  CHECK(!level_named("verbose"));
}

TEST(lines_are_appended) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  opened({.destination = path})->info("1");
  opened({.destination = path})->info("2");
  CHECK_EQUAL(lines_of(path).size(), 2u);
}

TEST(reopening_follows_the_name) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  {
    const auto log = opened({.destination = path});
    log->info("before");
    std::filesystem::rename(path, path + ".1");
    CHECK_OK(log->reopen());
    log->info("after");
  }
  // "before" may have been written on either side; nothing may be lost, and "after" must be in the new file.
  const auto rotated = lines_of(path + ".1");
  const auto current = lines_of(path);
  CHECK_EQUAL(rotated.size() + current.size(), 2u);
  CHECK_EQUAL(without_time(current.back()), "info after");
}

TEST(a_failed_reopen_keeps_the_old_file) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  {
    const auto log = opened({.destination = path});
    std::filesystem::rename(path, path + ".1");
    std::filesystem::create_directory(path);
    const Result<void> reopened = log->reopen();
    CHECK(!reopened);
    CHECK(reopened.error().reason.find(path) != std::string::npos);
    log->info("still here");
  }
  CHECK_EQUAL(lines_of(path + ".1").size(), 1u);
}

TEST(bad_destinations_are_errors) {
  for (const char* destination : {"", "log.txt", "STDERR", "/nonexistent/folder/log"}) {
    const auto log = Log::open({.destination = destination});
    CHECK(!log);
    CHECK_EQUAL(name_of(log.error().kind), "config");
  }
}

TEST(many_threads_write_whole_lines) {
  constexpr int threads = 4;
  constexpr int lines_each = 2000;
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  {
    const auto log = opened({.destination = path, .queue_lines = threads * lines_each});
    std::vector<std::jthread> writers;
    for (int thread = 0; thread < threads; ++thread) {
      writers.emplace_back([&log, thread] {
        for (int line = 0; line < lines_each; ++line) log->info(std::to_string(thread) + "/" + std::to_string(line));
      });
    }
    writers.clear();
    CHECK_EQUAL(log->dropped(), 0u);
  }
  std::set<std::string> seen;
  for (const std::string& line : lines_of(path)) seen.insert(without_time(line));
  CHECK_EQUAL(seen.size(), static_cast<std::size_t>(threads * lines_each));
}

// A named pipe that somebody holds open and does not read.
class StalledReader {
 public:
  explicit StalledReader(const std::string& path) {
    CHECK_EQUAL(mkfifo(path.c_str(), 0600), 0);
    pipe_.reset(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK(pipe_);
  }

  void drain() {
    std::array<char, 4096> buffer;
    for (ssize_t size = 0; (size = read(pipe_.get(), buffer.data(), buffer.size())) > 0;) {
      text_.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  UniqueFd pipe_;
  std::string text_;
};

TEST(a_reader_that_stalls_costs_lines_and_no_waiting) {
  const TemporaryFolder folder;
  const std::string path = folder.path("pipe");
  StalledReader reader(path);
  const auto log =
      opened({.destination = path, .level = Level::info, .queue_lines = 10, .patience = std::chrono::milliseconds(20)});
  // One thread writes and would read: were a write to wait for room, this would never end.
  const std::string text(500, 'x');
  for (int line = 0; line < 5000; ++line) log->info(text);
  CHECK(log->dropped() > 0);

  // Once the reader is back, it is told what it missed. Every line is whole, but for the one at each stall.
  while (reader.text().find(" log lines were dropped\n") == std::string::npos) {
    reader.drain();
    log->info("more");
  }
  CHECK(reader.text().find(" info " + text + "\n") != std::string::npos);
}

TEST(the_queue_is_bounded_in_bytes_too) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  const auto log = opened({.destination = path, .queue_bytes = 100});
  log->info(std::string(200, 'x'));
  CHECK_EQUAL(log->dropped(), 1u);
}

TEST(a_full_disk_is_survived_and_counted) {
  std::uint64_t dropped = 0;
  const auto log = opened({.destination = "/dev/full"});
  while (dropped < 3) {
    log->info("nowhere to go");
    dropped = log->dropped();
  }
}

}  // namespace

UNIT_MAIN(UNIT_TEST(a_line_has_time_level_and_message), UNIT_TEST(an_exchange_is_one_line_of_json),
          UNIT_TEST(foreign_text_forges_no_line), UNIT_TEST(the_level_decides_what_is_written),
          UNIT_TEST(levels_have_names), UNIT_TEST(lines_are_appended), UNIT_TEST(reopening_follows_the_name),
          UNIT_TEST(a_failed_reopen_keeps_the_old_file), UNIT_TEST(bad_destinations_are_errors),
          UNIT_TEST(many_threads_write_whole_lines), UNIT_TEST(a_reader_that_stalls_costs_lines_and_no_waiting),
          UNIT_TEST(the_queue_is_bounded_in_bytes_too), UNIT_TEST(a_full_disk_is_survived_and_counted))
