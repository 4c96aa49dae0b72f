/* A byte changed on the disk while nobody looked: the engine refuses with the place, or it did not matter. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "os/file.h"
#include "os/heap.h"

enum { FILE_MAX = 4 << 20, ACCOUNTS = 4 };

/** All files of a state folder, to put them back. */
struct kept {
    char path[512];
    struct gw_bytes bytes;
};
struct keep {
    struct gw_arena arena;
    struct kept files[64];
    uint32_t count;
    struct gw_hash128 sum; /* of the undamaged state … */
    uint64_t index;        /* … as of here */
};

static void keep_folder(struct keep *keep, const char *folder)
{
    struct gw_text *names = NULL;
    size_t count = 0;
    struct gw_err err;
    assert_ok(gw_folder_list(folder, &keep->arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        struct gw_file_info info;
        struct kept *kept = &keep->files[keep->count];
        (void)snprintf(kept->path, sizeof(kept->path), "%s/%s", folder, names[i].data);
        assert_ok(gw_path_info(kept->path, &info, &err), &err);
        if (info.type == GW_FILE_FOLDER) {
            char inner[512];
            memcpy(inner, kept->path, sizeof(inner));
            keep_folder(keep, inner);
            continue;
        }
        assert_ok(gw_file_load(kept->path, &keep->arena, FILE_MAX, &kept->bytes, &err), &err);
        assert_true(++keep->count < GW_COUNT_OF(keep->files));
    }
}

static void write_file(const char *path, struct gw_bytes bytes)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

/** The folder as it was kept, without anything that came since. */
static void put_back(const struct keep *keep, const char *state)
{
    char path[512];
    struct gw_err err;
    gw_kit_remove(state);
    static const char *const folders[] = {"journal", "live", "checkpoint"};
    for (size_t i = 0; i < GW_COUNT_OF(folders); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", state, folders[i]);
        assert_ok(gw_folder_make_all(path, &err), &err);
    }
    for (uint32_t i = 0; i < keep->count; i++) {
        (void)snprintf(path, sizeof(path), "%s", keep->files[i].path);
        *strrchr(path, '/') = '\0';
        assert_ok(gw_folder_make_all(path, &err), &err);
        write_file(keep->files[i].path, keep->files[i].bytes);
    }
}

/** Payments with two checkpoints between them; then the power goes (or it is closed). Memory stores: they outlive it. */
static void make_state(struct bank *bank, struct keep *keep, bool clean)
{
    *keep = (struct keep){0};
    gw_arena_init(&keep->arena, &gw_kit_alloc, 64 << 20);
    bank_init(bank, BANK_MEMORY, "");
    bank->opts.segment_bytes = 32 << 10;
    bank->opts.kv_bytes_max = 1 << 20;
    bank_open(bank);
    bank_prepare(bank);
    bank_deploy(bank);
    bank_session(bank);
    for (uint64_t id = 1; id <= ACCOUNTS; id++) {
        struct gw_request *asked = bank_call(bank, "open");
        bank_args(asked, "ud", id, (int64_t)10000);
        bank_ask_ok(bank, asked);
        gw_request_free(asked);
    }
    for (uint64_t i = 0; i < 8; i++) {
        bank_pay(bank, i % ACCOUNTS + 1, (i + 1) % ACCOUNTS + 1, 100);
        if (i == 2 || i == 4)
            assert_int_equal(bank_simple(bank, GW_REQUEST_CHECKPOINT, "", ""), GW_OK);
    }
    bank_drain(bank);
    keep->sum = bank_sum(bank, &keep->index);
    if (clean)
        bank_close(bank);
    keep_folder(keep, bank->state);
    if (!clean)
        bank_close(bank);
}

/** What a power cut leaves: the live state and the boot id count for nothing. */
static void cut_power(const char *state)
{
    char path[512];
    static const char *const names[] = {"open", "clean", "journal/durable"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", state, names[i]);
        (void)gw_path_remove(path, NULL);
    }
}

struct tally {
    uint32_t tried, refused, harmless;
};

/** Opens and compares; the claim of the new life is its own batch. */
static void judge(struct bank *bank, const struct keep *keep, const char *file, uint64_t at,
                  struct tally *tally)
{
    struct gw_err err;
    tally->tried++;
    gw_rc rc = bank_try_open(bank, &err);
    if (rc < 0) {
        if ((rc != GW_CORRUPT && rc != GW_INVALID) || err.code / 100 != 27)
            fail_msg("%s byte %d: refused with GW%u %s", file, (int)at, (unsigned)err.code,
                     err.msg);
        tally->refused++;
        return;
    }
    if (bank->report.index != keep->index)
        fail_msg("%s byte %d: opened at batch %d instead of %d (%s)", file, (int)at,
                 (int)bank->report.index, (int)keep->index, bank->report.torn);
    for (uint64_t id = 1; id <= ACCOUNTS; id++)
        assert_int_equal(bank_balance(bank, id), 10000);
    tally->harmless++;
    bank_close(bank);
}

static bool is_wanted(const struct keep *keep, uint32_t file, const char *part)
{
    return strstr(keep->files[file].path, part) != NULL;
}

/** Flips bits of `part`: all bytes of small files, every used part and a sample of large ones. */
static struct tally flip(struct bank *bank, struct keep *keep, const char *part, bool power)
{
    struct tally tally = {0};
    struct gw_rand rand;
    const char *longer = getenv("GW_FLIP_LONG"); /* NOLINT(concurrency-mt-unsafe) */
    gw_rand_init(&rand, 11);
    for (uint32_t f = 0; f < keep->count; f++) {
        const struct kept *kept = &keep->files[f];
        if (!is_wanted(keep, f, part))
            continue;
        uint64_t at = 0;
        while (at < kept->bytes.len) {
            struct gw_bytes copy = gw_arena_copy(&keep->arena, kept->bytes);
            uint8_t *bytes = (uint8_t *)(uintptr_t)copy.data;
            put_back(keep, bank->state);
            if (power)
                cut_power(bank->state);
            bytes[at] ^= (uint8_t)(1U << gw_rand_below(&rand, 8));
            write_file(kept->path, copy);
            judge(bank, keep, kept->path, at, &tally);
            if (longer && longer[0] == '1')
                at += at < 256 || kept->bytes.len < 2048 ? 1 : 13;
            else
                at += kept->bytes.len < 300 ? 1 + gw_rand_below(&rand, 12)
                                            : 1 + gw_rand_below(&rand, kept->bytes.len / 40);
        }
    }
    return tally;
}

static void done(struct bank *bank, struct keep *keep)
{
    gw_arena_done(&keep->arena);
    bank_done(bank);
}

static void a_flipped_byte_of_the_journal_is_found(void **state)
{
    struct bank bank;
    struct keep keep;
    (void)state;
    for (int clean = 0; clean < 2; clean++) {
        make_state(&bank, &keep, clean == 1);
        struct tally tally = flip(&bank, &keep, ".gwj", true);
        print_message("journal, %s: %u flips, %u refused, %u harmless\n",
                      clean ? "closed" : "cut off", tally.tried, tally.refused, tally.harmless);
        assert_true(tally.refused > 0);
        done(&bank, &keep);
    }
}

static void a_flipped_byte_of_a_checkpoint_is_passed_over(void **state)
{
    struct bank bank;
    struct keep keep;
    (void)state;
    make_state(&bank, &keep, false);
    struct tally data = flip(&bank, &keep, "/data", true);
    struct tally manifest = flip(&bank, &keep, "/manifest", true);
    print_message("checkpoints: %u flips, %u refused, %u harmless\n", data.tried + manifest.tried,
                  data.refused + manifest.refused, data.harmless + manifest.harmless);
    assert_true(data.tried > 20 && manifest.tried > 10);
    done(&bank, &keep);
}

static void flipped_markers_never_lead_astray(void **state)
{
    static const char *const names[] = {"/node", "/open", "/clean", "/durable"};
    struct bank bank;
    struct keep keep;
    (void)state;
    make_state(&bank, &keep, true);
    for (size_t i = 0; i < GW_COUNT_OF(names); i++) {
        struct tally tally = flip(&bank, &keep, names[i], false);
        print_message("%s: %u flips, %u refused, %u harmless\n", names[i], tally.tried,
                      tally.refused, tally.harmless);
        assert_true(tally.tried > 0);
    }
    done(&bank, &keep);
}

/** A checkpoint alone is no promise: without the journal that follows it nothing may be opened. */
static void a_state_without_its_journal_is_refused(void **state)
{
    struct bank bank;
    struct keep keep;
    struct gw_err err;
    (void)state;
    make_state(&bank, &keep, true);
    put_back(&keep, bank.state);
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/journal", bank.state);
    gw_kit_remove(path);
    assert_int_equal(bank_try_open(&bank, &err), GW_CORRUPT);
    assert_int_equal(err.code, 2707);
    done(&bank, &keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_byte_of_the_journal_is_found),
        cmocka_unit_test(a_flipped_byte_of_a_checkpoint_is_passed_over),
        cmocka_unit_test(flipped_markers_never_lead_astray),
        cmocka_unit_test(a_state_without_its_journal_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
