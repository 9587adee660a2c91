#include "sallyport/config/ini.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include <ini.h>

#include "sallyport/base/text.hpp"
#include "sallyport/config/line_reader.hpp"

#include "ini_syntax.hpp"

namespace sallyport::config {
namespace {

constexpr std::uint32_t most_lines = 100'000;

// Feeds inih, which says what belongs to what: entries to sections, indented lines to keys. inih as Debian
// builds it cuts lines at 200 bytes and names at 49 and tells only of the first bad line, so it sees
// stand-ins: a section's index for its name, and one word for every value. The text itself stays here.
class Feed {
 public:
  Feed(std::istream& stream, IniFile& file) : lines_(stream), file_(file) {}

  void run() {
    if (ini_parse_stream(&Feed::read, this, &Feed::handle, this) != 0) add_problem("inih refused a line");
    if (lines_.failed()) file_.problems.push_back({file_.path, 0, "cannot be read to its end"});
  }

 private:
  // What the lines that follow may belong to. After a line that was refused, what hangs on it is passed
  // over in silence: its own mistake has been told already.
  enum class Above { nothing, key, refused };

  // inih's reader: the next line it is to see, like fgets. noexcept since it is called from C.
  static char* read(char* buffer, int size, void* self) noexcept {
    Feed& feed = *static_cast<Feed*>(self);
    while (feed.lines_.next()) {
      if (feed.lines_.number() > most_lines) {
        feed.add_problem("the file has more than " + std::to_string(most_lines) + " lines");
        return nullptr;
      }
      const std::optional<std::string> line = feed.stand_in();
      if (!line) continue;
      std::snprintf(buffer, static_cast<std::size_t>(size), "%s", line->c_str());
      return buffer;
    }
    return nullptr;
  }

  // inih's handler: the entry that stand_in() prepared last, with the section and key it belongs to.
  static int handle(void* self, const char* section, const char* key, const char* /*stand_in*/) noexcept {
    Feed& feed = *static_cast<Feed*>(self);
    std::size_t index = 0;
    std::from_chars(section, section + std::strlen(section), index);
    feed.entry_.key = key;
    feed.file_.sections.at(index).entries.push_back(std::move(feed.entry_));
    return 1;
  }

  // The current line as inih shall see it; nothing for blank lines, comments and mistakes.
  std::optional<std::string> stand_in() {
    const std::string_view line = lines_.text();
    if (lines_.too_long()) return refuse("the line is longer than 4096 bytes");
    if (is_blank_or_comment(line)) return std::nullopt;
    if (has_control_character(line)) return refuse("the line contains a control character");
    if (line.front() == ' ' || line.front() == '\t') return continuation(line);
    if (line.front() == '[') return section(line);
    return key_and_value(line);
  }

  std::optional<std::string> section(std::string_view line) {
    above_ = Above::nothing;
    const Result<std::string> name = parse_section(line);
    in_section_ = name.has_value();
    section_refused_ = !name;
    if (!name) {
      add_problem(name.error().reason);
      return std::nullopt;
    }
    file_.sections.push_back({*name, lines_.number(), {}});
    return "[" + std::to_string(file_.sections.size() - 1) + "]";
  }

  std::optional<std::string> key_and_value(std::string_view line) {
    const Result<KeyAndValue> parsed = parse_key_and_value(line);
    if (!parsed) return refuse(parsed.error().reason);
    if (!in_section_) {
      above_ = Above::refused;
      if (!section_refused_) add_problem("a key stands before the first [section]");
      return std::nullopt;
    }
    above_ = Above::key;
    keep(parsed->value);
    return parsed->key + "=value";
  }

  std::optional<std::string> continuation(std::string_view line) {
    if (above_ == Above::refused) return std::nullopt;
    if (above_ == Above::nothing) {
      return refuse("an indented line continues the key above it, and there is none");
    }
    const Result<Value> value = parse_value(line);
    if (!value) {
      add_problem(value.error().reason);
      return std::nullopt;
    }
    keep(*value);
    return " value";
  }

  void keep(const Value& value) { entry_ = {{}, value.text, value.quoted, lines_.number()}; }

  std::optional<std::string> refuse(std::string reason) {
    above_ = Above::refused;
    add_problem(std::move(reason));
    return std::nullopt;
  }

  void add_problem(std::string reason) { file_.problems.push_back({file_.path, lines_.number(), std::move(reason)}); }

  LineReader lines_;
  IniFile& file_;
  IniEntry entry_;
  Above above_ = Above::nothing;
  bool in_section_ = false;
  bool section_refused_ = false;  // its keys have no home, but that is no second mistake
};

}  // namespace

IniFile read_ini(std::istream& stream, const std::string& path) {
  IniFile file{path, {}, {}};
  Feed(stream, file).run();
  return file;
}

IniFile read_ini(const std::string& path) {
  Result<std::ifstream> stream = open_text(path);
  if (!stream) return {path, {}, {{path, 0, stream.error().reason}}};
  return read_ini(*stream, path);
}

std::vector<std::string> pieces_of(const IniEntry& entry) {
  if (entry.quoted) return {entry.value};
  std::vector<std::string> pieces;
  for (const std::string_view piece : split(entry.value, ',')) {
    if (!piece.empty()) pieces.emplace_back(piece);
  }
  return pieces;
}

}  // namespace sallyport::config
