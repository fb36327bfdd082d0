#include "node/home.h"

static const struct program_option common_options[] = {
    {"home", 'H', "DIR",
        "The folder of the center: keys, settings, dictionary and registry. "
        "The present folder when it is left out."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option init_options[] = {
    {"name", 'n', "NAME",
        "The center's name on the roster: a-z, 0-9, '-', '_' and '.'."},
    {"dictionary", 'd', "FILE",
        "The dictionary that the federation agreed on; it is copied."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option import_options[] = {
    {"dry-run", 0, NULL, "Check and report; change nothing."},
    {"strict", 0, NULL, "Refuse the file at the first value that is refused."},
    {"replace", 0, NULL, "The file is the whole registry: forget what was."},
    {"again", 0, NULL, "Take a file that was imported before."},
    {"json", 'j', NULL, "The report as one JSON document."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option json_options[] = {
    {"json", 'j', NULL, "One JSON document on standard output."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option quality_options[] = {
    {"result", 'r', "FILE",
        "A result that holds 'quality' for all centers, to be shown beside."},
    {"json", 'j', NULL, "One JSON document on standard output."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option opt_in_options[] = {
    {"limits", 'l', "FILE",
        "JSON with this center's own disclosure limits, such as "
        "{\"min_cell\": 20}. The stricter of these and the study's hold."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option audit_options[] = {
    {"last", 'l', "N", "How many records; 50 when it is left out."},
    {NULL, 0, NULL, NULL},
};

static const struct program_option serve_options[] = {
    {"coordinator", 'c', "ENDPOINT",
        "Where to connect, instead of what node.conf or the roster says. The "
        "key stays the one that the roster names."},
    {"check-config", 0, NULL, "Only read node.conf and say if it is right."},
    {"print-config", 0, NULL, "Only print every setting as it is in force."},
    {NULL, 0, NULL, NULL},
};

#define ONE 1, 1

static const struct program_command commands[] = {
    {"init", "", 0, 0, "Make the keys, settings and registry of a new center",
        "Writes node.key (secret; keep it and back it up), card.json (for the "
        "committee, who put it on the roster), node.conf, dictionary.json and "
        "registry.sqlite. Refuses to touch a node that is there.",
        "cohortium-node init --home /srv/cohortium --name cleveland "
        "--dictionary dictionary.json",
        init_options, command_init},
    {"roster", "FILE", ONE, "Install a version of the roster",
        "Version 1 must be signed by its own committee; compare the "
        "fingerprint that is printed with the committee's, by phone. Every "
        "later version must be signed by the threshold of the one before and "
        "by its own; those come by themselves while the node serves.",
        "cohortium-node roster --home /srv/cohortium roster.json", NULL,
        command_roster},
    {"import", "FILE...", 1, SIZE_MAX, "Bring in CSV files of exams",
        "The header names the dictionary's variables; 'patient' and 'exam' "
        "may name the center's own identifiers. Rows that share a patient are "
        "one person's; without that column each row is a person. An exam that "
        "is there already is corrected. A file goes in whole or not at all. "
        "Values that do not fit the dictionary are refused, reported with "
        "line and column, and count as missing. '-' reads standard input. The "
        "first import makes freeze 1; what later ones bring is read by "
        "questions after 'cohortium-node freeze'.",
        "cohortium-node import --home /srv/cohortium --dry-run exams.csv\n"
        "cohortium-node import --home /srv/cohortium exams.csv",
        import_options, command_import},
    {"freeze", "", 0, 0, "Number and sign the registry as it stands",
        "Questions read freezes, which never change; imports disturb none. A "
        "study keeps the one that was the last at its first question. Makes "
        "the next one, if anything changed since the last; by itself the node "
        "makes one 'freeze_days' after the last, 30 at most. Who withdrew is "
        "out of every study then.",
        "cohortium-node freeze --home /srv/cohortium", json_options,
        command_freeze},
    {"variables", "", 0, 0, "Show what is stored of each variable", NULL,
        "cohortium-node variables --home /srv/cohortium", json_options,
        command_variables},
    {"quality", "[VARIABLE...]", 0, SIZE_MAX,
        "Show how complete and plausible our own values are",
        "The figures of the analysis 'quality' over all exams of this center, "
        "with nothing kept back: they stay here. Of each variable: its values, "
        "the share of exams that have one, how many were refused as out of "
        "range, how many exams break a rule of the dictionary about it, and "
        "how much the last digits 0 and 5 are preferred.",
        "cohortium-node quality --home /srv/cohortium --result result.json",
        quality_options, command_quality},
    {"study list", "", 0, 0, "Show the approved studies and our decisions",
        "Studies come from the coordinator while the node serves. They are "
        "shown only when the committee's signatures are right.",
        NULL, json_options, command_study_list},
    {"study show", "STUDY", ONE, "Show one study whole, as JSON",
        "STUDY is a name, or the first six or more digits of an id.", NULL,
        NULL, command_study_show},
    {"study unlock", "STUDY", ONE,
        "Answer again after too many refusals in a day",
        "Look at 'cohortium-node audit show' first: it has the reasons.", NULL,
        NULL, command_study_unlock},
    {"opt-in", "STUDY", ONE,
        "Let the approved questions of a study be "
        "answered here",
        "Off until said so. The decision is signed with the node's key and "
        "told to the coordinator within a second.",
        "cohortium-node opt-in --home /srv/cohortium ar-remodeling",
        opt_in_options, command_opt_in},
    {"opt-out", "STUDY", ONE, "Answer nothing more of a study",
        "Takes effect at once, also for a question that is under way.", NULL,
        NULL, command_opt_out},
    {"patient opt-out", "IDENTIFIER", ONE, "Leave one patient out of research",
        "At once of every study that was not asked here yet, and of those "
        "that run from the next freeze on.",
        NULL, NULL, command_patient_opt_out},
    {"patient opt-in", "IDENTIFIER", ONE,
        "Take a patient's research opt-out back", NULL, NULL, NULL,
        command_patient_opt_in},
    {"patient erase", "IDENTIFIER", ONE,
        "Delete all that is stored of one patient",
        "Values of all versions, and the identifier, at once. What was "
        "answered stays as it was. This cannot be undone.",
        NULL, NULL, command_patient_erase},
    {"recover", "", 0, 0, "Go on after the database was lost or restored",
        "A node notices when its database lacks a part of the audit log that "
        "it signed: an old copy, a lost -wal file. It answers nothing then. "
        "Put the newest copy back if there is one. This command goes on from "
        "the database as it is: it opts out of every study, for what was "
        "answered in the lost time is not remembered, and a new opt-in "
        "reopens one.",
        "cohortium-node recover --home /srv/cohortium", NULL, command_recover},
    {"status", "", 0, 0, "Show what this node holds and decided", NULL, NULL,
        json_options, command_status},
    {"audit show", "", 0, 0, "Show the last records of the audit log",
        "Everything that was accepted, refused, released or decided, with the "
        "reason of each refusal. It never leaves the center by itself.",
        NULL, audit_options, command_audit_show},
    {"audit verify", "", 0, 0, "Check that no record was changed or cut off",
        "Recomputes every digest and signature, and says at which record the "
        "log stops being right.",
        NULL, NULL, command_audit_verify},
    {"audit export", "", 0, 0, "Print the log, one JSON object a line", NULL,
        "cohortium-node audit export --home /srv/cohortium > audit.jsonl", NULL,
        command_audit_export},
    {"serve", "", 0, 0, "Answer approved questions",
        "Connects out to the coordinator and stays connected until SIGTERM. "
        "Prints 'ready NAME' on standard output once the coordinator has "
        "greeted it; logs on standard error.",
        "cohortium-node serve --home /srv/cohortium", serve_options,
        command_serve},
};

const struct program node_program = {
    .name = "cohortium-node",
    .summary = "A center's node of a Cohortium federation.",
    .details =
        "Holds the center's own registry and answers approved questions with "
        "sums. It checks the committee's and the researcher's signatures "
        "itself; the coordinator is believed for nothing.",
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0],
    .common = common_options,
};
