// What `sallyport check` and `sallyportd --check` do: read everything and tell an admin what is wrong with it.
//
// Blocking file reads, no state, nothing is written or opened to clients; any thread.
#pragma once

#include <iosfwd>
#include <string>

#include "sallyport/config/problem.hpp"

namespace sallyport::gateway {

// sysexits.h: EX_CONFIG. The unit file tells systemd that no restart will mend it.
inline constexpr int exit_configuration = 78;

// Loads as load_configuration() does. Mistakes and warnings go to `err` as "file:line: reason", a line with the
// outcome to `out`. Returns the exit status: 0 or exit_configuration.
int check_configuration(const std::string& path, const std::string& credentials_folder, std::ostream& out,
                        std::ostream& err);

// "file:line: reason" a line, and where a file was not readable to this user, whom to be instead.
void print_problems(const config::Problems& problems, std::ostream& err);

}  // namespace sallyport::gateway
