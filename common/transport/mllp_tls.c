#include "transport/mllp_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>

static int add_authorities(SSL_CTX *context, const char *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate;
	int n = 0;

	while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
	}
	/* a certificate that is listed is trusted, whoever signed it */
	(void)X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	BIO_free(bio);
	return n;
}

/* A key with a pass phrase is refused: nobody is there to ask. */
static int no_pass_phrase(char *buffer, int size, int writing, void *arg)
{
	return -1;
}

static bool use_certificate(SSL_CTX *context, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL), *link;
	bool ok = certificate && SSL_CTX_use_certificate(context, certificate) == 1;

	X509_free(certificate);
	/* what follows is the chain; the context takes each over */
	while (ok && (link = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (SSL_CTX_add0_chain_cert(context, link) != 1)
			X509_free(link);
	BIO_free(bio);
	return ok;
}

static bool use_private_key(SSL_CTX *context, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
	bool ok = key && SSL_CTX_use_PrivateKey(context, key) == 1 &&
	          SSL_CTX_check_private_key(context) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

static int set_up(SSL_CTX *context, const struct integration *row, struct err_text *why)
{
	if (row->tls_ca && add_authorities(context, row->tls_ca) == 0)
		return err_say(why, TRANSPORT_E_CONFIG, "tls.ca: no PEM certificates");
	if (!row->tls_ca)
		(void)SSL_CTX_set_default_verify_paths(context);
	if (row->auth_certificate && !use_certificate(context, row->auth_certificate))
		return err_say(why, TRANSPORT_E_CONFIG,
		               "auth.certificate: no PEM certificate");
	if (row->auth_private_key && !use_private_key(context, row->auth_private_key))
		return err_say(why, TRANSPORT_E_CONFIG,
		               "auth.private_key: no PEM key without a pass phrase that "
		               "belongs to auth.certificate");
	return 0;
}

int mllp_tls_context(const struct integration *row, SSL_CTX **out, struct err_text *why)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		abort(); /* out of memory */
	(void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	/* a peer that just closes is no TLS failure: it did not acknowledge */
	(void)SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_verify(context, row->tls_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
	                   NULL);
	int r = set_up(context, row, why);
	ERR_clear_error();
	if (r) {
		SSL_CTX_free(context);
		return r;
	}
	*out = context;
	return 0;
}

static bool is_address(const char *host)
{
	struct in6_addr room;

	return inet_pton(AF_INET, host, &room) == 1 ||
	       inet_pton(AF_INET6, host, &room) == 1;
}

SSL *mllp_tls_session(SSL_CTX *context, const char *host, bool insecure)
{
	SSL *session = SSL_new(context);

	if (!session)
		abort(); /* out of memory */
	if (is_address(host)) {
		if (!insecure)
			(void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host);
		return session;
	}
	/* the macro for it casts a const away */
	(void)SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
	               (void *)(uintptr_t)host);
	if (!insecure)
		(void)SSL_set1_host(session, host);
	return session;
}

void mllp_tls_say(const SSL *session, unsigned long error, struct err_text *out)
{
	bool asked = SSL_get_verify_mode(session) != SSL_VERIFY_NONE;
	long verified = asked ? SSL_get_verify_result(session) : X509_V_OK;
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	if (verified != X509_V_OK)
		(void)err_say(out, 0, "TLS: not trusted: %s",
		              X509_verify_cert_error_string(verified));
	else
		(void)err_say(out, 0, "TLS failed: %s",
		              reason ? reason : "the peer ended the handshake");
}

static void add(crypto_generichash_state *state, const char *text)
{
	size_t len = text ? strlen(text) + 1 : 0;

	(void)crypto_generichash_update(state, (const void *)&len, sizeof(len));
	if (text)
		(void)crypto_generichash_update(state, (const void *)text, len);
}

void mllp_tls_identity(const struct integration *row, uint8_t out[MLLP_TLS_IDENTITY_SIZE])
{
	crypto_generichash_state state;

	memset(out, 0, MLLP_TLS_IDENTITY_SIZE);
	if (!row->tls)
		return;
	(void)crypto_generichash_init(&state, NULL, 0, MLLP_TLS_IDENTITY_SIZE);
	add(&state, row->tls_insecure ? "insecure" : "verified");
	add(&state, row->tls_ca);
	add(&state, row->auth_certificate);
	add(&state, row->auth_private_key);
	(void)crypto_generichash_final(&state, out, MLLP_TLS_IDENTITY_SIZE);
}
