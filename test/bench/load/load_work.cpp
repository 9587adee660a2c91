#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "percentiles.hpp"
#include "works.hpp"

namespace sallyport::bench {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

// What all threads have seen; each adds its own at its end.
struct Seen {
  std::mutex mutex;
  std::vector<double> connections, requests;
  std::uint64_t failed = 0, resumed = 0;
  std::string issuer, first_error;
};

// `destination`, from the connection's own one of the sources.
Destination from_its_source(const Load& load, std::uint64_t connection) {
  Destination destination = load.destination;
  destination.source = address_after(destination.source, connection % load.sources);
  return destination;
}

class Thread {
 public:
  Thread(const Load& load, SSL_CTX* context, std::atomic<std::uint64_t>& next, Seen& seen)
      : load_(load), context_(context), next_(next), seen_(seen) {}

  void run() {
    auto due = Clock::now();
    for (std::uint64_t number = next_++; number < load_.connections && !is_over(); number = next_++) {
      std::this_thread::sleep_until(due);
      due += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(load_.interval));
      const Result<void> served = connect_once(number);
      if (served) continue;
      ++failed_;
      if (first_error_.empty()) first_error_ = served.error().reason;
    }
    const std::lock_guard lock(seen_.mutex);
    seen_.connections.insert(seen_.connections.end(), connections_.begin(), connections_.end());
    seen_.requests.insert(seen_.requests.end(), requests_.begin(), requests_.end());
    seen_.failed += failed_;
    seen_.resumed += resumed_;
    if (seen_.issuer.empty()) seen_.issuer = issuer_;
    if (seen_.first_error.empty()) seen_.first_error = first_error_;
  }

 private:
  Result<void> connect_once(std::uint64_t number) {
    auto began = Clock::now();
    Result<TlsClient> client =
        TlsClient::open(from_its_source(load_, number), context_, name_number(load_.name, load_.first_name + number),
                        load_.resume ? session_.get() : nullptr);
    if (!client) return std::unexpected(client.error());
    bool last = false;
    for (std::uint64_t asked = 1; !last; ++asked) {
      last = asked >= load_.requests || is_over();
      const Result<std::uint64_t> answer = client->get(load_.path, last);
      if (!answer) return std::unexpected(answer.error());
      (asked == 1 ? connections_ : requests_).push_back(microseconds_since(began));
      if (load_.pause > 0 && !last) std::this_thread::sleep_for(std::chrono::duration<double>(load_.pause));
      began = Clock::now();
    }
    if (client->resumed()) ++resumed_;
    if (load_.resume) session_ = client->take_session();
    if (issuer_.empty()) issuer_ = client->issuer();
    return {};
  }

  [[nodiscard]] bool is_over() const { return load_.seconds > 0 && microseconds_since(began_) > load_.seconds * 1e6; }

  const Load& load_;
  const Clock::time_point began_ = Clock::now();
  SSL_CTX* context_;
  std::atomic<std::uint64_t>& next_;
  Seen& seen_;
  crypto::SslSessionPtr session_;
  std::vector<double> connections_, requests_;
  std::uint64_t failed_ = 0, resumed_ = 0;
  std::string issuer_, first_error_;
};

}  // namespace

std::string name_number(const std::string& pattern, std::uint64_t number) {
  const std::size_t at = pattern.find("%d");
  return at == std::string::npos ? pattern : pattern.substr(0, at) + std::to_string(number) + pattern.substr(at + 2);
}

Result<void> run_load(const Load& load) {
  const Result<crypto::SslCtxPtr> context = client_context(load.roots_file, load.groups);
  if (!context) return std::unexpected(context.error());
  std::atomic<std::uint64_t> next = 0;
  Seen seen;
  const auto began = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned number = 0; number < load.threads; ++number) {
      threads.emplace_back([&] { Thread(load, context->get(), next, seen).run(); });
    }
  }
  std::cout << nlohmann::json{{"seconds", microseconds_since(began) * 1e-6},
                              {"completed", seen.connections.size()},
                              {"failed", seen.failed},
                              {"resumed", seen.resumed},
                              {"issuer", seen.issuer},
                              {"first_error", seen.first_error},
                              {"connection_us", percentiles(seen.connections)},
                              {"request_us", percentiles(seen.requests)}}
            << '\n';
  return {};
}

Result<void> run_bulk(const Load& load, std::uint64_t bytes, bool up) {
  const Result<crypto::SslCtxPtr> context = client_context(load.roots_file, load.groups);
  if (!context) return std::unexpected(context.error());
  Result<TlsClient> client = TlsClient::open(load.destination, context->get(), load.name);
  if (!client) return std::unexpected(client.error());
  const auto began = Clock::now();
  if (up) {
    const Result<void> sent = client->put(load.path, bytes);
    if (!sent) return sent;
  } else {
    const Result<std::uint64_t> got = client->get(load.path, true);
    if (!got) return std::unexpected(got.error());
    if (*got != bytes) return fail(ErrorKind::malformed, "a body of " + std::to_string(*got) + " bytes");
  }
  std::cout << nlohmann::json{{"seconds", microseconds_since(began) * 1e-6},
                              {"bytes", bytes},
                              {"issuer", client->issuer()}}
            << '\n';
  return {};
}

Result<void> hold_idle(const Load& load) {
  const Result<crypto::SslCtxPtr> context = client_context(load.roots_file, load.groups);
  if (!context) return std::unexpected(context.error());
  std::vector<TlsClient> held;
  held.reserve(load.connections);
  for (std::uint64_t number = 0; number < load.connections; ++number) {
    Result<TlsClient> client = TlsClient::open(from_its_source(load, number), context->get(),
                                               name_number(load.name, load.first_name + number));
    if (!client) return std::unexpected(client.error());
    const Result<std::uint64_t> answer = client->get(load.path, false);
    if (!answer) return std::unexpected(answer.error());
    held.push_back(std::move(*client));
  }
  const auto open = std::ranges::count_if(held, &TlsClient::is_open);
  if (open != std::ssize(held)) {
    return fail(ErrorKind::end_of_stream,
                std::to_string(std::ssize(held) - open) + " idle connections have been closed");
  }
  std::cout << nlohmann::json{{"held", held.size()}} << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return {};
}

}  // namespace sallyport::bench
