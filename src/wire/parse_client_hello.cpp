#include <algorithm>
#include <string>

#include "sallyport/base/cursor.hpp"
#include "sallyport/wire/client_hello.hpp"

namespace sallyport::wire {
namespace {

constexpr std::uint8_t client_hello_message = 1;
constexpr std::uint8_t host_name_type = 0;

// The extensions read here (IANA's registry, "TLS ExtensionType Values").
enum ExtensionType : std::uint16_t {
  server_name = 0,
  supported_groups = 10,
  signature_algorithms = 13,
  application_layer_protocol_negotiation = 16,
  pre_shared_key = 41,
  early_data = 42,
  supported_versions = 43,
  encrypted_client_hello = 0xfe0d,
};

// Each reader below is given the whole of its structure and says whether that was well formed.

bool at_end(const Cursor& cursor) { return cursor.ok() && cursor.empty(); }

bool read_list(Cursor list, std::vector<std::uint16_t>& values) {
  if (!list.ok() || list.empty() || list.remaining() % 2 != 0) return false;
  values.reserve(list.remaining() / 2);
  while (!list.empty()) values.push_back(list.u16());
  return true;
}

bool read_list16(Cursor body, std::vector<std::uint16_t>& values) {
  return read_list(body.vector16(), values) && at_end(body);
}

bool read_list8(Cursor body, std::vector<std::uint16_t>& values) {
  return read_list(body.vector8(), values) && at_end(body);
}

// RFC 7301 §3.1: names of 1 to 255 bytes, at least one.
bool read_alpn(Cursor body, std::vector<std::string>& protocols) {
  Cursor list = body.vector16();
  if (!at_end(body) || list.empty()) return false;
  while (!list.empty()) {
    Cursor name = list.vector8();
    if (!list.ok() || name.empty()) return false;
    protocols.emplace_back(text_of(name.rest()));
  }
  return true;
}

// RFC 6066 §3: a list of typed names, host_name being the only type ever defined.
void read_server_name(Cursor body, ClientHello& hello) {
  hello.server_name_form = ServerNameForm::malformed;
  Cursor list = body.vector16();
  if (!at_end(body) || list.empty()) return;

  std::size_t count = 0;
  std::string first;
  while (!list.empty()) {
    const std::uint8_t type = list.u8();
    Cursor name = list.vector16();
    if (!list.ok() || type != host_name_type || name.empty()) return;
    if (count++ == 0) first = text_of(name.rest());
  }
  hello.server_name_form = count == 1 ? ServerNameForm::one : ServerNameForm::several;
  if (count == 1) hello.server_name = std::move(first);
}

// RFC 9849 §5: a type byte; an inner hello has nothing else.
EchForm read_ech(Cursor body) {
  const std::uint8_t type = body.u8();
  if (!body.ok() || type > 1) return EchForm::malformed;
  if (type == 0) return EchForm::outer;
  return body.empty() ? EchForm::inner : EchForm::malformed;
}

bool read_extension(std::uint16_t type, Cursor body, ClientHello& hello) {
  switch (type) {
    case server_name:
      read_server_name(body, hello);
      return true;
    case supported_groups:
      return read_list16(body, hello.groups);
    case signature_algorithms:
      return read_list16(body, hello.signature_algorithms);
    case application_layer_protocol_negotiation:
      return read_alpn(body, hello.alpn);
    case supported_versions:
      return read_list8(body, hello.supported_versions);
    case pre_shared_key:
      hello.offers_psk = true;
      return true;
    case early_data:
      hello.offers_early_data = true;
      return true;
    case encrypted_client_hello:
      hello.ech = read_ech(body);
      return true;
    default:
      return true;  // unknown or GREASE: to be ignored
  }
}

bool has_duplicates(std::vector<std::uint16_t> types) {
  std::ranges::sort(types);
  return std::ranges::adjacent_find(types) != types.end();
}

Result<void> read_extensions(Cursor list, ClientHello& hello) {
  while (!list.empty()) {
    const std::uint16_t type = list.u16();
    const Cursor body = list.vector16();
    if (!list.ok()) return fail(ErrorKind::malformed, "ClientHello: an extension runs over the end");
    if (!read_extension(type, body, hello)) {
      return fail(ErrorKind::malformed, "ClientHello: malformed extension " + std::to_string(type));
    }
    hello.extensions.push_back(type);
  }
  if (has_duplicates(hello.extensions)) return fail(ErrorKind::malformed, "ClientHello: an extension comes twice");
  return {};
}

}  // namespace

Result<ClientHello> parse_client_hello(ByteView handshake_message) {
  Cursor message(handshake_message);
  const std::uint8_t type = message.u8();
  Cursor body = message.vector24();
  if (!at_end(message)) return fail(ErrorKind::malformed, "ClientHello: wrong length");
  if (type != client_hello_message) return fail(ErrorKind::malformed, "not a ClientHello");

  ClientHello hello;
  hello.legacy_version = body.u16();
  body.take(32);  // random
  const Cursor session_id = body.vector8();
  hello.has_session_id = !session_id.empty();
  const bool suites_well_formed = read_list(body.vector16(), hello.cipher_suites);
  const Cursor compression_methods = body.vector8();
  if (!body.ok() || !suites_well_formed || session_id.remaining() > 32 || compression_methods.empty()) {
    return fail(ErrorKind::malformed, "ClientHello: malformed before its extensions");
  }
  if (hello.legacy_version >> 8 != 3) return fail(ErrorKind::malformed, "ClientHello: no TLS version");
  if (body.empty()) return hello;  // extensions may be missing altogether up to TLS 1.2

  const Cursor extensions = body.vector16();
  if (!at_end(body)) return fail(ErrorKind::malformed, "ClientHello: extensions of the wrong length");
  const Result<void> read = read_extensions(extensions, hello);
  if (!read) return std::unexpected(read.error());
  return hello;
}

}  // namespace sallyport::wire
