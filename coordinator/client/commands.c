#include "coordinator/client/client.h"

static const struct program_option keys_new_options[] = {
    {"name", 'n', "NAME", "Whose key it is, as it stands on a roster."},
    {"out", 'o', "FILE",
        "The key file, such as ada.key; the card goes beside "
        "it as ada.card.json."},
    {"passphrase-file", 'p', "FILE",
        "Take the passphrase from the first line of FILE."},
    {"no-passphrase", 0, NULL, "Leave the key open (tests only)."},
    CLIENT_OPTIONS_END,
};

static const struct program_option roster_create_options[] = {
    {"federation", 'f', "NAME", "The federation's name."},
    {"threshold", 't', "M", "How many members must sign; 2 when left out."},
    {"amendment-threshold", 0, "M",
        "How many must sign an amendment of a study; 1 when left out."},
    {"version", 0, "N", "1 when left out; each next version is one more."},
    {"member", 'm', "CARD", "A committee member's card. Repeat."},
    {"revoked", 0, "CARD", "A member whose signatures count no more. Repeat."},
    {"center", 0, "CARD", "A center's card. Repeat."},
    {"from", 0, "FILE",
        "The signed roster before it: what it says stays, and the options "
        "change it. A card takes the place of one of the same name."},
    {"remove", 0, "NAME", "Leave out a member or a center of --from. Repeat."},
    {"coordinator", 0, "CARD", "The coordinator's card."},
    {"endpoint", 'e', "ENDPOINT",
        "Where the coordinator listens, such as tcp://registry.org:7100."},
    {"valid-from", 0, "DATE", "Yesterday when left out."},
    {"valid-until", 0, "DATE", "In a year when left out."},
    {"approvals-from", 0, "DATE",
        "Approvals of studies that were given before no longer count; all of "
        "its members' count when left out."},
    {"out", 'o', "FILE", "The roster, to be signed."},
    CLIENT_OPTIONS_END,
};

static const struct program_option roster_sign_options[] = {
    {"previous", 0, "FILE",
        "The roster before it, whose members may sign as well: its threshold "
        "must be met too."},
    CLIENT_KEY_OPTIONS,
    CLIENT_OPTIONS_END,
};

static const struct program_option study_create_options[] = {
    {"out", 'o', "FILE", "The signed study."},
    {"dictionary", 'd', "FILE",
        "Fill in the dictionary's id, and check the study against it."},
    {"researcher", 0, "CARD", "Add a researcher. Repeat."},
    CLIENT_KEY_OPTIONS,
    CLIENT_OPTIONS_END,
};

static const struct program_option dictionary_options[] = {
    {"dictionary", 'd', "FILE", "The federation's dictionary."},
    CLIENT_OPTIONS_END,
};

#define AMENDMENT_OPTION                                                       \
    {                                                                          \
        "amendment", 0, "FILE",                                                \
            "A signed amendment of the study. Repeat for each."                \
    }

static const struct program_option study_show_options[] = {
    {"dictionary", 'd', "FILE", "The federation's dictionary."},
    AMENDMENT_OPTION,
    CLIENT_OPTIONS_END,
};

static const struct program_option amend_options[] = {
    {"study", 's', "FILE", "The signed study that is amended."},
    AMENDMENT_OPTION,
    {"dictionary", 'd', "FILE", "The federation's dictionary."},
    {"out", 'o', "FILE", "The signed amendment."},
    CLIENT_KEY_OPTIONS,
    CLIENT_OPTIONS_END,
};

static const struct program_option approve_options[] = {
    {"study", 0, "FILE", "The signed study, of which FILE is an amendment."},
    {"scores", 's', "SCORES",
        "The score sheet: mission=1..9,merit=1..9,feasibility=1..9,team=1..9."},
    {"comment", 0, "TEXT", "What the committee should remember."},
    {"reject", 0, NULL, "Reject instead; it takes an approval back."},
    {"roster", 'r', "FILE", "Check that the key is one of its members."},
    {"out", 'o', "FILE", "The signed approval."},
    CLIENT_KEY_OPTIONS,
    CLIENT_OPTIONS_END,
};

