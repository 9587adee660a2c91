#include "der.hpp"

#include <cassert>
#include <string>

namespace sallyport::pki {

namespace {

void append_two_digits(std::string& text, unsigned number) {
  text += static_cast<char>('0' + number / 10 % 10);
  text += static_cast<char>('0' + number % 10);
}

}  // namespace

Der der(DerTag tag, std::initializer_list<ByteView> content) {
  std::size_t size = 0;
  for (const ByteView part : content) size += part.size();
  assert(size <= 0xffff);
  Der element;
  element.reserve(size + 4);
  element.push_back(static_cast<std::uint8_t>(tag));
  if (size > 0xff) {
    element.push_back(0x82);
    element.push_back(static_cast<std::uint8_t>(size >> 8));
  } else if (size > 0x7f) {
    element.push_back(0x81);
  }
  element.push_back(static_cast<std::uint8_t>(size));
  for (const ByteView part : content) element.insert(element.end(), part.begin(), part.end());
  return element;
}

Der der_integer(ByteView magnitude) {
  static constexpr std::uint8_t zero = 0;
  // With its highest bit set the first byte would make the number negative.
  const bool high = !magnitude.empty() && (magnitude.front() & 0x80) != 0;
  return der(DerTag::integer, {ByteView(&zero, high ? 1 : 0), magnitude});
}

Der der_time(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  const bool short_year = year >= 1950 && year < 2050;
  std::string text;
  if (!short_year) append_two_digits(text, year / 100);
  append_two_digits(text, year);
  append_two_digits(text, static_cast<unsigned>(date.month()));
  append_two_digits(text, static_cast<unsigned>(date.day()));
  append_two_digits(text, static_cast<unsigned>(clock.hours().count()));
  append_two_digits(text, static_cast<unsigned>(clock.minutes().count()));
  append_two_digits(text, static_cast<unsigned>(clock.seconds().count()));
  text += 'Z';
  return der(short_year ? DerTag::utc_time : DerTag::generalized_time, {bytes_of(text)});
}

}  // namespace sallyport::pki
