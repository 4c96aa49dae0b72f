/* replay_make FOLDER: a life with something of everything in its journal: fetches, payments, evictions, audits, a lost
 * store, a foreign change and its resolution, a restart. Prints "INDEX SUM" of the end. */
#include <stdio.h>

#include "fixture.h"

enum { ACCOUNTS = 8, PAYMENTS = 200 };

static void limit_residents(struct bank *bank, uint64_t bytes)
{
    const struct gw_rec_limit limit = {.name = GW_TEXT_LIT("resident_bytes_max"), .value = bytes};
    struct gw_request *asked = bank_request(bank, GW_REQUEST_LIMITS);
    asked->in.limits = &limit;
    asked->in.limit_count = 1;
    bank_ask_ok(bank, asked);
    gw_request_free(asked);
}

static void pay_around(struct bank *bank)
{
    for (uint64_t i = 0; i < PAYMENTS; i++)
        (void)bank_pay_status(bank, i % ACCOUNTS + 1, (i * 3 + 1) % ACCOUNTS + 1,
                              (int64_t)(i * 37 % 900));
}

static void be_halted(struct bank *bank)
{
    bank_drain(bank);
    sql(bank, "b", "UPDATE konten SET stand = '5.55' WHERE nr = 1");
    bank_audit(bank);
    bank_await_halts(bank, 1);
    while (json_has(bank_json(bank, GW_REQUEST_HALTS), "[]"))
        ;
    if (bank_resolve(bank, 1, GW_TAKE_EXPECTED, 1, true) != GW_OK)
        fail_msg("not resolved");
}

int main(int argc, char **argv)
{
    static struct bank bank;
    char hex[33];
    uint64_t index = 0;
    if (argc != 2)
        return 2;
    bank_init_at(&bank, argv[1], BANK_SQLITE,
                 "index by_name on Account(name)\ncounter total : dec<16,2> = sum(Account.bal)\n");
    bank_make_stores(&bank, ACCOUNTS);
    bank_open(&bank);
    bank_prepare(&bank);
    bank_deploy(&bank);
    bank_session(&bank);
    pay_around(&bank);
    be_halted(&bank);
    bank_drain(&bank);
    limit_residents(&bank, 1500);
    bank_close(&bank);
    bank_open(&bank);
    pay_around(&bank);
    bank_drain(&bank);
    struct gw_hash128 sum = bank_sum(&bank, &index);
    gw_hex((struct gw_bytes){sum.bytes, sizeof(sum.bytes)}, hex);
    (void)printf("%llu %s\n", (unsigned long long)index, hex);
    bank_close(&bank);
    gw_asker_close(bank.asker);
    return 0;
}
