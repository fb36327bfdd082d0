/* The latest signed head of each center's audit log: heads.h. */
#include "coordinator/ledger_internal.h"

enum status ledger_put_head(struct ledger *ledger, const struct head *head)
{
    const struct view signature = {
        head->signature.bytes, sizeof head->signature.bytes};
    return ledger_run(ledger,
        "INSERT INTO head (signer, era, length, digest, signature)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (signer) DO UPDATE SET"
        " era = excluded.era, length = excluded.length,"
        " digest = excluded.digest, signature = excluded.signature",
        "kiidv", &head->signer, head->era, head->length, &head->digest,
        signature);
}

enum status ledger_visit_heads(struct ledger *ledger,
    enum status (*visit)(void *arg, const struct head *head), void *arg)
{
    struct sqlite3_stmt *statement;
    enum status status = ledger_start(ledger, &statement,
        "SELECT signer, era, length, digest, signature FROM head", "");
    while (status == STATUS_OK) {
        struct head head;
        status = ledger_next(ledger, statement);
        if (status != STATUS_OK)
            break;
        status = column_fixed(statement, 0, head.signer.bytes, KEY_BYTES);
        head.era = column_integer(statement, 1);
        head.length = column_integer(statement, 2);
        if (status == STATUS_OK)
            status =
                column_fixed(statement, 3, head.digest.bytes, DIGEST_BYTES);
        if (status == STATUS_OK)
            status = column_fixed(statement, 4, head.signature.bytes,
                sizeof head.signature.bytes);
        if (status == STATUS_OK)
            status = visit(arg, &head);
    }
    ledger_done(statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
