#include "sallyport/config/line_reader.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

namespace sallyport::config {

bool LineReader::next() {
  text_ = {};
  too_long_ = false;
  stream_.getline(buffer_.data(), buffer_.size());
  const std::streamsize taken = stream_.gcount();
  if (stream_.bad() || (stream_.eof() && taken == 0)) return false;
  ++number_;
  if (stream_.fail() && !stream_.eof()) {
    // The buffer filled up before the line ended.
    too_long_ = true;
    stream_.clear();
    stream_.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    return true;
  }
  // gcount() counts the LF, which getline() takes but does not store.
  const bool ended_by_lf = !stream_.eof();
  text_ = std::string_view(buffer_.data(), static_cast<std::size_t>(taken) - (ended_by_lf ? 1 : 0));
  if (text_.ends_with('\r')) text_.remove_suffix(1);
  if (number_ == 1 && text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  if (text_.size() > max_line_bytes) {
    too_long_ = true;
    text_ = {};
  }
  return true;
}

Result<std::ifstream> open_text(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error && status.type() != std::filesystem::file_type::not_found) {
    return fail(ErrorKind::config, "cannot be opened: " + error.message());
  }
  if (status.type() == std::filesystem::file_type::directory) return fail(ErrorKind::config, "is a directory");
  if (exists(status) && status.type() != std::filesystem::file_type::regular) {
    return fail(ErrorKind::config, "is not a regular file");
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return fail(ErrorKind::config, std::string("cannot be opened: ") + std::strerror(errno));
  return stream;
}

std::string resolve_path(const std::string& from, std::string_view path) {
  return (std::filesystem::path(from).parent_path() / std::filesystem::path(path)).string();
}

}  // namespace sallyport::config
