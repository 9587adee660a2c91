// Target functions: Authority::parse, Authority::parse_connect_target, proxy_credentials
//
// The head of a request to the proxy, read as the proxy reads it. What is taken for a target must be one in its own
// canonical words too, and in no words that another reader would take for something else.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>

#include "sallyport/http/authority.hpp"
#include "sallyport/http/basic_credentials.hpp"
#include "sallyport/http/http1_parser.hpp"

#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

void require(bool condition, const char* what, std::string_view text) {
  if (condition) return;
  std::cerr << what << ": " << text << "\n";
  std::abort();
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

void check_target(const Authority& target, std::string_view text) {
  const Result<Authority> again = Authority::parse(target.to_string());
  require(again && *again == target, "read differently in its own words", text);
  require(!target.port || *target.port != 0, "port 0", text);
  if (target.address) {
    require(target.address->to_string() == target.host, "an address in other words", text);
    require(IpAddress::parse(target.host) == target.address, "not its own address", text);
    return;
  }
  require(!target.host.empty() && target.host.size() <= 253, "a name without a proper length", text);
  for (const char c : target.host) require(is_name_byte(c), "a byte that is in no name", text);
  require(!IpAddress::parse(target.host), "an address that is taken for a name", text);
  // inet_aton(3) and browsers take a last label that is a number for part of an address.
  std::string_view last = std::string_view(target.host).substr(target.host.rfind('.') + 1);
  const bool hexadecimal = last.starts_with("0x");
  if (hexadecimal) last.remove_prefix(2);
  const bool number = std::ranges::all_of(
      last, [&](unsigned char c) { return hexadecimal ? std::isxdigit(c) != 0 : std::isdigit(c) != 0; });
  require(!number, "some resolvers would take it for an address", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http1::RequestParser parser({.header_bytes = 4096, .fields_count = 20});
  const test::Outcome outcome = test::run(parser, text_of({data, size}));
  if (outcome.head.empty()) return 0;
  const RequestHead& head = parser.head();
  const bool connect = head.method == "CONNECT";
  const Result<Authority> target =
      connect ? Authority::parse_connect_target(head.authority) : Authority::parse(head.authority);
  if (target) {
    require(!connect || target->port, "a tunnel to no port", head.authority);
    check_target(*target, head.authority);
  }
  const std::optional<BasicCredentials> given = proxy_credentials(head.fields);
  if (given) require(!given->name.contains(':'), "a colon in a name", given->name);
  return 0;
}
