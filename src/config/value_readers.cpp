#include "value_readers.hpp"

#include <algorithm>
#include <charconv>

#include "sallyport/base/domain_name.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/config/line_reader.hpp"

namespace sallyport::config {
namespace {

std::unexpected<Error> expected(std::string_view what, std::string_view found) {
  return fail(ErrorKind::config, "expected " + std::string(what) + ", found '" + std::string(found) + "'");
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<unsigned long> number_in(std::string_view text, unsigned long least, unsigned long most) {
  unsigned long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    return expected("a number from " + std::to_string(least) + " to " + std::to_string(most), text);
  }
  return number;
}

std::unexpected<Error> not_among(std::string_view text, const std::vector<std::string_view>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += words[i];
  }
  return expected(list, text);
}

Result<void> read_bytes(std::string_view text, std::uint64_t& out, std::uint64_t least) {
  constexpr unsigned long most = 1UL << 20;
  static constexpr std::pair<std::string_view, unsigned> units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  std::string_view digits = text;
  unsigned shift = 0;
  for (const auto& [unit, power] : units) {
    if (!text.ends_with(unit)) continue;
    shift = power;
    digits.remove_suffix(unit.size());
    while (digits.ends_with(' ')) digits.remove_suffix(1);
  }
  const Result<unsigned long> number = number_in(digits, 0, shift == 0 ? most << 30 : most);
  if (!number || (std::uint64_t{*number} << shift) < least) {
    return fail(ErrorKind::config, "expected a number of bytes, such as 64 MiB, of at least " + std::to_string(least) +
                                       ", found '" + std::string(text) + "'");
  }
  out = std::uint64_t{*number} << shift;
  return {};
}

Result<void> read_yes_no(std::string_view text, bool& out) {
  return read_choice(text, out, {{"yes", true}, {"no", false}});
}

Result<void> read_path(const Given& given, std::string& out) {
  out = given.text.empty() ? std::string() : resolve_path(given.file, given.text);
  return {};
}

Result<void> read_host_name(std::string_view text, std::string& out) {
  std::optional<std::string> name = canonical_domain_name(text);
  if (!name) return expected("a host name such as sallyport.internal", text);
  out = std::move(*name);
  return {};
}

Result<void> read_port(std::string_view text, std::vector<std::uint16_t>& out) {
  std::uint16_t port = 0;
  const Result<void> outcome = read_number(text, port, 1, 65535);
  if (outcome) out.push_back(port);
  return outcome;
}

Result<void> read_prefix(std::string_view text, std::vector<Prefix>& out) {
  const std::optional<Prefix> prefix = Prefix::parse(text);
  if (!prefix) return expected("an address or a prefix such as 10.0.0.0/8", text);
  out.push_back(*prefix);
  return {};
}

Result<void> read_endpoint(std::string_view text, std::vector<Endpoint>& out) {
  const std::optional<Endpoint> endpoint = Endpoint::parse(text);
  if (!endpoint || endpoint->port == 0) return expected("address:port such as 0.0.0.0:8443 or [::]:8443", text);
  out.push_back(*endpoint);
  return {};
}

Result<void> read_dns_server(std::string_view text, std::vector<Endpoint>& out) {
  constexpr std::uint16_t dns_port = 53;
  if (const std::optional<IpAddress> address = IpAddress::parse(text)) {
    out.push_back({*address, dns_port});
    return {};
  }
  return read_endpoint(text, out);
}

Result<void> read_interface(std::string_view text, std::vector<std::string>& out) {
  constexpr std::size_t longest = 15;  // IFNAMSIZ without its NUL
  const bool fits = !text.empty() && text.size() <= longest && text != "." && text != ".." &&
                    text.find_first_of("/: \t") == std::string_view::npos;
  if (!fits) return expected("the name of a network interface", text);
  out.emplace_back(text);
  return {};
}

Result<void> read_upgrade_token(std::string_view text, std::vector<std::string>& out) {
  if (!is_token(text)) return expected("an upgrade token such as websocket", text);
  std::string token = to_lower(text);
  if (token == "h2c") return fail(ErrorKind::config, "h2c cannot be relayed: it would hide every later request");
  out.push_back(std::move(token));
  return {};
}

Result<void> read_log_destination(const Given& given, std::string& out) {
  if (given.text == "stderr" || given.text == "syslog") {
    out = given.text;
    return {};
  }
  if (given.text.find('/') == std::string_view::npos)
    return expected("stderr, syslog or the path of a file", given.text);
  return read_path(given, out);
}

}  // namespace sallyport::config
