/* Made with openssl(1): a certificate that is valid until 2036, with an OCSP responder, an
 * authority key identifier, and a serial number whose highest bit is set. */
#ifndef TESTS_UNIT_SAMPLE_CERTIFICATE_H
#define TESTS_UNIT_SAMPLE_CERTIFICATE_H

static const char sample_certificate[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIB0jCCAXmgAwIBAgIKAPAAAAAAAAAAATAKBggqhkjOPQQDAjAMMQowCAYDVQQD\n"
	"DAFpMB4XDTI2MTEyMTA3NDQxMVoXDTM2MTExODA3NDQxMVowFDESMBAGA1UEAwwJ\n"
	"YS5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvldmiaht+wOmb1O6\n"
	"DPSJ8FOll5zjHMYYgyMpoEyVGsrO6JkaxPdFi64GN75HZ6rhcM8z+uI/khkAsdqU\n"
	"9YDEl6OBujCBtzAJBgNVHRMEAjAAMB8GA1UdIwQYMBaAFNBNpk62uLSFh6RS0n9O\n"
	"uuZSPOB5MFQGCCsGAQUFBwEBBEgwRjAgBggrBgEFBQcwAYYUaHR0cDovL29jc3Au\n"
	"ZXhhbXBsZS8wIgYIKwYBBQUHMAKGFmh0dHA6Ly9pc3N1ZXIuZXhhbXBsZS8wFAYD\n"
	"VR0RBA0wC4IJYS5leGFtcGxlMB0GA1UdDgQWBBSz3DC999REPk5EfWy8gr89ZYCI\n"
	"6DAKBggqhkjOPQQDAgNHADBEAiA95MpWax3NOGX6NhSC0AIs7UnThpRdkxGt+Vle\n"
	"w5RbGgIgZfO+wsqPbUyOhOI84D6C0NCvrJCUFlwVqp9awMTe2Ck=\n"
	"-----END CERTIFICATE-----\n";

#endif
