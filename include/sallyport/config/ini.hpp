// The INI files of sallyport, read into ordered sections with every line number kept.
//
// The dialect: `[section name]`, `key = value`, comments on lines of their own (`#` or `;`) and after a
// value (a blank and `;`). An indented line continues the key above it: it is one more entry of the same
// key. A value in double quotes is taken as it stands, with \" and \\ for the two characters themselves.
// Values, no state kept; any thread.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

#include "sallyport/config/problem.hpp"

namespace sallyport::config {

struct IniEntry {
  std::string key;
  std::string value;
  bool quoted = false;  // commas in it do not separate
  std::uint32_t line = 0;
};

struct IniSection {
  std::string name;
  std::uint32_t line = 0;
  std::vector<IniEntry> entries;
};

struct IniFile {
  std::string path;
  std::vector<IniSection> sections;  // in the file's order; a name may stand there more than once
  Problems problems;                 // every syntax error, in the file's order
};

// Reads `path`. A file that cannot be opened or read is a problem of line 0. Lines longer than
// LineReader::max_line_bytes are refused, and so are files of more than 100,000 lines.
[[nodiscard]] IniFile read_ini(const std::string& path);

// The same for bytes that come from elsewhere; `path` only names them in problems.
[[nodiscard]] IniFile read_ini(std::istream& stream, const std::string& path);

// The pieces of an entry: a quoted value is one, any other is split at commas and its empty pieces left out.
[[nodiscard]] std::vector<std::string> pieces_of(const IniEntry& entry);

}  // namespace sallyport::config
