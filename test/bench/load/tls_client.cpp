#include "tls_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace sallyport::bench {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;

Result<sockaddr_in> socket_address(const std::string& literal, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, literal.c_str(), &address.sin_addr) != 1) {
    return fail(ErrorKind::config, "no IPv4 address: " + literal);
  }
  return address;
}

// A socket that is about to connect, bound to the destination's source.
Result<UniqueFd> socket_for(const Destination& destination, int flags) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket) return std::unexpected(errno_error("socket", errno));
  const int one = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (destination.source.empty()) return socket;
  const Result<sockaddr_in> source = socket_address(destination.source, 0);
  if (!source) return std::unexpected(source.error());
  // The port is chosen when the destination is known: the same one serves for many destinations.
  ::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*source), sizeof *source) != 0) {
    return std::unexpected(errno_error("bind to " + destination.source, errno));
  }
  return socket;
}

Result<void> connect_to(const Destination& destination, int socket) {
  const Result<sockaddr_in> peer = socket_address(destination.address, destination.port);
  if (!peer) return std::unexpected(peer.error());
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&*peer), sizeof *peer) != 0 && errno != EINPROGRESS) {
    return std::unexpected(errno_error("connect to " + destination.address, errno));
  }
  return {};
}

// The number behind Content-Length, which the origin of the benchmarks always sends.
Result<std::uint64_t> content_length(std::string_view head) {
  for (const std::string_view field : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const std::size_t at = head.find(field);
    if (at == std::string_view::npos) continue;
    std::uint64_t length = 0;
    std::from_chars(head.data() + at + field.size(), head.data() + head.size(), length);
    return length;
  }
  return fail(ErrorKind::malformed, "a response without Content-Length");
}

}  // namespace

std::string address_after(const std::string& literal, std::uint64_t distance) {
  in_addr address{};
  if (distance == 0 || ::inet_pton(AF_INET, literal.c_str(), &address) != 1) return literal;
  address.s_addr = htonl(ntohl(address.s_addr) + static_cast<std::uint32_t>(distance));
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

Result<UniqueFd> dial(const Destination& destination) {
  Result<UniqueFd> socket = socket_for(destination, 0);
  if (!socket) return socket;
  // For the connect and for each write; and for each read.
  const timeval patience = {.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const Result<void> connected = connect_to(destination, socket->get());
  return connected ? std::move(socket) : std::unexpected(connected.error());
}

Result<UniqueFd> begin_to_dial(const Destination& destination) {
  Result<UniqueFd> socket = socket_for(destination, SOCK_NONBLOCK);
  if (!socket) return socket;
  const Result<void> begun = connect_to(destination, socket->get());
  return begun ? std::move(socket) : std::unexpected(begun.error());
}

Result<crypto::SslCtxPtr> client_context(const std::string& roots_file, const std::string& groups) {
  crypto::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  static constexpr std::array<unsigned char, 9> alpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_set1_groups_list(context.get(), groups.c_str()) != 1 ||
      SSL_CTX_set_alpn_protos(context.get(), alpn.data(), alpn.size()) != 0 ||
      SSL_CTX_load_verify_locations(context.get(), roots_file.c_str(), nullptr) != 1) {
    return std::unexpected(crypto::take_error(ErrorKind::config, "a client's context with " + roots_file));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  return context;
}

TlsClient::TlsClient(UniqueFd socket, crypto::SslPtr ssl, std::string name)
    : socket_(std::move(socket)), ssl_(std::move(ssl)), name_(std::move(name)) {}

Result<TlsClient> TlsClient::open(const Destination& destination, SSL_CTX* context, const std::string& name,
                                  SSL_SESSION* session) {
  Result<UniqueFd> socket = dial(destination);
  if (!socket) return std::unexpected(socket.error());
  crypto::SslPtr ssl(SSL_new(context));
  if (!ssl || SSL_set_fd(ssl.get(), socket->get()) != 1 || SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1 ||
      SSL_set1_host(ssl.get(), name.c_str()) != 1 || (session != nullptr && SSL_set_session(ssl.get(), session) != 1)) {
    return std::unexpected(crypto::take_error(ErrorKind::tls, "a session with " + name));
  }
  if (SSL_connect(ssl.get()) != 1) {
    return std::unexpected(crypto::take_error(ErrorKind::tls, "the handshake with " + name));
  }
  return TlsClient(std::move(*socket), std::move(ssl), name);
}

Result<std::uint64_t> TlsClient::get(std::string_view path, bool last) {
  const Result<void> asked = write("GET " + std::string(path) + " HTTP/1.1\r\nHost: " + name_ +
                                   (last ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n"));
  if (!asked) return std::unexpected(asked.error());
  return read_answer();
}

Result<void> TlsClient::put(std::string_view path, std::uint64_t bytes) {
  Result<void> written = write("PUT " + std::string(path) + " HTTP/1.1\r\nHost: " + name_ +
                               "\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
  const std::string zeros(record_bytes, '\0');
  for (std::uint64_t left = bytes; written && left > 0; left -= std::min<std::uint64_t>(left, zeros.size())) {
    written = write(std::string_view(zeros).substr(0, left));
  }
  if (!written) return written;
  const Result<std::uint64_t> answer = read_answer();
  return answer ? Result<void>() : std::unexpected(answer.error());
}

bool TlsClient::is_open() const {
  pollfd socket = {.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&socket, 1, 0) == 0;
}

std::string TlsClient::issuer() const {
  const crypto::X509Ptr shown(SSL_get1_peer_certificate(ssl_.get()));
  std::array<char, 256> text{};
  if (shown) X509_NAME_get_text_by_NID(X509_get_issuer_name(shown.get()), NID_commonName, text.data(), text.size());
  return text.data();
}

Result<void> TlsClient::write(std::string_view bytes) {
  if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) {
    return std::unexpected(crypto::take_error(ErrorKind::tls, "writing to " + name_));
  }
  return {};
}

Result<std::uint64_t> TlsClient::read_answer() {
  std::array<char, record_bytes> buffer;
  std::string head;
  std::size_t end = std::string::npos;
  while (end == std::string::npos) {
    const int got = SSL_read(ssl_.get(), buffer.data(), buffer.size());
    if (got <= 0) return std::unexpected(crypto::take_error(ErrorKind::tls, "reading from " + name_));
    head.append(buffer.data(), static_cast<std::size_t>(got));
    end = head.find("\r\n\r\n");
  }
  if (!head.starts_with("HTTP/1.1 20")) {
    return fail(ErrorKind::malformed, name_ + " answered " + head.substr(0, head.find('\r')));
  }
  const Result<std::uint64_t> length = content_length(std::string_view(head).substr(0, end + 2));
  if (!length) return length;
  for (std::uint64_t have = head.size() - end - 4; have < *length;) {
    const int got = SSL_read(ssl_.get(), buffer.data(), buffer.size());
    if (got <= 0) return std::unexpected(crypto::take_error(ErrorKind::tls, "reading the body from " + name_));
    have += static_cast<std::uint64_t>(got);
  }
  return *length;
}

}  // namespace sallyport::bench
