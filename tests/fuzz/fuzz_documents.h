/*
 * fuzz_documents: documents of which an input says the text, and that are
 * signed all the same. Texts name other documents by letters.
 */
#ifndef COHORTIUM_TESTS_FUZZ_FUZZ_DOCUMENTS_H
#define COHORTIUM_TESTS_FUZZ_FUZZ_DOCUMENTS_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/documents_fixture.h"

static inline struct digest document_envelope(struct buffer *out,
    const char *type, struct view payload, const struct keypair *keys)
{
    struct envelope *envelope = NULL;
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    must(envelope_create(&envelope, type, payload));
    must(envelope_sign(envelope, keys));
    must(envelope_encode(envelope, out));
    const struct digest id = envelope_id(envelope);
    envelope_destroy(envelope);
    return id;
}

/* "@S", "@Q", "@R", "@D" stand for the ids of study, query, roster and
 * dictionary, so that documents can name each other. */
struct document_ids {
    struct digest study, query, roster, dictionary;
};

static inline const struct digest *document_id(
    const struct document_ids *ids, uint8_t letter)
{
    switch (letter) {
    case 'S': return &ids->study;
    case 'Q': return &ids->query;
    case 'R': return &ids->roster;
    case 'D': return &ids->dictionary;
    default: return NULL;
    }
}

static inline void document_fill(
    struct buffer *out, struct view text, const struct document_ids *ids)
{
    char hex[DIGEST_TEXT];
    buffer_init(out, BUFFER_LIMIT_DEFAULT);
    for (size_t i = 0; i < text.size; i++) {
        const struct digest *id = text.data[i] == '@' && i + 1 < text.size
                                      ? document_id(ids, text.data[i + 1])
                                      : NULL;
        if (id == NULL) {
            must(buffer_append(out, text.data + i, 1));
            continue;
        }
        digest_to_text(hex, id);
        must(buffer_append_text(out, hex));
        i++;
    }
}

/* The payload of a document that the scene made, with letters for its ids. */
static inline struct view document_text(
    struct view bytes, const struct document_ids *ids)
{
    static const char letters[] = "SQRD";
    struct envelope *envelope = NULL;
    char hex[DIGEST_TEXT];
    must(envelope_decode(&envelope, bytes));
    char *text = fuzz_text(envelope->payload.data, envelope->payload.size);
    for (const char *letter = letters; *letter != '\0'; letter++) {
        char *at;
        digest_to_text(hex, document_id(ids, (uint8_t)*letter));
        while ((at = strstr(text, hex)) != NULL) {
            at[0] = '@';
            at[1] = *letter;
            memmove(
                at + 2, at + DIGEST_TEXT - 1, strlen(at + DIGEST_TEXT - 1) + 1);
        }
    }
    envelope_destroy(envelope);
    return view_of_text(text); /* kept for ever */
}

static inline void document_write(struct buffer *out, struct digest *id,
    const char *type, struct view text, const struct document_ids *ids,
    const struct keypair *keys)
{
    struct buffer payload;
    document_fill(&payload, text, ids);
    const struct digest made =
        document_envelope(out, type, buffer_view(&payload), keys);
    if (id != NULL)
        *id = made;
    buffer_fini(&payload);
}

#endif
