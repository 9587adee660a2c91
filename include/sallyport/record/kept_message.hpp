// KeptMessage: what the history keeps of a request or a response beyond the log line. A plain value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"

namespace sallyport::record {

struct KeptMessage {
  // "Name: value\n" for each field, in order.
  std::string fields;
  // From its start, as it passed: compressed as the sender chose.
  std::string body;
  bool body_cut = false;  // there was more

  void add_field(std::string_view name, std::string_view value);
  // What that adds to `fields`.
  static std::size_t bytes_of_field(std::string_view name, std::string_view value) {
    return name.size() + value.size() + 3;
  }
  // Keeps what still fits `most` bytes in all.
  void add_body(ByteView part, std::size_t most);
};

// Whether a field of this name carries what lets its reader act as somebody else: credentials, cookies, tokens.
[[nodiscard]] bool carries_secret(std::string_view field_name);

}  // namespace sallyport::record
