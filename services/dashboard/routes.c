/* The one table of addresses; openapi.json is held against it (tests/integration). */
#include "api.h"

#include <stdio.h>

#define API "/api/v1"

static const struct route routes[] = {
	{ .method = "GET", .path = "/openapi.json", .run = api_openapi },
	{ .method = "POST",
	  .path = API "/session",
	  .flags = ROUTE_BODY | ROUTE_SLOW,
	  .run = api_log_in },
	{ .method = "DELETE",
	  .path = API "/session",
	  .role = ROLE_VIEWER,
	  .run = api_log_out },
	{ .method = "GET", .path = API "/me", .role = ROLE_VIEWER, .run = api_me },
	{ .method = "GET",
	  .path = API "/me/preferences",
	  .role = ROLE_VIEWER,
	  .run = api_preferences },
	{ .method = "PUT",
	  .path = API "/me/preferences",
	  .role = ROLE_VIEWER,
	  .flags = ROUTE_BODY,
	  .run = api_put_preferences },
	{ .method = "GET", .path = API "/labs", .role = ROLE_VIEWER, .run = api_labs },
	{ .method = "GET",
	  .path = API "/labs/{lab_id}/developer-authentications",
	  .role = ROLE_VIEWER,
	  .run = api_authentications },
	{ .method = "GET",
	  .path = API "/action-categories",
	  .role = ROLE_VIEWER,
	  .run = api_action_categories },
	{ .method = "GET",
	  .path = API "/developer-authentications/{auth_id}/integrations",
	  .role = ROLE_VIEWER,
	  .run = api_integrations },
	{ .method = "DELETE",
	  .path = API "/developer-authentications/{auth_id}/old-auth-keys",
	  .role = ROLE_ADMIN,
	  .run = api_end_old_keys },
	{ .method = "POST",
	  .path = API "/integrations",
	  .role = ROLE_ADMIN,
	  .flags = ROUTE_BODY,
	  .run = api_save_integration },
	{ .method = "GET",
	  .path = API "/integrations/{integration_id}/history",
	  .role = ROLE_VIEWER,
	  .run = api_integration_history },
	{ .method = "GET", .path = API "/logs", .role = ROLE_VIEWER, .run = api_logs },
	{ .method = "GET",
	  .path = API "/logs.csv",
	  .role = ROLE_VIEWER,
	  .flags = ROUTE_SLOW,
	  .run = api_logs_export },
	{ .method = "GET", .path = API "/stream", .role = ROLE_VIEWER, .run = api_stream },
	{ .method = "GET",
	  .path = API "/logs/counts",
	  .role = ROLE_VIEWER,
	  .flags = ROUTE_SHARED,
	  .run = api_log_counts },
	{ .method = "GET",
	  .path = API "/logs/groups",
	  .role = ROLE_VIEWER,
	  .flags = ROUTE_SLOW | ROUTE_SHARED,
	  .run = api_log_groups },
	{ .method = "POST",
	  .path = API "/logs/retry",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_SLOW,
	  .run = api_retry_many },
	{ .method = "GET",
	  .path = API "/logs/{log_id}",
	  .role = ROLE_VIEWER,
	  .run = api_log },
	{ .method = "GET",
	  .path = API "/logs/{log_id}/retries",
	  .role = ROLE_VIEWER,
	  .run = api_log_retries },
	{ .method = "POST",
	  .path = API "/logs/{log_id}/retry",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_SLOW,
	  .run = api_log_retry },
	{ .method = "POST",
	  .path = API "/logs/{log_id}/reveal",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY,
	  .run = api_reveal },
	{ .method = "POST",
	  .path = API "/retry-runs",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY,
	  .run = api_run_start },
	{ .method = "GET",
	  .path = API "/retry-runs",
	  .role = ROLE_VIEWER,
	  .run = api_runs },
	{ .method = "GET",
	  .path = API "/retry-runs/{run_id}",
	  .role = ROLE_VIEWER,
	  .run = api_run },
	{ .method = "GET",
	  .path = API "/retry-runs/{run_id}/items",
	  .role = ROLE_VIEWER,
	  .run = api_run_items },
	{ .method = "POST",
	  .path = API "/retry-runs/{run_id}/pause",
	  .role = ROLE_OPERATOR,
	  .run = api_run_pause },
	{ .method = "POST",
	  .path = API "/retry-runs/{run_id}/resume",
	  .role = ROLE_OPERATOR,
	  .run = api_run_resume },
	{ .method = "POST",
	  .path = API "/retry-runs/{run_id}/cancel",
	  .role = ROLE_OPERATOR,
	  .run = api_run_cancel },
	{ .method = "POST",
	  .path = API "/integrations/{integration_id}/test",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_SENDS,
	  .run = api_integration_test },
	{ .method = "POST",
	  .path = API "/templates/preview",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY,
	  .run = api_template_preview },
	{ .method = "GET",
	  .path = API "/failed-tasks",
	  .role = ROLE_VIEWER,
	  .flags = ROUTE_SLOW,
	  .run = api_failed_tasks },
	{ .method = "POST",
	  .path = API "/failed-tasks/{task_id}/requeue",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_NO_BODY_OK | ROUTE_SLOW,
	  .run = api_failed_task_requeue },
	{ .method = "POST",
	  .path = API "/failed-tasks/{task_id}/reveal",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_SLOW,
	  .run = api_failed_task_reveal },
	{ .method = "GET",
	  .path = API "/stats",
	  .role = ROLE_VIEWER,
	  .flags = ROUTE_SLOW | ROUTE_SHARED,
	  .run = api_stats },
	{ .method = "GET", .path = API "/health", .role = ROLE_VIEWER, .run = api_health },
	{ .method = "GET",
	  .path = API "/trace/{kind}/{entity}",
	  .role = ROLE_VIEWER,
	  .run = api_trace },
	{ .method = "GET",
	  .path = API "/activity",
	  .role = ROLE_VIEWER,
	  .run = api_activity },
	{ .method = "GET", .path = API "/audit", .role = ROLE_ADMIN, .run = api_audit },
	{ .method = "GET", .path = API "/lanes", .role = ROLE_VIEWER, .run = api_lanes },
	{ .method = "POST",
	  .path = API "/lanes/{lane}/pause",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_NO_BODY_OK,
	  .run = api_lane_pause },
	{ .method = "POST",
	  .path = API "/lanes/{lane}/resume",
	  .role = ROLE_OPERATOR,
	  .run = api_lane_resume },
	{ .method = "POST",
	  .path = "/integration/retry-integration/",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_INTERNAL,
	  .run = api_old_retry },
	{ .method = "POST",
	  .path = "/api-v3/integration/retry-integration/",
	  .role = ROLE_OPERATOR,
	  .flags = ROUTE_BODY | ROUTE_INTERNAL,
	  .run = api_old_py3_retry },
};

