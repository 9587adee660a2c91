#include "sallyport/policy/overlaps.hpp"

#include "policy_rules.hpp"

namespace sallyport::policy {
namespace {

constexpr std::size_t most_warnings = 100;

class Warnings {
 public:
  explicit Warnings(const PolicyRules& rules) : rules_(rules) {}

  // `later`, a pattern of the `section` it stands in, against the rule that decides before it.
  void add(std::string_view section, const NameSet::Entry& later, std::string_view consequence,
           std::string_view earlier_section, std::string_view earlier_text, Place earlier) {
    if (++count_ > most_warnings) return;
    const std::string reason = std::string(section) + " " + std::string(later.text) + " " + std::string(consequence) +
                               ": " + std::string(earlier_section) + " " + std::string(earlier_text) + " (" +
                               rules_.files[earlier.file] + ":" + std::to_string(earlier.line) + ")";
    found_.push_back({rules_.files[later.place.file], later.place.line, reason});
  }

  config::Problems take() {
    if (count_ > most_warnings) {
      found_.push_back({rules_.files.front(), 0, std::to_string(count_ - most_warnings) + " more rules overlap"});
    }
    return std::move(found_);
  }

 private:
  const PolicyRules& rules_;
  config::Problems found_;
  std::size_t count_ = 0;
};

constexpr std::string_view never = "never decides";

void check_rewrites(const PolicyRules& rules, std::string_view section, const NameSet& names, Warnings& warnings) {
  if (rules.rewrites.empty()) return;
  names.for_each([&](const NameSet::Entry& entry) {
    const RewriteRule* const earlier = rules.rewrites.find(key_of(entry.text));
    if (earlier != nullptr) warnings.add(section, entry, never, "rewrite", earlier->text, earlier->place);
  });
}

void check_names(std::string_view section, const NameSet& later, std::string_view earlier_section,
                 const NameSet& earlier, Warnings& warnings) {
  if (earlier.size() == 0) return;
  later.for_each([&](const NameSet::Entry& entry) {
    const std::optional<NameSet::Entry> found = earlier.find(key_of(entry.text));
    if (found) warnings.add(section, entry, never, earlier_section, found->text, found->place);
  });
}

// Names of a passed-through domain that stay blacklisted: as it should be, but seldom what was meant.
void check_blacklisted_below_passthrough(const PolicyRules& rules, Warnings& warnings) {
  if (rules.passthrough.size() == 0) return;
  rules.blacklist.for_each([&](const NameSet::Entry& entry) {
    const std::optional<NameSet::Entry> passed = rules.passthrough.find(key_of(entry.text));
    if (!passed || passed->text == entry.text) return;
    warnings.add("blacklist", entry, "wins over a passthrough", "passthrough", passed->text, passed->place);
  });
}

}  // namespace

config::Problems overlaps(const PolicySnapshot& snapshot) {
  const PolicyRules& rules = snapshot.rules();
  Warnings warnings(rules);
  check_rewrites(rules, "blacklist", rules.blacklist, warnings);
  check_rewrites(rules, "passthrough", rules.passthrough, warnings);
  check_rewrites(rules, "whitelist", rules.whitelist, warnings);
  check_names("passthrough", rules.passthrough, "blacklist", rules.blacklist, warnings);
  check_names("whitelist", rules.whitelist, "blacklist", rules.blacklist, warnings);
  check_names("whitelist", rules.whitelist, "passthrough", rules.passthrough, warnings);
  check_blacklisted_below_passthrough(rules, warnings);
  return warnings.take();
}

}  // namespace sallyport::policy
