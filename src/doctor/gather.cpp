#include "sallyport/doctor/gather.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "sallyport/base/text.hpp"
#include "sallyport/base/unique_fd.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/io/resolver.hpp"
#include "sallyport/netfilter/neighbours.hpp"

namespace sallyport::doctor {
namespace {

constexpr std::chrono::seconds name_patience{5};
// Reserved for documentation, and there (RFC 2606 §3).
constexpr const char* asked_name = "example.com";

io::Task<void> ask(io::EventLoop& loop, io::Resolver& resolver, Result<void>& answered) {
  io::Cancellation cancellation;
  const Result<std::vector<IpAddress>> addresses =
      co_await resolver.resolve(asked_name, io::Clock::now() + name_patience, cancellation);
  if (!addresses && addresses.error().kind != ErrorKind::unreachable) answered = std::unexpected(addresses.error());
  loop.stop();
}

void read_rules(Context& context) {
  Result<FirewallRules> v4 = read_firewall("iptables-save");
  if (v4) {
    context.v4 = std::move(*v4);
  } else {
    context.rules_error = v4.error().reason;
  }
  if (!context.has_ipv6()) return;
  Result<FirewallRules> v6 = read_firewall("ip6tables-save");
  if (v6) context.v6 = std::move(*v6);
}

// Clients that were heard of on a LAN interface, and that another one leads to.
void look_for_astray(Context& context) {
  constexpr std::size_t most = 256;  // for each interface: what is wrong with one is wrong with more
  for (const std::string& lan : context.settings.gateway.lan_interfaces) {
    const Result<std::vector<IpAddress>> heard = netfilter::neighbours_on(lan);
    if (!heard) continue;
    for (std::size_t at = 0; at < std::min(heard->size(), most); ++at) {
      const IpAddress& client = (*heard)[at];
      if (!client.is_v4() || client.is_multicast()) continue;
      const auto route = netfilter::route_to(client);
      if (!route || !*route || (*route)->local || (*route)->interface == lan) continue;
      context.astray.push_back({client, lan, (*route)->interface});
    }
  }
}

}  // namespace

Context gather(Context known) {
  Context context = std::move(known);
  context.root = ::geteuid() == 0;
  context.now = crypto::wall_clock();
  context.run = run_command;
  context.resolve = [servers = context.settings.upstream.dns_servers] { return ask_name_servers(servers); };
  if (context.root) read_rules(context);
  if (auto rules = netfilter::routing_rules()) context.routing_rules = std::move(*rules);
  if (auto routes = netfilter::routes_of_table(netfilter::PolicyRoutes().table)) {
    context.table_routes = std::move(*routes);
  }
  if (const auto state = netfilter::check_policy_routes(netfilter::PolicyRoutes())) context.policy_routes = *state;
  look_for_astray(context);
  return context;
}

SocketOwner owner_of_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {};
  path.copy(address.sun_path, path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  ucred owner{};
  socklen_t length = sizeof owner;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &owner, &length) != 0) return {};
  return {owner.pid, owner.uid};
}

Result<void> ask_name_servers(const std::vector<Endpoint>& servers) {
  const Result<std::unique_ptr<io::EventLoop>> loop = io::EventLoop::create();
  if (!loop) return std::unexpected(loop.error());
  const Result<std::unique_ptr<io::Resolver>> resolver = io::Resolver::create(**loop, servers);
  if (!resolver) return std::unexpected(resolver.error());
  Result<void> answered;
  const io::StartedTask<void> asking(ask(**loop, **resolver, answered));
  (*loop)->run();
  return answered;
}

Result<FirewallRules> read_firewall(const std::string& program) {
  const Outcome saved = run_command({.words = {program, "--counters"}});
  if (saved.status != 0) return fail(ErrorKind::system, program + ": " + std::string(trim(saved.err)));
  return FirewallRules::parse(saved.out);
}

}  // namespace sallyport::doctor
