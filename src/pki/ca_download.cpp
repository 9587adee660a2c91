#include "sallyport/pki/ca_download.hpp"

#include <span>
#include <vector>

#include "sallyport/base/base64.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/crypto/certificate.hpp"
#include "sallyport/crypto/encoded.hpp"

#include "pem.hpp"

namespace sallyport::pki {
namespace {

// RFC 9562 §5.8: sixteen bytes of our own choice.
std::string uuid_of(std::span<const std::uint8_t, 16> bytes) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    std::uint8_t byte = bytes[i];
    if (i == 6) byte = static_cast<std::uint8_t>((byte & 0x0f) | 0x80);
    if (i == 8) byte = static_cast<std::uint8_t>((byte & 0x3f) | 0x80);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

void add(std::string& out, std::string_view key, std::string_view value) {
  out += "<key>";
  out += key;
  out += "</key><string>";
  out += value;
  out += "</string>\n";
}

// Apple, "Configuration Profile Reference": a profile with one com.apple.security.root payload.
std::string profile_of(const CaDownload& ca, const crypto::Sha256& digest) {
  const std::string payload = uuid_of(std::span(digest).first<16>());
  const std::string profile = uuid_of(std::span(digest).last<16>());
  const std::string name = xml_text(ca.subject);
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
      "<plist version=\"1.0\">\n<dict>\n<key>PayloadContent</key>\n<array>\n<dict>\n";
  add(out, "PayloadType", "com.apple.security.root");
  add(out, "PayloadIdentifier", "internal.sallyport.ca." + payload);
  add(out, "PayloadUUID", payload);
  add(out, "PayloadDisplayName", name);
  add(out, "PayloadCertificateFileName", "sallyport-ca.cer");
  out += "<key>PayloadVersion</key><integer>1</integer>\n<key>PayloadContent</key><data>\n";
  out += to_base64(bytes_of(ca.der));
  out += "\n</data>\n</dict>\n</array>\n";
  add(out, "PayloadType", "Configuration");
  add(out, "PayloadIdentifier", "internal.sallyport.profile." + payload);
  add(out, "PayloadUUID", profile);
  add(out, "PayloadDisplayName", "Trust in " + name);
  add(out, "PayloadDescription", "Lets the network's gateway open TLS connections. SHA-256: " + ca.fingerprint);
  out +=
      "<key>PayloadVersion</key><integer>1</integer>\n<key>PayloadRemovalDisallowed</key><false/>\n</dict>\n</plist>\n";
  return out;
}

}  // namespace

Result<CaDownload> make_ca_download(const CertificateAuthority& ca) {
  X509* const certificate = ca.certificate();
  const std::vector<std::uint8_t> der = crypto::encoded<i2d_X509>(certificate);
  if (der.empty()) return std::unexpected(crypto::take_error(ErrorKind::system, "encoding the CA certificate"));
  const crypto::Sha256 digest = crypto::fingerprint(certificate);
  CaDownload download{.subject = crypto::text_of(X509_get_subject_name(certificate)),
                      .fingerprint = crypto::colon_hex(digest),
                      .pem = to_pem(certificate),
                      .der = std::string(der.begin(), der.end()),
                      .mobileconfig = {}};
  download.mobileconfig = profile_of(download, digest);
  return download;
}

}  // namespace sallyport::pki
