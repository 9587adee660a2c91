#include "sallyport/policy/verdict.hpp"

namespace sallyport::policy {

std::string_view text_of(VerdictName name) {
  switch (name) {
    case VerdictName::rewritten:
      return "REWRITTEN";
    case VerdictName::black_listed:
      return "BLACK-LISTED";
    case VerdictName::white_listed:
      return "WHITE-LISTED";
    case VerdictName::allowed_by_default:
      return "ALLOWED-BY-DEFAULT";
    case VerdictName::blocked:
      return "BLOCKED";
    case VerdictName::passed_through:
      return "PASSED-THROUGH";
  }
  return "BLOCKED";
}

std::string_view text_of(Action action) {
  switch (action) {
    case Action::intercept:
      return "intercept";
    case Action::passthrough:
      return "passthrough";
    case Action::refuse:
      return "refuse";
  }
  return "refuse";
}

std::string Rule::name() const { return std::string(section) + " " + std::string(text); }

std::string Rule::place() const {
  if (line == 0) return "built-in default";
  return std::string(file) + ":" + std::to_string(line);
}

}  // namespace sallyport::policy
