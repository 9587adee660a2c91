#include "memory_handshake.hpp"

#include <ctime>

#include "tls_client.hpp"

namespace sallyport::bench {
namespace {

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Lets one end go on until it waits or is done; adds what that took.
bool advance(SSL* end, double& spent) {
  const double began = thread_seconds();
  const int result = SSL_do_handshake(end);
  spent += thread_seconds() - began;
  return result == 1;
}

}  // namespace

MemoryHandshake::MemoryHandshake(crypto::SslCtxPtr client, crypto::SslCtxPtr server, std::string name)
    : client_(std::move(client)), server_(std::move(server)), name_(std::move(name)) {}

Result<MemoryHandshake> MemoryHandshake::create(const std::string& identity_file, const std::string& roots_file,
                                                std::string name) {
  Result<crypto::SslCtxPtr> client = client_context(roots_file, "X25519");
  if (!client) return std::unexpected(client.error());
  crypto::SslCtxPtr server(SSL_CTX_new(TLS_server_method()));
  if (!server || SSL_CTX_use_certificate_chain_file(server.get(), identity_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(server.get(), identity_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_set_num_tickets(server.get(), 0) != 1) {
    return std::unexpected(crypto::take_error(ErrorKind::config, "a server's context with " + identity_file));
  }
  return MemoryHandshake(std::move(*client), std::move(server), std::move(name));
}

Result<HandshakeCost> MemoryHandshake::run() {
  HandshakeCost cost;
  double began = thread_seconds();
  crypto::SslPtr client(SSL_new(client_.get()));
  BIO* to_server = BIO_new(BIO_s_mem());
  BIO* to_client = BIO_new(BIO_s_mem());
  BIO_up_ref(to_server);
  BIO_up_ref(to_client);
  SSL_set_bio(client.get(), to_client, to_server);
  SSL_set_connect_state(client.get());
  SSL_set_tlsext_host_name(client.get(), name_.c_str());
  SSL_set1_host(client.get(), name_.c_str());
  cost.client += thread_seconds() - began;
  began = thread_seconds();
  crypto::SslPtr server(SSL_new(server_.get()));
  SSL_set_bio(server.get(), to_server, to_client);
  SSL_set_accept_state(server.get());
  cost.server += thread_seconds() - began;
  for (int turn = 0; turn < 8; ++turn) {
    const bool client_done = advance(client.get(), cost.client);
    const bool server_done = advance(server.get(), cost.server);
    if (client_done && server_done) {
      began = thread_seconds();
      client.reset();
      cost.client += thread_seconds() - began;
      began = thread_seconds();
      server.reset();
      cost.server += thread_seconds() - began;
      return cost;
    }
  }
  return std::unexpected(crypto::take_error(ErrorKind::tls, "a handshake in memory"));
}

}  // namespace sallyport::bench
