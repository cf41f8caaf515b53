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
