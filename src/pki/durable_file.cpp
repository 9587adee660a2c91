#include "durable_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "sallyport/base/unique_fd.hpp"

namespace sallyport::pki {

namespace {

// The file under its first name, which goes away with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string name_pattern) : name_(std::move(name_pattern)) {
    fd_ = UniqueFd(::mkostemp(name_.data(), O_CLOEXEC));  // mode 0600
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_) ::unlink(name_.c_str());
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const char* name() const { return name_.c_str(); }

 private:
  std::string name_;
  UniqueFd fd_;
};

bool write_all(int fd, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    contents.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<void> create_durable_file(const std::string& path, std::string_view contents, mode_t mode) {
  const auto broken = [&] { return fail(ErrorKind::config, errno_error("cannot write " + path, errno).reason); };
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::filesystem::path folder = parent.empty() ? std::filesystem::path(".") : parent;

  const TemporaryFile file(path + ".XXXXXX");
  if (file.fd() < 0 || !write_all(file.fd(), contents) || ::fchmod(file.fd(), mode) != 0 || ::fsync(file.fd()) != 0) {
    return broken();
  }
  // link() instead of rename(): it fails where the name is taken.
  if (::link(file.name(), path.c_str()) != 0) return broken();
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return broken();
  return {};
}

}  // namespace sallyport::pki
