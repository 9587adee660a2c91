// NameSet: a fixed set of lower-case field names, looked up ignoring case. Immutable; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "sallyport/base/text.hpp"

namespace sallyport::http {

template <std::size_t Size>
struct NameSet {
  std::array<std::string_view, Size> names;

  // The names' lengths settle most answers, so that the letters of few are compared.
  [[nodiscard]] bool contains(std::string_view name) const {
    return std::any_of(names.begin(), names.end(), [&](std::string_view member) {
      return member.size() == name.size() && equal_ignoring_case(member, name);
    });
  }
};

template <typename... Names>
NameSet(Names...) -> NameSet<sizeof...(Names)>;

[[nodiscard]] inline bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace sallyport::http
