#include "assets.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "sallyport/base/base64.hpp"
#include "sallyport/base/bytes.hpp"
#include "sallyport/crypto/sha1.hpp"

namespace sallyport::admin {
namespace {

constexpr std::size_t most_files = 256;
constexpr std::uintmax_t largest_file = 1 << 20;
constexpr std::string_view asset_folder = "/assets/";
constexpr std::string_view first_page = "index.html";

// The pages that first_page shows by itself.
constexpr std::array<std::string_view, 5> pages = {"/", "/connections", "/exchanges", "/explain", "/trust"};
constexpr std::string_view page_of_one = "/exchanges/";

std::string_view type_of(const std::filesystem::path& file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> types = {{
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
  }};
  const std::string ending = file.extension().string();
  for (const auto& [known, type] : types) {
    if (known == ending) return type;
  }
  return {};
}

std::optional<std::string> contents_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error || size > largest_file) return std::nullopt;
  std::ifstream stream(file, std::ios::binary);
  std::string contents(static_cast<std::size_t>(size), '\0');
  if (!stream.read(contents.data(), static_cast<std::streamsize>(size))) return std::nullopt;
  return contents;
}

}  // namespace

Result<Assets> Assets::load(const std::string& folder) {
  Assets assets;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(folder, error);
  if (error) return fail(ErrorKind::config, folder + ": " + error.message());
  for (; !error && entries != std::filesystem::recursive_directory_iterator(); entries.increment(error)) {
    const std::filesystem::path& file = entries->path();
    const std::string_view type = type_of(file);
    std::error_code ignored;
    if (type.empty() || !entries->is_regular_file(ignored) || assets.by_name_.size() >= most_files) continue;
    std::optional<std::string> contents = contents_of(file);
    if (!contents) return fail(ErrorKind::config, file.string() + ": cannot be read, or is larger than a MiB");
    std::string etag = '"' + to_base64(crypto::sha1(bytes_of(*contents))) + '"';
    assets.by_name_.emplace(file.lexically_relative(folder).generic_string(),
                            Asset{type, std::move(*contents), std::move(etag)});
  }
  if (assets.named(first_page) == nullptr) return fail(ErrorKind::config, folder + ": has no index.html");
  return assets;
}

const Asset* Assets::find(std::string_view path) const {
  if (path == "/login") return named("login.html");
  if (path == "/favicon.ico") return named("favicon.ico");
  if (path.starts_with(asset_folder)) return named(path.substr(asset_folder.size()));
  const bool of_one = path.starts_with(page_of_one) && path.find('/', page_of_one.size()) == std::string_view::npos;
  return of_one || std::ranges::find(pages, path) != pages.end() ? named(first_page) : nullptr;
}

const Asset* Assets::named(std::string_view name) const {
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? nullptr : &known->second;
}

}  // namespace sallyport::admin
