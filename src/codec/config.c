#include "codec/config.h"

#include "base/buf.h"
#include "base/near.h"
#include "base/time.h"
#include "codec/json_number.h"

enum {
    CODE_UNKNOWN = 7111,
    CODE_KIND = 7112,
    CODE_RANGE = 7113,
    CODE_MISSING = 7114,
    PATH_MAX_BYTES = 160,
};

/* Where a value came from, for messages: a place in a document, or a text with a named origin. */
struct source {
    const struct gw_json_doc *doc;
    struct gw_text origin;
    struct gw_arena *arena;
    struct gw_err *err;
};

static gw_rc placed(const struct source *from, size_t at)
{
    uint32_t line = 0, column = 0;
    if (from->doc)
        gw_json_place(from->doc->input, at, &line, &column);
    gw_err_place(from->err, from->doc ? from->doc->name : from->origin, line, column);
    return GW_INVALID;
}

/* "net.port" for the member `leaf` of `object`, zero-terminated. */
static const char *path_text(const struct gw_json *object, struct gw_text leaf, char *ret)
{
    const struct gw_json *chain[GW_CONFIG_DEPTH_MAX];
    size_t depth = 0;
    for (; object && object->name.data && depth < GW_CONFIG_DEPTH_MAX; object = object->parent)
        chain[depth++] = object;
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, ret, PATH_MAX_BYTES - 1);
    while (depth--) {
        gw_buf_put_text(&buf, chain[depth]->name);
        gw_buf_put_u8(&buf, '.');
    }
    gw_buf_put_text(&buf, (struct gw_text){leaf.data, GW_MIN(leaf.len, (size_t)60)});
    ret[buf.len] = '\0';
    return ret;
}

static const char *wanted_text(enum gw_config_kind kind)
{
    switch (kind) {
    case GW_CONFIG_BOOL:
        return "true or false";
    case GW_CONFIG_U32:
    case GW_CONFIG_U64:
    case GW_CONFIG_I64:
        return "a whole number";
    case GW_CONFIG_BYTES:
        return "a number of bytes such as 65536 or \"64KiB\"";
    case GW_CONFIG_DURATION:
        return "a duration such as \"300ms\"";
    case GW_CONFIG_TEXT:
        return "a text";
    case GW_CONFIG_TEXTS:
        return "an array of texts";
    case GW_CONFIG_CHOICE:
        return "one of the known words";
    case GW_CONFIG_SECTION:
        return "an object";
    case GW_CONFIG_ANY:
        return "anything";
    }
    return "something else";
}

bool gw_config_bytes_parse(struct gw_text text, uint64_t *ret)
{
    static const char units[] = "KMGT";
    unsigned shift = 0;
    if (text.len > 3 && text.data[text.len - 2] == 'i' && text.data[text.len - 1] == 'B') {
        const char *unit = memchr(units, text.data[text.len - 3], sizeof(units) - 1);
        if (unit == NULL)
            return false;
        shift = 10 * (unsigned)(unit - units + 1);
        text.len -= 3;
    }
    gw_u128 value = 0;
    if (!gw_json_number_u128(text, 0, &value) || value > UINT64_MAX >> shift)
        return false;
    *ret = (uint64_t)value << shift;
    return true;
}

/* ---- one value from text ---- */

enum outcome { FITS, WRONG_KIND, OUT_OF_RANGE };

static bool in_bounds(const struct gw_config_field *field, gw_i128 value)
{
    return (field->min == 0 && field->max == 0) || (value >= field->min && value <= field->max);
}

