// Redactor: takes the secrets out of kept fields before they are written. One thread at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sallyport::record {

class Redactor {
 public:
  // Puts "[redacted]" in place of each value that carries a secret; `fields` as KeptMessage has them.
  void redact(std::string& fields);

 private:
  bool is_secret(std::string_view name);

  // What was found out about names before, for carries_secret() takes longer than all else that is done with a field.
  // Bounded: names are the clients' choice.
  static constexpr std::size_t most_known = 1024;
  static constexpr std::size_t longest_known = 64;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  std::unordered_map<std::string, bool, Hash, std::equal_to<>> known_;
};

}  // namespace sallyport::record
