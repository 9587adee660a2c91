// Which addresses are the gateway's own, which are on its links, and which are behind its LAN interfaces.
//
// AddressSnapshot is an immutable value: any thread, shared by shared_ptr<const>. LocalAddresses reads
// snapshots from the kernel over rtnetlink; it belongs to one thread (the one whose event loop watches
// fd()), which hands the snapshots it gets to the others. Nothing else has to outlive either.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

struct LinkPrefix {
  int interface_index = 0;
  Prefix prefix;

  friend bool operator==(const LinkPrefix&, const LinkPrefix&) = default;
};

class AddressSnapshot {
 public:
  AddressSnapshot() = default;  // knows the loopback addresses alone
  AddressSnapshot(const std::vector<Prefix>& own, std::vector<LinkPrefix> on_link, std::vector<Prefix> behind_lan);

  // Would a connection to `address` end on this very machine? Every address of every interface, whatever
  // the kernel's local table holds besides (127.0.0.0/8, AnyIP prefixes, anycast), and 0.0.0.0 and ::,
  // which Linux takes for loopback.
  [[nodiscard]] bool is_own(const IpAddress& address) const;

  // Are the two on one link of ours, so that they reach each other without passing the gateway?
  [[nodiscard]] bool on_same_link(const IpAddress& one, const IpAddress& other) const;

  // Is `address` on a LAN interface's link or behind a route through one? Default routes do not count:
  // on a gateway whose LAN interface is its uplink too, the Internet is not "behind" it.
  [[nodiscard]] bool is_behind_lan(const IpAddress& address) const;
  [[nodiscard]] std::span<const Prefix> behind_lan() const { return behind_lan_; }

  friend bool operator==(const AddressSnapshot&, const AddressSnapshot&) = default;

 private:
  std::vector<IpAddress> own_addresses_;  // sorted
  std::vector<Prefix> own_prefixes_;      // those of more than one address
  std::vector<LinkPrefix> on_link_;
  std::vector<Prefix> behind_lan_;
};

class LocalAddresses {
 public:
  // Subscribes to changes and reads the first snapshot. A name in `lan_interfaces` whose interface does not
  // exist yet is no error; it counts from the moment it appears. Needs no privilege.
  static Result<LocalAddresses> open(std::vector<std::string> lan_interfaces);

  LocalAddresses(LocalAddresses&&) noexcept;
  LocalAddresses& operator=(LocalAddresses&&) noexcept;
  ~LocalAddresses();

  [[nodiscard]] std::shared_ptr<const AddressSnapshot> snapshot() const;

  // Reads everything anew: a few rtnetlink dumps, filtered by the kernel, so that a full Internet routing
  // table costs nothing. On error the last snapshot stays.
  Result<void> refresh();

  // Readable when the kernel reported a change; then call handle_ready(). Non-blocking; ours to close.
  [[nodiscard]] int fd() const;

  // Empties fd() and refreshes if an address, a link or a LAN route changed. True: snapshot() is a new one.
  Result<bool> handle_ready();

 private:
  struct State;
  explicit LocalAddresses(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sallyport::netfilter
