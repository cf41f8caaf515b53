#pragma once
/*
 * Small things that every file needs: attributes, scope clean-up, allocation that does not
 * fail. No third-party header may be included from common/base or common/domain.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))
#define CLEANUP(fn)       __attribute__((cleanup(fn)))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define STEAL(p)                                                                           \
	({                                                                                 \
		__typeof__(p) *steal_from_ = &(p);                                         \
		__typeof__(p) stolen_ = *steal_from_;                                      \
		*steal_from_ = NULL;                                                       \
		stolen_;                                                                   \
	})

/* Defines `fn##p(type **)` for CLEANUP() out of a destructor that takes NULL. */
#define DEFINE_CLEANUP(type, fn)                                                           \
	static inline void fn##p(type *p) /* NOLINT(bugprone-macro-parentheses) */         \
	{                                                                                  \
		if (*p)                                                                    \
			(void)fn(*p);                                                      \
	}                                                                                  \
	struct cleanup_needs_semicolon_

/*
 * Out of memory ends the process (docs/architecture.md, "error policy"): Kafka offsets are
 * committed after the work, so a restart repeats it. These never return NULL.
 */
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull, malloc));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((returns_nonnull, malloc));
char *xstrndup(const char *text, size_t length) __attribute__((returns_nonnull, malloc));
char *xasprintf(const char *fmt, ...) PRINTF(1, 2) __attribute__((returns_nonnull, malloc));

static inline void freep(void *p)
{
	free(*(void **)p);
}
