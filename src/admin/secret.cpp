#include "secret.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "sallyport/base/text.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::admin {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t secret_characters = 2 * secret_bytes;
constexpr std::string_view digits = "0123456789abcdef";

bool is_secret(std::string_view text) {
  return text.size() == secret_characters &&
         std::ranges::all_of(text, [](char c) { return digits.find(c) != std::string_view::npos; });
}

Result<std::string> read_secret(const std::string& path, const UniqueFd& file) {
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return fail_while(path, errno_error("fstat", errno));
  if (!S_ISREG(about.st_mode)) return fail(ErrorKind::config, path + ": not a regular file");
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(ErrorKind::config, path + ": others than its owner may use it: remove it, another one is made");
  }
  // A line break that an editor has added does no harm.
  std::array<char, secret_characters + 2> read{};
  const ssize_t got = ::read(file.get(), read.data(), read.size());
  if (got < 0) return fail_while(path, errno_error("read", errno));
  const std::string_view text = trim(std::string_view(read.data(), static_cast<std::size_t>(got)));
  if (!is_secret(text)) {
    return fail(ErrorKind::config, path + ": not 64 hexadecimal digits: remove it, another one is made");
  }
  return std::string(text);
}

Result<std::string> create_secret(const std::string& path) {
  // Under another name until it is whole: a process that dies in between leaves nothing that looks like a secret.
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  const UniqueFd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_while(path, errno_error("open", errno));
  std::string secret = make_secret();
  const std::string line = secret + "\n";
  if (::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return fail_while(path, errno_error("write", errno));
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return fail_while(path, errno_error("rename", errno));
  return secret;
}

}  // namespace

std::string make_secret() {
  std::array<std::uint8_t, secret_bytes> bytes{};
  // So few bytes come at once or, before the kernel has any, not at all; a secret that can be guessed is none.
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  std::string secret;
  for (const std::uint8_t byte : bytes) secret += {digits[byte >> 4], digits[byte & 15]};
  return secret;
}

Result<std::string> secret_in_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file) return read_secret(path, file);
  if (errno != ENOENT) return fail_while(path, errno_error("open", errno));
  return create_secret(path);
}

}  // namespace sallyport::admin