static enum outcome put_number(const struct gw_config_field *field, struct gw_text text, void *at)
{
    gw_i128 value = 0;
    if (!gw_json_number_i128(text, 0, &value))
        return WRONG_KIND;
    gw_i128 lowest = field->kind == GW_CONFIG_I64 ? (gw_i128)INT64_MIN : 0;
    gw_i128 highest = field->kind == GW_CONFIG_U32   ? (gw_i128)UINT32_MAX
                      : field->kind == GW_CONFIG_U64 ? (gw_i128)UINT64_MAX
                                                     : (gw_i128)INT64_MAX;
    if (value < lowest || value > highest || !in_bounds(field, value))
        return OUT_OF_RANGE;
    uint64_t wide = (uint64_t)value;
    uint32_t small = (uint32_t)value;
    if (field->kind == GW_CONFIG_U32) {
        memcpy(at, &small, sizeof(small));
    } else {
        memcpy(at, &wide, sizeof(wide));
    }
    return FITS;
}

static enum outcome put_measure(const struct gw_config_field *field, struct gw_text text, void *at)
{
    uint64_t bytes = 0;
    int64_t ns = 0;
    if (field->kind == GW_CONFIG_BYTES) {
        if (!gw_config_bytes_parse(text, &bytes))
            return WRONG_KIND;
        if (!in_bounds(field, (gw_i128)bytes))
            return OUT_OF_RANGE;
        memcpy(at, &bytes, sizeof(bytes));
        return FITS;
    }
    if (!gw_dur_parse(text, &ns))
        return WRONG_KIND;
    if (!in_bounds(field, ns))
        return OUT_OF_RANGE;
    memcpy(at, &ns, sizeof(ns));
    return FITS;
}

static enum outcome put_choice(const struct gw_config_field *field, struct gw_text text, void *at)
{
    for (uint32_t i = 0; field->choices[i]; i++) {
        if (gw_text_is(text, field->choices[i])) {
            memcpy(at, &i, sizeof(i));
            return FITS;
        }
    }
    return WRONG_KIND;
}

static enum outcome put_text_value(const struct gw_config_field *field, struct gw_text text,
                                   void *at)
{
    bool truth = gw_text_is(text, "true");
    switch (field->kind) {
    case GW_CONFIG_BOOL:
        if (!truth && !gw_text_is(text, "false"))
            return WRONG_KIND;
        memcpy(at, &truth, sizeof(truth));
        return FITS;
    case GW_CONFIG_U32:
    case GW_CONFIG_U64:
    case GW_CONFIG_I64:
        return put_number(field, text, at);
    case GW_CONFIG_BYTES:
    case GW_CONFIG_DURATION:
        return put_measure(field, text, at);
    case GW_CONFIG_TEXT:
        if (!in_bounds(field, (gw_i128)text.len))
            return OUT_OF_RANGE;
        memcpy(at, &text, sizeof(text));
        return FITS;
    case GW_CONFIG_CHOICE:
        return put_choice(field, text, at);
    case GW_CONFIG_TEXTS:
    case GW_CONFIG_SECTION:
    case GW_CONFIG_ANY:
        break;
    }
    return WRONG_KIND;
}

/* ---- messages ---- */

static void hint_known(const struct gw_config_schema *schema, struct gw_text word,
                       const struct source *from)
{
    struct gw_text *names = GW_NEW_ARRAY(from->arena, struct gw_text, schema->count);
    struct gw_text nearest = {NULL, 0};
    for (size_t i = 0; names && i < schema->count; i++)
        names[i] = gw_text(schema->fields[i].name);
    if (names)
        nearest = gw_near(word, names, schema->count);
    if (nearest.data) {
        gw_err_hint(from->err, "did you mean \"%.*s\"?", GW_TEXT_ARG(nearest));
        return;
    }
    char list[GW_ERR_HINT_MAX];
    struct gw_buf buf;
    gw_buf_init_fixed(&buf, list, sizeof(list) - 16);
    for (size_t i = 0; i < schema->count; i++)
        gw_buf_printf(&buf, "%s %s", i ? "," : "", schema->fields[i].name);
    gw_err_hint(from->err, "known here:%.*s%s", GW_TEXT_ARG(gw_buf_text(&buf)),
                buf.failed ? ", …" : "");
}

