#include "settings/row.h"

#include "secrets/pem.h"
#include "settings/sealing.h"
#include "template/template.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <strings.h>

#define DEFAULT_TIMEOUT_MS  30000
#define DEFAULT_CONCURRENCY 10
#define SSH_PORT            22

const char *transport_word(enum transport_kind kind)
{
	static const char *const words[] = {
		[TRANSPORT_HTTP] = "http",
		[TRANSPORT_MLLP] = "mllp",
		[TRANSPORT_SFTP] = "sftp",
		[TRANSPORT_FAX] = "fax",
	};
	return words[kind];
}

struct parse {
	const struct settings_cells *cells;
	const struct keyring *keys;
	settings_say_fn say; /* NULL: nobody asks for all of them */
	void *arg;
	struct integration *row;
};

/* The first fault is the one that deliveries tell. A settings_say_fn. */
static void fault(void *arg, const char *text)
{
	const struct parse *p = arg;

	if (!p->row->config_error)
		p->row->config_error = xstrdup(text);
	if (p->say)
		p->say(p->arg, text);
}

static int64_t cell_int(const struct settings_cells *cells, enum settings_column column)
{
	const char *text = cells->text[column];

	return text ? strtoll(text, NULL, 10) : 0;
}

static bool cell_bool(const struct settings_cells *cells, enum settings_column column)
{
	const char *text = cells->text[column];

	return text && text[0] == 't';
}

static char *cell_text(const struct settings_cells *cells, enum settings_column column)
{
	return xstrdup(cells->text[column] ? cells->text[column] : "");
}

/* A JSON object out of a cell; {} for null, and for what is none (with a fault). */
static json_t *cell_object(struct parse *p, enum settings_column column, const char *name)
{
	const char *text = p->cells->text[column];
	json_t *doc = text ? jdoc_parse(text, strlen(text), NULL) : NULL;

	if (json_is_object(doc))
		return doc;
	if (doc && !json_is_null(doc)) {
		CLEANUP(freep) char *why = xasprintf("%s must be a JSON object", name);

		fault(p, why);
	}
	json_decref(doc);
	return json_object();
}

static bool is_header_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("!#$%&'*+-.^_`|~", *p))
			return false;
	return *name != '\0';
}

static bool is_header_value(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

/* The text of a scalar as a header shows it; NULL for an object or an array. */
static char *scalar_text(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_object(value) || json_is_array(value))
		return NULL;
	return jdoc_dump(value, NULL);
}

static void add_header(struct parse *p, const char *name, const json_t *value)
{
	CLEANUP(freep) char *text = scalar_text(value);
	CLEANUP(freep) char *why = NULL;

	if (!is_header_name(name))
		why = xstrdup("headers: a name may have letters, digits and - only");
	else if (!text)
		why = xasprintf("headers.%.60s must be a text", name);
	else if (!is_header_value(text))
		why = xasprintf("headers.%.60s must not have line breaks", name);
	if (why) {
		fault(p, why);
		return;
	}
	p->row->headers[p->row->n_headers++] =
		(struct header){ .name = xstrdup(name), .value = STEAL(text) };
}

static bool has_header(const struct integration *row, const char *name)
{
	for (size_t i = 0; i < row->n_headers; i++)
		if (strcasecmp(row->headers[i].name, name) == 0)
			return true;
	return false;
}

/* The row's own headers, then those of its authentication that it does not set itself. */
static void parse_headers(struct parse *p)
{
	CLEANUP_JSON json_t *own = cell_object(p, SETTINGS_HEADERS, "headers");
	CLEANUP_JSON json_t *shared =
		cell_object(p, SETTINGS_AUTH_HEADERS, "developer_authentication.headers");
	struct integration *row = p->row;
	const char *name;
	json_t *value;

	settings_open(own, SETTINGS_DOCUMENT_HEADERS, row->id, p->keys, fault, p);
	settings_open(shared, SETTINGS_DOCUMENT_AUTH_HEADERS, row->auth_id, p->keys, fault,
	              p);
	row->headers = xcalloc(json_object_size(own) + json_object_size(shared),
	                       sizeof(*row->headers));
	json_object_foreach (own, name, value)
		if (!json_is_null(value))
			add_header(p, name, value);
	json_object_foreach (shared, name, value)
		if (!json_is_null(value) && !has_header(row, name))
			add_header(p, name, value);
}

