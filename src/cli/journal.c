/* godwit engine journal: show what stands at an index; verify a state folder, and say what a repair would lose. */
#include "cli/ask.h"
#include "cli/commands.h"
#include "log/scan.h"
#include "os/file.h"
#include "os/heap.h"

enum { SEGMENT_BYTES_MAX = 1 << 30, NAME_LEN = 24, DIGITS = 20 };

/** Reading all segments in order; nothing is changed. */
struct verify {
    struct gw_cli *cli;
    const char *folder;
    struct gw_text *names; /* of segments, in order */
    size_t count;
    uint64_t hint, next_index;
    struct gw_sha256 last_hash;
    uint64_t batches, records, bytes;
    /* the first damage, or the torn tail */
    enum gw_log_finding finding;
    struct gw_text bad_segment;
    uint64_t bad_from, bad_to;
    const char *why;
    uint64_t bytes_behind; /* of segments behind the one that is damaged */
};

static bool is_segment(struct gw_text name)
{
    return name.len == NAME_LEN && memcmp(name.data + DIGITS, ".gwj", 4) == 0;
}

static gw_rc list(struct verify *v, struct gw_err *err)
{
    struct gw_text *names;
    struct gw_bytes hint = {0};
    size_t count;
    struct gw_cli *cli = v->cli;
    GW_TRY(gw_folder_list(v->folder, &cli->arena, &names, &count, err));
    v->names = names;
    for (size_t i = 0; i < count; i++) {
        if (is_segment(names[i]))
            v->names[v->count++] = names[i];
    }
    const char *path = gw_arena_printf(&cli->arena, "%s/durable", v->folder).data;
    if (gw_file_load(path, &cli->arena, GW_LOG_BLOCK, &hint, NULL) == GW_OK)
        v->hint = gw_log_hint_decode(hint).index;
    return GW_OK;
}

static void found_bad(struct verify *v, size_t at, enum gw_log_finding finding, uint64_t from,
                      uint64_t to, const char *why)
{
    v->finding = finding;
    v->bad_segment = v->names[at];
    v->bad_from = from;
    v->bad_to = to;
    v->why = why;
}

static gw_rc read_one(struct verify *v, size_t at, struct gw_bytes image, struct gw_err *err)
{
    struct gw_log_segment_head head;
    struct gw_log_scan scan;
    if (image.len < GW_LOG_BLOCK || image.len % GW_LOG_BLOCK != 0) {
        found_bad(v, at, GW_LOG_DAMAGED, 0, image.len, "its size is not that of a segment");
        return GW_OK;
    }
    gw_rc rc = gw_log_segment_head_decode(image.data, &head, err);
    if (rc == GW_UNSUPPORTED)
        return rc;
    if (rc < 0) {
        found_bad(v, at, GW_LOG_DAMAGED, 0, GW_LOG_HEAD_BYTES, "its head is damaged");
        return GW_OK;
    }
    if (at > 0 && head.first_index != v->next_index) {
        found_bad(v, at, GW_LOG_DAMAGED, 0, image.len,
                  "it does not begin where the one before ends");
        return GW_OK;
    }
    const struct gw_log_scan_opts opts = {.index = head.first_index,
                                          .prev_hash = head.prev_hash,
                                          .hint_index = v->hint,
                                          .is_last = at + 1 == v->count};
    gw_log_scan(image, &opts, &scan);
    v->batches += scan.batches;
    v->records += scan.records;
    v->bytes += scan.data_bytes;
    v->next_index = scan.next_index;
    if (scan.finding != GW_LOG_CLEAN)
        found_bad(v, at, scan.finding, scan.bad_from, scan.bad_to, scan.why);
    return GW_OK;
}

static gw_rc read_all(struct verify *v, struct gw_err *err)
{
    for (size_t i = 0; i < v->count; i++) {
        struct gw_arena arena;
        struct gw_bytes image;
        const char *path =
            gw_arena_printf(&v->cli->arena, "%s/%.*s", v->folder, GW_TEXT_ARG(v->names[i])).data;
        gw_arena_init(&arena, gw_os_heap(), SEGMENT_BYTES_MAX);
        gw_rc rc = gw_file_load(path, &arena, SEGMENT_BYTES_MAX / 2, &image, err);
        if (rc == GW_OK && v->finding != GW_LOG_CLEAN) {
            v->bytes_behind += image.len;
        } else if (rc == GW_OK) {
            rc = read_one(v, i, image, err);
        }
        gw_arena_done(&arena);
        GW_TRY(rc);
    }
    return GW_OK;
}

static const char *finding_text(enum gw_log_finding finding)
{
    switch (finding) {
    case GW_LOG_CLEAN:
        return "clean";
    case GW_LOG_TORN:
        return "torn";
    case GW_LOG_DAMAGED:
        return "damaged";
    }
    return "?";
}

static void put_json(const struct verify *v)
{
    struct gw_json_writer w = gw_cli_json(v->cli);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {{"segments", v->count},           {"batches", v->batches},
                   {"records", v->records},          {"bytes", v->bytes},
                   {"next_index", v->next_index},    {"durable", v->hint},
                   {"bad_from", v->bad_from},        {"bad_to", v->bad_to},
                   {"bytes_behind", v->bytes_behind}};
    gw_json_put_name_str(&w, "finding");
    gw_json_put_str(&w, finding_text(v->finding));
    for (size_t i = 0; i < GW_COUNT_OF(numbers); i++) {
        gw_json_put_name_str(&w, numbers[i].name);
        gw_json_put_u64(&w, numbers[i].value);
    }
    gw_json_put_name_str(&w, "segment");
    gw_json_put_text(&w, v->bad_segment);
    gw_json_put_name_str(&w, "why");
    gw_json_put_str(&w, v->why ? v->why : "");
    gw_cli_json_end(v->cli, &w);
}

