/* FETCHED, PAGE, WARM: what the stores said. A first read of a key is decided by the entity's rule (onboarding); a
 * later one must show what is acked or intended, or it is a foreign change (engine spec 4, 5.3, 15). */
#include "ledger/evidence.h"
#include "codec/cbor.h"
#include "ledger/intent.h"
#include "ledger/phase.h"

enum { COPY_FIELDS = 4 };

/* ---- copies of a key, gathered until they suffice ---- */

static void copies_key(const struct gw_program_entity *entity, struct gw_bytes key,
                       struct gw_state_key *ret)
{
    gw_key_of(ret, GW_TABLE_COPY, entity->entity.id, key);
}

static gw_rc copies_get(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                        struct gw_bytes key, struct gw_copies *ret, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_bytes stored;
    *ret = (struct gw_copies){0};
    copies_key(entity, key, &at);
    gw_rc rc = gw_state_get(ledger, &at, &stored, err);
    if (rc == GW_NOTFOUND)
        return GW_OK;
    GW_TRY(rc);
    struct gw_cbor_reader r = gw_cbor_reader(gw_scratch_copy(ledger, stored));
    size_t count = gw_cbor_get_array(&r);
    for (size_t i = 0; i < count && i < GW_HOMES_MAX; i++) {
        struct gw_copy *copy = &ret->items[ret->count++];
        gw_cbor_get_array_of(&r, COPY_FIELDS);
        copy->home = (uint32_t)gw_cbor_get_uint_to(&r, UINT32_MAX);
        copy->seen.present = gw_cbor_get_bool(&r);
        copy->seen.ver = gw_cbor_take_null(&r) ? GW_VERSION_NONE : gw_cbor_get_uint(&r);
        copy->image = gw_cbor_get_bytes(&r);
    }
    return gw_cbor_check(&r, GW_CORRUPT, "copies", err);
}

static gw_rc copies_put(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                        struct gw_bytes key, const struct gw_copies *copies, struct gw_err *err)
{
    struct gw_state_key at;
    struct gw_buf *pair = &ledger->pair;
    copies_key(entity, key, &at);
    gw_buf_reset(pair);
    gw_cbor_put_array(pair, copies->count);
    for (uint32_t i = 0; i < copies->count; i++) {
        const struct gw_copy *copy = &copies->items[i];
        gw_cbor_put_array(pair, COPY_FIELDS);
        gw_cbor_put_uint(pair, copy->home);
        gw_cbor_put_bool(pair, copy->seen.present);
        if (copy->seen.ver == GW_VERSION_NONE)
            gw_cbor_put_null(pair);
        else
            gw_cbor_put_uint(pair, copy->seen.ver);
        gw_cbor_put_bytes(pair, copy->image);
    }
    GW_TRY(gw_buf_check(pair, "copies", err));
    return gw_state_put(ledger, &at, gw_buf_bytes(pair), err);
}

static gw_rc copies_drop(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                         struct gw_bytes key, struct gw_err *err)
{
    struct gw_state_key at;
    copies_key(entity, key, &at);
    return gw_state_del(ledger, &at, err);
}

static struct gw_copy *copy_of(struct gw_copies *copies, uint32_t home)
{
    for (uint32_t i = 0; i < copies->count; i++)
        if (copies->items[i].home == home)
            return &copies->items[i];
    return NULL;
}

static void copies_add(struct gw_copies *copies, const struct gw_evidence *evidence)
{
    struct gw_copy *copy = copy_of(copies, evidence->home->home.id);
    if (copy == NULL) {
        GW_ASSERT(copies->count < GW_HOMES_MAX);
        copy = &copies->items[copies->count++];
    }
    *copy = (struct gw_copy){evidence->home->home.id, evidence->seen, evidence->image};
}

/* ---- onboarding ---- */

/** The copies as the rule sees them: fields of each home, in the entity's order of homes. */
struct onboarding {
    const struct gw_program_entity *entity;
    struct gw_bytes key;
    struct gw_vm_copy copies[GW_HOMES_MAX];
    bool *covered[GW_HOMES_MAX]; /* which fields a copy holds */
    struct gw_copy *raw[GW_HOMES_MAX];
    gw_version known_ver; /* highest version seen; 0 if none */
    uint32_t present;
};

static union gw_value zero_value(const struct gw_field *field)
{
    return field->has_default ? field->default_value : (union gw_value){0};
}

