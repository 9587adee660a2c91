// A CertificateAuthority for tests, loaded from files as the daemon loads its own.
#pragma once

#include <filesystem>
#include <string>

#include "sallyport/pki/certificate_authority.hpp"

#include "certificate_factory.hpp"
#include "openssl_as_in_daemon.hpp"
#include "temporary_folder.hpp"

namespace sallyport::test {

// `above`: further certificates for the file, in PEM.
inline pki::CaPtr load_ca(const Identity& ca, const std::string& above = "") {
  const TemporaryFolder folder;
  const pki::CaFiles files{.certificate = folder.write("ca.crt", pem_of(ca.get()) + above),
                           .key = folder.write("ca.key", pem_of(ca.key.get())),
                           .pkcs12 = "",
                           .passphrase_file = ""};
  std::filesystem::permissions(files.key, std::filesystem::perms::owner_read);
  auto loaded = pki::CertificateAuthority::load(files, crypto::wall_clock());
  if (!loaded) throw std::runtime_error(loaded.error().reason);
  return *loaded;
}

// A root with `days` to live; `key` null: P-256.
inline Identity make_root_with(crypto::PkeyPtr key, const std::string& basic_constraints = "critical,CA:TRUE",
                               int days = 3650) {
  Spec spec{.common_name = "Test Root", .extensions = with(root_extensions(), "basicConstraints", basic_constraints)};
  spec.key = std::move(key);
  spec.not_after = crypto::wall_clock() + std::chrono::days(days);
  return make(std::move(spec));
}

}  // namespace sallyport::test
