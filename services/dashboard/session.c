/* Who is asking. */
#include "api.h"

#include "base/clock.h"

static json_t *time_json(int64_t wall_ms)
{
	char text[CLOCK_ISO_SIZE];

	return wall_ms ? json_string(clock_format_iso(wall_ms, text)) : json_null();
}

static json_t *labs_json(const struct who *who)
{
	json_t *labs = json_array();

	if (who->all_labs) {
		json_decref(labs);
		return json_null();
	}
	for (size_t i = 0; i < who->n_labs; i++)
		(void)json_array_append_new(labs, json_integer(who->labs[i]));
	return labs;
}

void api_me(struct call *call)
{
	static const char *const via[] = { "nobody", "admin-token", "token", "session",
		                           "internal" };
	const struct who *who = &call->who;

	call_answer(
		call, CODE_OK,
		json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:o}", "login", who->login,
	                  "full_name", who->full_name, "role", role_word(who->role), "labs",
	                  labs_json(who), "via", via[who->via], "csrf_token",
	                  who->via == VIA_SESSION ? json_string(who->csrf) : json_null(),
	                  "expires_at", time_json(who->expires_ms), "server_time",
	                  time_json(clock_wall_ms())));
}

/* Who may have it is found out here; stream.c goes on, on the loop. */
void api_stream(struct call *call)
{
	int64_t lab_id = 0;

	if (!call_query_int(call, "lab_id", 1, JSON_NUMBER_MAX, &lab_id) ||
	    (lab_id && !call_lab(call, lab_id)))
		return;
	call->code = CODE_OK;
	call->streams = true;
}
