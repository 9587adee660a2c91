// Verdict: what policy says of a name, with the rule that said it.
//
// A value of views into the PolicySnapshot that judged; it and its copies are valid as long as that snapshot
// lives, so whoever keeps a Verdict keeps the shared_ptr beside it. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/ip_address.hpp"

namespace sallyport::policy {

enum class Action {
  intercept,    // both TLS sessions end here
  passthrough,  // bytes are relayed unopened
  refuse,       // 403, and nobody is dialled
};

enum class VerdictName { rewritten, black_listed, white_listed, allowed_by_default, blocked, passed_through };

// As users see it in logs, history and metrics: "REWRITTEN", "BLACK-LISTED", …
[[nodiscard]] std::string_view text_of(VerdictName name);
[[nodiscard]] std::string_view text_of(Action action);

// A rule as its administrator can find it again.
struct Rule {
  std::string_view section;  // "rewrite", "blacklist", "whitelist", "passthrough", "default"
  std::string_view text;     // "*.tracker.example", "10.1.0.0/24", "allow": names in canonical spelling
  std::string_view file;
  std::uint32_t line = 0;  // 0: not written anywhere, a built-in default

  // "blacklist *.tracker.example": for log lines and the block page.
  [[nodiscard]] std::string name() const;
  // "/etc/sallyport/policy.ini:12"
  [[nodiscard]] std::string place() const;
};

struct HeaderField {
  std::string name;
  std::string value;

  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

// What replaces the dialled address of a rewritten name. SNI, Host and verification keep the original name.
struct Rewrite {
  IpAddress target;
  std::optional<std::uint16_t> port;  // otherwise the port the client asked for
  std::vector<HeaderField> headers;   // set in each request, in place of the client's fields of these names
};

struct Verdict {
  VerdictName name = VerdictName::blocked;
  Action action = Action::refuse;
  Rule rule;
  const Rewrite* rewrite = nullptr;  // not null for VerdictName::rewritten alone
};

}  // namespace sallyport::policy
