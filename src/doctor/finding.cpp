#include "sallyport/doctor/finding.hpp"

#include <algorithm>

namespace sallyport::doctor {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::fine:
      return "ok";
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::failure:
      return "failure";
  }
  return "?";
}

Severity worst_of(const Findings& findings) {
  Severity worst = Severity::fine;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

}  // namespace sallyport::doctor
