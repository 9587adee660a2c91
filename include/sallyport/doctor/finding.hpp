// Finding: what one check of `sallyport doctor` has to say.
//
// Plain values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::doctor {

enum class Severity {
  fine,
  note,     // worth knowing; nothing is wrong
  warning,  // clients are served, and something may stop that
  failure,  // clients are not served as they should be
};

struct Finding {
  std::string check;  // the name of what was looked at, the same in every version
  Severity severity = Severity::fine;
  std::string says;     // one plain sentence, without its full stop
  std::string mend;     // what to type, at a root shell; empty where there is nothing to type
  std::string lasting;  // what to type besides, so that it stays mended over a restart of the machine; mostly empty
};

using Findings = std::vector<Finding>;

// "ok", "note", "warning", "failure"
[[nodiscard]] std::string_view name_of(Severity severity);

// fine, where there is none.
[[nodiscard]] Severity worst_of(const Findings& findings);

}  // namespace sallyport::doctor
