// Has the daemon capture what a client and an origin say to each other, into a file.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ostream>

#include "sallyport/base/text.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/cli/program.hpp"

#include "ask_daemon.hpp"
#include "columns.hpp"
#include "progress.hpp"

namespace sallyport::cli {
namespace {

// It holds secrets: its owner's alone, and never somebody else's file.
Result<UniqueFd> open_output(const std::string& path) {
  if (path == "-") return UniqueFd(::dup(STDOUT_FILENO));
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return std::unexpected(errno_error(path, errno));
  return file;
}

Result<void> write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(errno_error("writing the capture", errno));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

int capture(const std::string& config_path, const CaptureWish& wish, Streams streams) {
  if (wish.output == "-" && ::isatty(STDOUT_FILENO) == 1) {
    streams.err << "a capture is no text for a terminal: give --output FILE, or pipe it into a program\n";
    return exit_usage;
  }
  const Result<UniqueFd> file = open_output(wish.output);
  if (!file) {
    streams.err << printable(file.error().reason) << '\n';
    return exit_failure;
  }
  nlohmann::json body = {{"name", wish.name}, {"seconds", wish.seconds}};
  if (!wish.client.empty()) body["client"] = wish.client;
  const auto began = std::chrono::steady_clock::now();
  Progress progress(streams.err, "capturing", static_cast<std::uint64_t>(wish.seconds) * 1000);
  std::uint64_t bytes = 0;
  const admin::Question question{.method = "POST",
                                 .target = "/api/v1/capture",
                                 .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                                 .take = [&](ByteView part) {
                                   bytes += part.size();
                                   const auto spent = std::chrono::steady_clock::now() - began;
                                   const auto done = std::chrono::duration_cast<std::chrono::milliseconds>(spent);
                                   progress.at(static_cast<std::uint64_t>(done.count()), size_text(bytes));
                                   return write_all(file->get(), part);
                                 }};
  const std::expected<Told, int> told = ask_daemon(config_path, question, streams);
  if (!told) {
    if (bytes == 0 && wish.output != "-") ::unlink(wish.output.c_str());
    return told.error();
  }
  streams.err << size_text(bytes) << " captured" << (wish.output == "-" ? "" : " in " + printable(wish.output))
              << "; whoever has it can read what was said: take care of it\n";
  return 0;
}

}  // namespace sallyport::cli
