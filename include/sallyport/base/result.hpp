// Result: what every operation that can fail from outside returns.
//
// An Error carries a kind, for code that must choose (retry, 502 or 504, keep the connection), and a
// sentence for people, which already names the thing that failed. Bugs are assertions, never Errors.
// Values; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

enum class ErrorKind {
  end_of_stream,  // the peer closed in an orderly way
  reset,          // the peer or the network broke the connection
  timed_out,      // a deadline of ours passed
  cancelled,      // we ended it: shutdown, or the connection this belonged to is gone
  refused,        // nobody listens there
  unreachable,    // no route, no such name, or an address that must not be dialled
  not_permitted,  // the kernel or a rule of ours forbids it
  exhausted,      // descriptors, ports, memory, or one of our own bounds
  tls,            // a TLS handshake or record failed
  certificate,    // a peer's certificate chain was not acceptable
  malformed,      // bytes that break the protocol or format they claim to be
  unsupported,    // well formed, but not served here
  config,         // a configuration or key file is wrong
  system,         // any other failure reported by the kernel or a library
};

struct Error {
  ErrorKind kind = ErrorKind::system;
  std::string reason;

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = std::expected<T, Error>;

// Shorthand for `return fail(ErrorKind::malformed, "two Host fields");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string reason) {
  return std::unexpected<Error>(Error{kind, std::move(reason)});
}

// The same error with a prefix that says what was being done: "reading ca.key: " + reason.
[[nodiscard]] inline std::unexpected<Error> fail_while(std::string_view doing, const Error& error) {
  return std::unexpected<Error>(Error{error.kind, std::string(doing) + ": " + error.reason});
}

// An Error for errno value `code` after `doing`; the kind follows the code (ECONNREFUSED → refused, …).
[[nodiscard]] Error errno_error(std::string_view doing, int code);

// "timed_out", "certificate", …: for logs and metrics labels.
[[nodiscard]] std::string_view name_of(ErrorKind kind);

}  // namespace sallyport