static const struct program_option verify_options[] = {
    {"roster", 'r', "FILE", "The signed roster."},
    CLIENT_OPTIONS_END,
};

static const struct program_option connect_options[] = {
    CLIENT_CONNECTION_OPTIONS,
    CLIENT_KEY_OPTIONS,
    {"json", 'j', NULL, "One JSON document on standard output."},
    CLIENT_OPTIONS_END,
};

static const struct program_option continue_options[] = {
    {"seen", 0, "N",
        "Sign that the N pairs that are listed were looked at, and that the "
        "study goes on; without it they are listed alone."},
    {"comment", 0, "TEXT", "What the committee should remember."},
    CLIENT_CONNECTION_OPTIONS,
    CLIENT_KEY_OPTIONS,
    CLIENT_OPTIONS_END,
};

static const struct program_option check_options[] = {
    {"dictionary", 'd', "FILE", "The federation's dictionary."},
    {"study", 's', "FILE", "The signed study that the query belongs to."},
    AMENDMENT_OPTION,
    {"model", 0, "FILE", "The result whose model a roc of the query names."},
    CLIENT_OPTIONS_END,
};

static const struct program_option submit_options[] = {
    {"study", 's', "FILE", "The signed study that the query belongs to."},
    AMENDMENT_OPTION,
    {"model", 0, "FILE", "The result whose model a roc of the query names."},
    {"dictionary", 'd', "FILE",
        "The federation's dictionary; the coordinator's copy when left out."},
    {"wait", 'w', "SECONDS", "How long to wait for the result; 120."},
    {"out", 'o', "FILE", "Also keep the result as JSON in FILE."},
    {"unchecked", 0, NULL,
        "Send without checking it against the study here (tests only)."},
    CLIENT_CONNECTION_OPTIONS,
    CLIENT_KEY_OPTIONS,
    {"json", 'j', NULL, "One JSON document on standard output."},
    CLIENT_OPTIONS_END,
};

static const struct program_option fetch_options[] = {
    {"out", 'o', "FILE", "Also keep the result as JSON in FILE."},
    CLIENT_CONNECTION_OPTIONS,
    CLIENT_KEY_OPTIONS,
    {"json", 'j', NULL, "One JSON document on standard output."},
    CLIENT_OPTIONS_END,
};

static const struct program_option show_options[] = {
    {"plot", 'p', "FILE",
        "Draw it instead, as SVG, PNG or PDF by the name's ending: curves of "
        "km and cumulative_incidence, forest plots of models, means of t_test, "
        "bars of histogram, frequency and crosstab, correlation, roc, pca, "
        "mlp."},
    {"analysis", 'a', "N",
        "The Nth analysis alone; without it all are printed, and the first "
        "that can be is drawn."},
    {"roster", 'r', "FILE",
        "The roster, to check that its coordinator signed the result."},
    CLIENT_OPTIONS_END,
};

static const struct program_option export_options[] = {
    {"out", 'o', "FOLDER", "Where the files go; made when it is not there."},
    CLIENT_OPTIONS_END,
};

static const struct program_option sandbox_options[] = {
    {"dictionary", 'd', "FILE", "The variables of the CSV files."},
    {"query", 'q', "FILE", "The query; it may leave 'study' out."},
    {"model", 0, "FILE", "The result whose model a roc of the query names."},
    {"min-cell", 'm', "N",
        "The cell limit, in people; as in a study when left out. 1 shows "
        "every cell."},
    {"privacy", 0, "KIND",
        "sum, site, noise or plain, as in a study. Left out: sum (masked, the "
        "rules act on the total) with three centers or more; with fewer nothing "
        "can be masked."},
    {"pooled", 0, NULL, "Put all files into one center."},
    {"keep", 0, "DIR", "Make the federation in DIR and leave it there."},
    {"json", 'j', NULL, "One JSON document on standard output."},
    CLIENT_OPTIONS_END,
};

