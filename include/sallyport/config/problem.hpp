// Problem: one mistake in a file an administrator wrote, with the place it stands at.
//
// Loaders collect every mistake of a file before they give up, so that one `--check` shows them all.
// Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::config {

struct Problem {
  std::string file;
  std::uint32_t line = 0;  // from 1; 0: the file as a whole
  std::string reason;

  friend bool operator==(const Problem&, const Problem&) = default;
};

using Problems = std::vector<Problem>;

// By line, those of one line by their reason.
void sort_by_line(Problems& problems);

// "file:line: reason", or "file: reason" for line 0; safe to print whatever the file contained.
[[nodiscard]] std::string to_string(const Problem& problem);

}  // namespace sallyport::config
