// The `sallyport` command: reads its arguments, does one thing and gives the exit status.
//
// One thread.
#pragma once

#include <iosfwd>

namespace sallyport::cli {

// sysexits.h where it has a name for it.
inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 64;

// What main() does. `arguments` as main() gets them, `count` of them. 0: done; exit_usage; 78: settings, policy or CA
// cannot be used; exit_failure: anything else.
int run(int count, const char* const* arguments, std::ostream& out, std::ostream& err);

}  // namespace sallyport::cli
