// OriginFixture: an OriginConnection over a socket pair, in plaintext or TLS, and the origin at its other end.
#pragma once

#include <memory>

#include "sallyport/http/origin_connection.hpp"

#include "tls_fixture.hpp"

namespace sallyport::test {

struct OriginFixture : TlsFixture {
  // A new connection to a new origin.
  http::OriginConnectionPtr connect_plainly() {
    reconnect();
    return std::make_unique<http::OriginConnection>(std::move(client_socket), buffers);
  }
  http::OriginConnectionPtr connect_by_tls() {
    http::OriginConnectionPtr connection = connect_plainly();
    origin_tls = accept(*server_socket, server_session());
    connection->set_tls(TlsFixture::connect(connection->socket(), client_session()));
    must_shake_hands(*connection->tls(), *origin_tls);
    return connection;
  }

  // The origin's end.
  io::Stream& origin() { return origin_tls ? static_cast<io::Stream&>(*origin_tls) : *server_socket; }

  io::BufferPool buffers;
  TlsStreamPtr origin_tls;
};

}  // namespace sallyport::test
