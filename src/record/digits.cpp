#include "digits.hpp"

#include <array>
#include <charconv>

namespace sallyport::record {

void append_digits(std::string& out, std::uint64_t value, std::size_t width) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (count < width) out.append(width - count, '0');
  out.append(digits.data(), count);
}

void append_time(std::string& out, std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  std::array<char, 24> text;
  char* at = text.data();
  const auto part = [&at](auto value, int width, char after) {
    auto rest = static_cast<unsigned>(value);
    for (int digit = width; digit-- > 0; rest /= 10) at[digit] = static_cast<char>('0' + rest % 10);
    at += width;
    *at++ = after;
  };
  part(static_cast<int>(date.year()), 4, '-');
  part(static_cast<unsigned>(date.month()), 2, '-');
  part(static_cast<unsigned>(date.day()), 2, 'T');
  part(clock.hours().count(), 2, ':');
  part(clock.minutes().count(), 2, ':');
  part(clock.seconds().count(), 2, '.');
  part(clock.subseconds().count(), 3, 'Z');
  out.append(text.data(), at);
}

}  // namespace sallyport::record
