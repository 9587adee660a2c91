// KernelChanges: that something has changed in the kernel which steers clients' connections, or decides about them.
//
// It says what to look at, and not how it looks now: notifications may be left out or late. One thread; nothing has to
// outlive it. Hearing of rules needs CAP_NET_ADMIN.
#pragma once

#include <cstdint>
#include <memory>

#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

struct Changes {
  bool links = false;     // an interface came, went or changed
  bool routes = false;    // a policy rule, or a route of the table that is watched
  bool settings = false;  // forwarding or a reverse-path filter
  bool rules = false;     // a rule, chain or table of nf_tables, which iptables-nft speaks to

  Changes& operator|=(const Changes& other);
  [[nodiscard]] bool any() const { return links || routes || settings || rules; }
};

class KernelChanges {
 public:
  // `table`: the routing table whose routes matter; all others may change as fast as they like.
  static Result<KernelChanges> open(std::uint32_t table);
  KernelChanges(KernelChanges&&) noexcept;
  KernelChanges& operator=(KernelChanges&&) noexcept;
  ~KernelChanges();

  // Readable when there is something to read(). rules_fd() is -1 where the kernel has no nf_tables, or does not let us
  // hear of it.
  [[nodiscard]] int routing_fd() const;
  [[nodiscard]] int rules_fd() const;

  // Empties both, without waiting.
  Result<Changes> read();

 private:
  struct State;
  explicit KernelChanges(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sallyport::netfilter