static gw_rc copy_fields(struct gw_ledger *ledger, struct onboarding *on, uint32_t i,
                         struct gw_err *err)
{
    const struct gw_program_home *home = on->entity->homes[i];
    const struct gw_entity *entity = &on->entity->entity;
    union gw_value *columns =
        GW_NEW_ARRAY(&ledger->scratch, union gw_value, home->home.column_count);
    union gw_value *fields = GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
    on->covered[i] = GW_NEW_ARRAY(&ledger->scratch, bool, entity->field_count);
    if (columns == NULL || fields == NULL || on->covered[i] == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t f = 0; f < entity->field_count; f++)
        fields[f] = zero_value(&entity->fields[f]);
    GW_TRY(gw_home_image_decode(&home->home, on->raw[i]->image, &ledger->scratch, columns, err));
    GW_TRY(gw_unproject(ledger->program, home, columns, &ledger->scratch, fields, on->covered[i],
                        err));
    on->copies[i] =
        (struct gw_vm_copy){.present = true, .ver = on->raw[i]->seen.ver, .fields = fields};
    on->present++;
    return GW_OK;
}

static gw_rc onboarding_load(struct gw_ledger *ledger, struct gw_copies *copies,
                             struct onboarding *on, struct gw_err *err)
{
    for (uint32_t i = 0; i < on->entity->home_count; i++) {
        on->raw[i] = copy_of(copies, on->entity->homes[i]->home.id);
        GW_ASSERT(on->raw[i] != NULL);
        on->copies[i] = (struct gw_vm_copy){.ver = on->raw[i]->seen.ver};
        if (on->raw[i]->seen.ver != GW_VERSION_NONE)
            on->known_ver = GW_MAX(on->known_ver, on->raw[i]->seen.ver);
        if (on->raw[i]->seen.present)
            GW_TRY(copy_fields(ledger, on, i, err));
    }
    return GW_OK;
}

/** The copy whose fields win: by preference, else the first that is there. */
static uint32_t preferred(const struct onboarding *on)
{
    const struct gw_onboard *rule = &on->entity->onboard;
    for (uint32_t i = 0; i < rule->prefer_count; i++)
        if (on->copies[rule->prefer[i]].present)
            return rule->prefer[i];
    uint32_t first = 0;
    while (!on->copies[first].present)
        first++;
    return first;
}

/** Fields that the winning copy's home does not hold come from the others, in the order of homes. */
static void fill_uncovered(const struct onboarding *on, uint32_t base, union gw_value *fields)
{
    for (uint32_t f = 0; f < on->entity->entity.field_count; f++) {
        for (uint32_t i = 0; !on->covered[base][f] && i < on->entity->home_count; i++) {
            if (!on->copies[i].present || !on->covered[i][f])
                continue;
            fields[f] = on->copies[i].fields[f];
            break;
        }
    }
}

/** Without a rule the copies must agree wherever two hold the same field. @return the field, or UINT32_MAX */
static uint32_t disagreement(const struct onboarding *on, uint32_t base)
{
    for (uint32_t f = 0; f < on->entity->entity.field_count; f++)
        for (uint32_t i = 0; i < on->entity->home_count; i++)
            if (on->copies[i].present && on->covered[i][f] && on->covered[base][f] &&
                !gw_value_equal(on->entity->entity.fields[f].type, on->copies[i].fields[f],
                                on->copies[base].fields[f]))
                return f;
    return UINT32_MAX;
}

static gw_rc by_rule(struct gw_ledger *ledger, const struct onboarding *on,
                     struct gw_vm_onboarded *ret, struct gw_err *err)
{
    const struct gw_onboard *rule = &on->entity->onboard;
    struct gw_vm_copy ordered[GW_HOMES_MAX];
    uint32_t count = rule->rule_count;
    GW_ASSERT(count <= GW_HOMES_MAX);
    for (uint32_t i = 0; i < count; i++)
        ordered[i] = on->copies[rule->rule_homes[i]];
    struct gw_vm vm = {.program = ledger->program,
                       .arena = &ledger->scratch,
                       .at = {.time_ns = ledger->head.time_ns,
                              .index = ledger->head.index,
                              .record = ledger->records}};
    GW_TRY(gw_vm_onboard(&vm, rule->rule, ordered, count, ret, err));
    if (!ret->rejected && ret->taken >= 0 && ret->fields)
        fill_uncovered(on, rule->rule_homes[ret->taken], ret->fields);
    return GW_OK;
}

