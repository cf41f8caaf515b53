#include "work.h"

static void *grow(void *list, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return list;
	*cap = *cap ? 2 * *cap : 64;
	return xrealloc(list, *cap * size);
}

struct origin *origin_free(struct origin *origin)
{
	if (origin) {
		labevent_release(&origin->event);
		task_release(&origin->task);
		json_decref(origin->retry.request);
		json_decref(origin->retry.log);
		free(origin);
	}
	return NULL;
}

void work_clear(struct work *w)
{
	for (size_t i = 0; i < w->n_builds; i++) {
		payload_body_release(&w->builds[i].body);
		json_decref(w->builds[i].retry_context);
	}
	for (size_t i = 0; i < w->n_subjects; i++) {
		json_decref(w->subjects[i].ids);
		free(w->subjects[i].references.accession_no);
	}
	for (size_t i = 0; i < w->n_origins; i++)
		origin_free(w->origins[i]);
	w->contexts = contexts_free(w->contexts);
	w->n_builds = w->n_subjects = w->n_origins = w->bytes = 0;
}

void work_deinit(struct work *w)
{
	work_clear(w);
	free(w->builds);
	free(w->subjects);
	free(w->origins);
	*w = (struct work){ 0 };
}

void work_adopt(struct work *w, struct origin *origin, size_t bytes)
{
	w->bytes += bytes;
	w->origins = grow(w->origins, w->n_origins, &w->cap_origins, sizeof(*w->origins));
	w->origins[w->n_origins++] = origin;
}

struct subject *work_add_subject(struct work *w)
{
	w->subjects =
		grow(w->subjects, w->n_subjects, &w->cap_subjects, sizeof(*w->subjects));
	w->subjects[w->n_subjects] = (struct subject){ .first_build = w->n_builds };
	return &w->subjects[w->n_subjects++];
}

struct build *work_add_build(struct work *w)
{
	w->builds = grow(w->builds, w->n_builds, &w->cap_builds, sizeof(*w->builds));
	w->subjects[w->n_subjects - 1].n_builds++;
	w->builds[w->n_builds] = (struct build){ .subject = w->n_subjects - 1 };
	return &w->builds[w->n_builds++];
}
