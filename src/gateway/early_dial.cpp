#include "early_dial.hpp"

namespace sallyport::gateway {
namespace {

constexpr int most_dials = 4;

}  // namespace

void EarlyDial::start() {
  if (dialer_.shared(route()) == nullptr) pending_->opening.emplace(dialer_.obtain(route(), false));
}

const http::OriginFacts* EarlyDial::facts() const {
  if (pending_->idle) return &pending_->idle->facts();
  http::http2::SharedConnection* const shared = dialer_.shared(route());
  return shared == nullptr ? nullptr : &shared->facts();
}

io::Task<void> EarlyDial::wait() {
  if (!under_way()) co_return;
  Result<http::OriginConnectionPtr> opened = co_await pending_->opening->join();
  pending_->opening.reset();
  if (opened) {
    pending_->idle = std::move(*opened);
  } else {
    pending_->error = opened.error();
  }
}

io::Task<void> EarlyDial::wait_for_facts() {
  co_await wait();
  for (int dials = 1; dials < most_dials && !error() && facts() == nullptr; ++dials) {
    start();
    co_await wait();
  }
}

io::Task<Result<http::OriginConnectionPtr>> EarlyDial::take() {
  const bool was_open = !under_way() || pending_->opening->done();
  co_await wait();
  const std::unique_ptr<Pending> taken = std::move(pending_);
  if (worker_.generation.configuration != taken->route.generation.configuration) co_return nullptr;
  if (taken->error) co_return std::unexpected(*taken->error);
  // The client may have taken its time, and the origin lost patience.
  if (taken->idle && !taken->idle->quiet()) taken->idle.reset();
  if (taken->idle && was_open) taken->idle->mark_idled();
  co_return std::move(taken->idle);
}

io::Task<void> EarlyDial::end() {
  co_await wait();
  if (pending_ && pending_->idle) dialer_.keep_idle(route(), std::move(pending_->idle));
}

}  // namespace sallyport::gateway
