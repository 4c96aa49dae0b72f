/* Images, keys and hashes of entities and homes; shapes. */
#include "kit/kit.h"

#include "kit_record/random_value.h"

static void rows_survive_their_image_and_their_key(void **state)
{
    (void)state;
    struct gw_arena arena;
    struct gw_buf image, key;
    struct gw_rand rand;
    struct gw_err err;
    gw_arena_init(&arena, &gw_kit_alloc, 64 << 20);
    gw_buf_init(&image, &gw_kit_alloc, GW_IMAGE_BYTES_MAX);
    gw_buf_init(&key, &gw_kit_alloc, GW_IMAGE_BYTES_MAX);
    gw_rand_init(&rand, 11);
    for (int i = 0; i < 2000; i++) {
        const struct gw_entity *entity = gw_random_entity(&rand, &arena);
        const struct gw_home *home = gw_random_home(&rand, entity, &arena);
        union gw_value *row = gw_random_row(&rand, entity, &arena);
        union gw_value back[GW_FIELDS_MAX], keys[GW_FIELDS_MAX];
        gw_image_encode(entity, row, &image);
        assert_true(image.len <= entity->image_bytes_max);
        assert_ok(gw_image_decode(entity, gw_buf_bytes(&image), &arena, back, &err), &err);
        for (uint32_t f = 0; f < entity->field_count; f++)
            assert_true(gw_value_equal(entity->fields[f].type, row[f], back[f]));
        gw_home_image(home, row, &key); /* the same columns: the same bytes */
        assert_true(gw_bytes_equal(gw_buf_bytes(&image), gw_buf_bytes(&key)));
        gw_buf_reset(&key);
        gw_entity_key(entity, row, &key);
        assert_ok(gw_entity_unkey(entity, gw_buf_bytes(&key), &arena, keys, &err), &err);
        for (uint32_t f = 0; f < entity->key_count; f++)
            assert_true(gw_value_equal(entity->fields[f].type, row[f], keys[f]));
        struct gw_hash128 of_entity = gw_image_hash(entity, gw_buf_bytes(&image));
        struct gw_hash128 of_home = gw_home_hash(home, gw_buf_bytes(&image));
        assert_false(gw_hash128_equal(of_entity, of_home)); /* each place has its own hash */
        size_t entity_key_bytes = key.len;
        gw_home_key(home, row, &key); /* appended: the same bytes again */
        assert_int_equal(key.len, 2 * entity_key_bytes);
        assert_memory_equal(key.data, key.data + entity_key_bytes, entity_key_bytes);
        image.len--; /* cut short, and one byte too many */
        assert_int_equal(gw_image_decode(entity, gw_buf_bytes(&image), &arena, back, &err),
                         GW_INVALID);
        image.len++;
        gw_buf_put_u8(&image, 0);
        assert_int_equal(gw_image_decode(entity, gw_buf_bytes(&image), &arena, back, &err),
                         GW_INVALID);
        assert_int_equal(gw_home_image_decode(home, gw_buf_bytes(&image), &arena, back, &err),
                         GW_INVALID);
        gw_buf_reset(&image);
        gw_buf_reset(&key);
        gw_arena_reset(&arena);
    }
    gw_buf_done(&image);
    gw_buf_done(&key);
    gw_arena_done(&arena);
}

struct account {
    struct gw_type dec, str, opt;
    const struct gw_type *opt_item[1];
    struct gw_field fields[4];
    struct gw_entity entity;
    struct gw_column columns[4];
    uint32_t keys[1];
    struct gw_home home;
};

static void account_init(struct account *a)
{
    struct gw_err err;
    *a = (struct account){.dec = {.kind = GW_TYPE_DEC, .precision = 18, .scale = 2},
                          .str = {.kind = GW_TYPE_STR, .max = 16},
                          .opt = {.kind = GW_TYPE_OPT, .item_count = 1}};
    a->opt_item[0] = gw_type_of_kind(GW_TYPE_U32);
    a->opt.items = a->opt_item;
    assert_ok(gw_type_finish(&a->dec, &err), &err);
    assert_ok(gw_type_finish(&a->str, &err), &err);
    assert_ok(gw_type_finish(&a->opt, &err), &err);
    const struct gw_type *const types[] = {gw_type_of_kind(GW_TYPE_U64), &a->dec, &a->str, &a->opt};
    const char *const names[] = {"id", "bal", "owner", "grp"};
    for (size_t i = 0; i < 4; i++) {
        a->fields[i] = (struct gw_field){.name = gw_text(names[i]), .type = types[i]};
        a->columns[i] =
            (struct gw_column){.name = gw_text(names[i]), .type = types[i], .is_key = i == 0};
    }
    a->entity = (struct gw_entity){.name = GW_TEXT_LIT("Account"),
                                   .version = 1,
                                   .fields = a->fields,
                                   .field_count = 4,
                                   .key_count = 1};
    assert_ok(gw_entity_finish(&a->entity, &err), &err);
    a->home = (struct gw_home){.name = GW_TEXT_LIT("pg.accounts"),
                               .columns = a->columns,
                               .column_count = 4,
                               .key_columns = a->keys,
                               .key_count = 1};
    assert_ok(gw_home_finish(&a->home, &a->entity, &err), &err);
}

