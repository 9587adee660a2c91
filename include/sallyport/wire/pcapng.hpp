// pcapng: packet captures as Wireshark reads them (draft-ietf-opsawg-pcapng), with TLS secrets in the file itself.
//
// Each function appends one whole block; a file is a section, its interfaces, and then packets and secrets in any order
// in which secrets stand before what they open. Any thread; `out` is borrowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/base/bytes.hpp"

namespace sallyport::wire::pcapng {

using Time = std::chrono::system_clock::time_point;

// Section Header Block (§4.1). `program` and `comment` are shown to whoever opens the file.
void append_section(std::string& out, std::string_view program, std::string_view comment);
// Interface Description Block (§4.2) of packets that begin with their IP header; they are numbered from 0.
void append_interface(std::string& out, std::string_view name);
// Decryption Secrets Block (§4.7): lines as SSLKEYLOGFILE has them.
void append_secrets(std::string& out, std::string_view key_log);
// Enhanced Packet Block (§4.3).
void append_packet(std::string& out, std::uint32_t interface, Time time, std::string_view packet);
// Interface Statistics Block (§4.6) without figures: says that time went on.
void append_mark(std::string& out, std::uint32_t interface, Time time);

}  // namespace sallyport::wire::pcapng
