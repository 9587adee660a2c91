#include "pem.hpp"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "sallyport/crypto/direct_keys.hpp"

namespace sallyport::pki {

namespace {

// What PEM_read_bio gives, wiped on release: the file may hold keys beside certificates.
struct Block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
};

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++found;
  return found;
}

crypto::BioPtr reader_of(std::string_view text) {
  return crypto::BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

struct PassphraseRequest {
  std::optional<std::string_view> passphrase;
  bool asked = false;
};

int give_passphrase(char* buffer, int size, int /*writing*/, void* argument) {
  auto& request = *static_cast<PassphraseRequest*>(argument);
  request.asked = true;
  if (!request.passphrase || request.passphrase->size() > static_cast<std::size_t>(size)) return -1;
  std::ranges::copy(*request.passphrase, buffer);
  return static_cast<int>(request.passphrase->size());
}

}  // namespace

Result<std::vector<crypto::X509Ptr>> certificates_in(std::string_view text, const std::string& where) {
  const auto broken = [&](std::size_t number, const char* what) {
    return fail(ErrorKind::config, where + ": block " + std::to_string(number) + " " + what);
  };
  std::vector<crypto::X509Ptr> found;
  const crypto::BioPtr reader = reader_of(text);
  const std::size_t announced = count(text, "-----BEGIN ");
  for (std::size_t number = 1; number <= announced; ++number) {
    Block block;
    const int got = PEM_read_bio(reader.get(), &block.name, &block.header, &block.data, &block.size);
    ERR_clear_error();
    if (got != 1) return broken(number, "is damaged or cut short");
    const std::string_view name = block.name;
    const bool with_trust = name == PEM_STRING_X509_TRUSTED;
    if (!with_trust && name != PEM_STRING_X509 && name != PEM_STRING_X509_OLD) continue;
    const unsigned char* at = block.data;
    crypto::X509Ptr certificate(with_trust ? d2i_X509_AUX(nullptr, &at, block.size)
                                           : d2i_X509(nullptr, &at, block.size));
    ERR_clear_error();
    if (certificate == nullptr || at != block.data + block.size) return broken(number, "is not a certificate");
    found.push_back(std::move(certificate));
  }
  if (found.empty()) return fail(ErrorKind::config, where + " holds no certificate");
  return found;
}

Result<PemKey> private_key_in(std::string_view text, std::optional<std::string_view> passphrase,
                              const std::string& where) {
  const crypto::BioPtr reader = reader_of(text);
  PassphraseRequest request{passphrase};
  crypto::PkeyPtr key =
      crypto::direct(crypto::PkeyPtr(PEM_read_bio_PrivateKey(reader.get(), nullptr, give_passphrase, &request)));
  ERR_clear_error();
  if (key != nullptr) return PemKey{std::move(key), request.asked};
  if (!request.asked) return fail(ErrorKind::config, where + " holds no private key that can be read");
  if (!passphrase) return fail(ErrorKind::config, where + " is encrypted, and no passphrase_file is given");
  return fail(ErrorKind::config, "wrong passphrase for " + where);
}

std::string to_pem(X509* certificate) {
  const crypto::BioPtr memory(BIO_new(BIO_s_mem()));
  if (memory == nullptr || PEM_write_bio_X509(memory.get(), certificate) != 1) return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace sallyport::pki