static const struct route files = { .method = "GET", .path = "files", .run = api_files };

const struct route *route_at(size_t i)
{
	return i < ARRAY_SIZE(routes) ? &routes[i] : NULL;
}

/* What else this address does. */
static void allow_method(char allow[ALLOW_SIZE], const char *method)
{
	size_t len = strlen(allow);

	(void)snprintf(allow + len, ALLOW_SIZE - len, "%s%s", len ? ", " : "", method);
}

/* The pattern that is meant: words before a {name} that could stand for them. */
static const char *best_pattern(const char *path, char parts[][HTTP_PART_SIZE])
{
	const char *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (http_path_match(routes[i].path, path, parts) &&
		    (!best || (strchr(best, '{') && !strchr(routes[i].path, '{'))))
			best = routes[i].path;
	return best;
}

const struct route *route_find(const char *method, const char *path,
                               char parts[][HTTP_PART_SIZE], char allow[ALLOW_SIZE])
{
	bool head = strcmp(method, "HEAD") == 0;
	const char *pattern = best_pattern(path, parts);

	allow[0] = '\0';
	for (size_t i = 0; pattern && i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, pattern) != 0)
			continue;
		if (strcmp(routes[i].method, head ? "GET" : method) == 0) {
			(void)http_path_match(pattern, path, parts);
			return &routes[i];
		}
		allow_method(allow, routes[i].method);
	}
	if (*allow || (!head && strcmp(method, "GET") != 0))
		return NULL;
	return &files;
}
