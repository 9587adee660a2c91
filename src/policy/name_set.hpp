// NameSet: a compact set of name patterns that still knows where each was written.
//
// A million names take about 40 MiB: their texts stand in large blocks, one behind the other, and the hash
// table holds 32-bit offsets into them. Built by one thread, then read by any number. Views it gives are valid
// as long as it lives; it does not move.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "sallyport/base/result.hpp"

#include "key_hash.hpp"
#include "name_pattern.hpp"
#include "place.hpp"

namespace sallyport::policy {

class NameSet {
 public:
  struct Entry {
    std::string_view text;
    Place place;
  };

  NameSet() = default;
  NameSet(const NameSet&) = delete;
  NameSet& operator=(const NameSet&) = delete;

  // Adds a pattern's canonical text; one that is there already keeps its first place. False when the set holds
  // a GiB of texts and takes no more.
  [[nodiscard]] bool add(std::string_view text, Place place);

  // parse_pattern() and add().
  [[nodiscard]] Result<void> add_typed(std::string_view typed, Place place);

  // The most specific pattern that matches the canonical `name`: itself, else the longest wildcard above it. For
  // the key_of() a pattern: one that matches every name which that pattern matches.
  [[nodiscard]] std::optional<Entry> find(std::string_view name) const;

  [[nodiscard]] std::size_t size() const { return offsets_.size(); }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Offset offset : offsets_) visit(at(offset));
  }

 private:
  using Offset = std::uint32_t;

  struct Hash {
    using is_transparent = void;
    const NameSet* set;
    std::size_t operator()(std::string_view key) const { return KeyHash()(key); }
    std::size_t operator()(Offset offset) const { return (*this)(key_of(set->at(offset).text)); }
  };
  struct Equal {
    using is_transparent = void;
    const NameSet* set;
    bool operator()(Offset left, Offset right) const { return left == right || (*this)(left, set->key_at(right)); }
    bool operator()(Offset left, std::string_view right) const { return set->key_at(left) == right; }
  };

  [[nodiscard]] Entry at(Offset offset) const;
  [[nodiscard]] std::string_view key_at(Offset offset) const { return key_of(at(offset).text); }
  [[nodiscard]] std::optional<Entry> probe(std::string_view key) const;

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = 0;  // bytes of the last block
  KeyDepths depths_;
  absl::flat_hash_set<Offset, Hash, Equal> offsets_{0, Hash{this}, Equal{this}};
};

}  // namespace sallyport::policy
