// Reads the text of one value into its typed member, or says what was expected. Pure; any thread.
#pragma once

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"

#include "settings_table.hpp"

namespace sallyport::config {

// A decimal number within bounds, both included.
[[nodiscard]] Result<unsigned long> number_in(std::string_view text, unsigned long least, unsigned long most);

template <std::integral T>
Result<void> read_number(std::string_view text, T& out, unsigned long least, unsigned long most) {
  const Result<unsigned long> number = number_in(text, least, most);
  if (!number) return std::unexpected(number.error());
  out = static_cast<T>(*number);
  return {};
}

template <typename Rep, typename Period>
Result<void> read_duration(std::string_view text, std::chrono::duration<Rep, Period>& out, unsigned long least,
                           unsigned long most) {
  Rep count = 0;
  const Result<void> outcome = read_number(text, count, least, most);
  if (outcome) out = std::chrono::duration<Rep, Period>(count);
  return outcome;
}

// "expected client or gateway, found 'x'"
[[nodiscard]] std::unexpected<Error> not_among(std::string_view text, const std::vector<std::string_view>& words);

template <typename T>
Result<void> read_choice(std::string_view text, T& out,
                         std::initializer_list<std::pair<std::string_view, std::type_identity_t<T>>> choices) {
  std::vector<std::string_view> words;
  for (const auto& [word, meant] : choices) {
    if (word == text) {
      out = meant;
      return {};
    }
    words.push_back(word);
  }
  return not_among(text, words);
}

// A number of bytes, plain or with KiB, MiB or GiB behind it.
Result<void> read_bytes(std::string_view text, std::uint64_t& out, std::uint64_t least);

Result<void> read_yes_no(std::string_view text, bool& out);

// A path, empty or not; a relative one is made to start at the folder of the file it stands in.
Result<void> read_path(const Given& given, std::string& out);

// A domain name, kept in its canonical form.
Result<void> read_host_name(std::string_view text, std::string& out);

// Each of these appends one element.
Result<void> read_port(std::string_view text, std::vector<std::uint16_t>& out);
Result<void> read_prefix(std::string_view text, std::vector<Prefix>& out);
Result<void> read_endpoint(std::string_view text, std::vector<Endpoint>& out);
Result<void> read_dns_server(std::string_view text, std::vector<Endpoint>& out);  // the port may be left out
Result<void> read_interface(std::string_view text, std::vector<std::string>& out);
Result<void> read_upgrade_token(std::string_view text, std::vector<std::string>& out);

// "stderr", "syslog" or a path with a slash in it, so that a mistyped word is not taken for a file.
Result<void> read_log_destination(const Given& given, std::string& out);

}  // namespace sallyport::config
