/*
 * client: what the commands of `cohortium` share: keys with their passphrase, a
 * connection to the coordinator that the roster names, documents in files. All
 * functions say what is wrong on standard error.
 */
#ifndef COHORTIUM_COORDINATOR_CLIENT_CLIENT_H
#define COHORTIUM_COORDINATOR_CLIENT_CLIENT_H

#include "policy/amendment.h"
#include "protocol/program/program.h"
#include "protocol/wire/channel.h"
#include "protocol/wire/message.h"

/* The options of every command that signs, and of every one that connects. */
#define CLIENT_KEY_OPTIONS                                                     \
    {"key", 'k', "FILE", "The key file of who signs or asks."},                \
    {                                                                          \
        "passphrase-file", 'p', "FILE",                                        \
            "Read the key's passphrase from the first line of FILE instead "   \
            "of asking."                                                       \
    }
#define CLIENT_CONNECTION_OPTIONS                                              \
    {"roster", 'r', "FILE",                                                    \
        "The signed roster: it names the coordinator, its key and endpoint."}, \
    {                                                                          \
        "coordinator", 'c', "ENDPOINT",                                        \
            "Where to connect, instead of the roster's endpoint."              \
    }
#define CLIENT_OPTIONS_END                                                     \
    {                                                                          \
        NULL, 0, NULL, NULL                                                    \
    }

/* A key file, with its passphrase (from that file, or typed) if it is sealed.
 */
enum status client_open_key(
    struct keypair **out, const char *path, const char *passphrase_file);
/* The one that --key names. */
enum status client_load_key(
    struct keypair **out, const struct arguments *arguments);
/* A person's, center's or office's public keys. */
enum status client_load_card(struct identity *out, const char *path);
/* Each on a line of its own, and how many they are. */
void client_print_findings(
    enum status status, const char *path, const struct findings *findings);
/* Reads an envelope of that type. */
enum status client_load_envelope(
    struct envelope **out, const char *path, const char *type);
/* The verified roster of --roster. */
enum status client_load_roster(
    struct roster **out, const struct arguments *arguments);
/* The key is one of a member in good standing; path names the roster. */
enum status client_check_member(
    const struct roster *roster, const struct keypair *keys, const char *path);
/* The key is one of the study's researchers. */
enum status client_check_researcher(const struct study *study,
    const struct keypair *keys, const char *study_path);
/* The study is one of the roster's federation. */
enum status client_check_federation(const struct roster *roster,
    const char *roster_path, const struct study *study, const char *study_path);
/* Without a byte order mark of UTF-8. */
enum status client_read_file(struct buffer *out, const char *path);
/* The whole file or none: it is made beside and renamed. Says what is wrong,
 * such as a folder that is not there. */
enum status client_write_file(const char *path, struct view bytes);
/* Says why path could not be written; returns status. */
enum status client_fail_write(const char *path, enum status status);
/* Before long work whose result goes to path (NULL: nowhere): says when it
 * cannot be written there. */
enum status client_check_writable(const char *path);
enum status client_load_dictionary(struct dictionary **out, const char *path);
/* A study's envelope and what it says. */
struct study_file {
    struct envelope *envelope;
    struct study *study;
};
enum status client_load_study(struct study_file *out, const char *path);
void client_free_study(struct study_file *file);
/* What the files of --amendment add, in whatever order they are given. The
 * study was checked with its dictionary. */
enum status client_amend_study(
    struct study *study, const struct arguments *arguments);
/* Whether the file is a signed amendment; says nothing. */
bool client_is_amendment(const char *path);
enum status client_load_amendment(
    struct amendment **out, const char *path, const struct study *study);
/* The option's value, or STATUS_USAGE with a message when it is absent. */
enum status client_need(
    const struct arguments *arguments, const char *name, const char **value);

#define CLIENT_CLOCK "this machine's clock"

struct connection {
    struct roster *roster;
    struct keypair *keys;
    struct channel_client *channel;
    struct buffer body; /* of the last reply */
};

/* Roster and key, then the connection; or, with something to be checked between
 * the two, connection_load and connection_connect. connection_close frees (also
 * after a failure). */
enum status connection_open(
    struct connection *connection, const struct arguments *arguments);
/* HELLO: again before what is said after a while, for the coordinator may have
 * been restarted since. STATUS_BUSY: there is no connection now. */
enum status connection_greet(struct connection *connection);
enum status connection_load(
    struct connection *connection, const struct arguments *arguments);
enum status connection_connect(
    struct connection *connection, const struct arguments *arguments);
void connection_close(struct connection *connection);
/* STATUS_BUSY, unsaid, while there is no connection; it is made again by
 * itself. */
enum status connection_send(
    struct connection *connection, const struct message *message);
/* The next message; views point into connection->body. STATUS_TIMED_OUT is the
 * caller's to explain. */
enum status connection_receive(
    struct connection *connection, struct message *reply, int timeout_ms);
/* Says what a FAILURE says, and returns its status. */
enum status connection_failure(const struct message *reply);
/* Sends, and waits for a reply of that type. A FAILURE is said and returned as
 * its status. */
enum status connection_ask(struct connection *connection,
    const struct message *question, enum message_type wanted,
    struct message *reply);

enum status command_keys_new(const struct arguments *arguments);
enum status command_keys_show(const struct arguments *arguments);
enum status command_roster_create(const struct arguments *arguments);
enum status command_roster_sign(const struct arguments *arguments);
enum status command_roster_show(const struct arguments *arguments);
enum status command_study_create(const struct arguments *arguments);
enum status command_study_amend(const struct arguments *arguments);
enum status command_study_continue(const struct arguments *arguments);
enum status command_study_check(const struct arguments *arguments);
enum status command_study_approve(const struct arguments *arguments);
enum status command_study_verify(const struct arguments *arguments);
enum status command_study_submit(const struct arguments *arguments);
enum status command_study_list(const struct arguments *arguments);
enum status command_study_show(const struct arguments *arguments);
enum status command_query_check(const struct arguments *arguments);
enum status command_query_cost(const struct arguments *arguments);
enum status command_query_submit(const struct arguments *arguments);
enum status command_query_status(const struct arguments *arguments);
enum status command_result_fetch(const struct arguments *arguments);
enum status command_result_show(const struct arguments *arguments);
enum status command_result_export(const struct arguments *arguments);
enum status command_result_verify(const struct arguments *arguments);
enum status command_sandbox(const struct arguments *arguments);

extern const struct program client_program;

#endif