static char *copy_text(const json_t *object, const char *key)
{
	const char *text = jdoc_text_or(object, key, NULL);

	return text ? xstrdup(text) : NULL;
}

static enum transport_kind transport_of(const json_t *details, int action_id)
{
	static const struct {
		int action_id;
		enum transport_kind kind;
	} by_action[] = {
		{ .action_id = 49, .kind = TRANSPORT_SFTP },
		{ .action_id = 50, .kind = TRANSPORT_SFTP },
		{ .action_id = 56, .kind = TRANSPORT_FAX },
	};
	const char *said = jdoc_text_or(details, "transport", NULL);

	for (int kind = TRANSPORT_HTTP; said && kind <= TRANSPORT_FAX; kind++)
		if (strcmp(said, transport_word((enum transport_kind)kind)) == 0)
			return (enum transport_kind)kind;
	if (json_is_object(json_object_get(details, "sftp")) &&
	    (action_id == 49 || action_id == 50))
		return TRANSPORT_SFTP;
	if (jdoc_text_or(details, "host", NULL) && jdoc_int_or(details, "port", 0) > 0)
		return TRANSPORT_MLLP;
	for (size_t i = 0; i < ARRAY_SIZE(by_action); i++)
		if (by_action[i].action_id == action_id)
			return by_action[i].kind;
	return TRANSPORT_HTTP;
}

static void parse_auth(const json_t *auth, struct integration *row)
{
	static const char *const words[] = {
		[AUTH_NONE] = "",
		[AUTH_BASIC] = "basic",
		[AUTH_BEARER] = "bearer",
		[AUTH_OAUTH2_CLIENT_CREDENTIALS] = "oauth2_client_credentials",
		[AUTH_MTLS] = "mtls",
	};
	const char *type = jdoc_text_or(auth, "type", "");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], type) == 0)
			row->auth_type = (enum auth_type)i;
	if (row->auth_type == AUTH_BASIC) {
		row->auth_username = copy_text(auth, "username");
		row->auth_password = copy_text(auth, "password");
	} else if (row->auth_type == AUTH_BEARER) {
		row->auth_token = copy_text(auth, "token");
	} else if (row->auth_type == AUTH_OAUTH2_CLIENT_CREDENTIALS) {
		row->oauth_token_url = copy_text(auth, "token_url");
		row->oauth_client_id = copy_text(auth, "client_id");
		row->oauth_client_secret = copy_text(auth, "client_secret");
		row->oauth_scope = copy_text(auth, "scope");
	} else if (row->auth_type == AUTH_MTLS) {
		row->auth_certificate = copy_text(auth, "certificate");
		row->auth_private_key = copy_text(auth, "private_key");
	}
}

static void parse_mllp(const json_t *details, struct integration *row)
{
	const json_t *ack = json_object_get(details, "ack");

	row->host = copy_text(details, "host");
	row->port = (int)jdoc_int_or(details, "port",
	                             row->transport == TRANSPORT_SFTP ? SSH_PORT : 0);
	row->ack_timeout_ms = jdoc_int_or(ack, "timeout_ms", row->timeout_ms);
	row->ack_await_downstream = jdoc_bool_or(ack, "await_downstream", false);
	row->tls = json_is_object(json_object_get(details, "tls")) ||
	           row->auth_type == AUTH_MTLS;
}

/* An IPv6 address stands in brackets before a port. */
static char *end_point_of(const struct integration *row)
{
	bool bare = row->host && strchr(row->host, ':') && row->host[0] != '[';

	if ((row->transport != TRANSPORT_MLLP && row->transport != TRANSPORT_SFTP) ||
	    !row->host)
		return xstrdup(row->url);
	return xasprintf("%s://%s%s%s:%d", transport_word(row->transport), bare ? "[" : "",
	                 row->host, bare ? "]" : "", row->port);
}

static void parse_auto_retry(const json_t *auto_retry, struct integration *row)
{
	const json_t *patterns = json_object_get(auto_retry, "patterns"), *pattern;
	size_t i;

	row->auto_retry_max = jdoc_int_or(auto_retry, "max", -1);
	row->auto_retry_patterns =
		xcalloc(json_array_size(patterns), sizeof(*row->auto_retry_patterns));
	json_array_foreach (patterns, i, pattern)
		if (json_string_length(pattern) > 0)
			row->auto_retry_patterns[row->n_auto_retry_patterns++] =
				xstrdup(json_string_value(pattern));
}

