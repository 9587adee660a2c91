// HTTP/2 frames by hand: what a peer says, well-formed or not, and what it hears, as one line a frame.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "sallyport/http/message.hpp"

namespace sallyport::test {

using Lines = std::vector<http::Field>;

inline std::string big_endian(std::uint32_t number, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) text += static_cast<char>((number >> shift) & 255);
  return text;
}

// RFC 9113 §4.1.
inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return big_endian(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + big_endian(stream, 4) + std::string(payload);
}

// The connection preface with empty SETTINGS, as a client sends it that has not heard the server's yet.
inline std::string preface_before_settings() {
  return std::string(NGHTTP2_CLIENT_MAGIC) + frame(NGHTTP2_SETTINGS, 0, 0, "");
}
// With the acknowledgement of the server's.
inline std::string preface() { return preface_before_settings() + frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""); }

// Field lines as literals without indexing (RFC 7541 §6.2.2).
inline std::string block_of(const Lines& lines) {
  const auto text = [](std::string_view string) {
    std::string encoded;
    if (string.size() < 127) {
      encoded += static_cast<char>(string.size());
    } else {
      encoded += '\x7f';
      std::size_t rest = string.size() - 127;
      for (; rest >= 128; rest /= 128) encoded += static_cast<char>(rest % 128 + 128);
      encoded += static_cast<char>(rest);
    }
    return encoded + std::string(string);
  };
  std::string block;
  for (const http::Field& line : lines) block += std::string(1, '\0') + text(line.name) + text(line.value);
  return block;
}

inline Lines request_lines(std::string_view method, std::string_view path, Lines more = {}) {
  Lines lines{
      {":method", std::string(method)}, {":scheme", "https"}, {":authority", "a.test"}, {":path", std::string(path)}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

inline std::string headers(std::uint32_t stream, const Lines& lines, bool end_stream = true) {
  const int flags = NGHTTP2_FLAG_END_HEADERS | (end_stream ? NGHTTP2_FLAG_END_STREAM : 0);
  return frame(NGHTTP2_HEADERS, static_cast<std::uint8_t>(flags), stream, block_of(lines));
}
inline std::string h2_get(std::uint32_t stream, std::string_view path, Lines more = {}) {
  return headers(stream, request_lines("GET", path, std::move(more)));
}
inline std::string data(std::uint32_t stream, std::string_view bytes, bool end_stream = true) {
  return frame(NGHTTP2_DATA, end_stream ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, stream, bytes);
}
inline std::string reset(std::uint32_t stream, std::uint32_t code) {
  return frame(NGHTTP2_RST_STREAM, 0, stream, big_endian(code, 4));
}

// What the other side said, without what serves flow control and SETTINGS, up to the first frame that is incomplete:
// stream, what it was, "." for END_STREAM. Headers by their :status, by ":method :path :protocol", or as trailers; DATA
// by its text, or its length if long.
class FrameReader {
 public:
  FrameReader() {
    nghttp2_hd_inflater* made = nullptr;
    nghttp2_hd_inflate_new(&made);
    inflater_.reset(made);
  }

  std::vector<std::string> read(std::string_view bytes) {
    std::vector<std::string> lines;
    while (bytes.size() >= 9) {
      const std::size_t length = number(bytes.substr(0, 3));
      if (bytes.size() < 9 + length) break;
      const auto type = static_cast<std::uint8_t>(bytes[3]);
      const auto flags = static_cast<std::uint8_t>(bytes[4]);
      const std::string line = describe(type, bytes.substr(9, length));
      const bool carries_end = type == NGHTTP2_HEADERS || type == NGHTTP2_DATA;
      const bool end = carries_end && (flags & NGHTTP2_FLAG_END_STREAM) != 0;
      if (!line.empty()) lines.push_back(std::to_string(number(bytes.substr(5, 4))) + " " + line + (end ? "." : ""));
      bytes.remove_prefix(9 + length);
    }
    return lines;
  }

 private:
  struct Deleter {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };

  static std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  std::string describe(std::uint8_t type, std::string_view payload) {
    switch (type) {
      case NGHTTP2_HEADERS:
        return fields(payload);
      case NGHTTP2_DATA:
        return payload.size() > 1000 ? std::to_string(payload.size()) + " bytes" : "\"" + std::string(payload) + "\"";
      case NGHTTP2_RST_STREAM:
        return std::string("RST ") + nghttp2_http2_strerror(number(payload));
      case NGHTTP2_GOAWAY:
        return std::string("GOAWAY ") + nghttp2_http2_strerror(number(payload.substr(4, 4)));
      default:
        return "";
    }
  }

  std::string fields(std::string_view block) {
    std::string line;
    std::string others;
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags,
                                                  reinterpret_cast<const std::uint8_t*>(block.data()), block.size(), 1);
      if (used < 0) return "broken headers";
      block.remove_prefix(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string_view name(reinterpret_cast<const char*>(field.name), field.namelen);
        const std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
        if (name == ":status" || name == ":method") line = value;
        if (name == ":path" || name == ":protocol") line += " " + value;
        if (!name.starts_with(":")) others += " " + std::string(name) + "=" + value;
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_.get());
    return line.empty() ? "trailers" + others : line;
  }

  std::unique_ptr<nghttp2_hd_inflater, Deleter> inflater_;
};

}  // namespace sallyport::test
