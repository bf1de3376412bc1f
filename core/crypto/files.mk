libcore_sources += \
	core/crypto/certificate.h \
	core/crypto/chain.c \
	core/crypto/csr.c \
	core/crypto/csr.h \
	core/crypto/digest.c \
	core/crypto/digest.h \
	core/crypto/summary.c \
	core/crypto/summary.h \
	core/crypto/jwk.c \
	core/crypto/jws.c \
	core/crypto/jws.h \
	core/crypto/key.c \
	core/crypto/key.h \
	core/crypto/names.c \
	core/crypto/names.h \
	core/crypto/ocsp.c \
	core/crypto/ocsp.h \
	core/crypto/openssl.c \
	core/crypto/openssl.h \
	core/crypto/pkcs12.c core/crypto/pkcs12.h \
	core/crypto/self_signed.c core/crypto/self_signed.h \
	core/crypto/x509.c \
	core/crypto/x509.h

check_PROGRAMS += \
	tests/unit/test_key \
	tests/unit/test_jws \
	tests/unit/test_csr \
	tests/unit/test_x509
