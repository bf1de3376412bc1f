# What "certwright plugin new" makes projects from.

templatedir = $(pkgdatadir)/plugin-templates
template_commondir = $(templatedir)/common
template_testsdir = $(templatedir)/common/tests
template_cdir = $(templatedir)/c
template_cxxdir = $(templatedir)/c++
template_rustdir = $(templatedir)/rust

dist_template_common_DATA = \
	packaging/plugin-templates/common/Makefile.template \
	packaging/plugin-templates/common/certwright-NAME.8.template
dist_template_tests_DATA = packaging/plugin-templates/common/tests/check.py.template
dist_template_c_DATA = packaging/plugin-templates/c/NAME.c.template
dist_template_cxx_DATA = packaging/plugin-templates/c++/NAME.cc.template
dist_template_rust_DATA = \
	packaging/plugin-templates/rust/NAME.rs.template \
	packaging/plugin-templates/rust/certwright.rs.template
