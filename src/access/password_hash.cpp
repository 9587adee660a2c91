#include "password_hash.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <crypt.h>

namespace sallyport::access {
namespace {

constexpr unsigned most_bcrypt_cost = 14;
constexpr unsigned long most_sha_rounds = 1'000'000;
constexpr unsigned long most_yescrypt_cost = 8;

std::unexpected<Error> wrong(const char* what) { return fail(ErrorKind::config, what); }

// The alphabet of crypt(5)'s own base 64.
bool is_encoded(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '.' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

std::string_view behind_last_dollar(std::string_view hash) { return hash.substr(hash.rfind('$') + 1); }

// $2b$<cost>$<22 of salt><31 of hash>
Result<void> check_bcrypt(std::string_view hash) {
  constexpr std::size_t length = 60;
  unsigned cost = 0;
  const std::string_view digits = hash.substr(4, 2);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), cost);
  const bool complete = hash.size() == length && hash[6] == '$' && error == std::errc() &&
                        end == digits.data() + digits.size() && is_encoded(hash.substr(7));
  if (!complete) return wrong("the bcrypt hash is not complete");
  if (cost > most_bcrypt_cost) return wrong("the bcrypt hash costs too much: at most 14 is taken");
  return {};
}

// $6$[rounds=<n>$]<salt>$<hash>
Result<void> check_sha(std::string_view hash, std::size_t hash_length) {
  constexpr std::string_view given = "rounds=";
  std::string_view rest = hash.substr(3);
  if (rest.starts_with(given)) {
    rest.remove_prefix(given.size());
    unsigned long rounds = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), rounds);
    if (error != std::errc() || end == rest.data() + rest.size() || *end != '$') {
      return wrong("the hash's rounds are not a number");
    }
    if (rounds > most_sha_rounds) return wrong("the hash costs too much: at most 1000000 rounds are taken");
    rest = rest.substr(rest.find('$') + 1);
  }
  const std::string_view digest = behind_last_dollar(rest);
  if (std::ranges::count(rest, '$') != 1 || digest.size() != hash_length || !is_encoded(digest)) {
    return wrong("the SHA hash is not complete");
  }
  return {};
}

// The parameters of yescrypt at each cost that is taken, as crypt_gensalt writes them: "j9T" and the like.
bool is_affordable_yescrypt(std::string_view parameters) {
  constexpr std::array<char, 16> no_salt{};
  for (unsigned long cost = 1; cost <= most_yescrypt_cost; ++cost) {
    std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
    const char* const made = crypt_gensalt_rn("$y$", cost, no_salt.data(), static_cast<int>(no_salt.size()),
                                              setting.data(), static_cast<int>(setting.size()));
    if (made == nullptr) continue;
    const std::string_view behind = std::string_view(made).substr(3);
    if (behind.substr(0, behind.find('$')) == parameters) return true;
  }
  return false;
}

// $y$<parameters>$<salt>$<hash>
Result<void> check_yescrypt(std::string_view hash) {
  constexpr std::size_t hash_length = 43;
  const std::string_view rest = hash.substr(3);
  const std::string_view digest = behind_last_dollar(rest);
  if (std::ranges::count(rest, '$') != 2 || digest.size() != hash_length || !is_encoded(digest)) {
    return wrong("the yescrypt hash is not complete");
  }
  if (!is_affordable_yescrypt(rest.substr(0, rest.find('$')))) {
    return wrong("the yescrypt hash has parameters of its own, or costs too much: at most 8 is taken");
  }
  return {};
}

}  // namespace

Result<void> check_hash(std::string_view hash) {
  if (hash.starts_with("$y$")) return check_yescrypt(hash);
  if (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$")) return check_bcrypt(hash);
  if (hash.starts_with("$6$")) return check_sha(hash, 86);
  if (hash.starts_with("$5$")) return check_sha(hash, 43);
  if (hash.starts_with("$apr1$") || hash.starts_with("$1$")) {
    return wrong("MD5 is no protection for a password: make the line with `sallyport credentials` or htpasswd -B");
  }
  return wrong("expected a hash by yescrypt, bcrypt, SHA-512 or SHA-256, as `sallyport credentials` makes it");
}

}  // namespace sallyport::access
