// Credentials: the names that may use the explicit proxy, each with the hash of its password.
//
// An immutable snapshot, read at start and at reload on a thread that may wait; any thread. The file is that of
// htpasswd, a `name:hash` a line, with the hashes of crypt(5) that are slow enough to be worth stealing nothing:
// yescrypt, bcrypt, SHA-512 and SHA-256. Plain text, MD5, SHA-1 and DES are refused.
#pragma once

#include <istream>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"
#include "sallyport/config/problem.hpp"

namespace sallyport::access {

class Credentials {
 public:
  // Adds every mistake to `problems`, with its line, and gives null when there was any. The file's owner is not
  // looked at; a line never shows up in a problem.
  [[nodiscard]] static std::shared_ptr<const Credentials> load(const std::string& path, config::Problems& problems);
  [[nodiscard]] static std::shared_ptr<const Credentials> read(std::istream& stream, const std::string& path,
                                                               config::Problems& problems);

  // The hash to verify a password of `name` against. For an unknown name it is one that no password has, as costly as
  // the others, so that time does not tell who exists.
  struct Entry {
    std::string_view hash;
    bool exists = false;
  };
  [[nodiscard]] Entry find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return hashes_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> hashes_;
  std::string decoy_;
};

using CredentialsPtr = std::shared_ptr<const Credentials>;

// Whether `name` can stand in a Basic credential and in the file: 1 to 255 bytes without control characters and colons
// (RFC 7617 §2).
[[nodiscard]] bool is_user_name(std::string_view name);

// One line of the file, with a new random salt, by yescrypt. Errors: malformed (the name, or a password that is empty,
// longer than 512 bytes or has control characters in it), system.
[[nodiscard]] Result<std::string> make_credentials_line(std::string_view name, std::string_view password);

// Takes its time (tens to hundreds of milliseconds, by the hash): never on a worker's thread.
[[nodiscard]] bool matches(std::string_view password, std::string_view hash);

}  // namespace sallyport::access
