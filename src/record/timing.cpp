#include "sallyport/record/timing.hpp"

namespace sallyport::record {

std::string_view name_of(Phase phase) {
  static constexpr std::array<std::string_view, phases> names = {"gateway", "queue", "dns",  "connect",
                                                                 "tls",     "send",  "wait", "transfer"};
  return names[static_cast<std::size_t>(phase)];
}

}  // namespace sallyport::record
