#include "kit/kit.h"

#include "base/hash.h"
#include "base/rand.h"
#include "base/sha256_int.h"

static void instructions_and_plain_c_give_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t data[64 * 17];
    struct gw_rand rand;
    if (!gw_sha256_ni_there()) {
        print_message("skipped: this processor has no SHA instructions\n");
        skip();
    }
    gw_rand_init(&rand, 256);
    for (unsigned round = 0; round < 2000; round++) {
        uint32_t soft[8], hard[8];
        size_t blocks = (size_t)gw_rand_below(&rand, 18);
        gw_rand_fill(&rand, data, sizeof(data));
        gw_rand_fill(&rand, soft, sizeof(soft));
        memcpy(hard, soft, sizeof(hard));
        gw_sha256_soft_blocks(soft, data, blocks);
        gw_sha256_ni_blocks(hard, data, blocks);
        assert_memory_equal(soft, hard, sizeof(soft));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_and_plain_c_give_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
