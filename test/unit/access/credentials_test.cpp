#include "sallyport/access/credentials.hpp"

#include <sstream>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::access;

namespace {

// Of "open sesame", each made by another program.
const std::string bcrypt = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";
const std::string sha512 =
    "$6$rounds=1000$saltsalt$/IiX/CoEcxCZ9SksEXnbjfCT1LGvD4z5OpJkaFYl/"
    "T37OAwuKZ8I8BixDhruhPLkw6lS7dw/6wQWgQnGo7lLg/";
const std::string sha256 = "$5$saltsalt$yrhPKxCqiWcCE9h0g86j6Ugz7SDFdFm.BjU.d8RaQnC";
const std::string yescrypt = "$y$j75$saltsalt$4r23Ja.bWt2eh8ftPtYPeuGW9RLxoj8WxeDLVNbfhH4";

CredentialsPtr read(const std::string& text, config::Problems& problems) {
  std::istringstream stream(text);
  return Credentials::read(stream, "users", problems);
}

std::string problems_of(const std::string& text) {
  config::Problems problems;
  CHECK(read(text, problems) == nullptr);
  std::string out;
  for (const config::Problem& problem : problems) out += to_string(problem) + "\n";
  return out;
}

bool lets_in(const std::string& file, const std::string& name, const std::string& password) {
  config::Problems problems;
  const CredentialsPtr credentials = read(file, problems);
  for (const config::Problem& problem : problems) test::fail_check(__FILE__, __LINE__, to_string(problem));
  const Credentials::Entry entry = credentials->find(name);
  const bool same = matches(password, entry.hash);
  return same && entry.exists;
}

}  // namespace

TEST(takes_each_kind_of_hash) {
  for (const std::string& hash : {bcrypt, sha512, sha256, yescrypt}) {
    const std::string file = "# who may\n\n  ali:" + hash + "\r\n";
    CHECK(lets_in(file, "ali", "open sesame"));
    CHECK(!lets_in(file, "ali", "open sesamE"));
    CHECK(!lets_in(file, "ali", ""));
    CHECK(!lets_in(file, "ali", std::string("open sesame\0x", 13)));
    CHECK(!lets_in(file, "Ali", "open sesame"));
  }
}

TEST(a_stranger_costs_as_much_as_a_user) {
  config::Problems problems;
  const CredentialsPtr credentials = read("ali:" + bcrypt, problems);
  const Credentials::Entry stranger = credentials->find("cassim");
  CHECK_EQUAL(stranger.hash, bcrypt);
  CHECK(!stranger.exists);
}

TEST(refuses_weak_and_broken_hashes) {
  for (const std::string& hash :
       {std::string("open sesame"), std::string("{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="), std::string("ab.Zs3hSH9Bo2"),
        std::string("$apr1$saltsalt$IfCQ0K9C2Gn9ICDZ3QCVI/"), std::string("$1$saltsalt$1jZ6q1J8sXqkTTV.pLdF51"),
        bcrypt.substr(0, 59), bcrypt + "x", sha512.substr(0, sha512.size() - 1), sha256 + ":", yescrypt + "x",
        std::string("$2b$04"), std::string("$6$"), std::string("$y$"), std::string(), "x" + bcrypt}) {
    CHECK(problems_of("ali:" + hash + "\n").starts_with("users:1: "));
  }
}

TEST(refuses_hashes_that_keep_others_waiting) {
  CHECK(problems_of("ali:$2b$31$" + bcrypt.substr(7)).contains("costs too much"));
  CHECK(problems_of("ali:$6$rounds=99999999$" + sha512.substr(15)).contains("costs too much"));
  CHECK(problems_of("ali:$y$jFT$" + yescrypt.substr(7)).contains("costs too much"));
}

TEST(tells_all_mistakes_and_never_the_line) {
  const std::string problems = problems_of("ali\nali:secret\n:" + bcrypt + "\nb:" + bcrypt + "\nb:" + bcrypt + "\n");
  CHECK(problems.contains("users:1: expected name:hash"));
  CHECK(problems.contains("users:2: expected a hash"));
  CHECK(problems.contains("users:3: expected name:hash"));
  CHECK(problems.contains("users:5: the name stands in the file twice"));
  CHECK(!problems.contains("secret"));
  CHECK_EQUAL(problems_of("# nobody\n"), "users: has no names in it: nobody could use the proxy\n");
}

TEST(a_missing_file_is_a_mistake) {
  config::Problems problems;
  CHECK(Credentials::load("/nonexistent/users", problems) == nullptr);
  CHECK_EQUAL(problems.size(), 1U);
}

TEST(makes_lines_that_it_reads) {
  const Result<std::string> line = make_credentials_line("ali baba", "open sesame");
  CHECK_OK(line);
  CHECK(line->starts_with("ali baba:$y$"));
  CHECK(lets_in(*line + "\n", "ali baba", "open sesame"));
  CHECK(*make_credentials_line("ali baba", "open sesame") != *line);
  for (const char* name : {"", "a:b", "a\nb"}) CHECK(!make_credentials_line(name, "open sesame").has_value());
  for (const std::string& password : {std::string(), std::string("a\nb"), std::string(512, 'x')}) {
    CHECK(!make_credentials_line("ali", password).has_value());
  }
}

UNIT_MAIN(UNIT_TEST(takes_each_kind_of_hash), UNIT_TEST(a_stranger_costs_as_much_as_a_user),
          UNIT_TEST(refuses_weak_and_broken_hashes), UNIT_TEST(refuses_hashes_that_keep_others_waiting),
          UNIT_TEST(tells_all_mistakes_and_never_the_line), UNIT_TEST(a_missing_file_is_a_mistake),
          UNIT_TEST(makes_lines_that_it_reads))
