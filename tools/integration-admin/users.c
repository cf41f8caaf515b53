/* Who may use the dashboard. */
#include "admin.h"

#include "base/clock.h"
#include "people/people.h"

#include <getopt.h>
#include <limits.h>
#include <sodium.h>

struct user_options {
	const char *login, *name;
	enum role role;
	struct buf labs; /* "{1,2" while it grows */
	bool password_stdin;
	int days;
};

static bool add_lab(struct user_options *o, const char *text)
{
	char *end;
	long long lab = strtoll(text, &end, 10);

	if (lab <= 0 || *end)
		return false;
	buf_printf(&o->labs, "%c%lld", o->labs.len ? ',' : '{', lab);
	return true;
}

static bool take(struct user_options *o, int c)
{
	char *end;

	switch (c) {
	case 'r':
		o->role = role_parse(optarg);
		return o->role != ROLE_NONE;
	case 'l':
		return add_lab(o, optarg);
	case 'n':
		o->name = optarg;
		return true;
	case 'p':
		o->password_stdin = true;
		return true;
	case 'd':
		o->days = (int)strtol(optarg, &end, 10);
		return !*end && o->days > 0 && o->days <= 3650;
	default:
		return false;
	}
}

static bool take_options(struct user_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "role", required_argument, NULL, 'r' },
		{ "lab", required_argument, NULL, 'l' },
		{ "name", required_argument, NULL, 'n' },
		{ "password-stdin", no_argument, NULL, 'p' },
		{ "days", required_argument, NULL, 'd' },
		{ 0 },
	};
	int c;

	*o = (struct user_options){ .name = "", .role = ROLE_VIEWER };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take(o, c))
			return false;
	if (o->labs.len)
		buf_append_char(&o->labs, '}');
	if (optind + 1 != argc || !*argv[optind] || strlen(argv[optind]) > 100)
		return false;
	o->login = argv[optind];
	return sodium_init() >= 0;
}

/* What was asked for, or one that is made; false: said. */
static bool get_password(const struct user_options *o, char out[256])
{
	if (!o->password_stdin) {
		password_make(out);
		return true;
	}
	if (!fgets(out, 256, stdin))
		out[0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (strlen(out) < PASSWORD_MIN) {
		(void)fprintf(stderr, "a password has at least %d characters\n",
		              PASSWORD_MIN);
		return false;
	}
	return true;
}

static int tell(struct admin *a, int result, const char *login)
{
	if (result == PEOPLE_E_THERE)
		(void)fprintf(stderr, "%s: there is such a user\n", login);
	else if (result == PEOPLE_E_UNKNOWN)
		(void)fprintf(stderr, "%s: there is no such user, or it is switched off\n",
		              login);
	else if (result)
		return admin_pg_failed(admin_pg(a), "users");
	return result ? EXIT_REFUSED : EXIT_DONE;
}

static int add(struct admin *a, struct user_options *o)
{
	char password[256];
	const struct person person = { .login = o->login,
		                       .full_name = o->name,
		                       .role = o->role,
		                       .labs = o->labs.len ? buf_str(&o->labs) : NULL,
		                       .password = password };

	if (!get_password(o, password))
		return EXIT_REFUSED;
	int result = tell(
		a, people_add(admin_pg(a), &person, clock_mono_ms() + ADMIN_DEADLINE_MS),
		o->login);
	if (result == EXIT_DONE)
		printf("%s %s %s\n", o->login, role_word(o->role),
		       o->password_stdin ? "" : password);
	return result;
}

int command_user_add(struct admin *a, int argc, char **argv)
{
	struct user_options o;
	int result = take_options(&o, argc, argv) ? add(a, &o) : EXIT_USAGE;

	buf_deinit(&o.labs);
	return result;
}

int command_user_password(struct admin *a, int argc, char **argv)
{
	struct user_options o;
	char password[256];
	int result = EXIT_USAGE;

	if (take_options(&o, argc, argv))
		result = get_password(&o, password)
		                 ? tell(a,
		                        people_set_password(admin_pg(a), o.login, password,
		                                            clock_mono_ms() +
		                                                    ADMIN_DEADLINE_MS),
		                        o.login)
		                 : EXIT_REFUSED;
	if (result == EXIT_DONE && !o.password_stdin)
		printf("%s\n", password);
	buf_deinit(&o.labs);
	return result;
}

int command_user_list(struct admin *a, int argc, char **argv)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;

	if (argc != 1)
		return EXIT_USAGE;
	if (pg_query(admin_pg(a),
	             "SELECT login, role, coalesce(array_to_string(labs, ','), 'all'), "
	             "CASE WHEN is_active THEN 'active' ELSE 'disabled' END, "
	             "(SELECT count(*) FROM integration.user_token t WHERE t.user_id = "
	             "u.id), "
	             "full_name FROM integration.users u ORDER BY login",
	             NULL, 0, clock_mono_ms() + ADMIN_DEADLINE_MS, &rows))
		return admin_pg_failed(admin_pg(a), "users");
	printf("%-24s %-9s %-24s %-9s %-7s %s\n", "LOGIN", "ROLE", "LABS", "STATE",
	       "TOKENS", "NAME");
	for (size_t i = 0; i < pg_rows(rows); i++)
		printf("%-24s %-9s %-24s %-9s %-7s %s\n", pg_text(rows, i, 0),
		       pg_text(rows, i, 1), pg_text(rows, i, 2), pg_text(rows, i, 3),
		       pg_text(rows, i, 4), pg_text(rows, i, 5));
	return EXIT_DONE;
}

static int enable(struct admin *a, int argc, char **argv, bool on)
{
	if (argc != 2)
		return EXIT_USAGE;
	return tell(a,
	            people_enable(admin_pg(a), argv[1], on,
	                          clock_mono_ms() + ADMIN_DEADLINE_MS),
	            argv[1]);
}

int command_user_disable(struct admin *a, int argc, char **argv)
{
	return enable(a, argc, argv, false);
}

int command_user_enable(struct admin *a, int argc, char **argv)
{
	return enable(a, argc, argv, true);
}

int command_user_token(struct admin *a, int argc, char **argv)
{
	struct user_options o;
	char token[TOKEN_SIZE];
	int result = EXIT_USAGE;

	if (take_options(&o, argc, argv))
		result = tell(a,
		              people_add_token(admin_pg(a), o.login, o.name, o.days, token,
		                               clock_mono_ms() + ADMIN_DEADLINE_MS),
		              o.login);
	if (result == EXIT_DONE)
		printf("%s\n", token);
	buf_deinit(&o.labs);
	return result;
}