/* What is sealed for good would fail each check of its text: one fault says it. */
static json_t *open_details(struct parse *p)
{
	json_t *details = cell_object(p, SETTINGS_DETAILS, "integration_extra_details");
	struct parse opening = { .row = &(struct integration){ 0 } };

	settings_open(details, SETTINGS_DOCUMENT_DETAILS, p->row->id, p->keys, fault,
	              &opening);
	if (opening.row->config_error)
		fault(p, opening.row->config_error);
	else
		settings_details_check(details, fault, p);
	free(opening.row->config_error);
	return details;
}

static void parse_details(struct parse *p)
{
	struct integration *row = p->row;
	json_t *details = open_details(p);
	const json_t *tls = json_object_get(details, "tls");

	row->extra = details;
	row->transport = transport_of(details, row->action_id);
	row->vendor = copy_text(details, "vendor");
	row->timeout_ms = jdoc_int_or(details, "timeout_ms", DEFAULT_TIMEOUT_MS);
	if (row->transport == TRANSPORT_FAX)
		settings_row_fax(row);
	row->rate_per_second =
		jdoc_real_or(details, "rate_limit_per_second",
	                     row->fax_vendor ? row->fax_vendor->rate_per_second : 0);
	row->rate_limit_group = copy_text(details, "rate_limit_group");
	row->max_concurrency = jdoc_int_or(details, "max_concurrency", DEFAULT_CONCURRENCY);
	row->ordered_by = copy_text(details, "ordered_by");
	row->api_key = copy_text(details, "x-api-key");
	row->webhook_secret = copy_text(details, "webhook_secret");
	row->tls_ca = copy_text(tls, "ca");
	row->tls_insecure = jdoc_bool_or(tls, "insecure", false);
	parse_auth(json_object_get(details, "auth"), row);
	parse_mllp(details, row);
	row->end_point = end_point_of(row);
	parse_auto_retry(json_object_get(details, "auto_retry"), row);
}

static const char *url_fault(const char *url)
{
	size_t scheme = 0;

	if (*url == '\0')
		return "url is missing";
	if (strncasecmp(url, "https://", 8) == 0)
		scheme = 8;
	else if (strncasecmp(url, "http://", 7) == 0)
		scheme = 7;
	else
		return "url must begin with http:// or https://";
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return "url must not have blanks or control characters";
	if (strcspn(url + scheme, "/?#:") == 0)
		return "url has no host";
	return NULL;
}

static void check_destination(struct parse *p)
{
	const struct integration *row = p->row;
	const char *token_url =
		jdoc_text_or(json_object_get(row->extra, "auth"), "token_url", NULL);
	const char *why = NULL;

	if (row->transport == TRANSPORT_HTTP ||
	    (row->transport == TRANSPORT_FAX && row->fax_vendor))
		why = url_fault(row->url);
	else if (row->transport == TRANSPORT_MLLP && (!row->host || row->port == 0))
		why = "integration_extra_details needs host and port for mllp";
	else if (row->transport == TRANSPORT_SFTP && !row->host)
		why = "integration_extra_details needs a host for sftp";
	if (why)
		fault(p, why);
	if (row->transport == TRANSPORT_SFTP)
		settings_details_check_sftp(row->extra, fault, p);
	if (row->transport == TRANSPORT_FAX)
		settings_details_check_fax(row->extra, row->fax_vendor, fault, p);
	if (row->transport == TRANSPORT_FAX && row->action_id != 56)
		fault(p, "transport: fax is for action 56 (Send Reports via Fax)");
	if (token_url && url_fault(token_url)) {
		CLEANUP(freep)
		char *text = xasprintf("integration_extra_details.auth.token_%s",
		                       url_fault(token_url));

		fault(p, text);
	}
}

static void check_request_type(struct parse *p)
{
	int64_t type = cell_int(p->cells, SETTINGS_REQUEST_TYPE);

	if (type < REQUEST_GET || type > REQUEST_DELETE)
		fault(p, "request_type must be 0 (GET), 1 (POST), 2 (PUT) or 3 (DELETE)");
	else
		p->row->request_type = (enum request_type)type;
}

