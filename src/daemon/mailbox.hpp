// Mailbox: what other threads leave for main to do.
//
// post() may be called from any thread, the others by main. Outlives everybody who posts.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::daemon {

class Mailbox {
 public:
  static Result<std::unique_ptr<Mailbox>> open();

  // Readable when there is something to do.
  [[nodiscard]] int fd() const { return event_.get(); }
  void post(std::function<void()> job);
  // Does all of it, in the order in which it came.
  void empty();

 private:
  explicit Mailbox(UniqueFd event) : event_(std::move(event)) {}

  UniqueFd event_;
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;  // protected by mutex_
};

}  // namespace sallyport::daemon
