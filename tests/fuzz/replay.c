/* Runs a fuzz target over the files of a folder: the kept inputs are tests of the plain
 * builds too. */
#include "base/buf.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int replay(const char *folder, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", folder, name);
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	FILE *file = fopen(path, "r");
	char room[4096];
	size_t n;

	if (!file)
		return 1;
	while ((n = fread(room, 1, sizeof(room), file)) > 0)
		buf_append(&text, room, n);
	(void)fclose(file);
	/* exactly as long as the input, so that a sanitizer sees a read past its end */
	CLEANUP(freep) uint8_t *bytes = xcalloc(text.len ? text.len : 1, 1);
	if (text.len)
		memcpy(bytes, text.data, text.len);
	return LLVMFuzzerTestOneInput(bytes, text.len);
}

int main(int argc, char **argv)
{
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	int failures = 0, inputs = 0;

	if (!folder)
		return 2;
	/* one thread */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		failures += replay(argv[1], entry->d_name) != 0;
		inputs++;
	}
	(void)closedir(folder);
	(void)printf("%d inputs, %d failures\n", inputs, failures);
	return failures || inputs == 0;
}
