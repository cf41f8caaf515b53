/* The action inventory into PostgreSQL: common/domain/action.c is its only source. */
#include "admin.h"

#include "base/clock.h"
#include "domain/action.h"

static int write_category(struct pg *pg, int id, const char *name)
{
	char id_text[16];
	const char *params[] = { id_text, name };

	(void)snprintf(id_text, sizeof(id_text), "%d", id);
	return pg_query(
		pg,
		"INSERT INTO integration.action_category (id, name) VALUES ($1, $2) "
		"ON CONFLICT (id) DO UPDATE SET name = excluded.name "
		"WHERE action_category.name <> excluded.name",
		params, ARRAY_SIZE(params), clock_mono_ms() + ADMIN_DEADLINE_MS, NULL);
}

static int write_action(struct pg *pg, const struct action *action)
{
	char id[16], category[16];
	const char *params[] = { id, category, action->name,
		                 action_family_name(action->family),
		                 action->py3 ? "true" : "false" };

	(void)snprintf(id, sizeof(id), "%d", action->id);
	(void)snprintf(category, sizeof(category), "%d", (int)action->category);
	return pg_query(
		pg,
		"INSERT INTO integration.action_category_list AS old "
		"(id, action_category_id, name, family, triggered_by_py3) "
		"VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET "
		"(action_category_id, name, family, triggered_by_py3) = "
		"(excluded.action_category_id, excluded.name, excluded.family, "
		"excluded.triggered_by_py3) WHERE (old.action_category_id, old.name, "
		"old.family, old.triggered_by_py3) IS DISTINCT FROM "
		"(excluded.action_category_id, excluded.name, excluded.family, "
		"excluded.triggered_by_py3)",
		params, ARRAY_SIZE(params), clock_mono_ms() + ADMIN_DEADLINE_MS, NULL);
}

int catalogue_write(struct pg *pg)
{
	static const struct {
		int id;
		const char *name;
	} categories[] = {
#define X(symbol, number, text) { .id = (number), .name = (text) },
		CATEGORY_LIST(X)
#undef X
	};
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(categories) && result == 0; i++)
		result = write_category(pg, categories[i].id, categories[i].name);
	for (size_t i = 0; i < actions_count && result == 0; i++)
		result = write_action(pg, &actions[i]);
	if (result)
		return admin_pg_failed(pg, "action inventory");
	printf("postgres   action inventory: %zu actions\n", actions_count);
	return EXIT_DONE;
}