static void hint_choices(const struct gw_config_field *field, struct gw_text word,
                         const struct source *from)
{
    struct gw_text names[32];
    char list[GW_ERR_HINT_MAX];
    struct gw_buf buf;
    size_t count = 0;
    gw_buf_init_fixed(&buf, list, sizeof(list) - 16);
    for (; field->choices[count] && count < GW_COUNT_OF(names); count++) {
        names[count] = gw_text(field->choices[count]);
        gw_buf_printf(&buf, "%s \"%s\"", count ? "," : "", field->choices[count]);
    }
    struct gw_text nearest = gw_near(word, names, count);
    if (nearest.data) {
        gw_err_hint(from->err, "did you mean \"%.*s\"?", GW_TEXT_ARG(nearest));
    } else {
        gw_err_hint(from->err, "known:%.*s", GW_TEXT_ARG(gw_buf_text(&buf)));
    }
}

static gw_rc unknown_key(const struct gw_config_schema *schema, const char *path,
                         struct gw_text word, size_t at, const struct source *from)
{
    (void)GW_FAIL_CODE(from->err, GW_INVALID, CODE_UNKNOWN, "unknown key \"%s\"", path);
    hint_known(schema, word, from);
    return placed(from, at);
}

static gw_rc refused(const struct gw_config_field *field, enum outcome outcome, const char *path,
                     struct gw_text text, size_t at, const struct source *from)
{
    int shown = (int)GW_MIN(text.len, (size_t)60);
    if (outcome == WRONG_KIND) {
        (void)GW_FAIL_CODE(from->err, GW_INVALID, CODE_KIND, "\"%s\" takes %s, found %.*s", path,
                           wanted_text(field->kind), shown, text.data);
        if (field->kind == GW_CONFIG_CHOICE)
            hint_choices(field, text, from);
        return placed(from, at);
    }
    (void)GW_FAIL_CODE(from->err, GW_INVALID, CODE_RANGE, "\"%s\" is out of its range: %.*s", path,
                       shown, text.data);
    if (field->kind == GW_CONFIG_DURATION) {
        char low[GW_DUR_TEXT_MAX], high[GW_DUR_TEXT_MAX];
        size_t low_len = gw_dur_text(field->min, low), high_len = gw_dur_text(field->max, high);
        gw_err_hint(from->err, "allowed: %.*s .. %.*s", (int)low_len, low, (int)high_len, high);
    } else if (field->min || field->max) {
        gw_err_hint(from->err, "allowed: %lld .. %lld", (long long)field->min,
                    (long long)field->max);
    }
    return placed(from, at);
}

/* ---- from a tree ---- */

static bool kind_matches(enum gw_config_kind kind, const struct gw_json *node)
{
    switch (kind) {
    case GW_CONFIG_BOOL:
        return node->kind == GW_JSON_BOOL;
    case GW_CONFIG_U32:
    case GW_CONFIG_U64:
    case GW_CONFIG_I64:
    case GW_CONFIG_BYTES:
        return node->kind == GW_JSON_NUMBER || node->kind == GW_JSON_STRING;
    case GW_CONFIG_DURATION:
    case GW_CONFIG_TEXT:
    case GW_CONFIG_CHOICE:
        return node->kind == GW_JSON_STRING;
    case GW_CONFIG_TEXTS:
        return node->kind == GW_JSON_ARRAY;
    case GW_CONFIG_SECTION:
        return node->kind == GW_JSON_OBJECT;
    case GW_CONFIG_ANY:
        return true;
    }
    return false;
}

static gw_rc read_texts(const struct gw_config_field *field, const struct gw_json *node,
                        const char *path, const struct source *from, void *at)
{
    struct gw_text *items = GW_NEW_ARRAY(from->arena, struct gw_text, node->count);
    if (items == NULL)
        return GW_FAIL_NOMEM(from->err);
    size_t count = 0;
    for (const struct gw_json *item = node->first; item; item = item->next, count++) {
        if (item->kind != GW_JSON_STRING) {
            return refused(field, WRONG_KIND, path, gw_text(gw_json_kind_text(item)), item->at,
                           from);
        }
        items[count] = gw_arena_copy_text(from->arena, item->text);
        if (items[count].data == NULL)
            return GW_FAIL_NOMEM(from->err);
    }
    if (!in_bounds(field, (gw_i128)count))
        return refused(field, OUT_OF_RANGE, path, GW_TEXT_LIT("number of texts"), node->at, from);
    struct gw_config_texts texts = {items, count};
    memcpy(at, &texts, sizeof(texts));
    return GW_OK;
}