static gw_rc choose(struct gw_ledger *ledger, const struct onboarding *on,
                    struct gw_vm_onboarded *ret, struct gw_err *err)
{
    const struct gw_entity *entity = &on->entity->entity;
    *ret = (struct gw_vm_onboarded){0};
    if (on->entity->onboard.rule)
        return by_rule(ledger, on, ret, err);
    uint32_t base = preferred(on);
    uint32_t differs = on->entity->onboard.prefer_count ? UINT32_MAX : disagreement(on, base);
    if (differs != UINT32_MAX) {
        ret->rejected = true;
        ret->reason = gw_arena_printf(&ledger->scratch,
                                      "the homes differ in %.*s and there is no `onboard` rule",
                                      GW_TEXT_ARG(entity->fields[differs].name));
        return GW_OK;
    }
    ret->fields = GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->field_count);
    if (ret->fields == NULL)
        return GW_FAIL_NOMEM(err);
    memcpy(ret->fields, on->copies[base].fields, entity->field_count * sizeof(*ret->fields));
    fill_uncovered(on, base, ret->fields);
    return GW_OK;
}

static void acked_from_copies(const struct onboarding *on, struct gw_meta *meta)
{
    gw_meta_init(meta, on->entity);
    for (uint32_t i = 0; i < on->entity->home_count; i++) {
        meta->homes[i].acked = on->raw[i]->seen;
        if (on->raw[i]->seen.present)
            meta->homes[i].acked.hash =
                gw_home_hash(&on->entity->homes[i]->home, on->raw[i]->image);
    }
}

/** Kept when every home shows the decided row with one and the same version. */
static gw_rc decided_version(struct gw_ledger *ledger, const struct onboarding *on,
                             const struct gw_meta *meta, const union gw_value *fields,
                             gw_version *ret, struct gw_err *err)
{
    bool same = true;
    for (uint32_t i = 0; i < on->entity->home_count && same; i++) {
        struct gw_projection target;
        GW_TRY(gw_project(ledger->program, on->entity->homes[i], fields, &ledger->scratch, &target,
                          err));
        const struct gw_seen *acked = &meta->homes[i].acked;
        same = acked->present == target.present &&
               (!target.present ||
                (gw_hash128_equal(acked->hash, target.hash) && acked->ver == on->known_ver));
    }
    *ret = same && on->known_ver > 0 ? on->known_ver : on->known_ver + 1;
    return GW_OK;
}

static gw_rc onboard_living(struct gw_ledger *ledger, const struct onboarding *on,
                            struct gw_meta *meta, const union gw_value *fields, struct gw_err *err)
{
    const struct gw_entity *entity = &on->entity->entity;
    struct gw_buf image;
    uint8_t *memory = gw_arena_get_raw(&ledger->scratch, entity->image_bytes_max);
    struct gw_change change = {
        .entity = on->entity, .key = on->key, .before = meta, .new_fields = fields};
    if (memory == NULL)
        return GW_FAIL_NOMEM(err);
    gw_buf_init_fixed(&image, memory, entity->image_bytes_max);
    gw_image_encode(entity, fields, &image);
    GW_TRY(gw_buf_check(&image, "image", err));
    change.new_image = gw_buf_bytes(&image);
    GW_TRY(decided_version(ledger, on, meta, fields, &change.ver, err));
    return gw_change_apply(ledger, &change, err);
}

/** A key that cannot be decided: its pair is a tombstone in CONFLICT, with the copies as acked. */
static gw_rc onboard_reject(struct gw_ledger *ledger, const struct onboarding *on,
                            struct gw_meta *meta, struct gw_text reason, struct gw_err *err)
{
    meta->ver = on->known_ver;
    GW_TRY(gw_pair_put(ledger, on->entity->entity.id, on->key, NULL, meta, err));
    uint32_t source = on->present ? preferred(on) : 0;
    const struct gw_finding finding = {
        .entity = on->entity,
        .key = on->key,
        .home = on->entity->homes[source],
        .conflict = GW_CONFLICT_REJECTED,
        .found_by = "onboard",
        .expected = {.ver = GW_VERSION_NONE},
        .found = on->raw[source]->seen,
        .found_image = on->raw[source]->image,
        .text = reason,
        .key_scope = true,
    };
    return gw_halt_raise(ledger, &finding, err);
}

