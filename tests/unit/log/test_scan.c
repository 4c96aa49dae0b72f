/* Every damage to a small segment, in memory: what was acknowledged is found whole, or the damage is named. */
#include "log/scan.h"

#include <stdlib.h>

#include "kit/kit.h"

enum { BLOCKS = 6, IMAGE = BLOCKS * GW_LOG_BLOCK, BATCHES_MAX = 64 };

/** A segment image, and where its batches are. */
struct made {
    uint8_t image[IMAGE];
    uint64_t at;           /* where the next sync goes */
    struct gw_sha256 hash; /* of the last batch */
    uint64_t next_index;
    uint64_t sync_from, sync_to; /* of the last sync: batch bytes, without padding */
    uint64_t sync_index;         /* its first batch */
    uint64_t ends[BATCHES_MAX];  /* ends[i]: end of batch 1 + i */
};

static uint8_t payload_memory[GW_LOG_BATCH_MAX];

/** Records of `bytes` each that hold no zero byte. */
static struct gw_log_batch make_batch(uint64_t index, uint32_t records, size_t bytes)
{
    uint8_t record[8192];
    struct gw_buf buf;
    assert_true(bytes <= sizeof(record));
    gw_buf_init_fixed(&buf, payload_memory, sizeof(payload_memory));
    for (uint32_t i = 0; i < records; i++) {
        memset(record, (int)(1 + (index + i) % 255), bytes);
        gw_log_record_put(&buf, (struct gw_bytes){record, bytes});
    }
    assert_false(buf.failed);
    return (struct gw_log_batch){.index = index,
                                 .epoch = 3,
                                 .time_ns = (int64_t)index * 1000,
                                 .records = records,
                                 .payload = gw_buf_bytes(&buf)};
}

static struct made *start(void)
{
    static struct made made;
    memset(&made, 0, sizeof(made));
    gw_log_segment_head_encode(
        &(struct gw_log_segment_head){.magic = "GWTEST01", .blocks = BLOCKS, .first_index = 1},
        made.image);
    made.at = GW_LOG_BLOCK;
    made.next_index = 1;
    return &made;
}

/** One sync of `count` batches with one record of `bytes` each. */
static void add_sync(struct made *made, unsigned count, size_t bytes)
{
    uint64_t at = made->at;
    made->sync_from = at;
    made->sync_index = made->next_index;
    for (unsigned i = 0; i < count; i++) {
        struct gw_log_batch batch = make_batch(made->next_index, 1, bytes);
        size_t total = gw_log_batch_bytes(batch.payload.len);
        assert_true(at + total <= IMAGE && (i == 0 || at % GW_LOG_SECTOR != 0));
        made->hash = gw_log_batch_encode(&batch, made->hash, made->image + at);
        gw_log_batch_number(made->image + at, i);
        at += total;
        made->ends[made->next_index - 1] = at;
        made->next_index++;
    }
    made->sync_to = at;
    made->at = gw_log_align(at, GW_LOG_BLOCK);
}

static struct gw_log_scan scan(const uint8_t *image, uint64_t hint)
{
    struct gw_log_scan ret;
    gw_log_scan((struct gw_bytes){image, IMAGE},
                &(struct gw_log_scan_opts){.index = 1, .hint_index = hint, .is_last = true}, &ret);
    return ret;
}

static void a_whole_segment_is_read_to_its_end(void **state)
{
    (void)state;
    struct made *made = start();
    struct gw_log_scan got = scan(made->image, 0);
    assert_int_equal(got.finding, GW_LOG_CLEAN);
    assert_int_equal(got.next_index, 1);
    assert_int_equal(got.end, GW_LOG_BLOCK);
    add_sync(made, 1, 200);
    add_sync(made, 3, 1000);
    add_sync(made, 3, 2000);
    got = scan(made->image, 7);
    assert_int_equal(got.finding, GW_LOG_CLEAN);
    assert_int_equal(got.next_index, 8);
    assert_int_equal(got.batches, 7);
    assert_int_equal(got.records, 7);
    assert_int_equal(got.end, made->at);
    assert_memory_equal(got.last_hash.bytes, made->hash.bytes, 32);
}

static void batches_that_the_hint_knows_must_be_there(void **state)
{
    (void)state;
    struct made *made = start();
    add_sync(made, 2, 500);
    struct gw_log_scan got = scan(made->image, 3);
    assert_int_equal(got.finding, GW_LOG_DAMAGED);
    assert_string_equal(got.why, "batches that were durable are missing");
    assert_int_equal(scan(made->image, 2).finding, GW_LOG_CLEAN);
}

