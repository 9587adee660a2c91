// What the kernel says of this process. Any thread; files of /proc are read, which takes some 50 µs.
#pragma once

#include <cstdint>

namespace sallyport::admin {

struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;
};

// What cannot be read stays 0.
[[nodiscard]] ProcessFigures process_figures();

}  // namespace sallyport::admin
