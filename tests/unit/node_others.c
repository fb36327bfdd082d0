#include "tests/unit/node_others.h"

#include <string.h>

#include "tests/unit/test.h"

static const enum message_type told[] = {[COLLECT_KEYS] = MESSAGE_OPEN,
    [COLLECT_SHARES] = MESSAGE_PEERS,
    [COLLECT_MASKED] = MESSAGE_SEALED,
    [COLLECT_VOTES] = MESSAGE_SURVIVORS,
    [COLLECT_REVEALS] = MESSAGE_VOTES};

const struct message *node_tell_step(struct node_scene *scene,
    enum collector_step step, struct view body, int header)
{
    const struct message message = {
        .type = told[step], .id = scene->header_ids[header], .body = body};
    return step == COLLECT_KEYS ? node_ask(scene, header)
                                : node_tell(scene, &message);
}

void node_others_begin(struct node_others *others, struct node_scene *scene)
{
    struct masking_party parties[1 + NODE_OTHERS];
    for (uint32_t i = 0; i < 1 + NODE_OTHERS; i++)
        parties[i] = (struct masking_party){
            i + 1, keypair_identity(scene->cast.centers[i])->sign};
    const struct masking_terms terms = {.header = scene->header_ids[0],
        .min_centers = 3,
        .party_count = 1 + NODE_OTHERS,
        .parties = parties};
    must(collector_create(&others->collector, &terms, scene->length));
    for (uint32_t i = 0; i < NODE_OTHERS; i++)
        must(member_create(
            &others->members[i], &terms, i + 2, scene->cast.centers[i + 1]));
}

void node_others_step(struct node_others *others, struct node_scene *scene)
{
    enum collector_step step = collector_step(others->collector);
    for (uint32_t i = 0; i < NODE_OTHERS; i++) {
        struct buffer message, said;
        struct vector vector;
        buffer_init(&message, BUFFER_LIMIT_DEFAULT);
        buffer_init(&said, BUFFER_LIMIT_DEFAULT);
        must(vector_init(&vector, scene->length));
        must(collector_write(others->collector, i + 2, &message));
        must(crowd_answer(
            step, others->members[i], buffer_view(&message), &vector, &said));
        must(collector_take(others->collector, i + 2, buffer_view(&said),
            (struct view){(const uint8_t *)vector.elements,
                vector.length * VECTOR_ELEMENT_BYTES}));
        vector_fini(&vector);
        buffer_fini(&said);
        buffer_fini(&message);
    }
}

void node_others_end(struct node_others *others)
{
    for (size_t i = 0; i < NODE_OTHERS; i++)
        member_destroy(others->members[i]);
    collector_destroy(others->collector);
}

struct search {
    const char *event, *text;
    int found;
};

static enum status look(void *arg, const struct store_record *record)
{
    struct search *search = arg;
    search->found += strcmp(record->event, search->event) == 0 &&
                     strstr(record->detail, search->text) != NULL;
    return STATUS_OK;
}

int node_count_records(
    const struct node_scene *scene, const char *event, const char *text)
{
    struct search search = {event, text, 0};
    must(store_audit_visit(scene->store, 1, look, &search));
    return search.found;
}
