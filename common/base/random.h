#pragma once
/*
 * Random numbers of the kernel: good enough for ids and keys. Any thread; never fails (a
 * kernel that cannot give any ends the process).
 */
#include "base/util.h"

void random_bytes(void *out, size_t len);
uint32_t random_u32(void);
uint64_t random_u64(void);
