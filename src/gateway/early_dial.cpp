#include "early_dial.hpp"

namespace sallyport::gateway {
namespace {

constexpr int most_dials = 4;

}  // namespace

void EarlyDial::start() {
  if (dialer_.shared(route_) == nullptr) opening_.emplace(dialer_.obtain(route_, false));
}

const http::OriginFacts* EarlyDial::facts() const {
  if (idle_) return &idle_->facts();
  http::http2::SharedConnection* const shared = dialer_.shared(route_);
  return shared == nullptr ? nullptr : &shared->facts();
}

io::Task<void> EarlyDial::wait() {
  if (!opening_) co_return;
  Result<http::OriginConnectionPtr> opened = co_await opening_->join();
  opening_.reset();
  if (opened) {
    idle_ = std::move(*opened);
  } else {
    error_ = opened.error();
  }
}

io::Task<void> EarlyDial::wait_for_facts() {
  co_await wait();
  for (int dials = 1; dials < most_dials && !error_ && facts() == nullptr; ++dials) {
    start();
    co_await wait();
  }
}

io::Task<Result<http::OriginConnectionPtr>> EarlyDial::take() {
  const bool was_open = !opening_ || opening_->done();
  co_await wait();
  if (worker_.generation.configuration != route_.generation.configuration) co_return nullptr;
  if (error_) co_return std::unexpected(*error_);
  // The client may have taken its time, and the origin lost patience.
  if (idle_ && !idle_->quiet()) idle_.reset();
  if (idle_ && was_open) idle_->mark_idled();
  co_return std::move(idle_);
}

io::Task<void> EarlyDial::end() {
  co_await wait();
  if (idle_) dialer_.keep_idle(route_, std::move(idle_));
}

}  // namespace sallyport::gateway
