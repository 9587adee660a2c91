// What the options of `history` and its like ask for.
#pragma once

#include <expected>
#include <string>

#include "sallyport/record/history_reader.hpp"

#include "commands.hpp"

namespace sallyport::cli {

// Both say on streams.err what is wrong with an option; what comes back then is the exit status.

// "15m" and the like, or seconds since 1970, as seconds since 1970; empty where none was given.
[[nodiscard]] std::expected<std::string, int> since_of(const HistoryQuery& query, Streams streams);
[[nodiscard]] std::expected<record::HistoryFilter, int> filter_of(const HistoryQuery& query, Streams streams);

}  // namespace sallyport::cli
