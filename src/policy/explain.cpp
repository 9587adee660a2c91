#include "sallyport/policy/explain.hpp"

#include "sallyport/policy/name.hpp"

namespace sallyport::policy {
namespace {

std::string rule_and_place(const Rule& rule) { return std::string(rule.text) + " (" + rule.place() + ")"; }

std::string to_text(const Step& step) {
  constexpr std::size_t column = 22;
  std::string line = "  " + std::string(title_of(step.stage));
  line.resize(column, ' ');
  if (!step.says) return line + "no rule matches\n";
  line += rule_and_place(step.says->rule);
  if (step.decided) return line + "  <- decides\n";
  return line + "  not reached; would be " + std::string(text_of(step.says->name)) + "\n";
}

}  // namespace

std::string_view title_of(Stage stage) {
  switch (stage) {
    case Stage::passthrough_client:
      return "passthrough client";
    case Stage::rewrite:
      return "rewrite";
    case Stage::blacklist:
      return "blacklist";
    case Stage::passthrough_name:
      return "passthrough name";
    case Stage::whitelist:
      return "whitelist";
    case Stage::fallback:
      return "default";
  }
  return "default";
}

std::string outcome_of(const Verdict& verdict) {
  switch (verdict.action) {
    case Action::refuse:
      return "refused with 403, and nobody is dialled";
    case Action::passthrough:
      return "relayed unopened";
    case Action::intercept:
      break;
  }
  if (verdict.rewrite == nullptr) return "opened, and forwarded to the origin";
  const Rewrite& rewrite = *verdict.rewrite;
  const std::string target = rewrite.port ? Endpoint{rewrite.target, *rewrite.port}.to_string()
                                          : rewrite.target.to_string() + " at the port asked for";
  std::string text = "opened, and forwarded to " + target;
  for (const HeaderField& header : rewrite.headers) text += "\n  with the field " + header.name + ": " + header.value;
  return text;
}

Result<Explanation> explain(const PolicySnapshot& snapshot, std::string_view typed, const IpAddress* client) {
  Result<std::string> name = canonical_name(typed);
  if (!name) return std::unexpected(name.error());
  Explanation explanation{std::move(*name), {}, {}};
  bool decided = false;
  for (const Stage stage : stages) {
    Step step{stage, false, snapshot.ask(stage, explanation.name, client)};
    if (step.says && !decided) {
      step.decided = decided = true;
      explanation.verdict = *step.says;
    }
    explanation.steps.push_back(step);
  }
  return explanation;
}

std::string to_text(const Explanation& explanation) {
  const Verdict& verdict = explanation.verdict;
  std::string text = explanation.name + "\n";
  for (const Step& step : explanation.steps) text += to_text(step);
  text += std::string(text_of(verdict.name)) + " by " + verdict.rule.name() + " (" + verdict.rule.place() + ")\n";
  return text + outcome_of(verdict) + "\n";
}

}  // namespace sallyport::policy
