#include "redactor.hpp"

#include <algorithm>

#include "sallyport/record/kept_message.hpp"

namespace sallyport::record {
namespace {

std::string_view first_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  return text.substr(0, end == std::string_view::npos ? end : end + 1);
}

// From the second character on: a name such as ":path" begins with a colon.
std::string_view name_in(std::string_view line) { return line.substr(0, line.find(':', 1)); }

}  // namespace

void Redactor::redact(std::string& fields) {
  std::string_view rest = fields;
  std::string_view line = first_line(rest);
  while (!line.empty() && !is_secret(name_in(line))) {
    rest.remove_prefix(line.size());
    line = first_line(rest);
  }
  if (rest.empty()) return;
  std::string shown = fields.substr(0, fields.size() - rest.size());
  for (; !line.empty(); line = first_line(rest)) {
    rest.remove_prefix(line.size());
    const std::string_view name = name_in(line);
    if (is_secret(name)) {
      shown.append(name).append(": [redacted]\n");
    } else {
      shown.append(line);
    }
  }
  fields = std::move(shown);
}

bool Redactor::is_secret(std::string_view name) {
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  const bool secret = carries_secret(name);
  if (known_.size() < most_known && name.size() <= longest_known) known_.emplace(name, secret);
  return secret;
}

}  // namespace sallyport::record
