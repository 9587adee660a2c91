// PacketQueue: packets that the kernel holds until somebody has said what becomes of each (NFQUEUE).
//
// Bounded by the kernel: beyond most_waiting packets, or where they are not fetched fast enough, newer ones are
// dropped, or accepted where that was asked for. Verdicts are gathered and sent together. A queue has one owner; when
// that is gone the kernel drops what it held, and later packets too, until there is a new one. Needs CAP_NET_ADMIN,
// with each call. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::netfilter {

class PacketQueue {
 public:
  static constexpr std::uint32_t most_waiting = 4096;

  struct Packet {
    std::uint32_t id = 0;    // what its verdict is given for
    std::uint32_t mark = 0;  // the packet mark it has
    bool cut = false;        // `bytes` is only the beginning
    ByteView bytes;          // from the IP header on; valid during the call that gives it
  };

  // Errors: not_permitted (no CAP_NET_ADMIN, or another process owns the queue), system.
  static Result<PacketQueue> open(std::uint16_t number, bool accept_when_full);
  PacketQueue(PacketQueue&&) noexcept;
  PacketQueue& operator=(PacketQueue&&) noexcept;
  ~PacketQueue();

  // Readable when a packet waits.
  [[nodiscard]] int fd() const;

  // Fetches up to `most` packets without waiting and hands each on; how many there were. What the kernel had to leave
  // out is counted in overruns() and is no error.
  [[nodiscard]] Result<std::size_t> receive(std::size_t most, const std::function<void(const Packet&)>& each);

  // Verdicts, each exactly once for each packet, at any later time. They take effect with flush() at the latest,
  // whose error may be that of an earlier one: packets wait then for verdicts that are lost, until the queue goes.
  void accept(std::uint32_t id, std::uint32_t mark);
  // Comes through the rules of the table that queued it once more, from the first one, with this mark. What accept()
  // lets go skips those behind the queue's.
  void repeat(std::uint32_t id, std::uint32_t mark);
  void drop(std::uint32_t id);
  [[nodiscard]] Result<void> flush();

  // How often packets were lost because they came faster than they were fetched.
  [[nodiscard]] std::uint64_t overruns() const;

 private:
  struct State;
  explicit PacketQueue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sallyport::netfilter
