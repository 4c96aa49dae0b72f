/**
 * The texts a program was read from, and places in them.
 * A file's text is borrowed from the caller (root) or from its loader's arena (includes).
 */
#ifndef GW_LANG_SOURCE_H
#define GW_LANG_SOURCE_H

#include "base/err.h"

enum {
    GW_LANG_FILES_MAX = 64,
    GW_LANG_INCLUDE_DEPTH_MAX = 8,
    GW_LANG_SOURCE_BYTES_MAX = 4 << 20, /* of all files together */
};

struct gw_source_file {
    struct gw_text name; /* as people see it: "shop.gw" */
    struct gw_text text;
};

struct gw_source {
    struct gw_source_file files[GW_LANG_FILES_MAX]; /* [0] is the root */
    uint32_t count;
    size_t bytes;
};

/** Bytes [begin, end) of one file. */
struct gw_span {
    uint32_t file;
    uint32_t begin, end;
};

/** Line and column of a byte, both from 1; a column is one character (a tab counts 1). */
struct gw_position {
    uint32_t line, column;
};

struct gw_position gw_source_position(const struct gw_source *source, uint32_t file,
                                      uint32_t offset);
/** The line that holds `offset`, without its end. */
struct gw_text gw_source_line(const struct gw_source *source, uint32_t file, uint32_t offset);
/** From the beginning of `first` to the end of `last` (of one file; otherwise `first`). */
struct gw_span gw_span_join(struct gw_span first, struct gw_span last);

#endif