static void every_flipped_bit_is_found_and_nothing_durable_is_cut(void **state)
{
    (void)state;
    struct made *made = start();
    static uint8_t image[IMAGE];
    add_sync(made, 1, 300);
    add_sync(made, 3, 200);
    add_sync(made, 2, 1500);
    uint64_t counts[3] = {0};
    for (uint64_t at = GW_LOG_HEAD_BYTES; at < IMAGE; at++) {
        /* all bits of what was written, one of each byte that never was */
        for (unsigned bit = 0; bit < (at < made->at ? 8 : 1); bit++) {
            memcpy(image, made->image, IMAGE);
            image[at] = (uint8_t)(image[at] ^ (1u << bit));
            struct gw_log_scan got = scan(image, 0);
            assert_int_not_equal(got.finding, GW_LOG_CLEAN);
            counts[got.finding]++;
            assert_true(got.bad_from < got.bad_to && got.why[0] != '\0');
            if (got.finding == GW_LOG_DAMAGED)
                assert_true(at + GW_LOG_BATCH_MAX > got.bad_from && at / 8 <= got.bad_to / 8);
            if (got.finding == GW_LOG_TORN) { /* only in space that never held anything */
                assert_true(at >= made->at);
                assert_int_equal(got.next_index, 7);
                assert_true(at >= got.bad_from && at < got.bad_to);
            }
        }
    }
    assert_true(counts[GW_LOG_TORN] > 0 && counts[GW_LOG_DAMAGED] > 0);
}

static void every_flipped_byte_of_a_sealed_segment_is_damage(void **state)
{
    (void)state;
    struct made *made = start();
    add_sync(made, 2, 700);
    for (uint64_t at = GW_LOG_HEAD_BYTES; at < IMAGE; at++) {
        struct gw_log_scan got;
        made->image[at] ^= 0x5a;
        gw_log_scan((struct gw_bytes){made->image, IMAGE},
                    &(struct gw_log_scan_opts){.index = 1, .is_last = false}, &got);
        made->image[at] ^= 0x5a;
        assert_int_equal(got.finding, GW_LOG_DAMAGED);
    }
}

static void segment_heads_refuse_every_flipped_bit(void **state)
{
    (void)state;
    struct made *made = start();
    struct gw_log_segment_head head;
    struct gw_err err;
    assert_ok(gw_log_segment_head_decode(made->image, &head, &err), &err);
    for (unsigned bit = 0; bit < 8 * GW_LOG_HEAD_BYTES; bit++) {
        made->image[bit / 8] = (uint8_t)(made->image[bit / 8] ^ (1u << bit % 8));
        assert_true(gw_log_segment_head_decode(made->image, &head, &err) < 0);
        made->image[bit / 8] = (uint8_t)(made->image[bit / 8] ^ (1u << bit % 8));
    }
}

/** The last sync with only the sectors of `mask` written, the rest of it still zero. */
static void tear(const struct made *made, uint64_t mask, uint8_t *ret)
{
    memcpy(ret, made->image, IMAGE);
    uint64_t sector = 0;
    for (uint64_t at = made->sync_from; at < made->at; at += GW_LOG_SECTOR, sector++)
        if (!(mask >> sector & 1))
            memset(ret + at, 0, GW_LOG_SECTOR);
}

/** Every subset of sectors of the last sync: what was durable before is kept, what is kept is whole. */
static void try_all_tears(const struct made *made)
{
    static uint8_t image[IMAGE];
    uint64_t sectors = (made->sync_to - made->sync_from + GW_LOG_SECTOR - 1) / GW_LOG_SECTOR;
    assert_true(sectors <= 14);
    for (uint64_t mask = 0; mask < UINT64_C(1) << sectors; mask++) {
        tear(made, mask, image);
        struct gw_log_scan got = scan(image, made->sync_index - 1);
        assert_int_not_equal(got.finding, GW_LOG_DAMAGED);
        assert_in_range(got.next_index, made->sync_index, made->next_index);
        bool is_whole = mask == (UINT64_C(1) << sectors) - 1;
        assert_int_equal(got.next_index == made->next_index, is_whole);
        assert_int_equal(got.finding == GW_LOG_CLEAN, is_whole || mask == 0);
        if (got.finding != GW_LOG_TORN)
            continue;
        /* the hint can only turn this into damage */
        assert_int_equal(scan(image, got.next_index).finding, GW_LOG_DAMAGED);
        /* zeroing the range makes it clean, and says the same */
        memset(image + got.bad_from, 0, got.bad_to - got.bad_from);
        struct gw_log_scan again = scan(image, made->sync_index - 1);
        assert_int_equal(again.finding, GW_LOG_CLEAN);
        assert_int_equal(again.next_index, got.next_index);
        assert_int_equal(again.end, got.end);
    }
}

