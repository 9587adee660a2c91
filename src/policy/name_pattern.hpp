// What a rule matches: a name, every name below one, or an address. Pure; any thread.
//
// A pattern's text is its canonical spelling: "ads.example", "*.ads.example", "192.0.2.1". Its key is what a
// hash table keeps: the text, without the asterisk of a wildcard. A wildcard's key so starts with a dot, no
// exact one does, and both are substrings of the names they match: looking up needs no copy of anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::policy {

struct NamePattern {
  std::string text;
  bool and_apex = false;  // the name right above the wildcard too
};

// Reads "name", "*.name", ".name" (short for both of these) or an IP address; U-labels become A-labels.
[[nodiscard]] Result<NamePattern> parse_pattern(std::string_view typed);

// canonical_name() for domain names alone.
[[nodiscard]] Result<std::string> canonical_domain(std::string_view typed);

[[nodiscard]] inline bool is_wildcard(std::string_view text) { return text.starts_with('*'); }
[[nodiscard]] inline std::string_view key_of(std::string_view text) { return text.substr(is_wildcard(text) ? 1 : 0); }

// How many dots the keys of a set have, exact names and wildcards apart: most look-ups need not ask the table
// for most of a name's suffixes, which spares a cache miss each where the table is large.
class KeyDepths {
 public:
  void add(std::string_view text) {
    (is_wildcard(text) ? wildcard_ : exact_) |= bit(static_cast<std::size_t>(std::ranges::count(text, '.')));
  }
  [[nodiscard]] bool has_exact(std::size_t dots) const { return (exact_ & bit(dots)) != 0; }
  [[nodiscard]] bool has_wildcard(std::size_t dots) const { return (wildcard_ & bit(dots)) != 0; }

 private:
  static std::uint64_t bit(std::size_t dots) { return std::uint64_t{1} << std::min<std::size_t>(dots, 63); }

  std::uint64_t exact_ = 0;
  std::uint64_t wildcard_ = 0;
};

// The most specific pattern that matches `name`: asks probe(key) for the name "a.b.c", then for the wildcards
// ".b.c" and ".c", until an answer is true in a boolean context. `name` may be a wildcard's key, ".b.c": then the
// answer matches all that this wildcard matches.
template <typename Probe>
auto find_most_specific(std::string_view name, const KeyDepths& depths, Probe probe) -> decltype(probe(name)) {
  auto dots = static_cast<std::size_t>(std::ranges::count(name, '.'));
  if (depths.has_exact(dots) && !name.starts_with('.')) {
    if (auto found = probe(name)) return found;
  }
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1), --dots) {
    if (!depths.has_wildcard(dots)) continue;
    if (auto found = probe(name.substr(dot))) return found;
  }
  return {};
}

}  // namespace sallyport::policy
