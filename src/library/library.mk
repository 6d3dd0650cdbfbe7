# libselfsame: build/lib/libselfsame.{a,so}, and make install.
#
#   make library                                 needs OpenSSL's libcrypto and nothing else
#   make install-library DESTDIR= PREFIX=/usr    library, header, pkg-config file, man pages
#   make install DESTDIR= PREFIX=/usr/local      the programs and selfsame(1) too
#   make uninstall DESTDIR= PREFIX=/usr/local    what either has installed

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/selfsame

VERSION := $(shell sed -n 's/^.define SELFSAME_VERSION "\(.*\)"/\1/p' src/base/version.h)
# raised when a function of the library changes or goes, with the name in libselfsame.map
SOVERSION := 0
SONAME := libselfsame.so.$(SOVERSION)
MAP := src/library/libselfsame.map

LIBRARY_SRC := $(LIBRARY) $(TDX) \
	$(filter-out src/base/log.c src/base/settings.c src/base/setting_shape.c,$(BASE)) \
	src/json/cursor.c
LIBRARY_MAN3 := $(wildcard man/*.3)

$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(filter-out -fPIE,$(HARDEN)) -fPIC -fvisibility=hidden \
		-ffunction-sections -fdata-sections $(DEPS) -c $< -o $@
# one object, in which everything but the interface is local: names of ours meet none of the user's
$(B)/lib/libselfsame.o: $(patsubst %.c,$(B)/pic/%.o,$(LIBRARY_SRC))
	@mkdir -p $(@D)
	ld -r -o $@.all $^
	objcopy --localize-hidden $@.all $@
	@rm $@.all
$(B)/lib/libselfsame.a: $(B)/lib/libselfsame.o
	@rm -f $@; ar rcsD $@ $^
$(B)/lib/libselfsame.so.$(VERSION): $(patsubst %.c,$(B)/pic/%.o,$(LIBRARY_SRC)) $(MAP)
	@mkdir -p $(@D)
	$(CC) -shared $(LDHARDEN) -Wl,-soname,$(SONAME) -Wl,--version-script=$(MAP) -Wl,--gc-sections \
		-Wl,-z,defs -Wl,--as-needed -o $@ $(filter %.o,$^) $(CRYPTO)

.PHONY: library install install-library uninstall
library: $(B)/lib/libselfsame.a $(B)/lib/libselfsame.so.$(VERSION)

install-library: library
	install -d $(addprefix $(DESTDIR),$(LIBDIR)/pkgconfig $(INCLUDEDIR)/selfsame $(MANDIR)/man3)
	install -m 644 $(B)/lib/libselfsame.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(B)/lib/libselfsame.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libselfsame.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libselfsame.so
	install -m 644 include/selfsame/selfsame.h $(DESTDIR)$(INCLUDEDIR)/selfsame
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|' \
		src/library/libselfsame.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libselfsame.pc
	install -m 644 $(LIBRARY_MAN3) $(DESTDIR)$(MANDIR)/man3

install: install-library programs
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(MANDIR)/man1 $(DATADIR))
	install -m 755 $(PROGRAMS:%=$(B)/bin/%) $(DESTDIR)$(BINDIR)
	install -m 644 man/selfsame.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 deploy/simulated-root.pem deploy/simulated-collateral.json $(DESTDIR)$(DATADIR)

uninstall:
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libselfsame.a libselfsame.so $(SONAME) \
		libselfsame.so.$(VERSION) pkgconfig/libselfsame.pc)
	rm -f $(LIBRARY_MAN3:man/%=$(DESTDIR)$(MANDIR)/man3/%) $(DESTDIR)$(MANDIR)/man1/selfsame.1
	rm -f $(PROGRAMS:%=$(DESTDIR)$(BINDIR)/%)
	rm -f $(addprefix $(DESTDIR),$(INCLUDEDIR)/selfsame/selfsame.h \
		$(DATADIR)/simulated-root.pem $(DATADIR)/simulated-collateral.json)
	rmdir $(addprefix $(DESTDIR),$(INCLUDEDIR)/selfsame $(DATADIR)) || true
