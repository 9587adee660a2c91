#include "sallyport/access/credentials.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <span>

#include <crypt.h>

#include "sallyport/base/text.hpp"
#include "sallyport/config/line_reader.hpp"
#include "sallyport/crypto/keyed_digest.hpp"

#include "password_hash.hpp"

namespace sallyport::access {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t most_names = 100'000;
constexpr std::size_t most_problems = 20;

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// crypt(3)'s answer, empty where it gives none. Its memory has held the password: it is wiped.
std::string hash_of(std::string_view password, std::string_view setting) {
  const auto data = std::make_unique<crypt_data>();
  std::string phrase(password);
  const std::string terminated(setting);
  const char* const hashed = crypt_rn(phrase.c_str(), terminated.c_str(), data.get(), sizeof(crypt_data));
  std::string result = hashed == nullptr ? std::string() : std::string(hashed);
  crypto::wipe(phrase);
  crypto::wipe(std::as_writable_bytes(std::span(data.get(), 1)));
  return result;
}

}  // namespace

bool is_user_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && name.find(':') == std::string_view::npos &&
         !has_control_characters(name);
}

CredentialsPtr Credentials::load(const std::string& path, config::Problems& problems) {
  Result<std::ifstream> stream = config::open_text(path);
  if (!stream) {
    problems.push_back({path, 0, stream.error().reason});
    return nullptr;
  }
  return read(*stream, path, problems);
}

CredentialsPtr Credentials::read(std::istream& stream, const std::string& path, config::Problems& problems) {
  const auto credentials = std::make_shared<Credentials>();
  config::LineReader lines(stream);
  std::size_t bad = 0;
  const auto add_problem = [&](std::string reason) {
    if (++bad <= most_problems) problems.push_back({path, lines.number(), std::move(reason)});
  };
  while (lines.next() && credentials->size() < most_names) {
    const std::string_view line = trim(lines.text());
    if (lines.too_long()) {
      add_problem("the line is longer than 4096 bytes");
      continue;
    }
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    if (colon == line.size() || !is_user_name(name)) {
      add_problem("expected name:hash");
      continue;
    }
    const std::string_view hash = line.substr(colon + 1);
    const Result<void> usable = check_hash(hash);
    if (!usable) {
      add_problem(usable.error().reason);
      continue;
    }
    if (!credentials->hashes_.emplace(name, hash).second) add_problem("the name stands in the file twice");
  }
  if (credentials->size() == most_names) add_problem("more than 100000 names");
  if (lines.failed()) problems.push_back({path, 0, "cannot be read to its end"});
  if (bad > most_problems) problems.push_back({path, 0, std::to_string(bad - most_problems) + " more lines are wrong"});
  if (bad > 0 || lines.failed()) return nullptr;
  if (credentials->hashes_.empty()) {
    problems.push_back({path, 0, "has no names in it: nobody could use the proxy"});
    return nullptr;
  }
  credentials->decoy_ = credentials->hashes_.begin()->second;
  return credentials;
}

Credentials::Entry Credentials::find(std::string_view name) const {
  const auto found = hashes_.find(name);
  if (found == hashes_.end()) return {decoy_, false};
  return {found->second, true};
}

Result<std::string> make_credentials_line(std::string_view name, std::string_view password) {
  if (!is_user_name(name))
    return fail(ErrorKind::malformed, "a name has 1 to 255 bytes, no colon, no control characters");
  if (password.empty() || password.size() >= longest_password || has_control_characters(password)) {
    return fail(ErrorKind::malformed, "a password has 1 to 511 bytes and no control characters");
  }
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  // Salt from the kernel, cost by the library's judgement.
  if (crypt_gensalt_rn("$y$", 0, nullptr, 0, setting.data(), static_cast<int>(setting.size())) == nullptr) {
    return fail(ErrorKind::system, "the system gave no salt");
  }
  const std::string hash = hash_of(password, setting.data());
  if (!check_hash(hash)) return fail(ErrorKind::system, "the system's crypt(3) made no hash");
  return std::string(name) + ":" + hash;
}

bool matches(std::string_view password, std::string_view hash) {
  // crypt(3) would stop at a NUL, and take what precedes it for the whole.
  if (password.size() >= longest_password || has_control_characters(password)) return false;
  return crypto::equal_in_constant_time(hash_of(password, hash), hash);
}

}  // namespace sallyport::access
