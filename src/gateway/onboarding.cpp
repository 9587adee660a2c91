#include "onboarding.hpp"

#include "sallyport/http/authority.hpp"
#include "sallyport/http/request_id.hpp"
#include "sallyport/pki/ca_download.hpp"

#include "http_conversation.hpp"
#include "peek.hpp"
#include "protocols.hpp"
#include "proxy_tls.hpp"
#include "send_page.hpp"
#include "session.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::string_view pem_path = "/sallyport-ca.pem";
constexpr std::string_view der_path = "/sallyport-ca.crt";
constexpr std::string_view profile_path = "/sallyport-ca.mobileconfig";
constexpr std::string_view script_path = "/trust.js";
constexpr std::string_view probe_path = "/trusted.svg";

constexpr std::string_view style = R"(:root{color-scheme:light dark}
body{margin:0;font:16px/1.6 system-ui,sans-serif;background:#f3f4f6;color:#1f2937}
main{box-sizing:border-box;max-width:44rem;margin:2rem auto;padding:2rem;background:#fff;border-top:4px solid #1d4ed8}
h1{margin:0 0 1rem;font-size:1.5rem}
code{overflow-wrap:anywhere}
#trust{padding:.75rem 1rem;border-left:4px solid #6b7280;background:#f9fafb}
@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}main,#trust{background:#1f2937}a{color:#93c5fd}})";

// A picture that only loads over a TLS session which the browser believes.
constexpr std::string_view script = R"('use strict';
const note = document.getElementById('trust');
const probe = new Image();
probe.onload = () => { note.textContent = note.dataset.yes; note.dataset.state = 'trusted'; };
probe.onerror = () => { note.textContent = note.dataset.no; note.dataset.state = 'untrusted'; };
probe.src = note.dataset.probe + '?' + Date.now();
)";
constexpr std::string_view picture =
    R"(<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><rect width="1" height="1"/></svg>)";

http::Page resource(std::string_view type, std::string body) {
  http::Page page;
  page.head.status = 200;
  page.head.fields.append("Content-Type", type);
  page.head.fields.append("Cache-Control", "no-store");
  page.head.fields.append("X-Content-Type-Options", "nosniff");
  page.body = std::move(body);
  return page;
}

http::Page download(std::string_view type, std::string_view path, std::string body) {
  http::Page page = resource(type, std::move(body));
  page.head.fields.append("Content-Disposition", "attachment; filename=\"" + std::string(path.substr(1)) + "\"");
  return page;
}

std::string link(std::string_view path, std::string_view words) {
  return "<a href=\"" + std::string(path) + "\">" + std::string(words) + "</a>";
}

