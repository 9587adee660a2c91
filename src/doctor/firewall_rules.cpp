#include "sallyport/doctor/firewall_rules.hpp"

#include <algorithm>
#include <charconv>

#include "sallyport/base/text.hpp"

namespace sallyport::doctor {
namespace {

// The number at the start of "12:3400]…".
std::uint64_t leading_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Takes the first word off.
std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

FirewallChain chain_of(const std::string& table, std::string_view line) {
  FirewallChain chain{.table = table, .name = std::string(take_word(line)), .policy = {}};
  chain.policy = take_word(line);
  const std::string_view counters = take_word(line);
  if (!counters.empty()) chain.packets = leading_number(counters.substr(1));
  return chain;
}

// Whether the interface that -i names ("eth+" names many) is the one.
bool names_interface(std::string_view pattern, std::string_view interface) {
  if (!pattern.ends_with('+')) return pattern == interface;
  pattern.remove_suffix(1);
  return interface.starts_with(pattern);
}

}  // namespace

std::string_view FirewallRule::option(std::string_view option) const {
  std::string_view rest = text;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (word == option) return take_word(rest);
  }
  return {};
}

bool FirewallRule::may_mean_tcp_from(const std::vector<std::string>& interfaces) const {
  const std::string_view protocol = option("-p");
  if (!protocol.empty() && protocol != "tcp" && protocol != "all" && !text.contains("! -p")) return false;
  // What only concerns connections that are known already, or packets that belong to none, does not stop a new one.
  const std::string_view state = option("--ctstate").empty() ? option("--state") : option("--ctstate");
  if (!state.empty() && !state.contains("NEW") && !text.contains("! --ctstate")) return false;
  const std::string_view input = option("-i");
  if (input.empty() || text.contains("! -i")) return true;
  return std::ranges::any_of(interfaces, [&](const std::string& one) { return names_interface(input, one); });
}

FirewallRules FirewallRules::parse(std::string_view text) {
  FirewallRules found;
  std::string table;
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with('*')) {
      table = line.substr(1);
    } else if (line.starts_with(':')) {
      found.chains_.push_back(chain_of(table, line.substr(1)));
    } else {
      std::uint64_t packets = 0;
      if (line.starts_with('[')) packets = leading_number(take_word(line).substr(1));
      if (take_word(line) != "-A") continue;
      const std::string_view chain = take_word(line);
      found.rules_.push_back(
          {.table = table, .chain = std::string(chain), .text = std::string(trim(line)), .packets = packets});
    }
  }
  return found;
}

std::vector<const FirewallRule*> FirewallRules::of_chain(std::string_view table, std::string_view chain) const {
  std::vector<const FirewallRule*> found;
  for (const FirewallRule& rule : rules_) {
    if (rule.table == table && rule.chain == chain) found.push_back(&rule);
  }
  return found;
}

const FirewallChain* FirewallRules::chain(std::string_view table, std::string_view name) const {
  const auto found =
      std::ranges::find_if(chains_, [&](const FirewallChain& one) { return one.table == table && one.name == name; });
  return found == chains_.end() ? nullptr : &*found;
}

}  // namespace sallyport::doctor
