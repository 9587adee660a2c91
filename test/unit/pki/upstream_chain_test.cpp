// Dates, trust, paths and what issuers are allowed, in upstream chains.
#include "upstream_judge.hpp"

using namespace sallyport;
using namespace sallyport::test;
using std::chrono::seconds;

TEST(A01_dates_of_the_leaf) {
  const auto now = crypto::wall_clock();
  const Identity leaf = make(leaf_spec(), &ground().root);
  const auto from = crypto::not_before(leaf.get());
  const auto to = crypto::not_after(leaf.get());
  for (const seconds late : {seconds(1), seconds(5)}) {
    check_refused("expired", judge(*trust(), leaf.get(), {}, host, to + late), "certificate has expired");
    check_accepted("expired", judge(*trust(), leaf.get(), {}, host, to - late));
    check_refused("early", judge(*trust(), leaf.get(), {}, host, from - late), "certificate is not yet valid");
    check_accepted("early", judge(*trust(), leaf.get(), {}, host, from + late));
  }
  check_leaf("dates swapped", [&](Spec& s) { std::swap(s.not_before, s.not_after); }, "certificate is not yet valid");
  check_leaf("expired by the clock", [&](Spec& s) { s.not_after = now - seconds(5); }, "certificate has expired");
}

TEST(A01_expired_intermediate_names_it) {
  check_intermediate(
      "expired intermediate", [](Spec& s) { s.not_after = crypto::wall_clock() - seconds(5); },
      "certificate has expired (issuer CN=Test Intermediate)");
}

TEST(A02_untrusted_chains) {
  check_refused("self-signed", judge(*trust(), make(leaf_spec()).get()), "self-signed certificate");
  const Identity stranger = make_root("Superfish, Inc.");
  const Identity leaf = make_leaf(host, stranger);
  check_refused("root sent", judge(*trust(), leaf.get(), {stranger.get()}), "untrusted root");
  check_refused("root not sent", judge(*trust(), leaf.get()), "untrusted issuer");
  check_accepted("once it is trusted", judge(*ground().trusting({stranger.get()}), leaf.get()));
}

TEST(A02_a_self_signed_certificate_in_the_bundle_is_trusted) {
  const Identity own = make(leaf_spec());
  check_accepted("pinned", judge(*ground().trusting({own.get()}), own.get()));
  Spec wrong_use = leaf_spec();
  wrong_use.extensions = with(leaf_extensions(std::string("DNS:") + host), "extendedKeyUsage", "clientAuth");
  const Identity client = make(std::move(wrong_use));
  check_refused("pinned client", judge(*ground().trusting({client.get()}), client.get()), "not for TLS servers");
}

TEST(A08_who_may_issue) {
  check_intermediate("a leaf as CA", [](Spec& s) { s.extensions = leaf_extensions("DNS:evil.example"); }, "CA");
  check_intermediate(
      "no basicConstraints", [](Spec& s) { s.extensions = with(s.extensions, "basicConstraints", ""); }, "CA");
  check_intermediate(
      "CA:FALSE", [](Spec& s) { s.extensions = with(s.extensions, "basicConstraints", "critical,CA:FALSE"); }, "CA");
  check_intermediate(
      "no keyCertSign", [](Spec& s) { s.extensions = with(s.extensions, "keyUsage", "critical,cRLSign"); }, "CA");
  check_intermediate(
      "nsCertType alone", [](Spec& s) { s.extensions = {{"nsCertType", "sslCA"}, {"subjectKeyIdentifier", "hash"}}; },
      "CA");
  check_intermediate(
      "version 1",
      [](Spec& s) {
        s.extensions.clear();
        s.alter = [](X509* x) { X509_set_version(x, X509_VERSION_1); };
      },
      "CA");
  check_leaf(
      "version 1 leaf", [](Spec& s) { s.alter = [](X509* x) { X509_set_version(x, X509_VERSION_1); }; },
      "not of version 3");
}

TEST(A08_path_length) {
  const auto judged = [](const char* limit) {
    Spec first = intermediate_spec("First");
    first.extensions = intermediate_extensions(limit);
    const Identity upper = make(std::move(first), &ground().root);
    const Identity lower = make_intermediate("Second", upper);
    const Identity leaf = make_leaf(host, lower);
    return judge(*trust(), leaf.get(), {lower.get(), upper.get()});
  };
  check_accepted("pathlen 1", judged("critical,CA:TRUE,pathlen:1"));
  check_refused("pathlen 0", judged("critical,CA:TRUE,pathlen:0"), "path length constraint exceeded");
}

TEST(A08_depth) {
  for (const int depth : {3, 5, 10, 64, 70}) {
    std::vector<Identity> line;
    for (int i = 0; i < depth; ++i) {
      line.push_back(make_intermediate("Level " + std::to_string(i), i == 0 ? ground().root : line.back()));
    }
    std::vector<X509*> sent;
    for (const Identity& one : line) sent.push_back(one.get());
    const std::string verdict = judge(*trust(), make_leaf(host, line.back()).get(), sent);
    if (depth <= 64) {
      check_accepted("depth " + std::to_string(depth), verdict);
    } else {
      check_refused("depth " + std::to_string(depth), verdict, "certificate chain too long");
    }
  }
}

