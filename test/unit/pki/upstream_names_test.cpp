// Which names an upstream certificate is good for.
#include "upstream_judge.hpp"

using namespace sallyport;
using namespace sallyport::test;

TEST(A03_names) {
  check_leaf(
      "wrong host", [](Spec& s) { s.extensions = leaf_extensions("DNS:other.example"); },
      "host name mismatch (the certificate is for other.example)");
  check_leaf(
      "name only in CN", [](Spec& s) { s.extensions = with(s.extensions, "subjectAltName", ""); },
      "host name mismatch");
  check_leaf(
      "SAN without the name", [](Spec& s) { s.extensions = leaf_extensions("DNS:a.example,email:a@b.c"); },
      "host name mismatch");
  const Identity leaf = make(leaf_spec(), &ground().root);
  check_refused("no name asked", judge(*trust(), leaf.get(), {}, ""), "host name mismatch");
}

TEST(A04_wildcards) {
  const auto judged = [](const std::string& pattern, std::string_view name) {
    Spec spec = leaf_spec();
    spec.extensions = leaf_extensions("DNS:" + pattern);
    return judge(*trust(), make(std::move(spec), &ground().root).get(), {}, name);
  };
  check_accepted("*.x", judged("*.shop.example", host));
  check_accepted("upper case", judged("*.SHOP.Example", "WWW.shop.EXAMPLE."));
  struct Row {
    const char* pattern;
    const char* name;
  };
  for (const Row& row : std::initializer_list<Row>{{"foo.*.example", "foo.shop.example"},
                                                   {"*.shop.example", "shop.example"},
                                                   {"*.shop.example", "a.b.shop.example"},
                                                   {"*.com", "shop.com"},
                                                   {"*.lan", "printer.lan"},
                                                   {"*.co.uk", "shop.co.uk"},
                                                   {"w*.shop.example", host},
                                                   {"*w.shop.example", host},
                                                   {"*", "localhost"},
                                                   {"*.", host},
                                                   {"*.*.example", host},
                                                   {"*shop.example", host},
                                                   {".shop.example", host},
                                                   {"www.shop.example.", host},
                                                   {"*.b\xc3\xbc"
                                                    "cher.example",
                                                    "a.xn--bcher-kva.example"},
                                                   {"b\xc3\xbc"
                                                    "cher.example",
                                                    "xn--bcher-kva.example"}}) {
    check_refused(row.pattern, judged(row.pattern, row.name), "host name mismatch");
  }
}

TEST(A05_addresses) {
  const auto judged = [](const std::string& names, std::string_view name) {
    Spec spec = leaf_spec();
    spec.extensions = leaf_extensions(names);
    return judge(*trust(), make(std::move(spec), &ground().root).get(), {}, name);
  };
  check_accepted("v4", judged("IP:192.0.2.1", "192.0.2.1"));
  check_accepted("v6", judged("IP:2001:db8::1", "2001:db8::1"));
  check_refused("other v4", judged("IP:192.0.2.2", "192.0.2.1"), "host name mismatch");
  check_refused("dNSName", judged("DNS:192.0.2.1", "192.0.2.1"), "host name mismatch");
  check_refused("mapped", judged("IP:::ffff:192.0.2.1", "192.0.2.1"), "host name mismatch");
  check_refused("hex", judged("IP:192.0.2.1", "0xc0.0.2.1"), "host name mismatch");
  check_refused("padded", judged("IP:192.0.2.1", "192.000.002.001"), "host name mismatch");
  check_refused("decimal", judged("IP:192.0.2.1", "3221225985"), "host name mismatch");
}

TEST(A07_name_constraints) {
  const auto judged = [](const std::string& constraints, const std::string& names, std::string_view name = host,
                         const std::string& common_name = host) {
    Spec ca = intermediate_spec("Constrained");
    ca.extensions.emplace_back("nameConstraints", constraints);
    const Identity intermediate = make(std::move(ca), &ground().root);
    const Identity leaf = make({.common_name = common_name, .extensions = leaf_extensions(names)}, &intermediate);
    return judge(*trust(), leaf.get(), {intermediate.get()}, name);
  };
  const std::string only_shop = "critical,permitted;DNS:shop.example";
  const std::string both = std::string("DNS:") + host + ",";
  check_accepted("permitted", judged(only_shop, "DNS:www.shop.example"));
  check_accepted("not critical, kept", judged("permitted;DNS:shop.example", "DNS:www.shop.example"));
  check_refused("outside", judged("critical,permitted;DNS:bank.example", "DNS:www.shop.example"), "permitted subtree");
  check_refused("not critical, broken", judged("permitted;DNS:bank.example", "DNS:www.shop.example"),
                "permitted subtree");
  check_refused("excluded", judged("critical,excluded;DNS:shop.example", "DNS:www.shop.example"), "excluded subtree");
  check_refused("second name excluded", judged("critical,excluded;DNS:bank.example", both + "DNS:a.bank.example"),
                "excluded subtree");
  check_refused("second name outside", judged(only_shop, both + "DNS:a.bank.example"), "permitted subtree");
  check_accepted("address permitted",
                 judged("critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", "192.0.2.7", "x"));
  check_refused("address outside",
                judged("critical,permitted;IP:192.0.2.0/255.255.255.0", "IP:198.51.100.7", "198.51.100.7", "x"),
                "permitted subtree");
  check_refused("address excluded",
                judged("critical,excluded;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", "192.0.2.7", "x"),
                "excluded subtree");
  check_refused("CN outside", judged(only_shop, "DNS:www.shop.example", host, "www.bank.example"),
                "common name outside");
  check_leaf(
      "constraints in a leaf",
      [](Spec& s) { s.extensions.emplace_back("nameConstraints", "critical,permitted;DNS:shop.example"); },
      "name constraints in a certificate that is not a CA");
}

UNIT_MAIN(UNIT_TEST(A03_names), UNIT_TEST(A04_wildcards), UNIT_TEST(A05_addresses), UNIT_TEST(A07_name_constraints))
