#include "secrets/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

int pem_check_certificates(const char *pem, struct err_text *why)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate;
	size_t n = 0;

	while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		X509_free(certificate);
		n++;
	}
	/* the end of the text is an error too, but one of its own */
	bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	BIO_free(bio);
	if (n > 0 && ended)
		return 0;
	return err_say(why, PEM_E_INVALID,
	               "%s; paste it whole, with its BEGIN and END lines",
	               n ? "has a damaged certificate" : "has no PEM certificate");
}

/* A key with a pass phrase is refused: nobody is there to ask. */
static int no_pass_phrase(char *buffer, int size, int writing, void *arg)
{
	return -1;
}

int pem_check_key(const char *key, const char *certificates, struct err_text *why)
{
	BIO *key_bio = BIO_new_mem_buf(key, -1);
	BIO *certificate_bio = BIO_new_mem_buf(certificates, -1);
	EVP_PKEY *parsed = PEM_read_bio_PrivateKey(key_bio, NULL, no_pass_phrase, NULL);
	X509 *certificate = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL);
	int r = 0;

	if (!parsed)
		r = err_say(why, PEM_E_INVALID,
		            "is no PEM private key without a pass phrase; paste it whole, "
		            "with its BEGIN and END lines");
	else if (certificate && X509_check_private_key(certificate, parsed) != 1)
		r = err_say(why, PEM_E_INVALID, "is not the key of the certificate");
	ERR_clear_error();
	EVP_PKEY_free(parsed);
	X509_free(certificate);
	BIO_free(key_bio);
	BIO_free(certificate_bio);
	return r;
}