static gw_rc onboard(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                     struct gw_bytes key, struct gw_copies *copies, struct gw_err *err)
{
    struct onboarding on = {.entity = entity, .key = key};
    struct gw_meta meta;
    struct gw_vm_onboarded decided;
    GW_TRY(onboarding_load(ledger, copies, &on, err));
    acked_from_copies(&on, &meta);
    GW_TRY(copies_drop(ledger, entity, key, err));
    if (on.present == 0)
        return gw_pair_put(ledger, entity->entity.id, key, NULL, &meta, err);
    GW_TRY(choose(ledger, &on, &decided, err));
    if (decided.rejected)
        return onboard_reject(ledger, &on, &meta, decided.reason, err);
    gw_rc rc = onboard_living(ledger, &on, &meta, decided.fields, err);
    if (rc == GW_EXISTS)
        return onboard_reject(ledger, &on, &meta,
                              GW_TEXT_LIT("another row has the same value in a unique index"), err);
    return rc;
}

/* ---- evidence about a known key ---- */

/** A copy kept from an earlier fetch that is not what its home acknowledged meanwhile is forgotten. */
static void drop_stale(struct gw_ledger *ledger, struct gw_copies *copies,
                       const struct gw_meta *meta)
{
    struct gw_meta now = *meta;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < copies->count; i++) {
        const struct gw_copy *copy = &copies->items[i];
        const struct gw_program_home *home = gw_program_home_id(ledger->program, copy->home);
        const struct gw_meta_home *at = home ? gw_meta_home(&now, copy->home) : NULL;
        bool fits = at && copy->seen.present == at->acked.present &&
                    (!copy->seen.present ||
                     gw_hash128_equal(gw_home_hash(&home->home, copy->image), at->acked.hash));
        if (fits)
            copies->items[kept++] = *copy;
    }
    copies->count = kept;
}

/** Copies of an evicted key until they cover all fields; then the value is back. */
static gw_rc make_resident(struct gw_ledger *ledger, const struct gw_evidence *evidence,
                           const struct gw_meta *before, struct gw_err *err)
{
    const struct gw_program_entity *entity = evidence->home->owner;
    struct gw_copies copies;
    GW_TRY(copies_get(ledger, entity, evidence->key, &copies, err));
    drop_stale(ledger, &copies, before);
    copies_add(&copies, evidence);
    union gw_value *fields =
        GW_NEW_ARRAY(&ledger->scratch, union gw_value, entity->entity.field_count);
    bool *covered = GW_NEW_ARRAY(&ledger->scratch, bool, entity->entity.field_count);
    if (fields == NULL || covered == NULL)
        return GW_FAIL_NOMEM(err);
    for (uint32_t i = 0; i < copies.count; i++) {
        const struct gw_program_home *home =
            gw_program_home_id(ledger->program, copies.items[i].home);
        if (home == NULL || !copies.items[i].seen.present)
            continue;
        union gw_value *columns =
            GW_NEW_ARRAY(&ledger->scratch, union gw_value, home->home.column_count);
        if (columns == NULL)
            return GW_FAIL_NOMEM(err);
        GW_TRY(gw_home_image_decode(&home->home, copies.items[i].image, &ledger->scratch, columns,
                                    err));
        GW_TRY(
            gw_unproject(ledger->program, home, columns, &ledger->scratch, fields, covered, err));
    }
    for (uint32_t f = 0; f < entity->entity.field_count; f++)
        if (!covered[f])
            return copies_put(ledger, entity, evidence->key, &copies, err);
    struct gw_meta after = *before;
    gw_buf_reset(&ledger->pair);
    gw_image_encode(&entity->entity, fields, &ledger->pair);
    after.value = gw_scratch_copy(ledger, gw_buf_bytes(&ledger->pair));
    after.resident = true;
    after.touched = true;
    after.checks = (struct gw_bytes){NULL, 0};
    GW_TRY(copies_drop(ledger, entity, evidence->key, err));
    if (!gw_hash128_equal(gw_image_hash(&entity->entity, after.value), before->hash))
        return GW_FAIL_CODE(
            err, GW_CORRUPT, 2109,
            "%.*s: the homes are as acknowledged, yet their fields give another image",
            GW_TEXT_ARG(entity->entity.name));
    return gw_pair_put(ledger, entity->entity.id, evidence->key, before, &after, err);
}

