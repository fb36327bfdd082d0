/*
 * roaring_format: whether bytes are a portable Roaring bitmap as people_box
 * writes it. The library's reader keeps within the bytes, but believes what
 * stands in them: an empty or unordered container makes it read elsewhere.
 *
 * Source: RoaringFormatSpec, "Standard 32-bit Roaring Bitmap",
 * https://github.com/RoaringBitmap/RoaringFormatSpec
 */
#ifndef COHORTIUM_NODE_ROARING_FORMAT_H
#define COHORTIUM_NODE_ROARING_FORMAT_H

#include <stdbool.h>

#include "protocol/wire/buffer.h"

/* True when containers are arrays and bitsets (no runs), their keys and
 * numbers ascend, their counts are true and the last one ends the bytes. */
bool roaring_format_ok(struct view bytes);

#endif
