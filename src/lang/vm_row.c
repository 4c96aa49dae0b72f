/** Rows, tables, indexes, counters and events in the machine: every way to the host. */
#include "lang/vm_int.h"

bool gw_vm_answer(struct gw_vm_state *run, enum gw_vm_rc rc)
{
    switch (rc) {
    case GW_VM_OK:
    case GW_VM_ABSENT:
        return true;
    case GW_VM_MISSING:
        run->ret->status = GW_VM_NEEDS_KEYS;
        return false;
    case GW_VM_ABORTED:
        return gw_vm_abort(run, run->vm->host->abort);
    case GW_VM_NOMEM:
        return gw_vm_nomem(run);
    }
    GW_UNREACHABLE_CODE();
}

/** "Account[12]" for people; left out when memory is short. */
static void name_key(struct gw_vm_state *run, const struct gw_program_entity *entity,
                     const union gw_value *key)
{
    enum { BYTES = 160 };
    uint8_t *text = gw_arena_get_raw(run->vm->arena, BYTES);
    if (!text)
        return;
    uint8_t raw[BYTES - 2];
    struct gw_buf buf, key_text;
    gw_buf_init_fixed(&buf, text, BYTES);
    gw_buf_init_fixed(&key_text, raw, sizeof(raw));
    gw_entity_key_text(&entity->entity, key, &key_text);
    gw_buf_put_text(&buf, entity->entity.name);
    if (!key_text.failed && buf.len + key_text.len + 2 <= BYTES) {
        gw_buf_put_u8(&buf, '[');
        gw_buf_put_text(&buf, gw_buf_text(&key_text));
        gw_buf_put_u8(&buf, ']');
    }
    run->ret->detail = gw_buf_text(&buf);
}

bool gw_vm_absent(struct gw_vm_state *run, const struct gw_program_entity *entity,
                  const union gw_value *key)
{
    gw_vm_abort(run, GW_ABORT_NOT_FOUND);
    name_key(run, entity, key);
    return false;
}

bool gw_vm_gone(struct gw_vm_state *run, const struct gw_vm_row *row)
{
    gw_vm_abort(run, GW_ABORT_NOT_FOUND);
    if (row)
        run->ret->detail = row->entity->entity.name;
    return false;
}

bool gw_vm_touch_slow(struct gw_vm_state *run, enum gw_vm_rc rc, struct gw_vm_row **ret)
{
    *ret = NULL;
    return gw_vm_answer(run, rc);
}

bool gw_vm_do_row(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_program_entity *entity = run->vm->program->entities[insn->c];
    struct gw_vm_row *row = NULL;
    if (!gw_vm_touch(run, entity, &r[insn->b], &row))
        return false;
    if (insn->op == GW_VMOP_ROWX && GW_UNLIKELY(!row || !row->living))
        return gw_vm_absent(run, entity, &r[insn->b]);
    if (insn->op == GW_VMOP_EXISTS) {
        r[insn->a].u = row && row->living;
    } else {
        r[insn->a] = gw_reg_of_row(row);
    }
    return true;
}

void gw_vm_not_created(struct gw_vm_state *run, enum gw_vm_rc rc)
{
    if (gw_vm_answer(run, rc))
        gw_vm_abort(run, GW_ABORT_EXISTS); /* ABSENT is no answer to create */
}

bool gw_vm_do_delete_row(struct gw_vm_state *run, struct gw_vm_row *row)
{
    struct gw_vm_host *host = run->vm->host;
    if (!row || !row->living)
        return true;
    return gw_vm_answer(run, host->remove(host->ctx, row));
}

/** `delete E[k]`: nothing when absent; x: `delete E[k]!` */
bool gw_vm_do_delete_key(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_vm_host *host = run->vm->host;
    const struct gw_program_entity *entity = run->vm->program->entities[insn->c];
    struct gw_vm_row *row = NULL;
    enum gw_vm_rc rc = host->row(host->ctx, entity, &r[insn->b], &row);
    if (!gw_vm_answer(run, rc))
        return false;
    if (rc == GW_VM_ABSENT || !row->living)
        return insn->x ? gw_vm_absent(run, entity, &r[insn->b]) : true;
    return gw_vm_do_delete_row(run, row);
}

bool gw_vm_do_table(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_vm_host *host = run->vm->host;
    const struct gw_table_decl *table = run->vm->program->tables[insn->c];
    if (insn->op == GW_VMOP_TPUT)
        return gw_vm_answer(run, host->table_put(host->ctx, table, &r[insn->b]));
    if (insn->op == GW_VMOP_TDROP)
        return gw_vm_answer(run, host->table_drop(host->ctx, table, &r[insn->b]));
    union gw_value *fields = NULL;
    enum gw_vm_rc rc = host->table_get(host->ctx, table, &r[insn->b], run->vm->arena, &fields);
    if (!gw_vm_answer(run, rc))
        return false;
    r[insn->a].opt = NULL;
    if (rc == GW_VM_ABSENT)
        return true;
    union gw_value *row = gw_arena_get_raw(run->vm->arena, sizeof(*row));
    if (!row)
        return gw_vm_nomem(run);
    row->list.items = fields;
    row->list.count = table->field_count;
    r[insn->a].opt = row;
    return true;
}

