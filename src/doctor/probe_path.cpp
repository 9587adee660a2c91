#include "probe_path.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>

#include "sallyport/base/text.hpp"
#include "sallyport/netfilter/probe_interface.hpp"
#include "sallyport/netfilter/routing_rules.hpp"

namespace sallyport::doctor {
namespace {

using netfilter::NetworkNamespace;
using netfilter::probe_interface;

// Nobody's real addresses: TEST-NET-1 to 3 (RFC 5737) and the range for benchmarks (RFC 2544); of IPv6, those of
// documentation (RFC 3849, RFC 9637) and of benchmarks (RFC 5180). The last eight of each network are used.
constexpr std::array v4_networks = {"192.0.2.0", "198.51.100.0", "203.0.113.0", "198.19.255.0"};
constexpr std::array v6_networks = {"2001:db8:ffff:ffff::", "3fff:fff:ffff:ffff::", "2001:2:0:ffff::"};
constexpr std::uint8_t client_link = 248;
constexpr std::uint8_t origin_link = 252;
constexpr std::uint8_t behind_links = 255;
constexpr int bits_of_a_link = 2;

IpAddress address_in(const IpAddress& network, std::uint8_t last) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(network.data(), network.size(), bytes.begin());
  bytes.at(network.size() - 1) = last;
  if (network.is_v4()) return IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
  return IpAddress::v6(bytes);
}

// Nothing but a default route leads there.
bool is_free(const IpAddress& network) {
  for (std::uint8_t last = client_link; last < behind_links; ++last) {
    const auto route = netfilter::route_to(address_in(network, last));
    if (!route || (*route && ((*route)->local || (*route)->prefix_length > 0))) return false;
  }
  return true;
}

std::optional<IpAddress> first_free(const Family& family) {
  const auto search = [](const auto& networks) -> std::optional<IpAddress> {
    for (const char* const text : networks) {
      const std::optional<IpAddress> network = IpAddress::parse(text);
      if (network && is_free(*network)) return network;
    }
    return std::nullopt;
  };
  return family.is_v4() ? search(v4_networks) : search(v6_networks);
}

// Without one, the kernel asks for no neighbour on behalf of an address that is not its own; its own choice would be
// ready a second or two later.
Result<void> give_link_local(const char* interface) {
  const std::optional<IpAddress> address = IpAddress::parse("fe80::1");
  return netfilter::bring_up(interface, *address, 64);
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

Result<void> restore(const Family& family, const std::string& text) {
  const Outcome done = run_command({.words = {family.restore(), "--noflush", "-w", "10"}, .input = text});
  if (done.status != 0) return fail(ErrorKind::system, family.restore() + ": " + std::string(trim(done.err)));
  return {};
}

Result<UniqueFd> make_socket(const NetworkNamespace& side, int domain) {
  UniqueFd socket;
  const Result<void> done = side.run([&]() -> Result<void> {
    socket.reset(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return std::unexpected(errno_error("socket", errno));
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return socket;
}

}  // namespace

Result<std::unique_ptr<ProbePath>> ProbePath::create(const ProbeNetwork& network, const Family& family) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<ProbePath> path(new ProbePath(network, family));
  if (const Result<void> done = path->lay(); !done) return std::unexpected(done.error());
  return path;
}

Result<void> ProbePath::lay() {
  const std::optional<IpAddress> network = first_free(family_);
  if (!network) {
    return fail(ErrorKind::exhausted, std::string("this machine has routes to every ") + family_.name +
                                          " network that is reserved for documentation or benchmarks");
  }
  struct End {
    const char* interface;
    const NetworkNamespace& far;
    IpAddress here;
    IpAddress there;
  };
  client_ = address_in(*network, client_link + 2);
  origin_ = address_in(*network, origin_link + 2);
  const int prefix_length = static_cast<int>(network->size() * 8) - bits_of_a_link;
  for (const End& end :
       {End{probe_interface, network_.client_side(), address_in(*network, client_link + 1), client_},
        End{ProbeNetwork::goal_interface, network_.origin_side(), address_in(*network, origin_link + 1), origin_}}) {
    constexpr const char* far = ProbeNetwork::far_interface;
    Result<void> done = end.far.run([&] { return netfilter::bring_up(far, end.there, prefix_length); });
    if (!done) return done;
    if (!family_.is_v4()) done = give_link_local(end.interface);
    if (done) done = netfilter::bring_up(end.interface, end.here, prefix_length);
    if (!done) return done;
    done = end.far.run([&]() -> Result<void> {
      if (Result<void> added = netfilter::add_default_route(far, end.here); !added) return added;
      return netfilter::wait_for_carrier(far);
    });
    if (done) done = netfilter::wait_for_carrier(end.interface);
    if (!done) return done;
  }
  return {};
}

ProbePath::~ProbePath() {
  if (!undo_.empty()) (void)restore(family_, undo_);
}

Result<void> ProbePath::steer(const Context& context, const FirewallRules& rules, std::uint16_t port) {
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
  if (!found) {
    return fail(ErrorKind::system,
                std::string("no ") + family_.name + " rule steers TCP " + std::to_string(port) + " of " + lan);
  }
  if (Result<void> done = restore(family_, in_blocks(adding)); !done) return done;
  undo_ = in_blocks(removing);
  return {};
}

std::uint64_t ProbePath::steered(const FirewallRules& rules) {
  std::uint64_t packets = 0;
  for (const FirewallRule& rule : rules.all()) {
    if (rule.table == "mangle" && is_for(rule, probe_interface)) packets += rule.packets;
  }
  return packets;
}

Result<UniqueFd> ProbePath::client_socket() const { return make_socket(network_.client_side(), family_.domain); }

Result<UniqueFd> ProbePath::origin_socket(std::uint16_t port) const {
  Result<UniqueFd> socket = make_socket(network_.origin_side(), family_.domain);
  if (!socket) return socket;
  sockaddr_storage storage{};
  const socklen_t length = Endpoint{origin_, port}.to_sockaddr(storage);
  if (::bind(socket->get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 ||
      ::listen(socket->get(), SOMAXCONN) != 0) {
    return std::unexpected(errno_error("listening", errno));
  }
  return socket;
}

}  // namespace sallyport::doctor
