// A network namespace of this process's own, and pairs of interfaces that lead there.
//
// A namespace lives as long as its object, and everything in it goes with it, however the process ends. Blocking calls;
// any thread. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
#pragma once

#include <functional>
#include <string>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::netfilter {

class NetworkNamespace {
 public:
  // Nobody is in it, and its loopback interface is down.
  static Result<NetworkNamespace> create();

  // For setns(2).
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Calls `work` on a thread inside it and waits for its end. What sockets are made there stay there.
  [[nodiscard]] Result<void> run(const std::function<Result<void>()>& work) const;

 private:
  explicit NetworkNamespace(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

// Two interfaces joined by a wire (veth(4)): `here` in the calling thread's namespace, `there` in the other. Both are
// down. Error: system, where `here` is there already.
[[nodiscard]] Result<void> add_wire(const std::string& here, const NetworkNamespace& far, const std::string& there);

// With the interface at its other end. None of that name is no error.
[[nodiscard]] Result<void> remove_interface(const std::string& name);

// Gives the interface one more address, usable at once, and brings it up.
[[nodiscard]] Result<void> bring_up(const std::string& name, const IpAddress& address, int prefix_length);

// Waits until the interface carries packets, which may be a moment after both ends of its wire were brought up: what is
// sent in that moment is lost. Error: timed_out, after two seconds.
[[nodiscard]] Result<void> wait_for_carrier(const std::string& name);

// Everything of the gateway's address family goes by it.
[[nodiscard]] Result<void> add_default_route(const std::string& interface, const IpAddress& gateway);

}  // namespace sallyport::netfilter
