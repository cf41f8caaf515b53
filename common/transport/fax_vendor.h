#pragma once
/*
 * What a fax vendor's API looks like, as data: the requests that send a fax, one after the
 * other, and how its answers are read. A vendor is a row of fax_protocols[] (and of
 * domain/fax.c). Pure: no I/O; fax_call.c walks through the steps.
 *
 * Sources: HumbleFax's API reference (https://api.humblefax.com), Documo's
 * (https://docs.documo.com).
 */
#include "base/buf.h"
#include "base/err.h"
#include "domain/fax.h"
#include "message/vendor_notice.h"

#include <jansson.h>

enum { FAX_NUMBERS_MAX = 20, FAX_DOCUMENTS_MAX = 50 };

/* A fax to be sent. Texts are borrowed from `owner`, a payload of action 56. */
struct fax_message {
	json_t *owner;
	const char *log_id;   /* hex; the vendor keeps it as its uuid, where it has one */
	const char *boundary; /* of multipart bodies: in no document */
	char numbers[FAX_NUMBERS_MAX][FAX_NUMBER_SIZE];
	size_t n_numbers;
	char from[FAX_NUMBER_SIZE];                          /* "": the account's own */
	const char *to_name, *from_name, *subject, *message; /* "" where not said */
	size_t n_documents;
};

/*
 * Out of a task's body; `from` is the row's fax.from, NULL: the payload's. -1: `why` names
 * the field and the remedy. Release in either case.
 */
int fax_message_read(const char *body, size_t len, const struct fax_vendor *vendor,
                     const char *from, struct fax_message *out,
                     struct err_text *why) MUST_CHECK;
void fax_message_release(struct fax_message *m);

/* One request to the vendor. */
struct fax_request {
	const char *method;
	struct buf path;         /* after the base url; with a query */
	struct buf content_type; /* "": no body */
	struct buf body;
	/* Number `document` of the message stands at `at`; ascending. */
	struct fax_place {
		size_t document, at;
	} places[FAX_DOCUMENTS_MAX];
	size_t n_places;
};
void fax_request_clear(struct fax_request *rq); /* empty, and released */

/* What of a step's answer is kept. */
enum fax_keeps {
	FAX_KEEPS_NOTHING,
	FAX_KEEPS_DRAFT, /* an id that the next steps name */
	FAX_KEEPS_FAX,   /* the fax's own id; without one the draft's is it */
};

struct fax_step {
	const char *doing; /* in errors: "creating the fax" */
	bool per_document;
	enum fax_keeps keeps;
	const char *const *id_paths; /* where the id may be; ends with NULL */
	bool commits;                /* with this request the fax goes out */
	/* `draft` is the id that was kept, `round` counts documents from 0. */
	void (*make)(const struct fax_message *m, const char *draft, size_t round,
	             struct fax_request *out);
};

enum fax_state {
	FAX_UNKNOWN, /* the answer does not say */
	FAX_RUNNING,
	FAX_SENT,
	FAX_FAILED,
};

struct fax_status {
	enum fax_state state;
	char id[FAX_ID_SIZE];
	char uuid[FAX_ID_SIZE]; /* ours, where the vendor keeps it; "" else */
	int64_t created_s;      /* the vendor's clock, seconds since 1970; 0: not said */
	int pages, pages_sent;  /* 0: not said */
	char reason[200];       /* of FAX_FAILED: the vendor's words */
};

struct fax_protocol {
	const struct fax_step *steps;
	size_t n_steps;
	/* The value of the header Authorization; the caller frees. */
	char *(*authorize)(const char *access_key, const char *secret_key);
	void (*ask)(const char *fax_id, struct fax_request *out);
	void (*read_status)(const json_t *answer, struct fax_status *out);
	/* The faxes of a time, to find one by its uuid again. NULL: it keeps no uuid. */
	void (*list)(const struct fax_message *m, int64_t from_s, int64_t to_s,
	             struct fax_request *out);
	const char *list_path; /* where the answer has their ids */
};
const struct fax_protocol *fax_protocol_find(const struct fax_vendor *vendor);
extern const struct fax_protocol fax_humblefax, fax_documo;

/*
 * True when the answer itself says that it failed, whatever its code: appends the vendor's
 * words to `out`.
 */
bool fax_answer_refuses(const json_t *answer, struct buf *out);
/* The id at the first of these paths that has one. False: none, or no usable one. */
bool fax_answer_id(const json_t *answer, const char *const *paths, char out[FAX_ID_SIZE]);
/* A number, or its text; 0: neither. */
int64_t fax_read_number(const json_t *value);
/* Words by their vendor's spelling, whatever its case, blanks or underscores. */
struct fax_word {
	const char *word;
	enum fax_state state;
};
enum fax_state fax_read_state(const struct fax_word *words, size_t n, const char *text);

/* Pieces of a multipart/form-data body. */
void fax_part_begin(const struct fax_message *m, struct fax_request *rq);
void fax_part_text(const struct fax_message *m, const char *name, const char *text,
                   struct fax_request *rq);
void fax_part_document(const struct fax_message *m, const char *name, size_t document,
                       struct fax_request *rq);
void fax_part_end(const struct fax_message *m, struct fax_request *rq);
