// Target functions: policy::read_list, policy::parse_pattern, policy::NameSet::find, policy::canonical_name
//
// Every name a list gave must be found under its own key, and be canonical: reading it once more changes nothing.
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "sallyport/policy/name.hpp"

#include "../../src/policy/list_file.hpp"

namespace {

using namespace sallyport;
using namespace sallyport::policy;

void require(bool condition, std::string_view what, std::string_view name) {
  if (condition) return;
  std::cerr << what << ": " << name << "\n";
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream stream(std::string(reinterpret_cast<const char*>(data), size));
  NameSet names;
  config::Problems problems;
  read_list(stream, "fuzz.txt", 1, names, problems);
  require(problems.size() <= most_problems_a_list + 1, "too many problems", "");

  names.for_each([&](const NameSet::Entry& entry) {
    const auto found = names.find(key_of(entry.text));
    require(found && found->text == entry.text, "not found", entry.text);
    const Result<NamePattern> again = parse_pattern(entry.text);
    require(again && again->text == entry.text && !again->and_apex, "not canonical", entry.text);
    if (is_wildcard(entry.text)) {
      const std::string below = "x" + std::string(key_of(entry.text));
      require(names.find(below).has_value(), "does not match what is below", entry.text);
      return;
    }
    const Result<std::string> name = canonical_name(entry.text);
    require(name && *name == entry.text, "no canonical name", entry.text);
  });
  return 0;
}
