#include "list_file.hpp"

#include <algorithm>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/config/line_reader.hpp"

namespace sallyport::policy {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

// Takes the first word off `rest`; empty at the end.
std::string_view take_word(std::string_view& rest) {
  const std::size_t first = std::min(rest.find_first_not_of(blanks), rest.size());
  const std::size_t end = std::min(rest.find_first_of(blanks, first), rest.size());
  const std::string_view word = rest.substr(first, end - first);
  rest.remove_prefix(end);
  return word;
}

// Hosts files also hold scoped addresses, such as fe80::1%lo0.
bool is_hosts_address(std::string_view word) { return IpAddress::parse(word.substr(0, word.find('%'))).has_value(); }

Result<void> add_line(std::string_view line, Place place, NameSet& names) {
  std::string_view rest = line.substr(0, line.find('#'));
  std::string_view word = take_word(rest);
  if (word.empty()) return {};
  std::string_view next = take_word(rest);
  if (next.empty()) return names.add_typed(word, place);
  if (!is_hosts_address(word)) {
    return fail(ErrorKind::malformed, "expected one name, or an address and names as in a hosts file");
  }
  Result<void> outcome;
  for (; !next.empty(); next = take_word(rest)) {
    const Result<void> added = names.add_typed(next, place);
    if (!added && outcome) outcome = added;
  }
  return outcome;
}

}  // namespace

void read_list(std::istream& stream, const std::string& path, std::uint16_t file, NameSet& names,
               config::Problems& problems) {
  config::LineReader lines(stream);
  std::size_t bad = 0;
  while (lines.next()) {
    const Result<void> outcome = lines.too_long()
                                     ? Result<void>(fail(ErrorKind::malformed, "the line is longer than 4096 bytes"))
                                     : add_line(lines.text(), {file, lines.number()}, names);
    if (outcome) continue;
    if (++bad <= most_problems_a_list) problems.push_back({path, lines.number(), outcome.error().reason});
  }
  if (bad > most_problems_a_list) {
    problems.push_back({path, 0, std::to_string(bad - most_problems_a_list) + " more lines are wrong"});
  }
  if (lines.failed()) problems.push_back({path, 0, "cannot be read to its end"});
}

}  // namespace sallyport::policy
