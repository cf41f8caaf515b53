/*
 * C and POSIX know one time zone a process; GLib knows them by name, any thread. A zone's
 * file is read once: the cache below keeps it, since GLib forgets a zone that nobody holds.
 */
#include "hl7/time.h"

#include <ctype.h>
#include <glib.h>
#include <stdbool.h>
#include <time.h>

#define ZONES_MAX 1024 /* the world has some 600 */

static GMutex lock;
static GHashTable *zones; /* name → GTimeZone; lives as long as the process */

static bool is_zone_name(const char *name)
{
	if (!name || !isalnum((unsigned char)*name))
		return name && (*name == '+' || *name == '-');
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_+-/:", *p))
			return false;
	return true;
}

/* A new reference; NULL: no such zone. */
static GTimeZone *zone_of(const char *name)
{
	GTimeZone *zone;

	if (!is_zone_name(name))
		return NULL;
	g_mutex_lock(&lock);
	if (!zones)
		zones = g_hash_table_new(g_str_hash, g_str_equal);
	zone = g_hash_table_lookup(zones, name);
	if (!zone) {
		zone = g_time_zone_new_identifier(name);
		if (zone && g_hash_table_size(zones) < ZONES_MAX)
			(void)g_hash_table_insert(zones, g_strdup(name),
			                          g_time_zone_ref(zone));
	} else {
		zone = g_time_zone_ref(zone);
	}
	g_mutex_unlock(&lock);
	return zone;
}

/* Seconds east of Greenwich at that instant. */
static int offset_at(int64_t wall_s, const char *name)
{
	GTimeZone *zone = zone_of(name);

	if (!zone)
		return 0;
	gint interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, wall_s);
	int offset = g_time_zone_get_offset(zone, interval);
	g_time_zone_unref(zone);
	return offset;
}

static int64_t floor_seconds(int64_t wall_ms)
{
	return wall_ms / 1000 - (wall_ms % 1000 < 0);
}

static struct tm local_time(int64_t wall_s, int offset)
{
	time_t seconds = wall_s + offset;
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	return tm;
}

void hl7_time_append(struct buf *out, int64_t wall_ms, const char *zone)
{
	int offset = offset_at(floor_seconds(wall_ms), zone);
	struct tm tm = local_time(floor_seconds(wall_ms), offset);
	int minutes = abs(offset) / 60;

	buf_printf(out, "%04d%02d%02d%02d%02d%02d%c%02d%02d", tm.tm_year + 1900,
	           tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	           offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void hl7_date_append(struct buf *out, int64_t wall_ms, const char *zone)
{
	int64_t wall_s = floor_seconds(wall_ms);
	struct tm tm = local_time(wall_s, offset_at(wall_s, zone));

	buf_printf(out, "%04d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}