// `probe`: an https:// origin of ours, or empty where the browser would not find one.
http::Page start_page(const pki::CaDownload& ca, const std::string& probe) {
  std::string body = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  body +=
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>The CA of this "
      "network</title>\n<style>\n";
  body += style;
  body += "\n</style>\n</head>\n<body>\n<main>\n<h1>The CA of this network</h1>\n";
  if (!probe.empty()) {
    body += "<p id=\"trust\" data-probe=\"" + http::html_escaped(probe + std::string(probe_path)) + "\" ";
    body += "data-yes=\"This device trusts the CA. There is nothing left to do.\" ";
    body += "data-no=\"This device does not trust the CA yet.\">Finding out whether this device trusts the CA…</p>\n";
  }
  body += "<p>A gateway of this network opens TLS connections. Devices that trust its CA see no warnings.</p>\n<ul>\n";
  body += "<li>" + link(der_path, "Certificate for Windows and Android") + " (DER)</li>\n";
  body +=
      "<li>" + link(profile_path, "Profile for iPhone, iPad and Mac") + ", to be allowed in Settings afterwards</li>\n";
  body += "<li>" + link(pem_path, "Certificate for Linux and for browsers with a trust store of their own") +
          " (PEM)</li>\n";
  body += "</ul>\n<p>Subject: <code>" + http::html_escaped(ca.subject) + "</code></p>\n";
  body += "<p>SHA-256 fingerprint, to be compared with what your administrator says:<br><code id=\"fingerprint\">";
  body += http::html_escaped(ca.fingerprint) + "</code></p>\n</main>\n";
  if (!probe.empty()) body += "<script src=\"" + std::string(script_path) + "\"></script>\n";
  body += "</body>\n</html>\n";
  http::Page page = resource("text/html; charset=utf-8", std::move(body));
  page.head.fields.append("Referrer-Policy", "no-referrer");
  page.head.fields.append("Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src " +
                              (probe.empty() ? std::string("'none'") : probe) +
                              "; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  return page;
}

http::Page start_text(const pki::CaDownload& ca, const std::string& host) {
  std::string body = "The CA of this network\n\nSubject: " + ca.subject + "\nSHA-256: " + ca.fingerprint + "\n\n";
  for (const std::string_view path : {pem_path, der_path, profile_path}) {
    body += "http://" + host + std::string(path) + "\n";
  }
  return resource("text/plain; charset=utf-8", std::move(body));
}

http::Page answer(const pki::CaDownload& ca, const http::RequestHead& request, const std::string& probe) {
  const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
  if (path == pem_path) return download("application/x-pem-file", path, ca.pem);
  if (path == der_path) return download("application/x-x509-ca-cert", path, ca.der);
  if (path == profile_path) return download("application/x-apple-aspen-config", path, ca.mobileconfig);
  if (path == script_path) return resource("text/javascript; charset=utf-8", std::string(script));
  if (path == probe_path) return resource("image/svg+xml", std::string(picture));
  const http::PageFormat format = http::page_format(request.fields);
  if (path != "/") return http::error_page(404, request.authority, "the proxy has no such page", {}, format);
  return format == http::PageFormat::html ? start_page(ca, probe) : start_text(ca, request.authority);
}

http::Page page_with_probe(const WorkerContext& worker, const http::RequestHead& request, std::string_view request_id,
                           const std::string& probe) {
  const http::PageFormat format = http::page_format(request.fields);
  http::Page page;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const Result<pki::CaDownload> ca = pki::make_ca_download(*worker.generation.configuration->issuers->current()->ca());
  if (!reads) {
    page = http::error_page(405, request.authority, "the proxy's own pages are only read", {}, format);
    page.head.fields.append("Allow", "GET, HEAD");
  } else if (!ca) {
    page = http::error_page(500, request.authority, ca.error().reason, {}, format);
  } else {
    page = answer(*ca, request, probe);
  }
  page.head.fields.set("X-Request-ID", std::string(request_id));
  return page;
}

// The answers on a listener of [listen] onboarding.
class OnboardingHandler final : public http::ExchangeHandler {
 public:
  OnboardingHandler(WorkerContext& worker, const Arrival& arrival) : worker_(worker), arrival_(arrival) {}

  io::Task<void> handle(http::Exchange& exchange) override {
    const std::string request_id = http::make_request_id();
    // This very listener, by TLS.
    const std::string probe = "https://" + arrival_.local.to_string();
    const http::Page page = page_with_probe(worker_, exchange.request, request_id, probe);
    const Result<void> sent = co_await send_page(exchange, page);
    record(&exchange.request, page.head.status, request_id, sent ? std::string() : sent.error().reason);
  }

  http::Page refuse_unreadable(const http::http1::ParseError& error) override {
    const std::string request_id = http::make_request_id();
    record(nullptr, error.status, request_id, error.reason);
    return http::error_page(error.status, {}, error.reason, request_id, http::PageFormat::text);
  }

 private:
  void record(const http::RequestHead* request, unsigned status, const std::string& request_id,
              const std::string& error) const {
    Session session;
    session.arrival = arrival_;
    record::ExchangeRecord record = session.record(nullptr);
    record.request_id = request_id;
    if (request != nullptr) {
      record.host = request->authority;
      record.method = request->method;
      record.path = request->path;
    }
    record.status = static_cast<int>(status);
    record.error = error;
    worker_.shared.recorder.write(record);
  }

  WorkerContext& worker_;
  const Arrival& arrival_;
};

}  // namespace

bool names_proxy_itself(const WorkerContext& worker, const Arrival& arrival, const http::RequestHead& request) {
  const Result<http::Authority> authority = http::Authority::parse(request.authority);
  if (!authority) return request.authority.empty() && request.scheme.empty();
  if (authority->host == worker.settings().listen.proxy_name) return true;
  const bool asked_as_web_server = request.scheme.empty();
  return asked_as_web_server && authority->address &&
         (*authority->address == arrival.local.address || worker.addresses->is_own(*authority->address));
}

http::Page onboarding_page(const WorkerContext& worker, const http::RequestHead& request, std::string_view request_id) {
  const std::string& name = worker.settings().listen.proxy_name;
  const Result<http::Authority> authority = http::Authority::parse(request.authority);
  // By its name the browser has come through the proxy, and will again.
  const bool by_name = authority && authority->host == name;
  return page_with_probe(worker, request, request_id, by_name ? "https://" + name : std::string());
}

io::Task<void> serve_onboarding(WorkerContext& worker, Lifetime& lifetime, io::Stream& client, Arrival arrival) {
  const Result<std::vector<std::uint8_t>> first = co_await peek(client, worker.settings().limits.header);
  if (!first) co_return;
  OnboardingHandler handler(worker, arrival);
  if (!begins_handshake(*first)) {
    HttpConversation conversation(worker, lifetime, client, {}, handler);
    co_await http1_protocol().serve(conversation);
    co_return;
  }
  const Result<ProxySession> session = co_await accept_as_proxy(worker, client, arrival);
  // A browser that does not trust us yet is what is to be found out: no line for that.
  if (!session) co_return;
  HttpConversation conversation(worker, lifetime, *session->client, std::string(session->client->alpn()), handler);
  co_await session->protocol->serve(conversation);
}

}  // namespace sallyport::gateway
