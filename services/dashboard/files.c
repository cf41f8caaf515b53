/*
 * The web app from disk: hashed files that may be kept for ever, and the page itself, which
 * is asked for again each time, at every address of the app.
 */
#include "api.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)8 << 20)

static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	"connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
	"trusted-types app-worker";

/* Addresses of the app, each with what is below it. */
static const char *const app_paths[] = {
	"/webhook",
	"/api",
	"/errors",
	"/logs",
	"/trace",
	"/retries",
	"/failed-tasks",
	"/activity",
	"/health",
	"/audit",
	"/login",
	"/settings",
	"/supportdashboard/manageIntegrations",
};

static const struct {
	const char *suffix, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".json", "application/json" },
	{ ".map", "application/json" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
	{ ".woff2", "font/woff2" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".webmanifest", "application/manifest+json" },
};

/* Beside the build, or where an installation has it. The caller frees. */
static char *find_beside(const char *source, const char *installed)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n <= 0)
		return xstrdup(installed);
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (slash)
		*slash = '\0';
	CLEANUP(freep) char *place = xasprintf("%s/../../%s", exe, source);
	if (access(place, R_OK) == 0)
		return STEAL(place);
	return xasprintf("%s/../share/integration-fleet/%s", exe, installed);
}

static bool is_app(const char *path)
{
	if (strcmp(path, "/") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(app_paths); i++) {
		size_t len = strlen(app_paths[i]);

		if (strncmp(path, app_paths[i], len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			/* "/api/..." is the API's */
			return strcmp(app_paths[i], "/api") != 0 || !path[len] ||
			       !path[len + 1];
	}
	return false;
}

/* Plain names below the root alone: nothing hidden, nothing upwards, nothing encoded. */
static bool is_name(const char *path)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_./";

	return *path == '/' && path[1] && strspn(path, allowed) == strlen(path) &&
	       !strstr(path, "/.") && !strstr(path, "//") && path[strlen(path) - 1] != '/';
}

static bool read_file(const char *name, struct buf *out)
{
	struct stat st;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char block[16384];
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX)
		while ((n = read(fd, block, sizeof(block))) > 0)
			buf_append(out, block, (size_t)n);
	(void)close(fd);
	return n == 0;
}

static const char *type_of(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t n = strlen(types[i].suffix);

		if (len > n && strcmp(path + len - n, types[i].suffix) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* True: the client has it already. */
static bool add_validators(struct call *call, bool for_ever)
{
	const char *has = http_head_find(&call->request->head, "if-none-match");
	unsigned char hash[16];
	char etag[2 * sizeof(hash) + 3] = "\"";

	(void)crypto_generichash(hash, sizeof(hash),
	                         (const unsigned char *)buf_str(&call->raw), call->raw.len,
	                         NULL, 0);
	(void)sodium_bin2hex(etag + 1, sizeof(etag) - 2, hash, sizeof(hash));
	etag[sizeof(etag) - 2] = '"';
	httpd_header(&call->headers, "etag", etag);
	httpd_header(&call->headers, "cache-control",
	             for_ever ? "public, max-age=31536000, immutable" : "no-cache");
	return has && strcmp(has, etag) == 0;
}

/* The file, or what gzip made of it where the client takes that. */
static bool read_best(struct call *call, const char *name)
{
	const char *accept = http_head_find(&call->request->head, "accept-encoding");
	CLEANUP(freep) char *packed = xasprintf("%s.gz", name);

	if (accept && strstr(accept, "gzip") && read_file(packed, &call->raw)) {
		httpd_header(&call->headers, "content-encoding", "gzip");
		httpd_header(&call->headers, "vary", "accept-encoding");
		return true;
	}
	return read_file(name, &call->raw);
}

static void give_file(struct call *call, const char *root, const char *path)
{
	CLEANUP(freep) char *name = xasprintf("%s%s", root, path);

	if (!read_best(call, name)) {
		call_fail(call, CODE_NOT_FOUND,
		          strcmp(path, "/index.html") == 0
		                  ? "the pages are not built: ./dev build"
		                  : "no such address");
		return;
	}
	call->raw_type = type_of(path);
	call->code = CODE_OK;
	if (add_validators(call, strncmp(path, "/assets/", 8) == 0)) {
		call->code = 304;
		buf_clear(&call->raw);
	}
	httpd_header(&call->headers, "content-security-policy", policy);
	httpd_header(&call->headers, "cross-origin-opener-policy", "same-origin");
}

void api_files(struct call *call)
{
	const char *path = call->request->head.path;
	CLEANUP(freep)
	char *root = *call->d->config->web_root
	                     ? xstrdup(call->d->config->web_root)
	                     : find_beside("services/dashboard/web/dist", "web");

	if (is_app(path))
		give_file(call, root, "/index.html");
	else if (is_name(path) && strncmp(path, "/api/", 5) != 0)
		give_file(call, root, path);
	else
		call_fail(call, CODE_NOT_FOUND, "no such address");
}

void api_openapi(struct call *call)
{
	CLEANUP(freep)
	char *name = find_beside("services/dashboard/openapi.json", "openapi.json");

	if (!read_file(name, &call->raw)) {
		call_fail(call, CODE_NOT_FOUND, "openapi.json is not installed");
		return;
	}
	call->raw_type = "application/json";
	call->code = add_validators(call, false) ? 304 : CODE_OK;
	if (call->code != CODE_OK)
		buf_clear(&call->raw);
}