static gw_rc read_scalar(const struct gw_config_field *field, const struct gw_json *node,
                         const char *path, const struct source *from, void *at)
{
    struct gw_text text = node->text;
    if (field->kind == GW_CONFIG_BOOL)
        text = node->truth ? GW_TEXT_LIT("true") : GW_TEXT_LIT("false");
    if (field->kind == GW_CONFIG_TEXT) {
        text = gw_arena_copy_text(from->arena, text);
        if (text.data == NULL)
            return GW_FAIL_NOMEM(from->err);
    }
    enum outcome outcome = put_text_value(field, text, at);
    return outcome == FITS ? GW_OK : refused(field, outcome, path, text, node->at, from);
}

static const struct gw_config_field *field_find(const struct gw_config_schema *schema,
                                                struct gw_text name)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct gw_config_field *field = &schema->fields[i];
        GW_ASSERT(field->name);
        if (gw_text_is(name, field->name))
            return field;
    }
    return NULL;
}

static bool is_required(const struct gw_config_field *field)
{
    return field->fallback == NULL && field->kind != GW_CONFIG_SECTION &&
           field->kind != GW_CONFIG_TEXTS && field->kind != GW_CONFIG_ANY;
}

static gw_rc missing_check(const struct gw_config_schema *schema, const struct gw_json *object,
                           const struct source *from)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct gw_config_field *field = &schema->fields[i];
        if (!is_required(field) || gw_json_member(object, field->name))
            continue;
        char path[PATH_MAX_BYTES];
        (void)GW_FAIL_CODE(from->err, GW_INVALID, CODE_MISSING, "\"%s\" is missing",
                           path_text(object, gw_text(field->name), path));
        return placed(from, object->at);
    }
    return GW_OK;
}

/* One open section: the object being read and the struct it goes to. */
struct section {
    const struct gw_config_schema *schema;
    const struct gw_json *member; /* next to be read */
    char *target;
};

static gw_rc section_open(struct section *sections, size_t *depth,
                          const struct gw_config_schema *schema, const struct gw_json *object,
                          char *target, const struct source *from)
{
    GW_ASSERT(*depth < GW_CONFIG_DEPTH_MAX);
    GW_TRY(missing_check(schema, object, from));
    sections[(*depth)++] = (struct section){schema, object->first, target};
    return GW_OK;
}

/* One member of the innermost section, which its own sections may become. */
static gw_rc read_member(struct section *sections, size_t *depth, const struct gw_json *node,
                         const struct source *from)
{
    const struct section *top = &sections[*depth - 1];
    char path[PATH_MAX_BYTES];
    (void)path_text(node->parent, node->name, path);
    const struct gw_config_field *field = field_find(top->schema, node->name);
    if (field == NULL)
        return unknown_key(top->schema, path, node->name, node->name_at, from);
    if (!kind_matches(field->kind, node))
        return refused(field, WRONG_KIND, path, gw_text(gw_json_kind_text(node)), node->at, from);
    char *at = top->target + field->offset;
    if (field->kind == GW_CONFIG_SECTION)
        return section_open(sections, depth, field->section, node, at, from);
    if (field->kind == GW_CONFIG_TEXTS)
        return read_texts(field, node, path, from, at);
    if (field->kind != GW_CONFIG_ANY)
        return read_scalar(field, node, path, from, at);
    memcpy(at, &node, sizeof(const struct gw_json *));
    return GW_OK;
}

