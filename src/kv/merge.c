#include "kv/lmdb_int.h"

enum direction { UNSET, FORWARD, BACKWARD };

/**
 * A cursor over the layers of a view and LMDB below: the first (or last) key among all sources wins, the newest
 * source hides the others of the same key, a deletion hides and is not given.
 * The position is a key, and whether we stand on it or in the gap beside it. Sources are found again from it when
 * the direction turns; layers show new keys by themselves, because `at` is followed by links that the writer keeps.
 */
struct merge {
    struct gw_kv_reader *reader;
    bool is_writer; /* the view may change under us */
    enum direction direction;
    enum { BEFORE, ON, AFTER } side;
    struct gw_bytes pos; /* in a layer, in LMDB, or `from` */
    struct gw_kv_disk_cur disk;
    const struct gw_kv_entry
        *at[GW_KV_PILE_MAX]; /* forward: not behind pos; backward: the candidate */
    uint8_t from[GW_KV_KEY_MAX];
};

/** The best key so far, and what the newest source that has it says. */
struct best {
    bool any;
    enum gw_kv_found found;
    struct gw_bytes key, val;
};

static struct merge *merge_of(struct gw_kv_cur *cur)
{
    return (struct merge *)(void *)cur;
}

gw_rc gw_kv_merge_seek(struct gw_kv_view view, struct gw_bytes from, struct gw_kv_cur **ret,
                       struct gw_err *err)
{
    struct gw_kv_reader *reader = gw_kv_reader_of(view);
    if (from.len > GW_KV_KEY_MAX)
        return GW_FAIL(err, GW_TOOLARGE, "a key of %zu bytes", from.len);
    const struct gw_alloc *alloc = reader->kv->opts.alloc;
    struct merge *cur = alloc->get(alloc->ctx, sizeof(*cur));
    if (cur == NULL)
        return GW_FAIL_NOMEM(err);
    gw_rc rc = gw_kv_disk_cur_open(&reader->kv->disk, reader->txn, &cur->disk, err);
    if (rc < 0) {
        alloc->put(alloc->ctx, cur, sizeof(*cur));
        return rc;
    }
    cur->reader = reader;
    cur->is_writer = view.txn != NULL;
    cur->direction = UNSET;
    cur->side = BEFORE;
    cur->pos = (struct gw_bytes){cur->from, from.len};
    if (from.len > 0)
        memcpy(cur->from, from.data, from.len);
    *ret = (struct gw_kv_cur *)(void *)cur;
    return GW_OK;
}

void gw_kv_merge_close(struct gw_kv_cur *handle)
{
    struct merge *cur = merge_of(handle);
    if (cur == NULL)
        return;
    const struct gw_alloc *alloc = cur->reader->kv->opts.alloc;
    gw_kv_disk_cur_close(&cur->disk);
    alloc->put(alloc->ctx, cur, sizeof(*cur));
}

/** Is `key` still to come in this direction? */
static bool is_ahead(const struct merge *cur, struct gw_bytes key)
{
    int side = gw_bytes_compare(key, cur->pos);
    if (cur->direction == FORWARD)
        return side > 0 || (side == 0 && cur->side == BEFORE);
    return side < 0 || (side == 0 && cur->side == AFTER);
}

static void consider(struct best *best, const struct merge *cur, struct gw_bytes key,
                     enum gw_kv_found found, struct gw_bytes val)
{
    if (best->any) {
        int side = gw_bytes_compare(key, best->key);
        if (cur->direction == FORWARD ? side >= 0 : side <= 0)
            return; /* equal: a newer source came before */
    }
    *best = (struct best){.any = true, .found = found, .key = key, .val = val};
}

static void consider_next(struct merge *cur, unsigned i, struct best *best)
{
    const struct gw_kv_layer *layer = cur->reader->pile->slots[i].layer;
    const struct gw_kv_entry *at = cur->at[i], *next;
    while ((next = gw_kv_entry_next(layer, at)) != NULL) {
        struct gw_bytes key = gw_kv_entry_key(next), val = {NULL, 0};
        bool ahead = is_ahead(cur, key);
        enum gw_kv_found found =
            ahead ? gw_kv_entry_see(layer, next, cur->reader->seq, &val) : GW_KV_ABSENT;
        if (found != GW_KV_ABSENT) {
            consider(best, cur, key, found, val);
            return;
        }
        at = next;
        if (!ahead || !cur->is_writer) /* what a snapshot cannot see, it never will; a writer may */
            cur->at[i] = next;
    }
}

static void consider_prev(struct merge *cur, unsigned i, struct best *best)
{
    const struct gw_kv_layer *layer = cur->reader->pile->slots[i].layer;
    const struct gw_kv_entry *head = gw_kv_layer_head(layer), *at = cur->at[i];
    struct gw_bytes val = {NULL, 0};
    if (at == NULL || (cur->is_writer && i == 0) ||
        (at != head && !is_ahead(cur, gw_kv_entry_key(at))))
        at = gw_kv_layer_before(layer, cur->pos, cur->side == AFTER);
    enum gw_kv_found found = GW_KV_ABSENT;
    while (at != head &&
           (found = gw_kv_entry_see(layer, at, cur->reader->seq, &val)) == GW_KV_ABSENT)
        at = gw_kv_layer_before(layer, gw_kv_entry_key(at), false);
    cur->at[i] = at;
    if (at != head)
        consider(best, cur, gw_kv_entry_key(at), found, val);
}