bool gw_vm_do_lookup(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_vm_host *host = run->vm->host;
    const struct gw_index_decl *index = run->vm->program->indexes[insn->c];
    struct gw_vm_row *row = NULL;
    enum gw_vm_rc rc = host->lookup(host->ctx, index, &r[insn->b], &row);
    if (!gw_vm_answer(run, rc))
        return false;
    r[insn->a] = gw_reg_of_row(rc == GW_VM_OK ? row : NULL);
    return true;
}

/** A list of tuples, so that a fiber can store it as any other value. */
bool gw_vm_do_range(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_code_range *range = &run->code->ranges[insn->c];
    struct gw_vm_host *host = run->vm->host;
    struct gw_vm_range ask = {.table = range->table,
                              .index = range->index,
                              .kind = range->kind,
                              .values = &r[insn->b],
                              .count = range->count,
                              .limit = range->limit,
                              .reverse = range->reverse};
    union gw_value **rows = NULL;
    uint32_t count = 0;
    if (!gw_vm_answer(run, host->range(host->ctx, &ask, run->vm->arena, &rows, &count)))
        return false;
    GW_ASSERT(count <= range->limit);
    union gw_value *items = gw_arena_get_raw(run->vm->arena, (count ? count : 1) * sizeof(*items));
    if (!items)
        return gw_vm_nomem(run);
    for (uint32_t i = 0; i < count; i++) {
        items[i].list.items = rows[i];
        items[i].list.count = range->row_fields;
    }
    r[insn->a].list.items = items;
    r[insn->a].list.count = count;
    return true;
}

/** x: b holds the group. */
bool gw_vm_do_counter(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_vm_host *host = run->vm->host;
    const struct gw_counter_decl *counter = run->vm->program->counters[insn->c];
    union gw_value value = {.i = 0};
    enum gw_vm_rc rc = host->counter(host->ctx, counter, insn->x ? &r[insn->b] : NULL, &value);
    if (!gw_vm_answer(run, rc))
        return false;
    r[insn->a] = value;
    return true;
}

bool gw_vm_do_emit(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_code_emit *emit = &run->code->emits[insn->c];
    struct gw_vm_host *host = run->vm->host;
    return gw_vm_answer(run,
                        host->emit(host->ctx, emit->event, emit->fields, &r[insn->b], emit->count));
}

bool gw_vm_do_rand(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_vm_context *at = &run->vm->at;
    uint8_t bytes[20];
    uint32_t tail[3] = {at->record, at->slice, run->rands++};
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(at->index >> (8 * i));
    for (unsigned i = 0; i < 12; i++)
        bytes[8 + i] = (uint8_t)(tail[i / 4] >> (8 * (i % 4)));
    r[insn->a].u = gw_hash64((struct gw_bytes){bytes, sizeof(bytes)}, 0);
    return true;
}

/** Prefetch: remember a key; the same key twice is the caller's to coalesce. */
bool gw_vm_do_key(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_program_entity *entity = run->vm->program->entities[insn->c];
    size_t bytes = entity->entity.key_count * sizeof(union gw_value);
    union gw_value *key = gw_arena_get_raw(run->vm->arena, bytes);
    if (!key)
        return gw_vm_nomem(run);
    memcpy(key, &r[insn->b], bytes);
    GW_ASSERT(run->key_count < run->key_cap);
    run->keys[run->key_count++] = (struct gw_vm_key){entity, key};
    return true;
}

/** Are two copies the same in the fields that both homes hold? c: number of the set of fields; data word: a = entity. */
bool gw_vm_do_same(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    const struct gw_entity *entity = &run->vm->program->entities[insn[1].a]->entity;
    const struct gw_code_set *set = &run->code->sets[insn[1].b];
    bool one = r[insn->b + 1].u, two = r[insn->c + 1].u;
    bool same = one == two;
    for (uint32_t i = 0; i < set->count && same && one; i++) {
        uint32_t field = set->items[i];
        same = gw_value_equal(entity->fields[field].type, r[insn->b].list.items[field],
                              r[insn->c].list.items[field]);
    }
    r[insn->a].u = same;
    return true;
}

bool gw_vm_do_take(struct gw_vm_state *run, const struct gw_insn *insn, union gw_value *r)
{
    struct gw_vm_onboarded *ret = run->onboarded;
    run->ret->status = GW_VM_DONE;
    ret->taken = -1;
    if (insn->op == GW_VMOP_REJECT) {
        ret->rejected = true;
        ret->reason = gw_bytes_text(run->code->consts[insn->b].bytes);
        return false;
    }
    ret->rejected = false;
    if (insn->op == GW_VMOP_TAKE)
        ret->taken = insn->x;
    ret->fields = r[insn->a].list.items; /* NULL: the absent copy was taken */
    return false;
}
