// FirewallRules: the rules of one address family as iptables-save tells them, with their counters.
//
// An immutable value; any thread. What cannot be understood in the text is left out: others' rules may be anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::doctor {

struct FirewallRule {
  std::string table;
  std::string chain;
  std::string text;  // behind "-A CHAIN "
  std::uint64_t packets = 0;

  // The word behind `option`, or nothing: "-j" gives "ACCEPT".
  [[nodiscard]] std::string_view option(std::string_view option) const;
  [[nodiscard]] std::string_view target() const { return option("-j"); }
  // Rejects or drops.
  [[nodiscard]] bool refuses() const { return target() == "DROP" || target() == "REJECT"; }
  // Whether a TCP connection that begins on one of these interfaces may be meant, as far as -i and -p say.
  [[nodiscard]] bool may_mean_tcp_from(const std::vector<std::string>& interfaces) const;
};

struct FirewallChain {
  std::string table;
  std::string name;
  std::string policy;  // "-": a chain of somebody's own
  std::uint64_t packets = 0;
};

class FirewallRules {
 public:
  // `text`: what `iptables-save --counters` prints.
  static FirewallRules parse(std::string_view text);

  [[nodiscard]] const std::vector<FirewallRule>& all() const { return rules_; }
  [[nodiscard]] const std::vector<FirewallChain>& chains() const { return chains_; }
  // In their order.
  [[nodiscard]] std::vector<const FirewallRule*> of_chain(std::string_view table, std::string_view chain) const;
  // Null if there is none.
  [[nodiscard]] const FirewallChain* chain(std::string_view table, std::string_view name) const;

 private:
  std::vector<FirewallRule> rules_;
  std::vector<FirewallChain> chains_;
};

// Whether the chain is one of ours.
[[nodiscard]] inline bool is_ours(std::string_view chain) { return chain.starts_with("SALLYPORT"); }

}  // namespace sallyport::doctor
