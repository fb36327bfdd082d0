/*
 * The bad vectors: an aggregation that goes well up to a lie, the lie, and how
 * it must be refused. Where a lie needs a center's signature it has one: the
 * check that must stop it is another.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/masking/collector_internal.h"
#include "tests/support/seeded.h"
#include "tests/unit/test.h"
#include "tests/vectors/make.h"

#define MEMBERS 5
#define LAST (MEMBERS - 1) /* the member that most lies are about: index 5 */

/* The lies are told to member 1 where nothing else is said. */
static void lie(struct scene *scene, const char *step, const struct buffer *all,
    enum status expected)
{
    make_tell(scene, 1, step, buffer_view(all), expected);
}

static void say_header(struct scene *scene, const char *key, uint8_t value)
{
    uint8_t header[DIGEST_BYTES];
    memset(header, value, sizeof header);
    json_object_set_new(
        scene->root, key, scene_hex((struct view){header, sizeof header}));
}

static struct buffer message_of_step(struct scene *scene)
{
    struct buffer message;
    buffer_init(&message, BUFFER_LIMIT_DEFAULT);
    make_message(scene, 1, &message);
    return message;
}

/* ---- keys ---- */

static struct step_keys keys_of(const struct scene *scene, size_t i)
{
    return scene->crowd.collector->all[i].keys;
}

static void sign_keys(const struct scene *scene, struct step_keys *keys,
    const struct digest *header, size_t signer)
{
    const struct digest statement = steps_keys_statement(header, keys);
    assert_int_equal(
        steps_sign(&keys->signature, scene->crowd.keys[signer], &statement),
        STATUS_OK);
}

/* PEERS in which record `at` is this one. */
static void lie_about_keys(struct scene *scene, size_t at,
    const struct step_keys *keys, enum status expected)
{
    struct buffer peers = message_of_step(scene);
    memcpy(peers.data + at * sizeof *keys, keys, sizeof *keys);
    lie(scene, "PEERS", &peers, expected);
    buffer_fini(&peers);
}

/* A center that is in league signs whatever it is asked to. */
static void lie_signed(struct scene *scene, size_t at, struct step_keys keys,
    size_t signer, enum status expected)
{
    sign_keys(scene, &keys, &scene->crowd.terms.header, signer);
    lie_about_keys(scene, at, &keys, expected);
}

static void dup_key(struct scene *scene)
{
    make_steps_until(scene, COLLECT_SHARES);
    struct step_keys keys = keys_of(scene, LAST);
    keys.mask_key = keys_of(scene, LAST - 1).mask_key;
    lie_signed(scene, LAST, keys, LAST, STATUS_MALFORMED);
    keys = keys_of(scene, LAST - 1); /* the same member twice */
    lie_about_keys(scene, LAST, &keys, STATUS_MALFORMED);
}

static void roster_sig(struct scene *scene)
{
    make_steps_until(scene, COLLECT_SHARES);
    struct step_keys keys = keys_of(scene, LAST);
    lie_signed(scene, LAST, keys, LAST - 1, STATUS_BAD_SIGNATURE);
    keys.mask_key.bytes[4] ^= 1;
    lie_about_keys(scene, LAST, &keys, STATUS_BAD_SIGNATURE);
}

static void low_order_pk(struct scene *scene)
{
    /* every u of small order: RFC 7748 section 6, and cr.yp.to/ecdh.html */
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    make_steps_until(scene, COLLECT_SHARES);
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++) {
        struct step_keys keys = keys_of(scene, LAST);
        assert_int_equal(
            hex_decode(keys.mask_key.bytes, KEY_BYTES, points[p]), STATUS_OK);
        lie_signed(scene, LAST, keys, LAST, STATUS_MALFORMED);
        keys.share_key = keys.mask_key;
        keys.mask_key = keys_of(scene, LAST).mask_key;
        lie_signed(scene, LAST, keys, LAST, STATUS_MALFORMED);
    }
}

