-- What a program's token keeps (ADMIN_TOKEN): it is no row of integration.users.
CREATE TABLE integration.token_preferences (
	login       text PRIMARY KEY,
	preferences jsonb NOT NULL DEFAULT '{}'
);