TEST(A09_extended_key_usage) {
  const auto usage = [](const char* value) {
    return [value](Spec& s) { s.extensions = with(s.extensions, "extendedKeyUsage", value); };
  };
  for (const char* bad : {"codeSigning", "clientAuth", "anyExtendedKeyUsage", "msSGC,nsSGC"}) {
    check_leaf(bad, usage(bad), "not for TLS servers");
  }
  for (const char* bad : {"codeSigning", "clientAuth"}) check_intermediate(bad, usage(bad), "not for TLS servers");
  for (const char* good : {"", "serverAuth,clientAuth", "anyExtendedKeyUsage,serverAuth"}) {
    Spec spec = leaf_spec();
    usage(good)(spec);
    check_accepted(good, judge(*trust(), make(std::move(spec), &ground().root).get()));
  }
  check_leaf(
      "keyUsage without a signature",
      [](Spec& s) { s.extensions = with(s.extensions, "keyUsage", "critical,cRLSign"); }, "not for TLS servers");
}

TEST(A14_paths) {
  const Identity first = make_intermediate("First", ground().root);
  const Identity second = make_intermediate("Second", first);
  const Identity leaf = make_leaf(host, second);
  const Identity junk = make_root("Junk");
  check_accepted("in order", judge(*trust(), leaf.get(), {second.get(), first.get()}));
  check_refused("missing intermediate", judge(*trust(), leaf.get(), {second.get()}), "untrusted issuer");
  check_accepted("reversed", judge(*trust(), leaf.get(), {first.get(), second.get()}));
  check_accepted("junk between", judge(*trust(), leaf.get(), {junk.get(), first.get(), leaf.get(), second.get()}));
  check_accepted("root sent too", judge(*trust(), leaf.get(), {second.get(), first.get(), ground().root.get()}));
}

TEST(A14_other_paths_are_tried) {
  const Identity stranger = make_root("Stranger");
  const crypto::PkeyPtr key = p256_key();
  const auto twin = [&](const Identity& issuer, std::chrono::hours left) {
    Spec spec = intermediate_spec("Twin");
    spec.key = crypto::up_ref(key.get());
    spec.not_after = crypto::wall_clock() + left;
    spec.extensions = with(spec.extensions, "authorityKeyIdentifier", "");
    return make(std::move(spec), &issuer);
  };
  const Identity good = twin(ground().root, std::chrono::hours(1));
  const Identity by_stranger = twin(stranger, std::chrono::hours(20));
  const Identity expired = twin(ground().root, std::chrono::hours(-1));
  const Identity leaf = make_leaf(host, good);
  check_accepted("two roots", judge(*trust(), leaf.get(), {by_stranger.get(), good.get()}));
  check_accepted("two roots, other order", judge(*trust(), leaf.get(), {good.get(), by_stranger.get()}));
  check_accepted("two roots, both sent", judge(*trust(), leaf.get(), {by_stranger.get(), stranger.get(), good.get()}));
  check_accepted("expired branch", judge(*trust(), leaf.get(), {expired.get(), good.get()}));
  check_refused("only bad ones", judge(*trust(), leaf.get(), {by_stranger.get(), expired.get()}), "");
  check_refused("only the stranger's", judge(*trust(), leaf.get(), {by_stranger.get()}), "untrusted issuer");
}

// The root was renewed with the same key; its predecessor, expired, signed a cross certificate that is still sent.
TEST(A14_cross_signed_with_an_expired_root) {
  const auto now = crypto::wall_clock();
  Spec old_spec{.common_name = "Old Root", .extensions = root_extensions()};
  old_spec.not_after = now - seconds(60);
  const Identity old_root = make(std::move(old_spec));
  Spec cross_spec{.common_name = "Test Root", .extensions = intermediate_extensions()};
  cross_spec.key = crypto::up_ref(ground().root.key.get());
  const Identity cross = make(std::move(cross_spec), &old_root);
  const Identity leaf = make_leaf(host, ground().root);
  check_accepted("cross", judge(*ground().trusting({old_root.get(), ground().root.get()}), leaf.get(), {cross.get()}));
  check_refused("old root alone", judge(*ground().trusting({old_root.get()}), leaf.get(), {cross.get()}), "expired");
}

TEST(the_accepted_chain_is_told) {
  const auto end = crypto::wall_clock() + std::chrono::hours(2);
  Spec short_lived = intermediate_spec();
  short_lived.not_after = end;
  const Identity intermediate = make(std::move(short_lived), &ground().root);
  const Identity leaf = make(leaf_spec(), &intermediate);
  const BorrowedStack others({intermediate.get()});
  const auto facts = trust()->verify(leaf.get(), others.stack, host, crypto::wall_clock());
  CHECK_OK(facts);
  CHECK(facts->not_after == end);
  CHECK(facts->leaf_not_after == crypto::not_after(leaf.get()));
  CHECK(facts->leaf_not_before == crypto::not_before(leaf.get()));
  CHECK(facts->leaf_fingerprint == crypto::fingerprint(leaf.get()));
  CHECK_EQUAL(facts->trust_generation, trust()->generation());
}

UNIT_MAIN(UNIT_TEST(A01_dates_of_the_leaf), UNIT_TEST(A01_expired_intermediate_names_it),
          UNIT_TEST(A02_untrusted_chains), UNIT_TEST(A02_a_self_signed_certificate_in_the_bundle_is_trusted),
          UNIT_TEST(A08_who_may_issue), UNIT_TEST(A08_path_length), UNIT_TEST(A08_depth),
          UNIT_TEST(A09_extended_key_usage), UNIT_TEST(A14_paths), UNIT_TEST(A14_other_paths_are_tried),
          UNIT_TEST(A14_cross_signed_with_an_expired_root), UNIT_TEST(the_accepted_chain_is_told))