static void the_image_of_one_account_byte_by_byte(void **state)
{
    (void)state;
    struct account a;
    account_init(&a);
    uint8_t memory[64];
    char hex[160];
    struct gw_buf image;
    gw_buf_init_fixed(&image, memory, sizeof(memory));
    union gw_value row[4] = {
        {.u = 4711}, {.i = -12050}, {.bytes = {(const uint8_t *)"Ann", 3}}, {.u = 0}};
    gw_image_encode(&a.entity, row, &image);
    gw_hex(gw_buf_bytes(&image), hex);
    /* array(4) · 4711 · [2, -12050] · "Ann" · null */
    assert_string_equal(hex, "84"
                             "191267"
                             "8202392f11"
                             "63416e6e"
                             "f6");
    /* the hash is that of id, version and image in one piece */
    uint8_t joined[8 + sizeof(memory)] = {0};
    for (int i = 0; i < 4; i++)
        joined[i] = (uint8_t)(a.entity.id >> (24 - 8 * i));
    joined[7] = 1;
    memcpy(joined + 8, image.data, image.len);
    assert_true(gw_hash128_equal(gw_image_hash(&a.entity, gw_buf_bytes(&image)),
                                 gw_hash128((struct gw_bytes){joined, 8 + image.len})));
    gw_buf_reset(&image);
    gw_entity_key_text(&a.entity, row, &image);
    assert_text_equal(gw_buf_text(&image), "4711");
}

static void long_and_short_images_hash_alike(void **state)
{
    (void)state;
    struct account a;
    account_init(&a);
    static uint8_t bytes[8 + 3000];
    gw_hex((struct gw_bytes){(const uint8_t *)"x", 1}, (char *)bytes); /* any content */
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(a.entity.id >> (24 - 8 * i));
    bytes[4] = bytes[5] = bytes[6] = 0;
    bytes[7] = 1;
    for (size_t len = 0; len <= 3000; len += 7) {
        struct gw_hash128 whole = gw_hash128((struct gw_bytes){bytes, 8 + len});
        assert_true(
            gw_hash128_equal(gw_image_hash(&a.entity, (struct gw_bytes){bytes + 8, len}), whole));
    }
}

static void declarations_out_of_bounds_are_refused(void **state)
{
    (void)state;
    struct account a;
    struct gw_err err;
    account_init(&a);
    struct gw_entity entity = a.entity;
    entity.key_count = 0;
    assert_int_equal(gw_entity_finish(&entity, &err), GW_INVALID);
    entity = a.entity;
    a.fields[0].type = gw_type_of_kind(GW_TYPE_REAL);
    assert_int_equal(gw_entity_finish(&entity, &err), GW_INVALID);
    assert_non_null(strstr(err.msg, "id"));
    a.fields[0].type = gw_type_of_kind(GW_TYPE_U64);
    a.str.max = 65535;
    assert_ok(gw_type_finish(&a.str, &err), &err);
    assert_int_equal(gw_entity_finish(&entity, &err), GW_INVALID);
    assert_non_null(strstr(err.msg, "65536"));
    a.columns[0].is_key = false;
    assert_int_equal(gw_home_finish(&a.home, &a.entity, &err), GW_INVALID);
}

static uint64_t shape_of(struct account *a, gw_i128 bal, const char *owner, bool has_group)
{
    static const union gw_value group = {.u = 3};
    union gw_value row[4] = {{.u = 4711}, {.i = bal}, {.u = 0}, {.u = 0}};
    row[2].bytes = gw_text_bytes(gw_text(owner));
    if (has_group)
        row[3].opt = &group;
    return gw_home_shape(&a->home, row);
}

static void a_shape_is_what_a_store_might_lose(void **state)
{
    (void)state;
    struct account a;
    account_init(&a);
    const uint64_t shape = shape_of(&a, 12051, "Anna", false);
    assert_true(shape == shape_of(&a, 99999, "Zoes", false));         /* other values, same shape */
    assert_false(shape == shape_of(&a, 12051, "Anna", true));         /* null fields */
    assert_false(shape == shape_of(&a, -12051, "Anna", false));       /* sign */
    assert_false(shape == shape_of(&a, 120511, "Anna", false));       /* digits */
    assert_false(shape == shape_of(&a, 12050, "Anna", false));        /* digits behind the point */
    assert_false(shape == shape_of(&a, 12051, "Annabella", false));   /* length class */
    assert_false(shape == shape_of(&a, 12051, "Ann\xc3\xa9", false)); /* not ASCII */
    assert_false(shape_of(&a, 1, "\xc3\xa9\xc3\xa9", false) ==
                 shape_of(&a, 1, "\xf0\x9f\x99\x82", false));  /* utf8mb3 takes one of these */
    assert_false(shape == shape_of(&a, 12051, "Ann ", false)); /* padded columns lose it */
    assert_false(shape == shape_of(&a, 12051, "", false));
}

static void names_keep_their_ids(void **state)
{
    (void)state;
    /* XXH3-64 of the empty input is 2d06800538d394c2 (xxHash specification) */
    assert_int_equal(gw_name_id(GW_TEXT_LIT("")), 0x2d068005);
    assert_int_not_equal(gw_name_id(GW_TEXT_LIT("Account")), gw_name_id(GW_TEXT_LIT("account")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_survive_their_image_and_their_key),
        cmocka_unit_test(the_image_of_one_account_byte_by_byte),
        cmocka_unit_test(long_and_short_images_hash_alike),
        cmocka_unit_test(declarations_out_of_bounds_are_refused),
        cmocka_unit_test(a_shape_is_what_a_store_might_lose),
        cmocka_unit_test(names_keep_their_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
