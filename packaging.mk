# Installing and packaging. Included by the Makefile.

PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system
LIBDIR = $(PREFIX)/lib/sallyport
INSTALL_DATA = install -D -m 644

MAN_PAGES = $(wildcard docs/man/*.[1578])

.PHONY: install install-configuration deb deb-test
install: ## install under DESTDIR (PREFIX=/usr); files in /etc that exist stay
	@$(MAKE) -j$(JOBS) --no-print-directory $(if $(DESTDIR),programs,all)
	install -D -m 755 $(BUILD)/sallyportd $(DESTDIR)$(PREFIX)/sbin/sallyportd
	install -D -m 755 $(BUILD)/sallyport $(DESTDIR)$(PREFIX)/bin/sallyport
	install -D -m 755 scripts/sallyport-steering $(DESTDIR)$(LIBDIR)/steering
	install -D -m 755 scripts/gen-ca.sh $(DESTDIR)$(LIBDIR)/gen-ca.sh
	for file in iptables/*.rules; do $(INSTALL_DATA) $$file $(DESTDIR)$(LIBDIR)/$$file; done
	for file in $$(find dashboard -type f 2>/dev/null); do $(INSTALL_DATA) $$file $(DESTDIR)$(PREFIX)/share/sallyport/$$file; done
	for file in systemd/*.service; do $(INSTALL_DATA) $$file $(DESTDIR)$(UNITDIR)/$${file##*/}; done
	for file in $(MAN_PAGES); do $(INSTALL_DATA) $$file $(DESTDIR)$(PREFIX)/share/man/man$${file##*.}/$${file##*/}; done
	$(INSTALL_DATA) debian/sallyport.bash-completion $(DESTDIR)$(PREFIX)/share/bash-completion/completions/sallyport
	@$(MAKE) --no-print-directory install-configuration

install-configuration:
	for file in etc/*.ini; do \
	  target=$(DESTDIR)$(SYSCONFDIR)/sallyport/$${file##*/}; [ -e $$target ] || $(INSTALL_DATA) $$file $$target; \
	done

# Built in a copy of the tree below build/, so that neither the package's flags nor its leftovers get into this one, and
# from nothing: objects of an earlier copy may be younger than what was edited while they were compiled.
DEB_TREE = build/deb/sallyport-$(VERSION)
DEB_FILES = git ls-files -z -c -o --exclude-standard 2>/dev/null || find . -path ./build -prune -o -type f -print0
deb: ## build/deb/sallyport_VERSION_ARCH.deb, checked by lintian
	@scripts/install-deps deb
	@rm -rf $(DEB_TREE)
	@mkdir -p $(DEB_TREE)
	@($(DEB_FILES)) | xargs -0 ls -d 2>/dev/null | tar -c -T - | tar -x -C $(DEB_TREE)
	cd $(DEB_TREE) && DEB_BUILD_OPTIONS="parallel=$(JOBS) nocheck" dpkg-buildpackage -us -uc -b
	lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs build/deb/*_$(VERSION)-*.changes

deb-test: deb ## install, run, reload, upgrade, remove and purge the package in a clean Debian 12
	@scripts/install-deps deb-test
	@test/package/package_test.py $(wildcard build/deb/sallyport_$(VERSION)-*.deb)