/** Is there anything in this evidence to judge by? Older than the newest change there: read again (engine spec 5.3). */
static gw_rc judge(struct gw_ledger *ledger, const struct gw_evidence *evidence,
                   struct gw_meta *meta, struct gw_classified *ret, bool *ret_conclusive,
                   struct gw_err *err)
{
    struct gw_meta_home *at = gw_meta_home(meta, evidence->home->home.id);
    struct gw_intent intent;
    gw_rc rc = gw_intent_get(ledger, evidence->home, evidence->key, &intent, err);
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    bool open = rc == GW_OK;
    uint64_t changed = open ? GW_MAX(at->last_change, intent.index) : at->last_change;
    *ret_conclusive = evidence->asof >= changed;
    *ret = gw_classify_look(&at->acked, open ? &intent.seen : NULL, &evidence->seen);
    return GW_OK;
}

static gw_rc look_at_known(struct gw_ledger *ledger, const struct gw_evidence *evidence,
                           struct gw_meta *before, struct gw_err *err)
{
    struct gw_classified verdict;
    struct gw_meta meta = *before;
    bool conclusive = false;
    GW_TRY(judge(ledger, evidence, &meta, &verdict, &conclusive, err));
    if (!conclusive)
        return GW_OK;
    if (verdict.verdict != GW_VERDICT_CONFLICT) {
        bool wanted = before->living && !before->resident && evidence->keep;
        return wanted ? make_resident(ledger, evidence, before, err) : GW_OK;
    }
    if (before->state == GW_KEY_CONFLICT)
        return GW_OK; /* found already; a person is at it */
    const struct gw_finding finding = {
        .entity = evidence->home->owner,
        .key = evidence->key,
        .home = evidence->home,
        .conflict = verdict.conflict,
        .found_by = evidence->found_by,
        .expected = gw_meta_home(&meta, evidence->home->home.id)->acked,
        .found = evidence->seen,
        .found_image = evidence->image,
    };
    return gw_halt_raise(ledger, &finding, err);
}

gw_rc gw_evidence_apply(struct gw_ledger *ledger, const struct gw_evidence *evidence,
                        struct gw_err *err)
{
    const struct gw_program_entity *entity = evidence->home->owner;
    struct gw_meta meta;
    gw_rc rc = gw_pair_get(ledger, entity->entity.id, evidence->key, &meta, err);
    if (rc != GW_NOTFOUND)
        return rc < 0 ? rc : look_at_known(ledger, evidence, &meta, err);
    if (!evidence->keep)
        return GW_OK;
    struct gw_copies copies;
    GW_TRY(copies_get(ledger, entity, evidence->key, &copies, err));
    copies_add(&copies, evidence);
    if (copies.count < entity->home_count)
        return copies_put(ledger, entity, evidence->key, &copies, err);
    return onboard(ledger, entity, evidence->key, &copies, err);
}

/** A row that cannot be read as its types say stops its key (GW2107). */
gw_rc gw_evidence_problem(struct gw_ledger *ledger, const struct gw_program_home *home,
                          struct gw_bytes key, struct gw_text problem, const char *found_by,
                          struct gw_err *err)
{
    struct gw_meta before, meta;
    gw_rc rc = gw_pair_get(ledger, home->owner->entity.id, key, &before, err);
    if (rc == GW_NOTFOUND) {
        gw_meta_init(&meta, home->owner);
        GW_TRY(gw_pair_put(ledger, home->owner->entity.id, key, NULL, &meta, err));
    } else {
        GW_TRY(rc);
        if (before.state == GW_KEY_CONFLICT)
            return GW_OK;
    }
    const struct gw_finding finding = {
        .entity = home->owner,
        .key = key,
        .home = home,
        .conflict = GW_CONFLICT_REJECTED,
        .found_by = found_by,
        .expected = {.ver = GW_VERSION_NONE},
        .found = {.present = true, .ver = GW_VERSION_NONE},
        .text = problem,
        .key_scope = true,
    };
    return gw_halt_raise(ledger, &finding, err);
}

gw_rc gw_apply_fetched(struct gw_ledger *ledger, const struct gw_rec_fetched *rec,
                       struct gw_err *err)
{
    const struct gw_program_home *home =
        ledger->program ? gw_program_home_id(ledger->program, rec->home) : NULL;
    if (home == NULL || rec->outcome == GW_FETCHED_ERROR)
        return GW_OK; /* an error only informs; the calls that waited carry it themselves */
    struct gw_evidence evidence = {
        .home = home,
        .key = rec->key,
        .asof = rec->asof,
        .seen = {.present = rec->outcome == GW_FETCHED_VALUE, .ver = rec->ver},
        .image = rec->image,
        .found_by = "fetch",
        .keep = true,
    };
    if (evidence.seen.present)
        evidence.seen.hash = gw_home_hash(&home->home, rec->image);
    ledger->applying->wake_daemons = true;
    return gw_evidence_apply(ledger, &evidence, err);
}

