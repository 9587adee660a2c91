#include "sallyport/config/problem.hpp"

#include <algorithm>
#include <tuple>

#include "sallyport/base/text.hpp"

namespace sallyport::config {

void sort_by_line(Problems& problems) {
  std::ranges::sort(problems, {}, [](const Problem& problem) { return std::tie(problem.line, problem.reason); });
}

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line != 0) text += ":" + std::to_string(problem.line);
  return printable(text + ": " + problem.reason);
}

}  // namespace sallyport::config
