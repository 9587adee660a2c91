// Suspects: what has dropped packets between two looks at the machine.
//
// One thread; the Context outlives it. A box with clients drops other packets meanwhile, so that what is found is
// likely, and not certain.
#pragma once

#include <string>

#include "sallyport/doctor/context.hpp"

#include "family.hpp"

namespace sallyport::doctor {

class Suspects {
 public:
  // The first look.
  Suspects(const Context& context, const Family& family);

  struct Suspect {
    std::string says;  // empty: nobody is suspected
    std::string mend;
  };
  // The second one.
  [[nodiscard]] Suspect name_one() const;

 private:
  const Context& context_;
  const Family family_;
  std::optional<FirewallRules> rules_;
  long long reverse_path_ = 0;
};

}  // namespace sallyport::doctor