gw_rc gw_apply_warm(struct gw_ledger *ledger, const struct gw_rec_warm *rec, struct gw_err *err)
{
    const struct gw_program_entity *entity =
        ledger->program ? gw_program_entity_id(ledger->program, rec->entity) : NULL;
    struct gw_meta meta;
    if (entity == NULL)
        return GW_OK;
    gw_rc rc = gw_pair_get(ledger, rec->entity, rec->key, &meta, err);
    if (rc == GW_NOTFOUND || meta.touched)
        return rc == GW_NOTFOUND ? GW_OK : rc;
    struct gw_meta after = meta;
    after.touched = true;
    return gw_pair_put(ledger, rec->entity, rec->key, &meta, &after, err);
}

/* ---- what the engine asks ---- */

/** The smallest set of homes that covers all fields: one if one suffices, else greedily in the order of homes. */
static uint32_t covering_homes(const struct gw_program_entity *entity)
{
    bool covered[GW_FIELDS_MAX] = {false};
    uint32_t homes = 0, left = entity->entity.field_count;
    while (left > 0) {
        uint32_t best = UINT32_MAX, best_new = 0;
        for (uint32_t i = 0; i < entity->home_count; i++) {
            uint32_t fresh = 0;
            for (uint32_t m = 0; m < entity->homes[i]->map_count; m++)
                fresh += !covered[entity->homes[i]->maps[m].field];
            if (fresh > best_new) {
                best = i;
                best_new = fresh;
            }
        }
        if (best == UINT32_MAX)
            break; /* field_without_home: such entities are never evicted */
        for (uint32_t m = 0; m < entity->homes[best]->map_count; m++)
            covered[entity->homes[best]->maps[m].field] = true;
        homes |= 1u << best;
        left -= best_new;
    }
    return homes;
}

gw_rc gw_ledger_fetch_plan(struct gw_ledger *ledger, const struct gw_program_entity *entity,
                           struct gw_bytes key, uint32_t *ret_homes, struct gw_err *err)
{
    struct gw_meta meta;
    struct gw_copies copies;
    gw_arena_reset(&ledger->scratch);
    gw_rc rc = gw_pair_get(ledger, entity->entity.id, key, &meta, err);
    if (rc == GW_OK && (meta.resident || !meta.living)) {
        *ret_homes = 0;
        return GW_OK;
    }
    if (rc < 0 && rc != GW_NOTFOUND)
        return rc;
    bool all = rc == GW_NOTFOUND || meta.state == GW_KEY_CONFLICT; /* some home still has it */
    uint32_t homes = all ? (1u << entity->home_count) - 1 : covering_homes(entity);
    GW_TRY(copies_get(ledger, entity, key, &copies, err));
    for (uint32_t i = 0; i < entity->home_count; i++)
        if (copy_of(&copies, entity->homes[i]->home.id))
            homes &= ~(1u << i);
    *ret_homes = homes;
    return GW_OK;
}

gw_rc gw_ledger_row_expected(struct gw_ledger *ledger, const struct gw_program_home *home,
                             struct gw_bytes key, const struct gw_seen *found, uint64_t asof,
                             bool *ret, struct gw_err *err)
{
    struct gw_meta meta;
    struct gw_classified verdict;
    bool conclusive = false;
    const struct gw_evidence evidence = {.home = home, .key = key, .asof = asof, .seen = *found};
    gw_arena_reset(&ledger->scratch);
    *ret = true;
    gw_rc rc = gw_pair_get(ledger, home->owner->entity.id, key, &meta, err);
    if (rc == GW_NOTFOUND) {
        struct gw_phase_state phase;
        GW_TRY(gw_ledger_phase(ledger, home->owner, &phase, err));
        *ret = phase.phase < GW_PHASE_VERIFIED;
        return GW_OK;
    }
    GW_TRY(rc);
    GW_TRY(judge(ledger, &evidence, &meta, &verdict, &conclusive, err));
    *ret = !conclusive || verdict.verdict != GW_VERDICT_CONFLICT || meta.state == GW_KEY_CONFLICT;
    return GW_OK;
}
