#include "file_contents.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <openssl/crypto.h>

#include "sallyport/base/unique_fd.hpp"

namespace sallyport::pki {

namespace {

constexpr off_t max_size = 16 << 20;

FileIdentity identity_of(const struct stat& facts) {
  return {facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim};
}

}  // namespace

std::optional<FileIdentity> FileIdentity::of(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return identity_of(facts);
}

bool operator==(const FileIdentity& left, const FileIdentity& right) {
  return left.device == right.device && left.inode == right.inode && left.size == right.size &&
         left.modified.tv_sec == right.modified.tv_sec && left.modified.tv_nsec == right.modified.tv_nsec;
}

Result<FileContents> FileContents::read(const std::string& path) {
  const auto broken = [&](int code) {
    return fail(ErrorKind::config, errno_error("cannot read " + path, code).reason);
  };
  // O_NONBLOCK: a FIFO under that name must not hang the start.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts{};
  if (!file || ::fstat(file.get(), &facts) != 0) return broken(errno);
  if (!S_ISREG(facts.st_mode)) return fail(ErrorKind::config, path + " is not a regular file");
  if (facts.st_size == 0) return fail(ErrorKind::config, path + " is empty");
  if (facts.st_size > max_size) return fail(ErrorKind::config, path + " is larger than 16 MiB");

  FileContents read;
  read.identity_ = identity_of(facts);
  read.open_to_all_ = (facts.st_mode & (S_IROTH | S_IWOTH)) != 0;
  read.contents_.resize(static_cast<std::size_t>(facts.st_size));
  std::size_t filled = 0;
  while (filled < read.contents_.size()) {
    const ssize_t got = ::read(file.get(), read.contents_.data() + filled, read.contents_.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return broken(errno);
    if (got == 0) return fail(ErrorKind::config, path + " became shorter while it was read");
    filled += static_cast<std::size_t>(got);
  }
  return read;
}

FileContents::FileContents(FileContents&& other) noexcept
    : contents_(std::move(other.contents_)), open_to_all_(other.open_to_all_), identity_(other.identity_) {
  other.wipe();  // a short string is copied, not moved
}

FileContents& FileContents::operator=(FileContents&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  contents_ = std::move(other.contents_);
  open_to_all_ = other.open_to_all_;
  identity_ = other.identity_;
  other.wipe();
  return *this;
}

FileContents::~FileContents() { wipe(); }

std::string_view FileContents::first_line() const {
  const std::string_view whole = contents_;
  return whole.substr(0, whole.find_first_of("\r\n"));
}

void FileContents::wipe() {
  OPENSSL_cleanse(contents_.data(), contents_.size());
  contents_.clear();
}

}  // namespace sallyport::pki
