// Hash and equality of keys for absl's tables, over std::string_view: absl's own defaults for strings know only
// absl::string_view in Debian's build, and a look-up must not make a string. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

namespace sallyport::policy {

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const {
    return absl::Hash<absl::string_view>()(absl::string_view(key.data(), key.size()));
  }
};

using KeyEqual = std::equal_to<>;

}  // namespace sallyport::policy