#define NONE 0, 0
#define ONE 1, 1

static const struct program_command commands[] = {
    {"keys new", "", NONE, "Make a person's key",
        "Writes the key (secret, sealed with a passphrase) and the card "
        "(public; give it to the committee).",
        "cohortium keys new --name \"Ada Lovelace\" --out ada.key",
        keys_new_options, command_keys_new},
    {"keys show", "CARD", ONE, "Show a card and its fingerprint",
        "Compare the fingerprint with its owner, by phone, before you put a "
        "card on a roster or into a study.",
        NULL, NULL, command_keys_show},
    {"roster create", "", NONE, "Write a roster to be signed",
        "Who belongs to the federation: committee and threshold, centers, "
        "coordinator. It counts once the threshold of members has signed it; "
        "a next version must be signed by the committee before it as well.",
        "cohortium roster create --federation uci-heart --threshold 2 \\\n"
        "    --member a.card.json --member b.card.json --center c/card.json "
        "\\\n"
        "    --coordinator office/card.json --endpoint tcp://127.0.0.1:7100 "
        "--out roster.json",
        roster_create_options, command_roster_create},
    {"roster sign", "FILE", ONE, "Add a member's signature to a roster", NULL,
        "cohortium roster sign roster.json --key a.key", roster_sign_options,
        command_roster_sign},
    {"roster show", "FILE", ONE, "Show a roster and who signed it", NULL, NULL,
        NULL, command_roster_show},
    {"study create", "FILE", ONE, "Sign the description of a study",
        "FILE is JSON: title, investigator, variables, analyses, the cohorts "
        "that are asked about and the whole that they lie in, disclosure "
        "limits, dates. All that is wrong with it is told at once; then each "
        "cohort is told in words. The result is what the committee approves, "
        "byte for byte.",
        "cohortium study create study-description.json --dictionary "
        "dictionary.json \\\n"
        "    --researcher ada.card.json --key ada.key --out study.json",
        study_create_options, command_study_create},
    {"study check", "FILE", ONE, "Check a signed study against the dictionary",
        "'study create' makes the same checks before it signs.", NULL,
        dictionary_options, command_study_check},
    {"study amend", "FILE", ONE, "Add named cohorts to an approved study",
        "FILE is JSON: {\"cohorts\": [{\"name\", \"title\", \"where\"}]}, and "
        "\"reason\" if there is one to be read. At most 10 cohorts are added to "
        "a study by all its amendments together, each of which takes as many "
        "members' approvals as the roster says (amendment_threshold). Whatever "
        "else changes takes a new study.",
        "cohortium study amend more.json --study study.json --dictionary "
        "dictionary.json \\\n"
        "    --key ada.key --out amendment.json\n"
        "cohortium study approve amendment.json --study study.json --key a.key "
        "\\\n"
        "    --scores mission=8,merit=7,feasibility=9,team=8 --out "
        "a.amendment.approval\n"
        "cohortium study submit study.json amendment.json "
        "a.amendment.approval \\\n"
        "    --roster roster.json --key a.key",
        amend_options, command_study_amend},
    {"study approve", "FILE", ONE, "Approve (or reject) a study",
        "Writes a document of its own, signed by one member, with the score "
        "sheet: alignment with the mission, scientific merit, feasibility, "
        "team, each from 1 to 9. FILE may be an amendment, with --study.",
        "cohortium study approve study.json --key a.key \\\n"
        "    --scores mission=8,merit=7,feasibility=9,team=8 --out a.approval",
        approve_options, command_study_approve},
    {"study verify", "FILE APPROVAL...", 1, SIZE_MAX,
        "Say if enough members approved a study", NULL, NULL, verify_options,
        command_study_verify},
    {"study submit", "FILE APPROVAL...", 1, SIZE_MAX,
        "Hand an approved study to the coordinator",
        "By a committee member, whom the coordinator knows from the roster. "
        "The centers receive it and decide. An amendment stands among the "
        "approvals, with its own.",
        NULL, connect_options, command_study_submit},
    {"study continue", "FILE", ONE,
        "Look at near cohorts of a study, and let it go on",
        "A cohort within two people of an earlier one that was answered "
        "otherwise is counted; at five of them (\"near_cohorts\" of the study's "
        "limits) its questions wait until a member of the committee who is "
        "none of its researchers signs that it goes on. Both questions of each "
        "pair are told in words.",
        "cohortium study continue study.json --roster roster.json --key a.key\n"
        "cohortium study continue study.json --roster roster.json --key a.key "
        "--seen 5",
        continue_options, command_study_continue},
    {"study list", "", NONE, "List the studies and who opted in", NULL, NULL,
        connect_options, command_study_list},
    {"study show", "FILE", ONE, "Show a signed study",
        "Its text, its id, and its cohorts: in words with --dictionary.", NULL,
        study_show_options, command_study_show},
    {"query check", "FILE", ONE, "Check a query without sending anything",
        "Types, units, categories and names are checked against the "
        "dictionary, and with --study whether it stays within the study. An "
        "error points at line and column.",
        "cohortium query check query.json --dictionary dictionary.json --study "
        "study.json",
        check_options, command_query_check},
    {"query cost", "FILE", ONE,
        "What a query costs of a study's privacy budget",
        "For a study with noise: the price in rho, what it means as epsilon and "
        "delta, how many such queries the study has, and how far a count will be "
        "off. Nothing is sent.",
        "cohortium query cost query.json --dictionary dictionary.json --study "
        "study.json",
        check_options, command_query_cost},
    {"query submit", "FILE", ONE, "Ask a query and wait for the answer",
        "Signs the query, sends it, prints the result as tables, or with "
        "--json as one signed document.",
        "cohortium query submit query.json --study study.json --roster "
        "roster.json --key ada.key --out result.json",
        submit_options, command_query_submit},
    {"query status", "[QUERY]", 0, 1, "Show what became of queries", NULL, NULL,
        connect_options, command_query_status},
    {"result fetch", "QUERY", ONE, "Get a result again",
        "QUERY is the query's id, or as many of its first digits as no other "
        "has.",
        "cohortium result fetch 05769d61 --roster roster.json --key ada.key",
        fetch_options, command_result_fetch},
    {"result show", "FILE", ONE, "Print a result as tables, or draw it", NULL,
        "cohortium result show result.json --plot curves.svg", show_options,
        command_result_show},
    {"result export", "FILE", ONE, "Write a result as CSV files",
        "One CSV file a table, with the names of the result's fields and "
        "beside codes their labels, and methods.txt, a text for a paper.",
        "cohortium result export result.json --out tables", export_options,
        command_result_export},
    {"result verify", "FILE", ONE,
        "Check that the coordinator signed these very bytes", NULL,
        "cohortium result verify result.json --roster roster.json",
        verify_options, command_result_verify},
    {"sandbox", "FILE...", 1, SIZE_MAX,
        "Try a query on CSV files, as a federation on this machine",
        "Makes a throwaway federation: one node process a file, a "
        "coordinator, fresh keys, a committee of one that approves a study "
        "just wide enough. The query runs over the real encrypted sockets; "
        "then everything is gone.",
        "cohortium sandbox --dictionary d.json --query q.json a.csv b.csv "
        "c.csv",
        sandbox_options, command_sandbox},
};

const struct program client_program = {
    .name = "cohortium",
    .summary = "Ask and approve questions in a Cohortium federation.",
    .details = "For researchers and committee members: keys, rosters, studies, "
               "queries and results. 'cohortium sandbox' needs none of them.",
    .commands = commands,
    .command_count = sizeof commands / sizeof commands[0],
};
