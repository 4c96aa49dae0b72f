#include "base/near.h"

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = GW_MIN(a, b);
    return GW_MIN(least, c);
}

/* Bytes stand for characters: names in programs and flags are ASCII. */
static unsigned distance(struct gw_text a, struct gw_text b)
{
    unsigned rows[3][GW_NEAR_WORD_MAX + 1];
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *second = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned differs = a.data[i - 1] != b.data[j - 1];
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = GW_MIN(row[j], second[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

struct gw_text gw_near(struct gw_text word, const struct gw_text *candidates, size_t count)
{
    struct gw_text best = {NULL, 0};
    unsigned least = word.len <= 3 ? 2 : 3; /* one more than what is near */
    if (word.len == 0 || word.len > GW_NEAR_WORD_MAX)
        return best;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].len == 0 || candidates[i].len > GW_NEAR_WORD_MAX)
            continue;
        unsigned far = distance(word, candidates[i]);
        if (far < least) {
            least = far;
            best = candidates[i];
        }
    }
    return best;
}
