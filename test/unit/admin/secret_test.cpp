#include "../../../src/admin/secret.hpp"

#include <sys/stat.h>

#include "check.hpp"
#include "temporary_folder.hpp"

using namespace sallyport;
using namespace sallyport::admin;

TEST(a_secret_is_made_once_for_its_owner_alone) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("token");
  const Result<std::string> made = secret_in_file(path);
  CHECK(made && made->size() == 64);
  struct stat about{};
  CHECK(::stat(path.c_str(), &about) == 0 && (about.st_mode & 0777) == 0600);
  CHECK(*secret_in_file(path) == *made);
  const std::string other = folder.path("other");
  CHECK(*secret_in_file(other) != *made);
}

TEST(what_is_no_secret_or_nobodys_is_refused) {
  const test::TemporaryFolder folder;
  const std::string good(64, 'a');
  const auto reason = [&](const char* name, const std::string& contents, mode_t mode) {
    const std::string path = folder.write(name, contents);
    ::chmod(path.c_str(), mode);
    const Result<std::string> read = secret_in_file(path);
    return read ? *read : read.error().reason;
  };
  CHECK(reason("good", good + "\n", 0600) == good);
  CHECK(reason("open", good, 0640).contains("others than its owner"));
  CHECK(reason("short", "abc\n", 0600).contains("64 hexadecimal digits"));
  CHECK(reason("long", good + "0", 0600).contains("64 hexadecimal digits"));
  CHECK(reason("empty", "", 0600).contains("64 hexadecimal digits"));
  CHECK(!secret_in_file(folder.path("no/such/folder")));
  CHECK(!secret_in_file(folder.path("")));
}

UNIT_MAIN(UNIT_TEST(a_secret_is_made_once_for_its_owner_alone), UNIT_TEST(what_is_no_secret_or_nobodys_is_refused))
