// DialsUnderWay: which origins are being dialled, so that others who want the same wait for what comes of it.
//
// One for each worker, its thread alone. An origin that turns out to speak HTTP/2 serves all who waited with one
// connection.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/notification.hpp"

namespace sallyport::gateway {

class DialsUnderWay {
 public:
  // A dial, while it lives. Its end is told to those who wait for the same key.
  class Dial {
   public:
    Dial(DialsUnderWay& all, std::string key);
    ~Dial();
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;

    void failed(const Error& error) { failure_ = error; }

   private:
    DialsUnderWay& all_;
    std::string key_;
    std::optional<Error> failure_;
  };

  [[nodiscard]] bool any(const std::string& key) const { return by_key_.contains(key); }
  // Until one dial for `key` is over; its failure, if it failed otherwise than by being cancelled. At once if there is
  // none, or when the cancellation fires.
  io::Task<std::optional<Error>> wait(io::EventLoop& loop, std::string key, io::Cancellation& cancellation);

 private:
  struct Waiter;
  struct Key {
    std::size_t dials = 0;
    std::vector<Waiter*> waiters;
  };

  std::map<std::string, Key> by_key_;
};

}  // namespace sallyport::gateway
