#include "sallyport/http/message.hpp"

#include <algorithm>
#include <utility>

#include "sallyport/base/text.hpp"

namespace sallyport::http {
namespace {

// What clear() keeps at most: enough that an ordinary head allocates nothing the second time, and so little
// that an idle connection of a client that once sent huge fields holds about 40 KiB.
constexpr std::size_t kept_slots = 64;
constexpr std::size_t kept_text = 256;
// So that a small head, which grows from one slot, is not moved three times. More would be held by each idle
// connection.
constexpr std::size_t first_slots = 4;

void release_if_large(std::string& text) {
  if (text.capacity() > kept_text) {
    std::string().swap(text);  // assignment from a short string would keep the memory
  } else {
    text.clear();
  }
}

}  // namespace

Fields::Fields(const Fields& other) : slots_(other.begin(), other.end()), size_(other.size_) {}

Fields::Fields(Fields&& other) noexcept
    : slots_(std::exchange(other.slots_, {})), size_(std::exchange(other.size_, 0)) {}

Fields& Fields::operator=(const Fields& other) {
  if (this == &other) return *this;
  slots_.assign(other.begin(), other.end());
  size_ = other.size_;
  return *this;
}

Fields& Fields::operator=(Fields&& other) noexcept {
  if (this == &other) return *this;
  slots_ = std::exchange(other.slots_, {});
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Fields::add(std::string name, std::string value) {
  if (size_ == slots_.size()) slots_.emplace_back();
  slots_[size_] = Field{std::move(name), std::move(value)};
  ++size_;
}

void Fields::append(std::string_view name, std::string_view value) {
  if (slots_.empty()) slots_.reserve(first_slots);
  if (size_ == slots_.size()) slots_.emplace_back();
  slots_[size_].name.assign(name);
  slots_[size_].value.assign(value);
  ++size_;
}

void Fields::set(std::string_view name, std::string value) {
  bool placed = false;
  std::string kept_name(name);  // `name` may point into a field that is removed
  remove_if([&](const Field& field) {
    if (!equal_ignoring_case(field.name, kept_name)) return false;
    return std::exchange(placed, true);
  });
  if (!placed) return add(std::move(kept_name), std::move(value));
  const auto first = std::find_if(slots_.begin(), slots_.end(),
                                  [&](const Field& field) { return equal_ignoring_case(field.name, kept_name); });
  *first = Field{std::move(kept_name), std::move(value)};
}

std::size_t Fields::remove(std::string_view name) {
  const std::string kept_name(name);
  return remove_if([&](const Field& field) { return equal_ignoring_case(field.name, kept_name); });
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
  for (const Field& field : *this) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [&](const Field& field) { return equal_ignoring_case(field.name, name); }));
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  for (const Field& field : *this) {
    if (!equal_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (equal_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

void Fields::clear() {
  if (slots_.size() > kept_slots) {
    slots_.resize(kept_slots);
    slots_.shrink_to_fit();
  }
  for (Field& slot : slots_) {
    release_if_large(slot.name);
    release_if_large(slot.value);
  }
  size_ = 0;
}

void Fields::release() {
  slots_ = std::vector<Field>();
  size_ = 0;
}

bool operator==(const Fields& left, const Fields& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

void RequestHead::clear() {
  release_if_large(method);
  release_if_large(scheme);
  release_if_large(authority);
  release_if_large(path);
  fields.clear();
}

void ResponseHead::clear() {
  status = 0;
  fields.clear();
}

}  // namespace sallyport::http
