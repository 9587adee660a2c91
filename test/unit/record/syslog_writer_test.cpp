#include "../../../src/record/syslog_writer.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::record;
using sallyport::test::TemporaryFolder;
using std::chrono::milliseconds;

namespace {

// A syslog daemon's end.
class Listener {
 public:
  explicit Listener(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    CHECK_EQUAL(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  // What came, without its head; empty where nothing did.
  [[nodiscard]] std::string next() const {
    std::array<char, 1024> room{};
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
    const std::string message(room.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::size_t text = message.find("]: ");
    return text == std::string::npos ? message : message.substr(text + 3);
  }

 private:
  UniqueFd socket_;
};

TEST(a_head_is_as_syslog_wants_it) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  using namespace std::chrono;
  const auto time = sys_days(2026y / 2 / 3) + hours(4) + minutes(5) + seconds(6);
  CHECK_EQUAL(syslog_head(LOG_WARNING, time, 77), "<28>Feb  3 04:05:06 sallyportd[77]: ");
  CHECK_EQUAL(syslog_head(LOG_INFO, time + days(20), 1), "<30>Feb 23 04:05:06 sallyportd[1]: ");
}

TEST(each_line_is_a_message) {
  const TemporaryFolder folder;
  const Listener listener(folder.path("log"));
  SyslogWriter writer(folder.path("log"), milliseconds(1000));
  CHECK(writer.write(LOG_INFO, "first"));
  CHECK(writer.write(LOG_ERR, "second"));
  CHECK_EQUAL(listener.next(), "first");
  CHECK_EQUAL(listener.next(), "second");
}

TEST(a_daemon_that_is_away_is_found_again) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  SyslogWriter writer(path, milliseconds(1000));
  CHECK(!writer.write(LOG_INFO, "before anybody is there"));
  {
    const Listener listener(path);
    CHECK(writer.write(LOG_INFO, "to the first"));
    CHECK_EQUAL(listener.next(), "to the first");
  }
  CHECK(!writer.write(LOG_INFO, "to nobody"));
  std::filesystem::remove(path);
  const Listener second(path);
  CHECK(writer.write(LOG_INFO, "to the second"));
  CHECK_EQUAL(second.next(), "to the second");
}

TEST(one_that_was_replaced_loses_no_line) {
  const TemporaryFolder folder;
  const std::string path = folder.path("log");
  SyslogWriter writer(path, milliseconds(1000));
  auto first = std::make_unique<Listener>(path);
  CHECK(writer.write(LOG_INFO, "1"));
  first.reset();
  std::filesystem::remove(path);
  const Listener second(path);
  CHECK(writer.write(LOG_INFO, "2"));
  CHECK_EQUAL(second.next(), "2");
}

TEST(one_that_is_stuck_is_waited_for_once) {
  const TemporaryFolder folder;
  const Listener listener(folder.path("log"));
  SyslogWriter writer(folder.path("log"), milliseconds(20));
  const auto began = std::chrono::steady_clock::now();
  constexpr int lines = 5000;
  std::uint64_t lost = 0;
  for (int line = 0; line < lines; ++line) lost += writer.write(LOG_INFO, "a line") ? 0 : 1;
  // Had each of those lost been waited for, it were a minute at least.
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
  CHECK(lost > 3000);
  std::uint64_t came = 0;
  while (!listener.next().empty()) ++came;
  CHECK_EQUAL(came + lost, std::uint64_t{lines});
  CHECK(writer.write(LOG_INFO, "goes on"));
  CHECK_EQUAL(listener.next(), "goes on");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(a_head_is_as_syslog_wants_it), UNIT_TEST(each_line_is_a_message),
          UNIT_TEST(a_daemon_that_is_away_is_found_again), UNIT_TEST(one_that_was_replaced_loses_no_line),
          UNIT_TEST(one_that_is_stuck_is_waited_for_once))
