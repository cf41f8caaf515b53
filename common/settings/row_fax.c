#include "settings/row.h"

void settings_row_fax(struct integration *row)
{
	size_t len = strlen(row->url);

	row->fax_vendor = fax_vendor_find(row->vendor);
	if (len == 0 && row->fax_vendor) {
		free(row->url);
		row->url = xstrdup(row->fax_vendor->url);
		return;
	}
	while (len > 0 && row->url[len - 1] == '/')
		row->url[--len] = '\0'; /* it is a base */
	const char *root = row->fax_vendor ? row->fax_vendor->root : NULL;
	size_t tail = root ? strlen(root) : 0;

	if (root && len > tail && strcmp(row->url + len - tail, root) == 0)
		row->url[len - tail] = '\0';
}
