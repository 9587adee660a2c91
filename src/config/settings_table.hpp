// The table of sallyport.ini: a row a key. Constant; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/config/settings.hpp"

namespace sallyport::config {

// One value of a key, and the file it stands in, which relative paths start from.
struct Given {
  std::string_view text;
  const std::string& file;
};

enum class Shape {
  one,   // exactly one value, which may be empty where the setter allows
  some,  // a list of at least one
  any,   // a list that may be empty
};

enum class Effect { reload, restart };

struct Row {
  std::string_view section;
  std::string_view key;
  std::string_view default_text;
  Shape shape;
  Effect effect;                                                // what it takes for a new value to be used
  Result<void> (*set)(Settings& settings, const Given& given);  // a list's is called once a piece
  std::string_view meaning;
};

[[nodiscard]] std::span<const Row> settings_table();

}  // namespace sallyport::config
