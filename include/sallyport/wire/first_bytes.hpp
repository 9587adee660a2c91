// What a client said that does not speak TLS, as far as its first bytes tell. Pure; any thread.
#pragma once

#include <string_view>

#include "sallyport/base/bytes.hpp"

namespace sallyport::wire {

enum class FirstBytes {
  silence,  // nothing: it waits for the server to speak first, or for nothing at all
  http,     // a request line's method
  ssh,      // "SSH-" (RFC 4253 §4.2)
  unknown,
};

// Of as much as has come; one byte may be all, and then what it most likely begins is given.
[[nodiscard]] FirstBytes classify_first_bytes(ByteView bytes);

// "silence", "http", "ssh", "unknown": for log lines.
[[nodiscard]] std::string_view name_of(FirstBytes seen);

}  // namespace sallyport::wire
