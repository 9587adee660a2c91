#include "sallyport/config/problem.hpp"

#include "sallyport/base/text.hpp"

namespace sallyport::config {

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line != 0) text += ":" + std::to_string(problem.line);
  return printable(text + ": " + problem.reason);
}

}  // namespace sallyport::config
