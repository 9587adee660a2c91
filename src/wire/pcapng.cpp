#include "sallyport/wire/pcapng.hpp"

namespace sallyport::wire::pcapng {
namespace {

constexpr std::uint32_t section_block = 0x0A0D0D0A;
constexpr std::uint32_t interface_block = 1;
constexpr std::uint32_t statistics_block = 5;
constexpr std::uint32_t packet_block = 6;
constexpr std::uint32_t secrets_block = 10;

constexpr std::uint32_t byte_order = 0x1A2B3C4D;  // read back in another order, it tells a reader to swap
constexpr std::uint16_t link_raw_ip = 101;
constexpr std::uint32_t tls_key_log = 0x544C534B;

constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_interface_name = 2;
constexpr std::uint16_t option_program = 4;

template <typename Number>
void append_number(std::string& out, Number number) {
  for (std::size_t byte = 0; byte < sizeof number; ++byte) out += static_cast<char>((number >> (8 * byte)) & 0xFF);
}

void append_padded(std::string& out, std::string_view bytes) {
  out += bytes;
  out.append((4 - bytes.size() % 4) % 4, '\0');
}

void append_option(std::string& out, std::uint16_t code, std::string_view value) {
  append_number(out, code);
  append_number(out, static_cast<std::uint16_t>(value.size()));
  append_padded(out, value);
}

void end_options(std::string& out) { append_number(out, std::uint32_t{0}); }

// Its length stands at both ends, so that a file can be read backwards.
void append_block(std::string& out, std::uint32_t type, std::string_view body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 12);
  append_number(out, type);
  append_number(out, length);
  out += body;
  append_number(out, length);
}

// In microseconds, which is what readers take where nothing else is said; the upper half first.
void append_time(std::string& out, Time time) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
  const auto count = static_cast<std::uint64_t>(since.count());
  append_number(out, static_cast<std::uint32_t>(count >> 32));
  append_number(out, static_cast<std::uint32_t>(count));
}

}  // namespace

void append_section(std::string& out, std::string_view program, std::string_view comment) {
  std::string body;
  append_number(body, byte_order);
  append_number(body, std::uint16_t{1});
  append_number(body, std::uint16_t{0});
  append_number(body, ~std::uint64_t{0});  // its length is not known
  append_option(body, option_comment, comment);
  append_option(body, option_program, program);
  end_options(body);
  append_block(out, section_block, body);
}

void append_interface(std::string& out, std::string_view name) {
  std::string body;
  append_number(body, link_raw_ip);
  append_number(body, std::uint16_t{0});
  append_number(body, std::uint32_t{0});  // packets are whole
  append_option(body, option_interface_name, name);
  end_options(body);
  append_block(out, interface_block, body);
}

void append_secrets(std::string& out, std::string_view key_log) {
  std::string body;
  append_number(body, tls_key_log);
  append_number(body, static_cast<std::uint32_t>(key_log.size()));
  append_padded(body, key_log);
  append_block(out, secrets_block, body);
}

void append_packet(std::string& out, std::uint32_t interface, Time time, std::string_view packet) {
  std::string body;
  append_number(body, interface);
  append_time(body, time);
  append_number(body, static_cast<std::uint32_t>(packet.size()));
  append_number(body, static_cast<std::uint32_t>(packet.size()));
  append_padded(body, packet);
  append_block(out, packet_block, body);
}

void append_mark(std::string& out, std::uint32_t interface, Time time) {
  std::string body;
  append_number(body, interface);
  append_time(body, time);
  append_block(out, statistics_block, body);
}

}  // namespace sallyport::wire::pcapng
