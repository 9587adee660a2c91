// Columns: a table for eyes; and sizes and durations as people write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace sallyport::cli {

class Columns {
 public:
  explicit Columns(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  void add_heading(std::string heading) { headings_.push_back(std::move(heading)); }
  // As many cells as there are headings.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }
  // Each column as wide as its widest cell.
  void print(std::ostream& out) const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

// "812 B", "1.4 MiB"
[[nodiscard]] std::string size_text(std::uint64_t bytes);
// "12 s", "3 min 20 s", "2 d 4 h"
[[nodiscard]] std::string duration_text(double seconds);
// Of the terminal that standard output is; 24 where nobody knows.
[[nodiscard]] std::size_t terminal_lines();

}  // namespace sallyport::cli