static void every_torn_sync_is_cut_and_nothing_else(void **state)
{
    (void)state;
    struct made *made = start();
    add_sync(made, 1, 100);
    add_sync(made, 1, 6000); /* one batch over thirteen sectors */
    try_all_tears(made);
    made = start();
    add_sync(made, 2, 900);
    add_sync(made, 5, 1010); /* batches that begin within sectors */
    try_all_tears(made);
    made = start();
    add_sync(made, 4, 1100);
    try_all_tears(made); /* the first sync of a segment */
    made = start();
    add_sync(made, 1, 512 - 152);
    add_sync(made, 1, 1024 - 152); /* ends where a sector ends */
    try_all_tears(made);
}

static void a_log_cut_at_any_byte_keeps_only_whole_batches(void **state)
{
    (void)state;
    struct made *made = start();
    static uint8_t image[IMAGE];
    add_sync(made, 1, 300);
    add_sync(made, 3, 900);
    for (uint64_t cut = GW_LOG_BLOCK; cut <= made->at; cut++) {
        memcpy(image, made->image, IMAGE);
        memset(image + cut, 0, IMAGE - cut);
        struct gw_log_scan got = scan(image, 0);
        uint64_t whole = 0;
        while (whole < 4 &&
               made->ends[whole] - 7 <= cut) /* a batch ends with 7 zero bytes of its index */
            whole++;
        if (got.finding != GW_LOG_DAMAGED) /* a cut inside a sector is not a crash's doing */
            assert_int_equal(got.next_index, whole + 1);
        if (cut % GW_LOG_SECTOR == 0)
            assert_int_not_equal(got.finding, GW_LOG_DAMAGED);
        if (whole < 4)
            assert_int_equal(scan(image, whole + 1).finding, GW_LOG_DAMAGED);
    }
}

static void damage_before_a_later_sync_is_never_torn(void **state)
{
    (void)state;
    struct made *made = start();
    add_sync(made, 1, 2000);
    uint64_t from = made->sync_from, to = made->sync_to;
    add_sync(made, 1, 100);
    static uint8_t image[IMAGE];
    for (uint64_t at = from; at < to; at += GW_LOG_SECTOR) {
        memcpy(image, made->image, IMAGE);
        memset(image + at, 0, GW_LOG_SECTOR); /* a lost sector of an acknowledged sync */
        struct gw_log_scan got = scan(image, 0);
        assert_int_equal(got.finding, GW_LOG_DAMAGED);
        assert_int_equal(got.next_index, 1);
    }
}

static void stale_and_misplaced_sectors_are_damage(void **state)
{
    (void)state;
    struct made *made = start();
    static uint8_t image[IMAGE];
    add_sync(made, 1, 2000);
    add_sync(made, 1, 2000);
    for (uint64_t at = made->sync_from; at < made->sync_to; at += GW_LOG_SECTOR) {
        memcpy(image, made->image, IMAGE);
        memcpy(image + at, made->image + GW_LOG_BLOCK + (at - made->sync_from), GW_LOG_SECTOR);
        assert_int_equal(scan(image, 0).finding, GW_LOG_DAMAGED);
    }
    memcpy(image, made->image, IMAGE);
    memcpy(image + made->at, made->image + GW_LOG_BLOCK, GW_LOG_BLOCK); /* an old batch again */
    struct gw_log_scan got = scan(image, 0);
    assert_int_equal(got.finding, GW_LOG_DAMAGED);
    assert_string_equal(got.why, "batch has the wrong index");
}

/** A whole batch with right CRCs behind everything in `made`, then spoilt by its caller's wishes. */
static struct gw_log_scan scan_with_stranger(struct made *made, uint64_t index,
                                             struct gw_sha256 prev_hash, uint32_t number)
{
    struct gw_log_batch batch = make_batch(index, 1, 100);
    (void)gw_log_batch_encode(&batch, prev_hash, made->image + made->at);
    gw_log_batch_number(made->image + made->at, number);
    return scan(made->image, 0);
}

