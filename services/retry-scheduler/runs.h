#pragma once
/*
 * Bulk retries (retryrun/runner.h): the runs that people began, at their rate. A pipeline
 * of its own, with clients of its own, so a sweep and a run do not wait for each other.
 */
struct service_ctx;
int runs_run(struct service_ctx *ctx, void *scheduler);
