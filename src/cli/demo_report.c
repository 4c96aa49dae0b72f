/* The table at the end, and whether it balances. */
#include "base/int.h"
#include "base/time.h"
#include "cli/demo.h"

static bool entity_balances(const struct gw_demo_counts *counts, uint64_t rows)
{
    return counts->rows[0] == rows && counts->rows[1] == rows && counts->differing == 0 &&
           gw_hash128_equal(counts->hash[0], counts->hash[1]);
}

bool gw_demo_balances(const struct gw_demo *d)
{
    return d->trouble == NULL && entity_balances(&d->user, d->users) &&
           entity_balances(&d->account, gw_demo_accounts(d)) && d->transfers == d->ok &&
           d->lost == 0 && d->doubled == 0 && d->wrong_balances == 0 && d->wrong_users == 0 &&
           d->wrong_groups == 0 && d->cents_after == d->cents_before &&
           d->cents_counter == d->cents_before && d->ok > 0 && d->was_killed &&
           d->op_count == d->acked && d->halts_found == 1 && d->halts_left == 0 &&
           d->foreign_kept && d->flipped;
}

static double seconds_of(int64_t ns)
{
    return (double)ns / (double)GW_NS_PER_S;
}

static uint64_t rate_of(const struct gw_demo *d)
{
    return d->load_ns > 0 ? (uint64_t)((double)d->acked / seconds_of(d->load_ns)) : 0;
}

static void entity_line(struct gw_cli *cli, struct gw_cli_table *table, const char *name,
                        const char *homes[2], const struct gw_demo_counts *counts)
{
    for (int i = 0; i < 2; i++) {
        char hex[33];
        gw_hex((struct gw_bytes){counts->hash[i].bytes, 16}, hex);
        gw_cli_table_put(table, &cli->arena, gw_text(i ? "" : name));
        gw_cli_table_put(table, &cli->arena, gw_text(homes[i]));
        gw_cli_table_put(table, &cli->arena,
                         gw_arena_printf(&cli->arena, "%llu", (unsigned long long)counts->rows[i]));
        gw_cli_table_put(
            table, &cli->arena,
            gw_arena_printf(&cli->arena, "%llu", (unsigned long long)counts->differing));
        gw_cli_table_put(table, &cli->arena, gw_arena_printf(&cli->arena, "%.16s", hex));
    }
}

static void put_entities(struct gw_demo *d)
{
    static const char *const heads[] = {"entity", "home", "#rows", "#differing", "hash of content"};
    struct gw_cli *cli = d->cli;
    struct gw_cli_table table;
    gw_cli_table_init(&table, GW_COUNT_OF(heads), heads, &cli->arena);
    entity_line(cli, &table, "User", (const char *[]){"legacy.users", "people.members"}, &d->user);
    entity_line(cli, &table, "Account", (const char *[]){"legacy.accounts", "money.accounts"},
                &d->account);
    gw_cli_table_print(&table, &cli->out);
}

static void put_text(struct gw_demo *d)
{
    struct gw_cli *cli = d->cli;
    char before[GW_INT_TEXT_MAX], after[GW_INT_TEXT_MAX], counter[GW_INT_TEXT_MAX];
    const struct gw_hist *h = &d->latency_us;
#define U(value) (unsigned long long)(value)
    gw_dec_text(d->cents_before, 2, before);
    gw_dec_text(d->cents_after, 2, after);
    gw_dec_text(d->cents_counter, 2, counter);
    put_entities(d);
    gw_cli_out(cli,
               "\ncalls      %llu sent = %llu paid + %llu moved + %llu refused + %llu aborted\n",
               U(d->op_count), U(d->ok), U(d->moves_ok), U(d->failed), U(d->aborted));
    gw_cli_out(cli, "transfers  %llu in money.transfers: %llu lost, %llu doubled\n",
               U(d->transfers), U(d->lost), U(d->doubled));
    gw_cli_out(cli, "content    %llu users, %llu balances, %llu groups not as acknowledged\n",
               U(d->wrong_users), U(d->wrong_balances), U(d->wrong_groups));
    gw_cli_out(cli, "sum        %s before, %s after, %s by the counter\n", before, after, counter);
    gw_cli_out(
        cli, "kill -9    %s, back after %.2f s, %llu calls repeated, %llu batches replayed\n",
        d->was_killed ? "once" : "never", seconds_of(d->outage_ns), U(d->repeats), U(d->replayed));
    gw_cli_out(cli, "foreign    %llu planted change found, %s; %llu left\n", U(d->halts_found),
               d->foreign_kept ? "nothing overwrote it" : "IT WAS OVERWRITTEN", U(d->halts_left));
    gw_cli_out(cli, "phase      %s\n", d->flipped ? "User flip, Account flip" : "not flipped");
    gw_cli_out(cli, "speed      %llu tx/s   p50 %.1f ms  p99 %.1f ms  p99.9 %.1f ms\n",
               U(rate_of(d)), (double)gw_hist_quantile(h, 50, 100) / 1000.0,
               (double)gw_hist_quantile(h, 99, 100) / 1000.0,
               (double)gw_hist_quantile(h, 999, 1000) / 1000.0);
    if (d->trouble)
        gw_cli_out(cli, "trouble    %s\n", d->trouble);
    gw_cli_out(cli, "\n%s\n", gw_demo_balances(d) ? "balances" : "DOES NOT BALANCE");
#undef U
}

