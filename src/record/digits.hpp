// Numbers and times as text, appended. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sallyport::record {

// `value` in decimal, with leading zeros up to `width`.
void append_digits(std::string& out, std::uint64_t value, std::size_t width = 1);

// RFC 3339 in UTC with milliseconds: 2026-01-31T23:59:59.999Z.
void append_time(std::string& out, std::chrono::system_clock::time_point time);

}  // namespace sallyport::record
