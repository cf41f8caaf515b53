#include "metrics/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Fields of /proc/self/stat, counted from the one after the command's ')'. */
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_START = 19, STAT_RSS = 21, STAT_COUNT = 22 };

/* The text of a small file of /proc; false when it cannot be read. */
static bool read_proc(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return false;

	size_t len = fread(out, 1, size - 1, file);

	(void)fclose(file);
	out[len] = '\0';
	return len > 0;
}

static bool read_stat(double out[STAT_COUNT])
{
	char text[2048];

	if (!read_proc("/proc/self/stat", text, sizeof(text)))
		return false;

	char *at = strrchr(text, ')'); /* the command itself may hold blanks and ')' */

	if (!at || !at[1] || !at[2] || !at[3])
		return false;
	at += 3; /* ") S": behind the state, field 0 */
	for (int i = 1; i < STAT_COUNT; i++)
		out[i] = strtod(at, &at);
	return true;
}

static double boot_time_seconds(void)
{
	char text[16384];

	if (!read_proc("/proc/stat", text, sizeof(text)))
		return 0;

	const char *at = strstr(text, "\nbtime ");

	return at ? strtod(at + 7, NULL) : 0;
}

static int count_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		return 0;
	while (readdir(dir)) /* NOLINT(concurrency-mt-unsafe): our own stream */
		n++;
	(void)closedir(dir);
	return n - 3; /* ".", ".." and the stream itself */
}

static void render(struct buf *out, const char *name, const char *type, const char *help,
                   double value)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type,
	           name, value);
}

void process_metrics_render(struct buf *out)
{
	double stat[STAT_COUNT];
	double ticks = (double)sysconf(_SC_CLK_TCK);

	render(out, "process_open_fds", "gauge", "Open file descriptors.",
	       count_open_fds());
	if (!read_stat(stat))
		return;
	render(out, "process_cpu_seconds_total", "counter", "CPU time, user and system.",
	       (stat[STAT_UTIME] + stat[STAT_STIME]) / ticks);
	render(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
	       stat[STAT_RSS] * (double)sysconf(_SC_PAGESIZE));
	render(out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
	       boot_time_seconds() + stat[STAT_START] / ticks);
}
