#include <ostream>

#include "sallyport/netfilter/policy_routing.hpp"

namespace sallyport::netfilter {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_incomplete = 3;
constexpr int exit_usage = 64;

int report(const Result<void>& done, std::ostream& err) {
  if (done) return 0;
  err << "sallyport: " << done.error().reason << '\n';
  return exit_failed;
}

const char* word_for(const FamilyRoutes& state) {
  if (!state.available) return "not available";
  if (state.complete()) return "up";
  return state.absent() ? "down" : "incomplete";
}

int print_status(const PolicyRoutes& routes, std::ostream& out, std::ostream& err) {
  const Result<PolicyRoutesState> state = check_policy_routes(routes);
  if (!state) return report(std::unexpected(state.error()), err);
  out << "policy routes, IPv4: " << word_for(state->v4) << "\npolicy routes, IPv6: " << word_for(state->v6) << '\n';
  return state->complete() ? 0 : exit_incomplete;
}

void print_constants(const PolicyRoutes& routes, std::ostream& out) {
  out << "MARK=" << routes.mark << "\nMASK=" << routes.mask << "\nTABLE=" << routes.table
      << "\nPRIORITY=" << routes.priority << '\n';
}

}  // namespace

int run_policy_routes(std::span<const std::string> arguments, std::ostream& out, std::ostream& err) {
  const PolicyRoutes routes;
  const std::string verb = arguments.size() == 1 ? arguments.front() : "";
  if (verb == "up") return report(put_up_policy_routes(routes), err);
  if (verb == "down") return report(take_down_policy_routes(routes), err);
  if (verb == "status") return print_status(routes, out, err);
  if (verb == "show") {
    print_constants(routes, out);
    return 0;
  }
  err << "usage: sallyport policy-routes up|down|status|show\n";
  return exit_usage;
}

}  // namespace sallyport::netfilter
