// Place: where a rule was written, in six bytes' worth of numbers, so that a million rules can afford it.
#pragma once

#include <cstdint>

namespace sallyport::policy {

struct Place {
  std::uint16_t file = 0;  // index into PolicyRules::files
  std::uint32_t line = 0;
};

}  // namespace sallyport::policy
