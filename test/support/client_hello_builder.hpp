// Builds ClientHello messages for tests, well formed or broken on purpose, and cuts them into TLS records.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/bytes.hpp"

namespace sallyport::test {

using Bytes = std::vector<std::uint8_t>;

inline void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

inline void append_integer(Bytes& out, std::size_t value, int width) {
  for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

// `bytes` behind its length in `width` bytes.
inline Bytes vector_of(ByteView bytes, int width) {
  Bytes out;
  append_integer(out, bytes.size(), width);
  append(out, bytes);
  return out;
}

inline Bytes list_of(const std::vector<std::uint16_t>& values, int width) {
  Bytes list;
  for (const std::uint16_t value : values) append_integer(list, value, 2);
  return vector_of(list, width);
}

// The body of a server_name extension with these names, each of `type`.
inline Bytes server_name_body(const std::vector<std::string>& names, std::uint8_t type = 0) {
  Bytes list;
  for (const std::string& name : names) {
    list.push_back(type);
    append(list, vector_of(bytes_of(name), 2));
  }
  return vector_of(list, 2);
}

inline Bytes alpn_body(const std::vector<std::string>& protocols) {
  Bytes list;
  for (const std::string& protocol : protocols) append(list, vector_of(bytes_of(protocol), 1));
  return vector_of(list, 2);
}

class ClientHelloBuilder {
 public:
  std::uint16_t legacy_version = 0x0303;
  Bytes session_id = Bytes(32, 0x5e);
  std::vector<std::uint16_t> cipher_suites{0x1301, 0x1302, 0xc02b, 0xc02f};
  Bytes compression_methods{0};

  ClientHelloBuilder& extension(std::uint16_t type, ByteView body) {
    append_integer(extensions_, type, 2);
    append(extensions_, vector_of(body, 2));
    return *this;
  }
  ClientHelloBuilder& server_name(const std::string& name) { return extension(0, server_name_body({name})); }
  ClientHelloBuilder& alpn(const std::vector<std::string>& protocols) { return extension(16, alpn_body(protocols)); }
  ClientHelloBuilder& supported_versions(const std::vector<std::uint16_t>& list) {
    return extension(43, list_of(list, 1));
  }
  ClientHelloBuilder& groups(const std::vector<std::uint16_t>& list) { return extension(10, list_of(list, 2)); }
  ClientHelloBuilder& signature_algorithms(const std::vector<std::uint16_t>& list) {
    return extension(13, list_of(list, 2));
  }
  // The padding extension (RFC 7685).
  ClientHelloBuilder& padding(std::size_t size) { return extension(21, Bytes(size, 0)); }

  [[nodiscard]] Bytes body() const {
    Bytes out;
    append_integer(out, legacy_version, 2);
    append(out, Bytes(32, 0xaa));
    append(out, vector_of(session_id, 1));
    append(out, list_of(cipher_suites, 2));
    append(out, vector_of(compression_methods, 1));
    if (!extensions_.empty()) append(out, vector_of(extensions_, 2));
    return out;
  }

  // The handshake message with its header.
  [[nodiscard]] Bytes message() const {
    Bytes out{1};
    append(out, vector_of(body(), 3));
    return out;
  }

 private:
  Bytes extensions_;
};

// What a current browser sends, in short.
inline ClientHelloBuilder usual_client_hello(const std::string& name) {
  return ClientHelloBuilder()
      .server_name(name)
      .groups({0x001d, 0x0017, 0x0018})
      .alpn({"h2", "http/1.1"})
      .signature_algorithms({0x0403, 0x0804, 0x0401})
      .supported_versions({0x0304, 0x0303});
}

inline Bytes tls_record(ByteView fragment, std::uint8_t type = 22, std::uint16_t version = 0x0301) {
  Bytes out{type};
  append_integer(out, version, 2);
  append(out, vector_of(fragment, 2));
  return out;
}

// `message` in handshake records of at most `fragment` bytes each.
inline Bytes tls_records(ByteView message, std::size_t fragment = 16384) {
  Bytes out;
  while (!message.empty()) {
    const std::size_t size = std::min(fragment, message.size());
    append(out, tls_record(message.first(size)));
    message = message.subspan(size);
  }
  return out;
}

}  // namespace sallyport::test
