#include "sallyport/config/ini.hpp"

#include <sstream>

#include "check.hpp"

using namespace sallyport::config;

namespace {

IniFile read(const std::string& text) {
  std::istringstream stream(text);
  return read_ini(stream, "x.ini");
}

// Every entry as "section.key@line=value", a quoted value in quotes.
std::string shown(const IniFile& file) {
  std::string out;
  for (const IniSection& section : file.sections) {
    for (const IniEntry& entry : section.entries) {
      const std::string value = entry.quoted ? '"' + entry.value + '"' : entry.value;
      out += section.name + "." + entry.key + "@" + std::to_string(entry.line) + "=" + value + "\n";
    }
  }
  return out;
}

std::string problems_of(const IniFile& file) {
  std::string out;
  for (const Problem& problem : file.problems) out += to_string(problem) + "\n";
  return out;
}

}  // namespace

TEST(reads_sections_keys_and_comments) {
  const IniFile file = read(
      "# a comment\n"
      "[one]            ; and one here\n"
      "a = 1            ; trailing\n"
      "b=2;no comment\n"
      "\n"
      "[two words]\n"
      "c =\n"
      "d =              ; empty too\n"
      "a = x = y: z\n");
  CHECK_EQUAL(problems_of(file), "");
  CHECK_EQUAL(shown(file), "one.a@3=1\none.b@4=2;no comment\ntwo words.c@7=\ntwo words.d@8=\ntwo words.a@9=x = y: z\n");
}

TEST(keeps_sections_without_entries_and_repeated_ones) {
  const IniFile file = read("[a]\n[b]\nk = 1\n[a]\nk = 2\n");
  CHECK_EQUAL(file.sections.size(), 3U);
  CHECK(file.sections[0].entries.empty());
  CHECK_EQUAL(file.sections[2].line, 4U);
  CHECK_EQUAL(shown(file), "b.k@3=1\na.k@5=2\n");
}

TEST(continuation_lines_repeat_the_key) {
  const IniFile file = read("[s]\ndomain = a.example\n  b.example ; why\n\n\t# not this\n\t[::1]:80\nother = 1\n");
  CHECK_EQUAL(problems_of(file), "");
  CHECK_EQUAL(shown(file), "s.domain@2=a.example\ns.domain@3=b.example\ns.domain@6=[::1]:80\ns.other@7=1\n");
}

TEST(quoted_values_are_taken_as_they_stand) {
  const IniFile file =
      read("[s]\na = \"x ; y, z\" ; comment\nb = \"say \\\"hi\\\" \\\\ \\n\"\nc = \"\"\nd = a \"b\"\n");
  CHECK_EQUAL(problems_of(file), "");
  CHECK_EQUAL(shown(file), "s.a@2=\"x ; y, z\"\ns.b@3=\"say \"hi\" \\ \\n\"\ns.c@4=\"\"\ns.d@5=a \"b\"\n");
}

TEST(names_and_values_longer_than_inih_allows_arrive_whole) {
  const std::string name = "rewrite " + std::string(253, 'n');
  const std::string value(3'000, 'v');
  const IniFile file = read("[" + name + "]\nheader = " + value + "\n");
  CHECK_EQUAL(problems_of(file), "");
  CHECK_EQUAL(shown(file), name + ".header@2=" + value + "\n");
}

TEST(windows_line_ends_and_byte_order_mark) {
  const IniFile file = read("\xef\xbb\xbf[s]\r\na = 1\r\n  2\r\nb = 3");
  CHECK_EQUAL(problems_of(file), "");
  CHECK_EQUAL(shown(file), "s.a@2=1\ns.a@3=2\ns.b@4=3\n");
}

TEST(every_syntax_error_is_told_with_its_line) {
  const IniFile file = read(
      "early = 1\n"
      "[s]\n"
      "  indented = first\n"
      "no equals sign\n"
      "  and what continues it\n"
      "Upper = 1\n"
      "a = \"open\n"
      "b = \"x\" y\n"
      "c = bell\x07\n"
      "[unclosed\n"
      "lost = 1\n"
      "[]\n"
      "[t] text\n"
      "[u]\n"
      "good = 1\n" +
      ("d = " + std::string(5'000, 'x')) + "\nlast = 1\n");
  CHECK_EQUAL(problems_of(file),
              "x.ini:1: a key stands before the first [section]\n"
              "x.ini:3: an indented line continues the key above it, and there is none\n"
              "x.ini:4: expected [section] or key = value, found 'no equals sign'\n"
              "x.ini:6: 'Upper' is not a key (lower-case letters, digits, '_', '-')\n"
              "x.ini:7: the quoted value does not end with a quote\n"
              "x.ini:8: text after the closing quote\n"
              "x.ini:9: the line contains a control character\n"
              "x.ini:10: the section name does not end with ']'\n"
              "x.ini:12: the section name is empty\n"
              "x.ini:13: text after the section name\n"
              "x.ini:16: the line is longer than 4096 bytes\n");
  CHECK_EQUAL(shown(file), "u.good@15=1\nu.last@17=1\n");
}

TEST(a_line_of_exactly_the_bound_is_read) {
  const std::string fits = "k = " + std::string(4'092, 'x');
  CHECK_EQUAL(problems_of(read("[s]\n" + fits + "\n")), "");
  CHECK_EQUAL(problems_of(read("[s]\n" + fits + "\r\n")), "");
  CHECK_EQUAL(problems_of(read("[s]\n" + fits)), "");
  CHECK_EQUAL(problems_of(read("[s]\n" + fits + "x\n")), "x.ini:2: the line is longer than 4096 bytes\n");
  CHECK_EQUAL(problems_of(read("[s]\n" + fits + "xyz\na = 1")), "x.ini:2: the line is longer than 4096 bytes\n");
}

TEST(too_many_lines_are_refused) {
  CHECK_EQUAL(problems_of(read("[s]\n" + std::string(99'999, '\n'))), "");
  CHECK_EQUAL(problems_of(read("[s]\n" + std::string(100'000, '\n'))),
              "x.ini:100001: the file has more than 100000 lines\n");
}

TEST(files_that_cannot_be_read) {
  CHECK_EQUAL(problems_of(read_ini("/nonexistent/x.ini")),
              "/nonexistent/x.ini: cannot be opened: No such file or directory\n");
  CHECK_EQUAL(problems_of(read_ini("/tmp")), "/tmp: is a directory\n");
  CHECK_EQUAL(problems_of(read_ini("/dev/zero")), "/dev/zero: is not a regular file\n");
}

TEST(pieces_of_lists) {
  CHECK(pieces_of({"k", " a, b ,,c,", false, 1}) == (std::vector<std::string>{"a", "b", "c"}));
  CHECK(pieces_of({"k", "a, b", true, 1}) == (std::vector<std::string>{"a, b"}));
  CHECK(pieces_of({"k", "", false, 1}).empty());
}

UNIT_MAIN(UNIT_TEST(reads_sections_keys_and_comments), UNIT_TEST(keeps_sections_without_entries_and_repeated_ones),
          UNIT_TEST(continuation_lines_repeat_the_key), UNIT_TEST(quoted_values_are_taken_as_they_stand),
          UNIT_TEST(names_and_values_longer_than_inih_allows_arrive_whole),
          UNIT_TEST(windows_line_ends_and_byte_order_mark), UNIT_TEST(every_syntax_error_is_told_with_its_line),
          UNIT_TEST(a_line_of_exactly_the_bound_is_read), UNIT_TEST(too_many_lines_are_refused),
          UNIT_TEST(files_that_cannot_be_read), UNIT_TEST(pieces_of_lists))
