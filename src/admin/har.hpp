// HTTP Archives of past exchanges (HAR 1.2, by Jan Odvarko).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "sallyport/record/history_reader.hpp"

namespace sallyport::admin {

// Names and values, as they were.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> fields_of(const record::KeptMessage& kept);

// An element of `log.entries`; null: the history's line is damaged.
[[nodiscard]] nlohmann::json har_entry(const record::HistoryEntry& entry);
// The whole document, the oldest first, as the format wants it.
[[nodiscard]] nlohmann::json har_of(const std::vector<record::HistoryEntry>& newest_first);

}  // namespace sallyport::admin