static void whole_batches_that_do_not_belong_are_damage(void **state)
{
    (void)state;
    struct made *made = start();
    add_sync(made, 2, 300);
    struct gw_sha256 other = made->hash;
    other.bytes[31] ^= 1;
    assert_int_equal(scan_with_stranger(made, 3, made->hash, 0).finding, GW_LOG_CLEAN);
    struct gw_log_scan got = scan_with_stranger(made, 3, other, 0);
    assert_int_equal(got.finding, GW_LOG_DAMAGED);
    assert_string_equal(got.why, "batch does not follow the hash of the one before");
    assert_int_equal(got.bad_from, made->at);
    got = scan_with_stranger(made, 3, made->hash, 1);
    assert_int_equal(got.finding, GW_LOG_DAMAGED);
    assert_string_equal(got.why, "batch has the wrong number in its sync");
    got = scan_with_stranger(made, 4, made->hash, 0);
    assert_int_equal(got.finding, GW_LOG_DAMAGED);
    assert_string_equal(got.why, "batch has the wrong index");
    assert_int_equal(got.next_index, 3);
}

static void the_hint_survives_a_torn_slot(void **state)
{
    (void)state;
    uint8_t file[GW_LOG_HINT_BYTES] = {0};
    assert_int_equal(gw_log_hint_decode((struct gw_bytes){file, 0}).index, 0);
    assert_int_equal(gw_log_hint_decode((struct gw_bytes){file, sizeof(file)}).damaged, 0);
    gw_log_hint_encode(7, 1, file + GW_LOG_SECTOR);
    gw_log_hint_encode(9, 2, file);
    struct gw_log_hint hint = gw_log_hint_decode((struct gw_bytes){file, sizeof(file)});
    assert_int_equal(hint.index, 9);
    assert_int_equal(hint.turn, 2);
    for (unsigned at = 0; at < GW_LOG_SECTOR; at++) {
        file[at] ^= 1;
        hint = gw_log_hint_decode((struct gw_bytes){file, sizeof(file)});
        assert_int_equal(hint.index, 7);
        assert_int_equal(hint.damaged, 1);
        file[at] ^= 1;
    }
    hint = gw_log_hint_decode((struct gw_bytes){file, 600});
    assert_int_equal(hint.index, 9);
    assert_int_equal(hint.damaged, 1);
}

static void records_come_out_as_they_went_in(void **state)
{
    (void)state;
    uint8_t memory[512];
    struct gw_buf buf;
    struct gw_err err;
    struct gw_bytes record;
    gw_buf_init_fixed(&buf, memory, sizeof(memory));
    for (size_t len = 0; len < 18; len++)
        gw_log_record_put(&buf, (struct gw_bytes){(const uint8_t *)"abcdefghijklmnopqr", len});
    struct gw_bytes payload = gw_buf_bytes(&buf);
    for (size_t len = 0; len < 18; len++) {
        assert_ok(gw_log_record_next(&payload, &record, &err), &err);
        assert_int_equal(record.len, len);
        assert_memory_equal(record.data, "abcdefghijklmnopqr", len);
    }
    assert_int_equal(gw_log_record_next(&payload, &record, &err), GW_NOTFOUND);
    memory[8 + 8 + 4] ^= 1; /* padding of the second */
    payload = gw_buf_bytes(&buf);
    assert_ok(gw_log_record_next(&payload, &record, &err), &err);
    assert_int_equal(gw_log_record_next(&payload, &record, &err), GW_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_segment_is_read_to_its_end),
        cmocka_unit_test(batches_that_the_hint_knows_must_be_there),
        cmocka_unit_test(every_flipped_bit_is_found_and_nothing_durable_is_cut),
        cmocka_unit_test(every_flipped_byte_of_a_sealed_segment_is_damage),
        cmocka_unit_test(segment_heads_refuse_every_flipped_bit),
        cmocka_unit_test(every_torn_sync_is_cut_and_nothing_else),
        cmocka_unit_test(a_log_cut_at_any_byte_keeps_only_whole_batches),
        cmocka_unit_test(damage_before_a_later_sync_is_never_torn),
        cmocka_unit_test(stale_and_misplaced_sectors_are_damage),
        cmocka_unit_test(whole_batches_that_do_not_belong_are_damage),
        cmocka_unit_test(the_hint_survives_a_torn_slot),
        cmocka_unit_test(records_come_out_as_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
