// PortUnreachable: tells a sender that nothing takes its datagrams at that port, by ICMP and ICMPv6.
//
// The kernel's own REJECT does so a few times a second and no more. Needs CAP_NET_RAW to open. One thread at a time.
#pragma once

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::netfilter {

class PortUnreachable {
 public:
  // A kernel without IPv6 is no error: nothing can come by it either.
  static Result<PortUnreachable> open();

  // `packet`: what came from `sender`, from its IP header on, of which as much is sent back as fits (RFC 1812 §4.3.2.3,
  // RFC 4443 §3.1). From an address of this machine, as routers do. Never waits: what the kernel does not take at once
  // is lost, as ICMP may be.
  void tell(const IpAddress& sender, ByteView packet) const;

 private:
  PortUnreachable(UniqueFd v4, UniqueFd v6) : v4_(std::move(v4)), v6_(std::move(v6)) {}

  UniqueFd v4_;
  UniqueFd v6_;
};

}  // namespace sallyport::netfilter
