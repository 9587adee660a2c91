#include "session.hpp"

namespace sallyport::gateway {

record::ExchangeRecord Session::record(const policy::Verdict* verdict) const {
  record::ExchangeRecord record;
  record.time = began;
  record.client = arrival.client.to_string();
  record.host = target.name.empty() ? Target::of(arrival).name : target.name;
  if (verdict != nullptr) {
    record.verdict = policy::text_of(verdict->name);
    record.rule = verdict->rule.name();
  }
  record.tls_client = tls_client;
  annotate(record);
  return record;
}

PinnedClients::Key Session::pinning_key() const {
  return {arrival.client.address, std::string(tls_stack.text()), target.name};
}

void Session::annotate(record::ExchangeRecord& record) const {
  record.via = arrival.via;
  record.unrecorded = unrecorded;
  if (!ja4.empty()) record.extra.emplace_back("ja4", ja4.text());
  if (!arrival.user.empty()) record.extra.emplace_back("user", arrival.user);
  record.extra.insert(record.extra.end(), notes.begin(), notes.end());
}

}  // namespace sallyport::gateway
