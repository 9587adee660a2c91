// Target functions: wire::ClientHelloReader::feed, wire::parse_client_hello, wire::asked_name, tls::ja4
//
// The input is what a client sends on a fresh connection. Whatever it is, how it was cut into segments must make
// no difference to what is understood, and every byte must be kept.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "sallyport/base/domain_name.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/tls/ja4.hpp"
#include "sallyport/wire/client_hello_reader.hpp"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

// Everything a reader can tell, as text to compare.
std::string understood_in_pieces(ByteView bytes, std::size_t piece) {
  wire::ClientHelloReader reader;
  std::size_t fed = 0;
  while (fed < bytes.size()) {
    const ByteView next = bytes.subspan(fed, std::min(piece, bytes.size() - fed));
    fed += next.size();
    const Result<bool> complete = reader.feed(next);
    require(std::ranges::equal(reader.raw(), bytes.first(fed)));
    if (!complete) {
      require(!complete.error().reason.empty());
      require(printable(complete.error().reason) == complete.error().reason);
      const std::optional<wire::Alert> alert = reader.alert();
      return complete.error().reason + (alert ? std::string(wire::name_of(*alert)) : "no alert");
    }
    if (*complete) return tls::ja4(reader.hello(), tls::Ja4Transport::tcp) + reader.hello().server_name.value_or("-");
  }
  return "unfinished";
}

void check_message(ByteView message) {
  const Result<wire::ClientHello> hello = wire::parse_client_hello(message);
  if (!hello) return;
  require(hello->server_name.has_value() == (hello->server_name_form == wire::ServerNameForm::one));
  require(tls::ja4(*hello, tls::Ja4Transport::quic).size() == 36);
  const Result<std::optional<std::string>> name = wire::asked_name(*hello);
  if (name && *name) require(canonical_domain_name(**name) == *name);
  static_cast<void>(wire::accepts_ecdsa(*hello));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string whole = understood_in_pieces(bytes, std::max<std::size_t>(size, 1));
  require(understood_in_pieces(bytes, 1) == whole);
  require(understood_in_pieces(bytes, 97) == whole);
  check_message(bytes);
  if (size > 5) check_message(bytes.subspan(5));
  return 0;
}
