// Target functions: config::read_ini, config::settings_from, policy::policy_from
//
// What is understood of the input, written out again with every value quoted, must be understood the same; and a
// loader gives something exactly when it has nothing to complain of. Keys named `file` are left out of policies,
// for these would open files of the machine the target runs on.
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "sallyport/config/ini.hpp"
#include "sallyport/config/settings.hpp"
#include "sallyport/policy/load_policy.hpp"

namespace {

using namespace sallyport;
using namespace sallyport::config;

void require(bool condition, const char* what) {
  if (condition) return;
  std::cerr << what << "\n";
  std::abort();
}

IniFile read(const std::string& text) {
  std::istringstream stream(text);
  return read_ini(stream, "fuzz.ini");
}

std::string quoted(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string written(const IniFile& file) {
  std::string out;
  for (const IniSection& section : file.sections) {
    out += "[" + section.name + "]\n";
    for (const IniEntry& entry : section.entries) out += entry.key + " = " + quoted(entry.value) + "\n";
  }
  return out;
}

void require_same(const IniFile& left, const IniFile& right) {
  require(left.sections.size() == right.sections.size(), "sections are lost");
  for (std::size_t i = 0; i < left.sections.size(); ++i) {
    const IniSection& a = left.sections[i];
    const IniSection& b = right.sections[i];
    require(a.name == b.name && a.entries.size() == b.entries.size(), "a section differs");
    for (std::size_t j = 0; j < a.entries.size(); ++j) {
      require(a.entries[j].key == b.entries[j].key && a.entries[j].value == b.entries[j].value, "an entry differs");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  IniFile file = read(std::string(reinterpret_cast<const char*>(data), size));

  // Escaping may make a line longer than is read, which is no difference in meaning.
  const std::string again = written(file);
  const IniFile reread = read(again);
  const bool too_long = !reread.problems.empty() && reread.problems.front().reason.starts_with("the line is longer");
  if (!too_long) {
    require(reread.problems.empty(), "what was written is not read");
    require_same(file, reread);
  }

  Problems problems;
  const auto settings = settings_from(file, problems);
  require(settings.has_value() == problems.empty(), "settings and problems disagree");
  for (const Problem& problem : problems) require(!to_string(problem).empty(), "a problem without text");

  for (IniSection& section : file.sections) {
    std::erase_if(section.entries, [](const IniEntry& entry) { return entry.key == "file"; });
  }
  Problems policy_problems;
  const auto policy = policy::policy_from(std::move(file), policy_problems);
  require((policy != nullptr) == policy_problems.empty(), "policy and problems disagree");
  return 0;
}
