#include "probe_network.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "sallyport/base/text.hpp"
#include "sallyport/netfilter/probe_interface.hpp"
#include "sallyport/netfilter/routing_rules.hpp"

namespace sallyport::doctor {
namespace {

using netfilter::NetworkNamespace;
using netfilter::probe_interface;

constexpr const char* goal_interface = "sallyport-goal";
constexpr const char* far_interface = "probe0";  // of its namespace's own
constexpr int link_prefix = 30;
// TEST-NET-1 to 3 (RFC 5737), the range for benchmarks (RFC 2544): nobody's real addresses. The last eight of each.
constexpr std::array<std::array<std::uint8_t, 3>, 4> networks = {
    {{192, 0, 2}, {198, 51, 100}, {203, 0, 113}, {198, 19, 255}}};
constexpr std::uint8_t client_link = 248;
constexpr std::uint8_t origin_link = 252;

IpAddress address_in(const std::array<std::uint8_t, 3>& network, std::uint8_t last) {
  return IpAddress::v4({network[0], network[1], network[2], last});
}

// Nothing but a default route leads there.
bool is_free(const std::array<std::uint8_t, 3>& network) {
  for (std::uint8_t last = client_link; last < 255; ++last) {
    const auto route = netfilter::route_to(address_in(network, last));
    if (!route || (*route && ((*route)->local || (*route)->prefix_length > 0))) return false;
  }
  return true;
}

std::string with_other_interface(const FirewallRule& rule, const std::string& lan) {
  const std::string from = "-i " + lan + " ";
  std::string text = rule.text;
  text.replace(text.find(from), from.size(), std::string("-i ") + probe_interface + " ");
  return text;
}

bool is_for(const FirewallRule& rule, const std::string& interface) {
  return is_ours(rule.chain) && rule.option("-i") == interface && rule.text.contains("-i " + interface + " ");
}

// For iptables-restore, a block a table.
std::string in_blocks(const std::map<std::string, std::string>& lines) {
  std::string text;
  for (const auto& [table, body] : lines) text.append("*").append(table).append("\n").append(body).append("COMMIT\n");
  return text;
}

Result<void> restore(const std::string& text) {
  const Outcome done = run_command({.words = {"iptables-restore", "--noflush", "-w", "10"}, .input = text});
  if (done.status != 0) return fail(ErrorKind::system, "iptables-restore: " + std::string(trim(done.err)));
  return {};
}

}  // namespace

Result<std::unique_ptr<ProbeNetwork>> ProbeNetwork::create() {
  Result<NetworkNamespace> client_side = NetworkNamespace::create();
  if (!client_side) return std::unexpected(client_side.error());
  Result<NetworkNamespace> origin_side = NetworkNamespace::create();
  if (!origin_side) return std::unexpected(origin_side.error());
  // Not make_unique: the constructor is private.
  std::unique_ptr<ProbeNetwork> network(new ProbeNetwork(std::move(*client_side), std::move(*origin_side)));
  if (const Result<void> done = network->wire_up(); !done) return std::unexpected(done.error());
  return network;
}

Result<void> ProbeNetwork::wire_up() {
  const auto free = std::ranges::find_if(networks, is_free);
  if (free == networks.end()) {
    return fail(ErrorKind::exhausted,
                "this machine has routes to every network that is reserved for documentation or benchmarks");
  }
  struct End {
    const char* interface;
    const NetworkNamespace& far;
    IpAddress here;
    IpAddress there;
  };
  wired_.reserve(2);
  client_ = address_in(*free, client_link + 2);
  origin_ = address_in(*free, origin_link + 2);
  for (const End& end : {End{probe_interface, client_side_, address_in(*free, client_link + 1), client_},
                         End{goal_interface, origin_side_, address_in(*free, origin_link + 1), origin_}}) {
    if (Result<void> done = netfilter::add_wire(end.interface, end.far, far_interface); !done) return done;
    wired_.push_back(end.interface);
    Result<void> done = end.far.run([&] { return netfilter::bring_up(far_interface, end.there, link_prefix); });
    if (!done) return done;
    if (done = netfilter::bring_up(end.interface, end.here, link_prefix); !done) return done;
    done = end.far.run([&] { return netfilter::add_default_route(far_interface, end.here); });
    if (!done) return done;
  }
  return {};
}

ProbeNetwork::~ProbeNetwork() {
  if (!undo_.empty()) (void)restore(undo_);
  // At once, and not when the kernel gets round to the namespaces.
  for (const char* const interface : wired_) (void)netfilter::remove_interface(interface);
}

Result<void> ProbeNetwork::steer(const Context& context, const FirewallRules& rules, std::uint16_t port) {
  const std::string& lan = context.settings.gateway.lan_interfaces.front();
  std::map<std::string, std::string> adding;
  std::map<std::string, std::string> removing;
  bool found = false;
  for (const FirewallRule& rule : rules.all()) {
    if (is_for(rule, probe_interface)) adding[rule.table] += "-D " + rule.chain + " " + rule.text + "\n";
  }
  for (const FirewallRule& rule : rules.all()) {
    const std::string_view to_port = rule.option("--dport");
    if (!is_for(rule, lan) || rule.option("-p") != "tcp" || (!to_port.empty() && to_port != std::to_string(port)))
      continue;
    const std::string text = rule.chain + " " + with_other_interface(rule, lan) + "\n";
    adding[rule.table] += "-A " + text;
    removing[rule.table] += "-D " + text;
    found = true;
  }
  if (!found) return fail(ErrorKind::system, "no rule steers TCP " + std::to_string(port) + " of " + lan);
  if (Result<void> done = restore(in_blocks(adding)); !done) return done;
  undo_ = in_blocks(removing);
  return {};
}

std::uint64_t ProbeNetwork::steered(const FirewallRules& rules) {
  std::uint64_t packets = 0;
  for (const FirewallRule& rule : rules.all()) {
    if (rule.table == "mangle" && is_for(rule, probe_interface)) packets += rule.packets;
  }
  return packets;
}

Result<UniqueFd> ProbeNetwork::client_socket() const {
  UniqueFd socket;
  const Result<void> done = client_side_.run([&]() -> Result<void> {
    socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return std::unexpected(errno_error("socket", errno));
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return socket;
}

Result<UniqueFd> ProbeNetwork::origin_socket(std::uint16_t port) const {
  UniqueFd socket;
  const Result<void> done = origin_side_.run([&]() -> Result<void> {
    socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return std::unexpected(errno_error("socket", errno));
    sockaddr_storage storage{};
    const socklen_t length = Endpoint{origin_, port}.to_sockaddr(storage);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 ||
        ::listen(socket.get(), SOMAXCONN) != 0) {
      return std::unexpected(errno_error("listening", errno));
    }
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return socket;
}

}  // namespace sallyport::doctor