static void put_u64(struct gw_json_writer *w, const char *name, uint64_t value)
{
    gw_json_put_name_str(w, name);
    gw_json_put_u64(w, value);
}

static void entity_json(struct gw_json_writer *w, const char *name,
                        const struct gw_demo_counts *counts)
{
    char hex[2][33];
    gw_json_put_object(w);
    gw_json_put_name_str(w, "entity");
    gw_json_put_str(w, name);
    put_u64(w, "rows_source", counts->rows[0]);
    put_u64(w, "rows_target", counts->rows[1]);
    put_u64(w, "differing", counts->differing);
    for (int i = 0; i < 2; i++) {
        gw_hex((struct gw_bytes){counts->hash[i].bytes, 16}, hex[i]);
        gw_json_put_name_str(w, i ? "hash_target" : "hash_source");
        gw_json_put_str(w, hex[i]);
    }
    gw_json_put_object_end(w);
}

static void put_json(struct gw_demo *d)
{
    struct gw_json_writer w = gw_cli_json(d->cli);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"seed", d->seed},
        {"users", d->users},
        {"calls", d->op_count},
        {"acknowledged", d->acked},
        {"paid", d->ok},
        {"moved", d->moves_ok},
        {"refused", d->failed},
        {"aborted", d->aborted},
        {"transfers", d->transfers},
        {"lost", d->lost},
        {"doubled", d->doubled},
        {"wrong_users", d->wrong_users},
        {"wrong_balances", d->wrong_balances},
        {"wrong_groups", d->wrong_groups},
        {"repeated", d->repeats},
        {"replayed_batches", d->replayed},
        {"halts_found", d->halts_found},
        {"halts_left", d->halts_left},
        {"tx_per_s", rate_of(d)},
        {"p50_us", (uint64_t)gw_hist_quantile(&d->latency_us, 50, 100)},
        {"p99_us", (uint64_t)gw_hist_quantile(&d->latency_us, 99, 100)},
        {"p999_us", (uint64_t)gw_hist_quantile(&d->latency_us, 999, 1000)},
        {"outage_ms", (uint64_t)(d->outage_ns / GW_NS_PER_MS)},
    };
    gw_json_put_name_str(&w, "balances");
    gw_json_put_bool(&w, gw_demo_balances(d));
    for (size_t i = 0; i < GW_COUNT_OF(numbers); i++)
        put_u64(&w, numbers[i].name, numbers[i].value);
    gw_json_put_name_str(&w, "sum_before");
    gw_json_put_dec(&w, d->cents_before, 2);
    gw_json_put_name_str(&w, "sum_after");
    gw_json_put_dec(&w, d->cents_after, 2);
    gw_json_put_name_str(&w, "sum_counter");
    gw_json_put_dec(&w, d->cents_counter, 2);
    gw_json_put_name_str(&w, "foreign_kept");
    gw_json_put_bool(&w, d->foreign_kept);
    gw_json_put_name_str(&w, "flipped");
    gw_json_put_bool(&w, d->flipped);
    gw_json_put_name_str(&w, "delta");
    gw_json_put_text(&w, d->delta);
    gw_json_put_name_str(&w, "trouble");
    gw_json_put_str(&w, d->trouble ? d->trouble : "");
    gw_json_put_name_str(&w, "entities");
    gw_json_put_array(&w);
    entity_json(&w, "User", &d->user);
    entity_json(&w, "Account", &d->account);
    gw_json_put_array_end(&w);
    gw_cli_json_end(d->cli, &w);
}

void gw_demo_report(struct gw_demo *demo)
{
    if (demo->cli->json) {
        put_json(demo);
    } else {
        put_text(demo);
    }
}
