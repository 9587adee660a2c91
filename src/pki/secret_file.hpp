// SecretFile: the contents of a file that may hold a key or a passphrase; wiped when it is let go.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::pki {

class SecretFile {
 public:
  // At most 1 MiB. Errors, ErrorKind::config, name the path: unreadable, not a regular file, too big, empty.
  static Result<SecretFile> read(const std::string& path);

  SecretFile(SecretFile&& other) noexcept;
  SecretFile& operator=(SecretFile&& other) noexcept;
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  ~SecretFile();

  [[nodiscard]] std::string_view text() const { return contents_; }
  // Up to the first line end.
  [[nodiscard]] std::string_view first_line() const;
  // Whether users other than the owner and its group can read or write the file.
  [[nodiscard]] bool open_to_all() const { return open_to_all_; }

 private:
  SecretFile() = default;
  void wipe();

  std::string contents_;
  bool open_to_all_ = false;
};

}  // namespace sallyport::pki
