// The query of a URL, as browsers and curl write it (WHATWG URL, application/x-www-form-urlencoded).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::admin {

// What is no escape stays as it is.
[[nodiscard]] std::string percent_decoded(std::string_view text);
[[nodiscard]] std::string percent_encoded(std::string_view text);
// Names and values, decoded, in order; + is a blank.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace sallyport::admin