static void put_text(const struct verify *v)
{
    struct gw_cli *cli = v->cli;
    gw_cli_out(cli, "%zu segments, %llu batches, %llu records, %llu bytes; next index %llu: %s\n",
               v->count, (unsigned long long)v->batches, (unsigned long long)v->records,
               (unsigned long long)v->bytes, (unsigned long long)v->next_index,
               finding_text(v->finding));
    if (v->finding == GW_LOG_TORN) {
        gw_cli_out(cli,
                   "the last sync was cut short, bytes %llu to %llu of %.*s: %s\n"
                   "nobody was told that it is durable; the next start zeroes it\n",
                   (unsigned long long)v->bad_from, (unsigned long long)v->bad_to,
                   GW_TEXT_ARG(v->bad_segment), v->why);
    }
}

static gw_rc damage(const struct verify *v, struct gw_err *err)
{
    char name[NAME_LEN + 1] = "";
    memcpy(name, v->bad_segment.data, GW_MIN(v->bad_segment.len, (size_t)NAME_LEN));
    GW_FAIL_CODE(err, GW_CORRUPT, 2701, "bytes %llu to %llu are damaged: %s",
                 (unsigned long long)v->bad_from, (unsigned long long)v->bad_to, v->why);
    gw_err_place(err, gw_arena_printf(&v->cli->arena, "%s/%s", v->folder, name), 0, 0);
    gw_err_hint(err, "nothing was changed; `godwit engine journal repair --plan` says what is lost "
                     "without these bytes");
    return GW_CORRUPT;
}

static gw_rc verify(struct gw_cli *cli, bool is_plan, struct gw_err *err)
{
    struct verify v = {.cli = cli, .folder = gw_cli_state_path(cli, "journal")};
    GW_TRY(list(&v, err));
    GW_TRY(read_all(&v, err));
    if (cli->json) {
        put_json(&v);
    } else {
        put_text(&v);
    }
    if (is_plan && !cli->json && v.finding == GW_LOG_DAMAGED) {
        gw_cli_out(
            cli,
            "a repair would keep everything before index %llu and lose what is behind it: the "
            "rest of %.*s and %llu bytes of later segments, acknowledged or not\n",
            (unsigned long long)v.next_index, GW_TEXT_ARG(v.bad_segment),
            (unsigned long long)v.bytes_behind);
    }
    if (v.finding != GW_LOG_DAMAGED)
        return GW_OK;
    if (cli->json || is_plan) {
        cli->exit_code = gw_rc_exit(GW_CORRUPT);
        return GW_OK;
    }
    return damage(&v, err);
}

static gw_rc show(struct gw_cli *cli, struct gw_err *err)
{
    struct gw_cli_answer answer;
    const char *path =
        gw_arena_printf(&cli->arena, "/v1/engine/journal/%s", gw_cli_url(cli, cli->args[1]).data)
            .data;
    GW_TRY(gw_cli_ask(cli, "GET", path, GW_TEXT_LIT(""), &answer, err));
    if (cli->json) {
        gw_cli_answer_json(cli, &answer);
        return GW_OK;
    }
    const struct gw_json *root = gw_json_member(answer.doc.root, "batch");
    const struct gw_json *records = gw_json_member(root, "records");
    gw_cli_out(cli, "batch %.*s  epoch %.*s  time_ns %.*s\n",
               GW_TEXT_ARG(gw_cli_cell(cli, root, "index")),
               GW_TEXT_ARG(gw_cli_cell(cli, root, "epoch")),
               GW_TEXT_ARG(gw_cli_cell(cli, root, "time_ns")));
    for (const struct gw_json *at = records ? records->first : NULL; at; at = at->next)
        gw_cli_out(cli, "  %.*s\n", GW_TEXT_ARG(gw_cli_node_text(cli, at)));
    return GW_OK;
}

static gw_rc run(struct gw_cli *cli, struct gw_err *err)
{
    const char *verb = cli->arg_count ? cli->args[0] : "verify";
    if (strcmp(verb, "verify") == 0 && cli->arg_count <= 1)
        return verify(cli, false, err);
    if (strcmp(verb, "show") == 0 && cli->arg_count == 2)
        return show(cli, err);
    if (strcmp(verb, "repair") == 0 && cli->arg_count == 1) {
        if (gw_cli_flag(cli, "plan"))
            return verify(cli, true, err);
        GW_FAIL_CODE(err, GW_USAGE, 7203, "repair only plans: it never cuts a journal by itself");
        gw_err_hint(err, "add --plan");
        return GW_USAGE;
    }
    GW_FAIL_CODE(err, GW_USAGE, 7203, "`godwit engine journal %s` is no form of this command",
                 verb);
    gw_err_hint(err, "show INDEX, verify, or repair --plan");
    return GW_USAGE;
}

static const struct gw_cli_flag flags[] = {
    {"plan", 0, NULL, "with repair: say what would be lost; nothing is changed"},
    {NULL, 0, NULL, NULL},
};

const struct gw_cli_command gw_cli_engine_journal = {
    .path = "engine journal",
    .args = "[show INDEX | verify | repair --plan]",
    .summary = "show records, or verify the journal of a state folder",
    .examples = "godwit engine journal verify --state /srv/shop   # offline: every byte, the "
                "chain, the tail\n"
                "godwit engine journal show 88102007              # asks the running engine\n"
                "godwit engine journal repair --plan\n",
    .about =
        "verify reads each segment from its first byte to its last. A last sync that was cut short "
        "is torn (exit 0:\n"
        "the next start zeroes it); anything else that does not fit is damage (exit 1, GW2701).\n",
    .flags = flags,
    .args_max = 2,
    .run = run,
};
