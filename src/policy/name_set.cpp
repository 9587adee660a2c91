#include "name_set.hpp"

#include <cassert>
#include <cstring>
#include <limits>

namespace sallyport::policy {
namespace {

constexpr unsigned block_bits = 20;
constexpr std::size_t block_bytes = std::size_t{1} << block_bits;
constexpr std::size_t most_blocks = 1'024;

// Before each text: one byte of length, then the place.
constexpr std::size_t line_at = 1;
constexpr std::size_t file_at = line_at + sizeof(std::uint32_t);
constexpr std::size_t text_at = file_at + sizeof(std::uint16_t);

}  // namespace

bool NameSet::add(std::string_view text, Place place) {
  assert(text.size() <= std::numeric_limits<std::uint8_t>::max());
  if (blocks_.empty() || used_ + text_at + text.size() > block_bytes) {
    if (blocks_.size() == most_blocks) return false;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
    used_ = 0;
  }
  char* const record = blocks_.back().get() + used_;
  record[0] = static_cast<char>(text.size());
  std::memcpy(record + line_at, &place.line, sizeof place.line);
  std::memcpy(record + file_at, &place.file, sizeof place.file);
  std::memcpy(record + text_at, text.data(), text.size());
  const auto offset = static_cast<Offset>((blocks_.size() - 1) << block_bits | used_);
  if (!offsets_.insert(offset).second) return true;
  used_ += text_at + text.size();
  depths_.add(text);
  return true;
}

Result<void> NameSet::add_typed(std::string_view typed, Place place) {
  const Result<NamePattern> pattern = parse_pattern(typed);
  if (!pattern) return std::unexpected(pattern.error());
  const bool added = add(pattern->text, place) && (!pattern->and_apex || add(pattern->text.substr(2), place));
  if (!added) return fail(ErrorKind::exhausted, "the lists hold more names than fit");
  return {};
}

NameSet::Entry NameSet::at(Offset offset) const {
  const char* const record = blocks_[offset >> block_bits].get() + (offset & (block_bytes - 1));
  Entry entry{{record + text_at, static_cast<std::uint8_t>(record[0])}, {}};
  std::memcpy(&entry.place.line, record + line_at, sizeof entry.place.line);
  std::memcpy(&entry.place.file, record + file_at, sizeof entry.place.file);
  return entry;
}

std::optional<NameSet::Entry> NameSet::probe(std::string_view key) const {
  const auto found = offsets_.find(key);
  if (found == offsets_.end()) return std::nullopt;
  return at(*found);
}

std::optional<NameSet::Entry> NameSet::find(std::string_view name) const {
  return find_most_specific(name, depths_, [this](std::string_view key) { return probe(key); });
}

}  // namespace sallyport::policy