static void tell_pem(struct parse *p, const char *key, int result,
                     const struct err_text *why)
{
	CLEANUP(freep) char *text = NULL;

	if (result == 0)
		return;
	text = xasprintf("integration_extra_details.%s %s", key, why->text);
	fault(p, text);
}

static void check_tls(struct parse *p)
{
	const struct integration *row = p->row;
	const char *certificate = row->auth_certificate;
	struct err_text why = { "" };

	if (row->tls_ca)
		tell_pem(p, "tls.ca", pem_check_certificates(row->tls_ca, &why), &why);
	if (!certificate || !row->auth_private_key)
		return;
	tell_pem(p, "auth.certificate", pem_check_certificates(certificate, &why), &why);
	tell_pem(p, "auth.private_key",
	         pem_check_key(row->auth_private_key, certificate, &why), &why);
}

static void check_template(struct parse *p)
{
	CLEANUP(template_freep) struct template *parsed = NULL;
	const char *text = p->row->template_text;
	struct err_text why;

	if (text &&
	    template_parse(text, strlen(text), TEMPLATE_ESCAPE_PLAIN, &parsed, &why) != 0)
		fault(p, why.text);
}

static void open_url(struct parse *p)
{
	CLEANUP(freep) char *kept = p->row->url;

	p->row->url = settings_open_url(kept, p->row->id, p->keys, fault, p);
}

void settings_row_parse(const struct settings_cells *cells, const struct keyring *keys,
                        settings_say_fn say, void *arg, struct integration *out)
{
	struct parse p = {
		.cells = cells, .keys = keys, .say = say, .arg = arg, .row = out
	};
	const char *template_text = cells->text[SETTINGS_TEMPLATE_TEXT];

	*out = (struct integration){
		.id = cell_int(cells, SETTINGS_ID),
		.auth_id = cell_int(cells, SETTINGS_AUTH_ID),
		.lab_id = cell_int(cells, SETTINGS_LAB_ID),
		.action_id = (int)cell_int(cells, SETTINGS_ACTION_ID),
		.org_id = cell_int(cells, SETTINGS_ORG_ID),
		.auth_org_id = cell_int(cells, SETTINGS_AUTH_ORG_ID),
		.is_org = cell_bool(cells, SETTINGS_IS_ORG),
		.active = cell_bool(cells, SETTINGS_ACTIVE),
		.is_batch = cell_bool(cells, SETTINGS_IS_BATCH),
		.is_auto_retry = cell_bool(cells, SETTINGS_IS_AUTO_RETRY),
		.auto_retry_since_ms = cell_int(cells, SETTINGS_AUTO_RETRY_SINCE),
		.held_until_ms = cell_int(cells, SETTINGS_HELD_UNTIL),
		.developer_name = cell_text(cells, SETTINGS_DEVELOPER_NAME),
		.integration_type = cell_text(cells, SETTINGS_INTEGRATION_TYPE),
		.url = cell_text(cells, SETTINGS_URL),
		.payload_type = cell_text(cells, SETTINGS_PAYLOAD_TYPE),
		/* an empty template is none */
		.template_text =
			template_text && *template_text ? xstrdup(template_text) : NULL,
	};
	open_url(&p);
	parse_headers(&p);
	parse_details(&p);
	check_request_type(&p);
	check_destination(&p);
	check_tls(&p);
	check_template(&p);
}

void settings_row_release(struct integration *row)
{
	char *const texts[] = {
		row->developer_name,
		row->integration_type,
		row->url,
		row->payload_type,
		row->template_text,
		row->vendor,
		row->rate_limit_group,
		row->ordered_by,
		row->auth_username,
		row->auth_password,
		row->auth_token,
		row->api_key,
		row->webhook_secret,
		row->tls_ca,
		row->config_error,
		row->oauth_token_url,
		row->oauth_client_id,
		row->oauth_client_secret,
		row->oauth_scope,
		row->auth_certificate,
		row->auth_private_key,
		row->host,
		row->end_point,
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < row->n_headers; i++) {
		free(row->headers[i].name);
		free(row->headers[i].value);
	}
	free(row->headers);
	for (size_t i = 0; i < row->n_auto_retry_patterns; i++)
		free(row->auto_retry_patterns[i]);
	free(row->auto_retry_patterns);
	json_decref(row->extra);
}
