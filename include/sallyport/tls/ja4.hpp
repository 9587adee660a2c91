// JA4: a fingerprint of TLS clients that survives shuffled extensions, by FoxIO's published description
// (https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md). Any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <string_view>

#include "sallyport/wire/client_hello.hpp"

namespace sallyport::tls {

enum class Ja4Transport : char { tcp = 't', quic = 'q' };

// 36 characters, such as "t13d1516h2_8daaf6152771_e5627efa2ab1".
[[nodiscard]] std::string ja4(const wire::ClientHello& hello, Ja4Transport transport);

// What ja4() gave, without memory of its own on the heap: for what lives as long as a connection.
class Ja4 {
 public:
  Ja4() = default;  // none: empty
  explicit Ja4(std::string_view text) {
    assert(text.size() == text_.size());
    std::ranges::copy(text, text_.begin());
  }
  [[nodiscard]] bool empty() const { return text_.front() == '\0'; }
  [[nodiscard]] std::string_view text() const { return empty() ? "" : std::string_view(text_.data(), text_.size()); }

 private:
  std::array<char, 36> text_{};
};

}  // namespace sallyport::tls
