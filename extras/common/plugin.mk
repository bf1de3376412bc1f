# For the Makefile of a plugin, which sets: name, common (this folder), sources, headers, and
# libraries (those of pkg-config) if it needs any. Builds the plugin against an installed certwright,
# and installs it there:
#
#   make && sudo make install
#
# PREFIX is for the man page; the plugin goes to the folder where certwright looks.
PKG_CONFIG = pkg-config
PREFIX = $(shell $(PKG_CONFIG) --variable=prefix certwright-plugin)
plugindir = $(shell $(PKG_CONFIG) --variable=plugindir certwright-plugin)
CFLAGS = -O2 -g -Wall -Wextra

all: $(name).so

$(name).so: $(sources) $(headers) Makefile $(common)/plugin.mk
	$(CC) -std=c11 -D_XOPEN_SOURCE=700 $(CPPFLAGS) $(CFLAGS) -fPIC -fvisibility=hidden -I$(common) \
		$(shell $(PKG_CONFIG) --cflags certwright-plugin $(libraries)) -shared $(LDFLAGS) -o $@ \
		$(sources) $(if $(libraries),$(shell $(PKG_CONFIG) --libs $(libraries)))

install: $(name).so
	install -d "$(DESTDIR)$(plugindir)" "$(DESTDIR)$(PREFIX)/share/man/man8"
	install -m 644 $(name).so "$(DESTDIR)$(plugindir)"
	install -m 644 certwright-$(name).8 "$(DESTDIR)$(PREFIX)/share/man/man8"

clean:
	rm -f $(name).so

.PHONY: all install clean
