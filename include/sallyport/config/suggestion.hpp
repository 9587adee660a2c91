// "did you mean …?" for words an administrator may have mistyped. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sallyport::config {

// "; did you mean 'workers'?" for the candidate nearest to `word` (Levenshtein distance of at most a third of
// its length), or an empty string where none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sallyport::config
