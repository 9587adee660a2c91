#include "sallyport/gateway/open_connections.hpp"

namespace sallyport::gateway {
namespace {

std::atomic<std::uint64_t> last_id = 0;

}  // namespace

void ConnectionView::close() {
  const std::lock_guard lock(mutex_);
  socket_ = nullptr;
}

OpenConnection ConnectionView::look() const {
  const std::lock_guard lock(mutex_);
  OpenConnection seen{facts_};
  // Ended before begun: what has ended meanwhile has begun as well.
  const std::uint64_t ended = ended_.value();
  seen.exchanges = begun_.value();
  seen.active = seen.exchanges - ended;
  if (socket_ != nullptr) {
    seen.received = socket_->received_bytes();
    seen.sent = socket_->sent_bytes();
  }
  return seen;
}

OpenConnections::Place::~Place() {
  view_->close();
  const std::lock_guard lock(all_.mutex_);
  all_.open_.erase(id_);
}

OpenConnections::Place OpenConnections::add(ConnectionFacts facts, const io::FdStream& socket) {
  const std::uint64_t id = last_id.fetch_add(1, std::memory_order_relaxed) + 1;
  facts.id = id;
  auto view = std::make_shared<ConnectionView>(std::move(facts), socket);
  const std::lock_guard lock(mutex_);
  open_.emplace(id, view);
  return {*this, id, std::move(view)};
}

std::vector<OpenConnection> OpenConnections::snapshot() const {
  std::vector<std::shared_ptr<ConnectionView>> views;
  {
    const std::lock_guard lock(mutex_);
    views.reserve(open_.size());
    for (const auto& [id, view] : open_) views.push_back(view);
  }
  std::vector<OpenConnection> all;
  all.reserve(views.size());
  for (const std::shared_ptr<ConnectionView>& view : views) all.push_back(view->look());
  return all;
}

}  // namespace sallyport::gateway
