// FileContents: a file read whole; wiped from memory when it is let go, since it may hold a key or a passphrase.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/base/result.hpp"

namespace sallyport::pki {

// Tells one state of a file on disk from another, without reading it.
struct FileIdentity {
  unsigned long device = 0;
  unsigned long inode = 0;
  long size = 0;
  timespec modified{};

  // nullopt: there is no such file, or it may not be looked at.
  static std::optional<FileIdentity> of(const std::string& path);
  friend bool operator==(const FileIdentity& left, const FileIdentity& right);
};

class FileContents {
 public:
  // At most 16 MiB. Errors, ErrorKind::config, name the path: unreadable, not a regular file, too big, empty.
  static Result<FileContents> read(const std::string& path);

  FileContents(FileContents&& other) noexcept;
  FileContents& operator=(FileContents&& other) noexcept;
  FileContents(const FileContents&) = delete;
  FileContents& operator=(const FileContents&) = delete;
  ~FileContents();

  [[nodiscard]] std::string_view text() const { return contents_; }
  // Up to the first line end.
  [[nodiscard]] std::string_view first_line() const;
  // Whether users other than the owner and its group can read or write the file.
  [[nodiscard]] bool open_to_all() const { return open_to_all_; }
  [[nodiscard]] const FileIdentity& identity() const { return identity_; }

 private:
  FileContents() = default;
  void wipe();

  std::string contents_;
  bool open_to_all_ = false;
  FileIdentity identity_;
};

}  // namespace sallyport::pki
