# The network process.

libcore_sources += \
	core/network/accounts.c \
	core/network/cas.c \
	core/network/certificates.c \
	core/network/exchanges.c \
	core/network/internal.h \
	core/network/names.c \
	core/network/network.h \
	core/network/orders.c \
	core/network/posts.c \
	core/network/process.c core/network/serving.c
