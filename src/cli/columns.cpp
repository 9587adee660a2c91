#include "columns.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace sallyport::cli {

void Columns::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < headings_.size(); ++column) {
    std::size_t width = headings_[column].size();
    for (const std::vector<std::string>& row : rows_) width = std::max(width, row[column].size());
    widths.push_back(width);
  }
  const auto print_row = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t column = 0; column < cells.size(); ++column) {
      line += cells[column];
      if (column + 1 < cells.size()) line.append(widths[column] - cells[column].size() + 2, ' ');
    }
    out << line << '\n';
  };
  print_row(headings_);
  for (const std::vector<std::string>& row : rows_) print_row(row);
}

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 4> units = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  std::uint64_t tenths = bytes * 10 / 1024;
  std::size_t unit = 0;
  while (tenths >= 10'240 && unit + 1 < units.size()) {
    tenths /= 1024;
    ++unit;
  }
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + std::string(units[unit]);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  const std::uint64_t days = whole / 86'400;
  const std::uint64_t hours = whole / 3'600 % 24;
  const std::uint64_t minutes = whole / 60 % 60;
  if (days > 0) return std::to_string(days) + " d " + std::to_string(hours) + " h";
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes) + " min";
  if (minutes > 0) return std::to_string(minutes) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole) + " s";
}

std::size_t terminal_lines() {
  winsize size{};
  constexpr std::size_t usual = 24;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 8) return usual;
  return size.ws_row;
}

}  // namespace sallyport::cli
