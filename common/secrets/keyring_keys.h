#pragma once
/* A keyring's inside: private to secrets/. */
#include "secrets/keyring.h"

#include <sodium.h>

enum { KEY_ID_SIZE = 4 };

struct keyset {
	unsigned char id[KEY_ID_SIZE]; /* tells keys apart; says nothing of them */
	unsigned char seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	unsigned char auth_key[crypto_auth_hmacsha256_KEYBYTES];
};

struct keyring {
	struct keyset sets[2]; /* SECRETS_KEY's, SECRETS_KEY_PREVIOUS's */
	bool has[2];
};