static void share_index0(struct scene *scene)
{
    make_steps_until(scene, COLLECT_SHARES);
    struct step_keys keys = keys_of(scene, LAST);
    keys.index = step_index_of(0);
    lie_signed(scene, 0, keys, LAST, STATUS_MALFORMED);
    make_steps_until(scene, COLLECT_REVEALS);
    struct buffer votes = message_of_step(scene);
    make_tell(scene, 2, "VOTES", buffer_view(&votes), STATUS_OK);
    buffer_fini(&votes);
    struct buffer reveal = scene->crowd.out[1]; /* said by member 2 */
    const struct step_index zero = step_index_of(0);
    memcpy(reveal.data, &zero, sizeof zero);
    make_event(scene,
        json_pack("{s:s, s:i, s:o}", "do", "hear", "from", 2, "body",
            scene_hex(buffer_view(&reveal))),
        STATUS_MALFORMED);
    make_steps_until(scene, COLLECT_OVER); /* without that one */
}

static void query_hash(struct scene *scene)
{
    struct digest other;
    memset(other.bytes, 8, sizeof other.bytes);
    say_header(scene, "other_header", 8);
    struct step_keys keys;
    make_answers(scene); /* KEYS */
    memcpy(&keys, scene->crowd.out[LAST].data, sizeof keys);
    sign_keys(scene, &keys, &other, LAST);
    make_event(scene, json_pack("{s:s}", "do", "close"), STATUS_OK);
    lie_about_keys(scene, LAST, &keys, STATUS_BAD_SIGNATURE);
}

/* ---- fewer than the study wants ---- */

static void lie_short(struct scene *scene, const char *step, size_t record,
    size_t count, enum status expected)
{
    struct buffer message = message_of_step(scene);
    message.size = count * record;
    lie(scene, step, &message, expected);
    buffer_fini(&message);
}

static void short_u3(struct scene *scene)
{
    make_steps_until(scene, COLLECT_VOTES);
    lie_short(scene, "SURVIVORS", sizeof(struct step_masked), 3,
        STATUS_TOO_FEW_CENTERS);
}

/* Six of seven are wanted; five are the threshold. */
static void min_nodes_lowered(struct scene *scene)
{
    make_event(scene,
        json_pack("{s:s, s:i, s:i}", "do", "join", "to", 1, "min_centers", 2),
        STATUS_REFUSED);
    make_steps_until(scene, COLLECT_SHARES);
    lie_short(
        scene, "PEERS", sizeof(struct step_keys), 5, STATUS_TOO_FEW_CENTERS);
    make_steps_until(scene, COLLECT_MASKED);
    lie_short(
        scene, "SEALED", sizeof(struct step_sealed), 4, STATUS_TOO_FEW_CENTERS);
    make_steps_until(scene, COLLECT_VOTES);
    lie_short(scene, "SURVIVORS", sizeof(struct step_masked), 5,
        STATUS_TOO_FEW_CENTERS);
}

static void overflow(struct scene *scene)
{
    /* |x| <= 2^(126 - 3) for five */
    int128 plain[SCENE_ELEMENTS] = {((int128)1 << 123) + 1, 0};
    make_steps_until(scene, COLLECT_MASKED);
    for (int to = 1; to <= 2; to++) {
        struct buffer sealed;
        buffer_init(&sealed, BUFFER_LIMIT_DEFAULT);
        make_message(scene, (size_t)to, &sealed);
        plain[0] = -plain[0];
        make_event(scene,
            json_pack("{s:s, s:i, s:s, s:o, s:o}", "do", "tell", "to", to,
                "step", "SEALED", "message", scene_hex(buffer_view(&sealed)),
                "plain",
                scene_hex((struct view){(uint8_t *)plain, sizeof plain})),
            STATUS_OUT_OF_RANGE);
        buffer_fini(&sealed);
    }
}

/* ---- two sets of survivors ---- */

/* VOTES of everybody in `list` for it, as if each had given it. */
static struct buffer votes_for(struct scene *scene, struct view list)
{
    const struct crowd *crowd = &scene->crowd;
    const struct digest *givers = &crowd->collector->givers_digest;
    const struct digest survivors = steps_digest_survivors(givers, list);
    const struct digest statement = steps_vote_statement(givers, &survivors);
    struct buffer votes;
    buffer_init(&votes, BUFFER_LIMIT_DEFAULT);
    for (size_t at = 0; at < list.size; at += sizeof(struct step_masked)) {
        struct step_vote vote;
        memcpy(&vote.index, list.data + at, sizeof vote.index);
        const size_t i = step_index_get(&vote.index) - 1;
        assert_int_equal(
            steps_sign(&vote.signature, crowd->keys[i], &statement), STATUS_OK);
        assert_int_equal(buffer_append(&votes, &vote, sizeof vote), STATUS_OK);
    }
    return votes;
}

