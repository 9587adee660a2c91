#include "sallyport/daemon/command_line.hpp"

#include <sstream>
#include <vector>

#include "check.hpp"

using namespace sallyport::daemon;

namespace {

std::ostringstream out;
std::ostringstream err;

std::expected<CommandLine, int> parse(std::vector<const char*> arguments) {
  out.str("");
  err.str("");
  arguments.insert(arguments.begin(), "sallyportd");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), out, err);
}

}  // namespace

TEST(nothing_given_is_the_defaults) {
  const auto options = parse({});
  CHECK(options.has_value());
  CHECK_EQUAL(options->config, "/etc/sallyport/sallyport.ini");
  CHECK(!options->check);
}

TEST(reads_both_options) {
  for (const auto& arguments :
       {std::vector<const char*>{"--check", "--config", "/x.ini"}, {"--config=/x.ini", "--check"}}) {
    const auto options = parse(arguments);
    CHECK(options.has_value());
    CHECK_EQUAL(options->config, "/x.ini");
    CHECK(options->check);
  }
}

TEST(version_and_help_end_well) {
  CHECK_EQUAL(parse({"--version"}).error(), 0);
  CHECK(out.str().starts_with("sallyportd "));
  CHECK_EQUAL(parse({"--help"}).error(), 0);
  CHECK(out.str().contains("--check"));
}

TEST(wrong_usage_is_64_and_said_on_stderr) {
  for (const auto& arguments : {std::vector<const char*>{"--config"}, {"--chekc"}, {"file.ini"}}) {
    const auto options = parse(arguments);
    CHECK(!options.has_value());
    CHECK_EQUAL(options.error(), 64);
    CHECK(out.str().empty());
    CHECK(!err.str().empty());
  }
}

UNIT_MAIN(UNIT_TEST(nothing_given_is_the_defaults), UNIT_TEST(reads_both_options), UNIT_TEST(version_and_help_end_well),
          UNIT_TEST(wrong_usage_is_64_and_said_on_stderr))
