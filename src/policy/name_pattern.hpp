// What a rule matches: a name, every name below one, or an address. Pure; any thread.
//
// A pattern's text is its canonical spelling: "ads.example", "*.ads.example", "192.0.2.1". Its key is what a
// hash table keeps: the text, without the asterisk of a wildcard. A wildcard's key so starts with a dot, no
// exact one does, and both are substrings of the names they match: looking up needs no copy of anything.
#pragma once

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

// The most specific wildcard for `name`: asks probe(key) for ".b.c", then ".c" where the name is "a.b.c", until
// an answer is true in a boolean context. A name that starts with a dot stands for a wildcard's key, and is asked
// itself.
template <typename Probe>
auto find_wildcard(std::string_view name, Probe probe) -> decltype(probe(name)) {
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    if (auto found = probe(name.substr(dot))) return found;
  }
  return {};
}

}  // namespace sallyport::policy