/* A second list, and the votes for it. */
static void lie_of_survivors(
    struct scene *scene, const struct buffer *list, enum status votes_expected)
{
    struct buffer votes = votes_for(scene, buffer_view(list));
    lie(scene, "SURVIVORS", list, STATUS_NOT_ALLOWED);
    lie(scene, "VOTES", &votes, votes_expected);
    buffer_fini(&votes);
}

/* Member 5 survived, says the first list; it did not, says the second. */
static void two_h3(struct scene *scene)
{
    make_steps_until(scene, COLLECT_VOTES);
    struct buffer list = message_of_step(scene);
    make_answers(scene);
    list.size -= sizeof(struct step_masked);
    lie_of_survivors(scene, &list, STATUS_BAD_SIGNATURE);
    buffer_fini(&list);
}

/* The same after the reveal: it would give the other share. */
static void both_shares(struct scene *scene)
{
    make_steps_until(scene, COLLECT_VOTES);
    struct buffer list = message_of_step(scene);
    make_steps_until(scene, COLLECT_OVER);
    list.size -= sizeof(struct step_masked);
    lie_of_survivors(scene, &list, STATUS_NOT_ALLOWED);
    buffer_fini(&list);
}

/* Member 5 is called gone; its mask seed is rebuilt; then its vector comes. */
static void late_y(struct scene *scene)
{
    struct crowd *crowd = &scene->crowd;
    make_steps_until(scene, COLLECT_MASKED);
    crowd->present[LAST] = false;
    make_answers(scene);
    struct buffer sealed;
    buffer_init(&sealed, BUFFER_LIMIT_DEFAULT);
    make_message(scene, MEMBERS, &sealed);
    make_tell(scene, MEMBERS, "SEALED", buffer_view(&sealed), STATUS_OK);
    buffer_fini(&sealed);
    make_event(scene, json_pack("{s:s}", "do", "close"), STATUS_OK);
    struct buffer list = message_of_step(scene);
    make_event(scene, json_pack("{s:s, s:i}", "do", "hear", "from", MEMBERS),
        STATUS_NOT_ALLOWED);
    make_steps_until(scene, COLLECT_OVER);
    const struct vector *late = &crowd->vectors[LAST];
    struct step_masked record = {.index = step_index_of(MEMBERS),
        .vector = digest_of((struct view){(const uint8_t *)late->elements,
            late->length * VECTOR_ELEMENT_BYTES})};
    memcpy(&record.signature, crowd->out[LAST].data, sizeof record.signature);
    assert_int_equal(buffer_append(&list, &record, sizeof record), STATUS_OK);
    lie_of_survivors(scene, &list, STATUS_NOT_ALLOWED);
    buffer_fini(&list);
}

/* ---- an earlier attempt, said again ---- */

/* Keys drawn anew, under another header. */
static void renew(struct crowd *crowd, uint8_t header, uint64_t seed)
{
    seeded_start(1, seed);
    memset(crowd->terms.header.bytes, header, DIGEST_BYTES);
    collector_destroy(crowd->collector);
    assert_int_equal(
        collector_create(&crowd->collector, &crowd->terms, crowd->length),
        STATUS_OK);
    for (size_t i = 0; i < crowd->count; i++) {
        member_destroy(crowd->members[i]);
        assert_int_equal(member_create(&crowd->members[i], &crowd->terms,
                             (uint32_t)i + 1, crowd->keys[i]),
            STATUS_OK);
    }
}

