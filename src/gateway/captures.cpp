#include "captures.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::gateway {
namespace {

bool is_of(const CaptureOrder& order, const IpAddress& client) { return !order.client || *order.client == client; }

bool names(const CaptureOrder& order, std::string_view name) {
  if (!order.name.starts_with("*.")) return order.name == name;
  const std::string_view below = std::string_view(order.name).substr(1);
  return name.size() > below.size() && name.ends_with(below);
}

}  // namespace

void Captures::begin(CaptureOrder order) {
  active_.push_back(std::make_shared<ActiveCapture>());
  active_.back()->order = std::move(order);
  active_.back()->order.begun();
}

void Captures::end(std::uint64_t id) {
  for (const ActiveCapturePtr& active : active_) active->ended = active->ended || active->order.id == id;
  std::erase_if(active_, [](const ActiveCapturePtr& active) { return active->ended; });
}

bool Captures::may_want(const IpAddress& client) const {
  return std::ranges::any_of(active_, [&](const ActiveCapturePtr& active) { return is_of(active->order, client); });
}

ActiveCapturePtr Captures::find(const IpAddress& client, std::string_view name) const {
  const auto found = std::ranges::find_if(active_, [&](const ActiveCapturePtr& active) {
    return is_of(active->order, client) && names(active->order, name);
  });
  return found == active_.end() ? nullptr : *found;
}

}  // namespace sallyport::gateway
