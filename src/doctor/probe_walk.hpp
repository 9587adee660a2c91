// ProbeWalk: the probe over one address family: a client connects and asks, and each hop is told of.
//
// One thread; blocks for some seconds. What it is given outlives it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "sallyport/doctor/context.hpp"
#include "sallyport/doctor/finding.hpp"
#include "sallyport/pki/trust_store.hpp"

#include "family.hpp"
#include "probe_client.hpp"
#include "probe_origin.hpp"
#include "probe_path.hpp"
#include "suspects.hpp"

namespace sallyport::doctor {

// "probe", of IPv6 "probe IPv6": the name of its findings, alone or before a colon and a hop.
[[nodiscard]] std::string name_of_probe(const Family& family);

class ProbeWalk {
 public:
  using Doing = std::function<void(const char*)>;

  // `trust`: whom the client believes.
  ProbeWalk(const Context& context, const ProbeNetwork& network, pki::TrustStorePtr trust, const Family& family,
            const Doing& doing)
      : context_(context), network_(network), trust_(std::move(trust)), family_(family), doing_(doing) {}

  // One finding a hop, as far as it got.
  [[nodiscard]] Findings go();

 private:
  bool prepare();
  bool connect();
  void converse_with_daemon();
  void judge_handshake(const Error& error);
  void judge_origin();
  void judge_response();

  void reached(const char* hop, std::string says);
  bool stopped(const char* hop, Severity severity, std::string says, std::string mend = {});
  bool stopped_by_suspect(const char* hop, const std::string& says, const Suspects::Suspect& otherwise);
  bool not_sent(const Error& error);

  const Context& context_;
  const ProbeNetwork& network_;
  const pki::TrustStorePtr trust_;
  const Family family_;
  const Doing& doing_;
  Findings findings_;
  std::uint16_t port_ = 443;
  std::unique_ptr<ProbePath> path_;
  std::unique_ptr<ProbeOrigin> origin_;
  std::optional<Suspects> suspects_;
  UniqueFd connection_;
  Conversation conversation_;
};

}  // namespace sallyport::doctor