/* What member 1 was told in an attempt before, by the collector's step. */
static void run_earlier(uint64_t seed, struct buffer earlier[COLLECT_OVER])
{
    struct crowd *crowd = malloc(sizeof *crowd);
    assert_non_null(crowd);
    seeded_start(1, seed);
    assert_int_equal(keys_start(), STATUS_OK);
    crowd_init(crowd, MEMBERS, SCENE_ELEMENTS, 3); /* the same identities */
    renew(crowd, 8, seed + 100);
    for (;;) {
        enum collector_step step = collector_step(crowd->collector);
        buffer_init(&earlier[step], BUFFER_LIMIT_DEFAULT);
        assert_int_equal(
            collector_write(crowd->collector, 1, &earlier[step]), STATUS_OK);
        if (step == COLLECT_REVEALS)
            break;
        assert_int_equal(crowd_step(crowd), STATUS_OK);
    }
    crowd_fini(crowd);
    free(crowd);
}

static void attempt_replay(
    struct scene *scene, const struct buffer earlier[COLLECT_OVER])
{
    static const char *const told[] = {
        NULL, "PEERS", "SEALED", "SURVIVORS", "VOTES"};
    /* Its own entry is another; boxes are sealed, and votes given, for one
     * session. */
    static const enum status refused[] = {STATUS_OK, STATUS_REFUSED,
        STATUS_MALFORMED, STATUS_REFUSED, STATUS_BAD_SIGNATURE};
    say_header(scene, "other_header", 8);
    for (int step = COLLECT_SHARES; step <= COLLECT_REVEALS; step++) {
        make_steps_until(scene, (enum collector_step)step);
        lie(scene, told[step], &earlier[step], refused[step]);
    }
}

static void replay(struct scene *scene, uint64_t seed)
{
    struct buffer earlier[COLLECT_OVER];
    run_earlier(seed, earlier);
    scene_open(scene, seed, MEMBERS, 3);
    attempt_replay(scene, earlier);
    for (int step = COLLECT_KEYS; step <= COLLECT_REVEALS; step++)
        buffer_fini(&earlier[step]);
}

/* ---- the table ---- */

static const struct bad {
    const char *name, *about;
    size_t members, min_centers;
    void (*make)(struct scene *scene); /* NULL: replay */
} bads[] = {
    {"bad_both_shares",
        "After the reveal, a second set of survivors without member 5, with "
        "everybody's votes: it asks for the other share.",
        MEMBERS, 3, both_shares},
    {"bad_two_H3",
        "After the vote, a second set of survivors, with everybody's votes.",
        MEMBERS, 3, two_h3},
    {"bad_short_U3", "Three survivors where the threshold is four.", MEMBERS, 3,
        short_u3},
    {"bad_dup_key", "Two members with one mask key; one member twice.", MEMBERS,
        3, dup_key},
    {"bad_roster_sig",
        "Keys of member 5 that its key on the roster did not sign.", MEMBERS, 3,
        roster_sig},
    {"bad_low_order_pk",
        "Member 5 signs keys of low order: the secret would be zeros.", MEMBERS,
        3, low_order_pk},
    {"bad_late_y",
        "Member 5 is called gone and its mask seed rebuilt; its vector comes "
        "late, and its self seed is asked for.",
        MEMBERS, 3, late_y},
    {"bad_query_hash", "Keys of member 5 for another question.", MEMBERS, 3,
        query_hash},
    {"bad_attempt_replay", "What an earlier attempt said, said again.", MEMBERS,
        3, NULL},
    {"bad_share_index0", "A member of index 0, whose share is the seed itself.",
        MEMBERS, 3, share_index0},
    {"bad_overflow", "Figures too large for a sum of five.", MEMBERS, 3,
        overflow},
    {"bad_min_nodes_lowered",
        "Six centers are wanted; the coordinator goes on with five.", 7, 6,
        min_nodes_lowered},
};

bool make_bad(struct scene *scene, const char *name)
{
    const struct bad *bad = bads;
    const struct bad *end = bads + sizeof bads / sizeof bads[0];
    while (bad < end && strcmp(bad->name, name) != 0)
        bad++;
    if (bad == end)
        return false;
    const uint64_t seed = 1000 + (uint64_t)(bad - bads);
    if (bad->make == NULL) {
        replay(scene, seed);
    } else {
        scene_open(scene, seed, bad->members, bad->min_centers);
        bad->make(scene);
    }
    json_object_set_new(scene->root, "about", json_string(bad->about));
    return true;
}