static gw_rc turn(struct merge *cur, enum direction direction, struct gw_err *err)
{
    cur->direction = direction;
    for (unsigned i = 0; i < cur->reader->pile->count; i++) {
        cur->at[i] = direction == BACKWARD ? NULL
                                           : gw_kv_layer_before(cur->reader->pile->slots[i].layer,
                                                                cur->pos, cur->side != BEFORE);
    }
    gw_rc rc = gw_kv_disk_cur_seek(&cur->disk, cur->pos, err);
    if (rc == GW_OK && direction == BACKWARD && !(cur->disk.valid && is_ahead(cur, cur->disk.key)))
        rc = gw_kv_disk_cur_prev(&cur->disk, err);
    if (rc < 0)
        cur->direction = UNSET;
    return rc;
}

static gw_rc consider_disk(struct merge *cur, struct best *best, struct gw_err *err)
{
    while (cur->disk.valid && !is_ahead(cur, cur->disk.key)) {
        GW_TRY(cur->direction == FORWARD ? gw_kv_disk_cur_next(&cur->disk, err)
                                         : gw_kv_disk_cur_prev(&cur->disk, err));
    }
    if (cur->disk.valid)
        consider(best, cur, cur->disk.key, GW_KV_VALUE, cur->disk.val);
    return GW_OK;
}

/** One step; deletions are given too. */
static gw_rc step(struct merge *cur, enum direction direction, struct best *ret, struct gw_err *err)
{
    if (cur->direction != direction)
        GW_TRY(turn(cur, direction, err));
    *ret = (struct best){.any = false};
    for (unsigned i = 0; i < cur->reader->pile->count; i++) {
        if (direction == FORWARD) {
            consider_next(cur, i, ret);
        } else {
            consider_prev(cur, i, ret);
        }
    }
    GW_TRY(consider_disk(cur, ret, err));
    if (!ret->any)
        return GW_NOTFOUND;
    cur->pos = ret->key;
    cur->side = ON;
    return GW_OK;
}

static gw_rc step_to_pair(struct merge *cur, enum direction direction, struct gw_bytes *ret_key,
                          struct gw_bytes *ret_val, struct gw_err *err)
{
    struct gw_bytes was = cur->pos;
    unsigned was_side = cur->side;
    struct best best;
    gw_rc rc;
    while ((rc = step(cur, direction, &best, err)) == GW_OK && best.found == GW_KV_DELETED)
        ;
    if (rc == GW_OK) {
        *ret_key = best.key;
        *ret_val = best.val;
        return GW_OK;
    }
    /* Nothing given: beside the last key that was. Sources ran ahead over deletions, so find them anew. */
    cur->pos = was;
    cur->side = was_side != ON ? was_side : direction == FORWARD ? AFTER : BEFORE;
    cur->direction = UNSET;
    return rc;
}

gw_rc gw_kv_merge_next(struct gw_kv_cur *cur, struct gw_bytes *ret_key, struct gw_bytes *ret_val,
                       struct gw_err *err)
{
    return step_to_pair(merge_of(cur), FORWARD, ret_key, ret_val, err);
}

gw_rc gw_kv_merge_prev(struct gw_kv_cur *cur, struct gw_bytes *ret_key, struct gw_bytes *ret_val,
                       struct gw_err *err)
{
    return step_to_pair(merge_of(cur), BACKWARD, ret_key, ret_val, err);
}

/** Add to `tally` what the newest change of one key does to the state in LMDB. */
static gw_rc tally_change(struct gw_kv_reader *reader, const struct best *change,
                          struct gw_kv_tally *tally, struct gw_err *err)
{
    struct gw_bytes old;
    gw_rc rc = gw_kv_disk_get(&reader->kv->disk, reader->txn, change->key, &old, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    if (rc == GW_OK) {
        tally->mark.sum -= gw_kv_pair_sum(change->key, old);
        tally->pairs--;
    }
    if (change->found == GW_KV_VALUE) {
        tally->mark.sum += gw_kv_pair_sum(change->key, change->val);
        tally->pairs++;
    }
    return GW_OK;
}

gw_rc gw_kv_merge_tally(struct gw_kv_reader *reader, const struct gw_kv_tally *below,
                        struct gw_kv_tally *ret, struct gw_err *err)
{
    struct merge cur = {.reader = reader, .direction = FORWARD, .side = BEFORE};
    cur.pos = (struct gw_bytes){cur.from, 0};
    for (unsigned i = 0; i < reader->pile->count; i++)
        cur.at[i] = gw_kv_layer_head(reader->pile->slots[i].layer);
    struct gw_kv_tally tally = *below;
    struct best change;
    gw_rc rc;
    while ((rc = step(&cur, FORWARD, &change, err)) == GW_OK) /* no disk: only layers speak */
        GW_TRY(tally_change(reader, &change, &tally, err));
    if (rc != GW_NOTFOUND)
        return rc;
    tally.mark.applied = reader->applied;
    *ret = tally;
    return GW_OK;
}
