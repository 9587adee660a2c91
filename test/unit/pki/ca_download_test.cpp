#include "sallyport/pki/ca_download.hpp"

#include <algorithm>

#include "sallyport/base/base64.hpp"
#include "sallyport/crypto/certificate.hpp"

#include "check.hpp"
#include "test_ca.hpp"

using namespace sallyport;
using namespace sallyport::test;

namespace {

pki::CaDownload download_of(const Identity& root) {
  auto download = pki::make_ca_download(*load_ca(root));
  CHECK_OK(download);
  return *download;
}

std::string between(const std::string& text, std::string_view before, std::string_view behind) {
  const std::size_t start = text.find(before);
  CHECK(start != std::string::npos);
  const std::size_t from = start + before.size();
  const std::size_t to = text.find(behind, from);
  CHECK(to != std::string::npos);
  return text.substr(from, to - from);
}

}  // namespace

TEST(every_form_is_the_one_certificate) {
  const Identity root = make_root("Root of a test");
  const pki::CaDownload download = download_of(root);
  CHECK_EQUAL(download.pem, pem_of(root.get()));
  CHECK_EQUAL(download.subject, "CN=Root of a test");
  CHECK_EQUAL(download.fingerprint, crypto::colon_hex(crypto::fingerprint(root.get())));
  std::string data = between(download.mobileconfig, "<data>", "</data>");
  std::erase(data, '\n');
  CHECK(from_base64(data) == download.der);
  const auto* at = reinterpret_cast<const unsigned char*>(download.der.data());
  const crypto::X509Ptr parsed(d2i_X509(nullptr, &at, static_cast<long>(download.der.size())));
  CHECK(parsed != nullptr);
  CHECK_EQUAL(X509_cmp(parsed.get(), root.get()), 0);
}

TEST(what_stands_above_the_ca_is_left_out) {
  const Identity top = make_root("Top");
  const Identity ca = make_intermediate("Below", top);
  auto download = pki::make_ca_download(*load_ca(ca, pem_of(top.get())));
  CHECK_OK(download);
  CHECK_EQUAL(download->pem, pem_of(ca.get()));
}

TEST(a_profile_replaces_itself_and_no_other) {
  const Identity one = make_root("Root");
  const Identity other = make_root("Root");
  const auto identifier = [](const pki::CaDownload& download) {
    return between(download.mobileconfig, "<key>PayloadUUID</key><string>", "</string>");
  };
  CHECK_EQUAL(identifier(download_of(one)), identifier(download_of(one)));
  CHECK(identifier(download_of(one)) != identifier(download_of(other)));
  // RFC 9562 §5.8: version 8, variant 10.
  const std::string uuid = identifier(download_of(one));
  CHECK_EQUAL(uuid.size(), 36U);
  CHECK_EQUAL(uuid[14], '8');
  CHECK(std::string_view("89AB").contains(uuid[19]));
}

TEST(markup_in_the_subject_is_escaped) {
  const pki::CaDownload download = download_of(make_root("</string><key>a & b"));
  CHECK(!download.mobileconfig.contains("</string><key>a"));
  CHECK(download.mobileconfig.contains("&amp; b"));
}

UNIT_MAIN(UNIT_TEST(every_form_is_the_one_certificate), UNIT_TEST(what_stands_above_the_ca_is_left_out),
          UNIT_TEST(a_profile_replaces_itself_and_no_other), UNIT_TEST(markup_in_the_subject_is_escaped))