static gw_rc read_sections(const struct gw_config_schema *schema, const struct gw_json *object,
                           const struct source *from, char *target)
{
    struct section sections[GW_CONFIG_DEPTH_MAX];
    size_t depth = 0;
    GW_TRY(section_open(sections, &depth, schema, object, target, from));
    while (depth) {
        struct section *top = &sections[depth - 1];
        const struct gw_json *node = top->member;
        if (node == NULL) {
            depth--;
            continue;
        }
        top->member = node->next;
        GW_TRY(read_member(sections, &depth, node, from));
    }
    return GW_OK;
}

gw_rc gw_config_read(const struct gw_config_schema *schema, const struct gw_json_doc *doc,
                     const struct gw_json *object, struct gw_arena *arena, void *ret,
                     struct gw_err *err)
{
    struct source from = {.doc = doc, .arena = arena, .err = err};
    const struct gw_json *top = object ? object : doc->root;
    if (top->kind != GW_JSON_OBJECT) {
        (void)GW_FAIL_CODE(err, GW_INVALID, CODE_KIND, "expected an object, found %s",
                           gw_json_kind_text(top));
        return placed(&from, top->at);
    }
    char *copy = gw_arena_get_raw(arena, schema->bytes);
    if (copy == NULL)
        return GW_FAIL_NOMEM(err);
    memcpy(copy, ret, schema->bytes);
    GW_TRY(read_sections(schema, top, &from, copy));
    memcpy(ret, copy, schema->bytes);
    return GW_OK;
}

/* ---- from texts ---- */

static struct gw_text path_head(struct gw_text *path)
{
    const char *dot = path->len ? memchr(path->data, '.', path->len) : NULL;
    struct gw_text head = {path->data, dot ? (size_t)(dot - path->data) : path->len};
    size_t taken = head.len + (dot != NULL);
    *path = (struct gw_text){path->data + taken, path->len - taken};
    return head;
}

gw_rc gw_config_set(const struct gw_config_schema *schema, struct gw_text path, struct gw_text text,
                    struct gw_text origin, struct gw_arena *arena, void *ret, struct gw_err *err)
{
    struct source from = {.origin = origin, .arena = arena, .err = err};
    char whole[PATH_MAX_BYTES];
    (void)path_text(NULL, path, whole);
    char *at = ret;
    for (;;) {
        struct gw_text head = path_head(&path);
        const struct gw_config_field *field = field_find(schema, head);
        if (field == NULL)
            return unknown_key(schema, whole, head, 0, &from);
        at += field->offset;
        if (field->kind == GW_CONFIG_SECTION && path.len) {
            schema = field->section;
            continue;
        }
        if (path.len)
            return unknown_key(schema, whole, path, 0, &from);
        enum outcome outcome = put_text_value(field, text, at);
        return outcome == FITS ? GW_OK : refused(field, outcome, whole, text, 0, &from);
    }
}

void gw_config_defaults(const struct gw_config_schema *schema, void *ret)
{
    struct {
        const struct gw_config_schema *schema;
        char *target;
        size_t next;
    } open[GW_CONFIG_DEPTH_MAX];
    size_t depth = 0;
    memset(ret, 0, schema->bytes);
    open[depth].schema = schema;
    open[depth].target = ret;
    open[depth++].next = 0;
    while (depth) {
        if (open[depth - 1].next == open[depth - 1].schema->count) {
            depth--;
            continue;
        }
        const struct gw_config_field *field =
            &open[depth - 1].schema->fields[open[depth - 1].next++];
        char *at = open[depth - 1].target + field->offset;
        if (field->kind == GW_CONFIG_SECTION) {
            GW_ASSERT(depth < GW_CONFIG_DEPTH_MAX);
            open[depth].schema = field->section;
            open[depth].target = at;
            open[depth++].next = 0;
        } else if (field->fallback) {
            enum outcome outcome = put_text_value(field, gw_text(field->fallback), at);
            GW_ASSERT(outcome == FITS);
        }
    }
}
