// The command line of sallyportd.
//
// Values, no state; any thread.
#pragma once

#include <expected>
#include <iosfwd>
#include <string>

namespace sallyport::daemon {

struct CommandLine {
  std::string config = "/etc/sallyport/sallyport.ini";
  bool check = false;
};

// Otherwise the exit status: 0 where --help or --version was printed to `out`, 64 (EX_USAGE) for wrong usage, which is
// explained on `err`.
[[nodiscard]] std::expected<CommandLine, int> parse_command_line(int count, const char* const* arguments,
                                                                 std::ostream& out, std::ostream& err);

}  // namespace sallyport::daemon
