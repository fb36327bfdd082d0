"""What is withheld of so many people, under default limits and by DataSHIELD.

table.py [PEOPLE...]        60 100 150 300 500 1000 5000 when left out

Each analysis is the first question of its study, over four centers of equal
size (cohortium sandbox). Told is the share of the numbers of the answer that
the same question has with --min-cell 1: cells, steps of a curve, coefficients.
Beside it the share that DataSHIELD's default filters leave of the same rows.
"""
import concurrent.futures
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent.parent
BIN = pathlib.Path(os.environ.get("BIN", ROOT / "build/release/bin"))
DICTIONARY = ROOT / "tests/data/synthesize/dictionary.json"
CENTERS = 4
PRIVACIES = ("sum", "site", "plain", "noise")
SURVIVAL = "Surv(followup_days, death)"
SIZE = ["age_at_exam", "bsa", "lvef", "lvedvi", "rvef"]
# Rare: aortic valve surgery before.
RARE = "hx_valve_intervention"


def formula(kind, text, **more):
    return {kind: dict(formula=text, **more)}


QUESTIONS = {
    "Table 1 by sex": {"by": ["sex"], "analyses": [
        {"summary": {"variables": SIZE}},
        {"frequency": {"variable": "hx_diabetes"}},
        {"frequency": {"variable": "smoking"}}]},
    "crosstab, small cells": {"analyses": [
        {"crosstab": {"rows": "dx_primary", "columns": "sex"}}]},
    "KM of two groups": {"analyses": [
        formula("km", SURVIVAL + " ~ lge_present", grid_days=180)]},
    "log-rank": {"analyses": [
        formula("logrank", SURVIVAL + " ~ lge_present", grid_days=30)]},
    "Cox, 5 covariates": {"analyses": [formula(
        "cox", SURVIVAL + " ~ age_at_exam + sex + lvef + lge_present"
        " + hx_diabetes + strata(center)")]},
    "logistic, rare outcome": {"analyses": [
        formula("glm", RARE + " ~ age_at_exam + sex", family="binomial")]},
    "t test": {"analyses": [formula("t_test", "lvedvi ~ sex")]},
    "anova, two factors": {"analyses": [
        formula("anova", "lvef ~ sex + hx_diabetes")]},
}


# ---- data ----

def registry(people, folder):
    """The first exam of so many people, dealt over centers; rows by center."""
    subprocess.run([BIN / "synthesize", "--patients", str(people),
                    folder / "made"], check=True, capture_output=True)
    seen, rows = set(), []
    for file in sorted((folder / "made").glob("center_*.csv")):
        for row in csv.DictReader(file.open()):
            if row["patient"] not in seen:
                seen.add(row["patient"])
                rows.append(row)
    centers = [rows[c::CENTERS] for c in range(CENTERS)]
    for number, center in enumerate(centers, 1):
        with (folder / f"c{number}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(center[0]))
            writer.writeheader()
            writer.writerows(center)
    return centers


# ---- what is told ----

def numbers(value):
    """How many numbers an answer has."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return 0
    if isinstance(value, (int, float)):
        return 1
    if isinstance(value, list):
        return sum(numbers(v) for v in value)
    return sum(numbers(v) for k, v in value.items()
               if k not in ("parameters", "by", "grid_days"))


def ask(folder, question, *options):
    """Numbers that are told; the error where there is no answer."""
    query = folder / f"{abs(hash((json.dumps(question), options)))}.json"
    query.write_text(json.dumps(question))
    done = subprocess.run(
        [BIN / "cohortium", "sandbox", "--dictionary", DICTIONARY, "--query",
         query, "--json", *options, *sorted(folder.glob("c*.csv"))],
        capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no answer"])[-1]
    return numbers(json.loads(done.stdout)["results"])


# ---- DataSHIELD, by its documentation (wiki.datashield.org, disclosure checks)

TAB, SUBSET, GLM = 3, 3, 0.33


def known(rows, names):
    return [r for r in rows if all(r[n] != "" for n in names)]


def cells(rows, names):
    out = {}
    for row in rows:
        key = tuple(row[n] for n in names)
        out[key] = out.get(key, 0) + 1
    return out


def table_is_left(rows, names):
    """nfilter.tab: one non-zero cell below it blocks a center's table."""
    return all(n >= TAB for n in cells(known(rows, names), names).values())


def share_left(centers, is_left):
    """Of the people, those at centers whose table is not blocked."""
    people = sum(len(rows) for rows in centers)
    return sum(len(rows) for rows in centers if is_left(rows)) / people


def model_is_left(rows, outcome, terms, two_valued):
    """nfilter.glm, and nfilter.tab on columns of two values."""
    rows = known(rows, outcome + terms)
    return (len(terms) + 1 <= GLM * len(rows) and
            all(table_is_left(rows, [name]) for name in two_valued))


def datashield(name, centers):
    if name == "Table 1 by sex":
        means = [share_left(centers, lambda rows, v=v: table_is_left(
            known(rows, [v]), ["sex"])) for v in SIZE]
        counts = [share_left(centers, lambda rows, v=v: table_is_left(
            rows, [v, "sex"])) for v in ("hx_diabetes", "smoking")]
        return sum(means + counts) / len(means + counts)
    if name == "crosstab, small cells":
        return share_left(
            centers, lambda rows: table_is_left(rows, ["dx_primary", "sex"]))
    if name in ("KM of two groups", "log-rank"):
        return share_left(centers, lambda rows: all(
            n >= SUBSET for n in cells(
                known(rows, ["followup_days", "death", "lge_present"]),
                ["lge_present"]).values()))
    outcome, terms, two = {
        "Cox, 5 covariates": (
            ["followup_days", "death"],
            ["age_at_exam", "sex", "lvef", "lge_present", "hx_diabetes"],
            ["death", "sex", "lge_present", "hx_diabetes"]),
        "logistic, rare outcome": (
            [RARE], ["age_at_exam", "sex"], [RARE, "sex"]),
        "t test": (["lvedvi"], ["sex"], ["sex"]),
        "anova, two factors": (
            ["lvef"], ["sex", "hx_diabetes"], ["sex", "hx_diabetes"]),
    }[name]
    # A model is fitted at all centers or not at all.
    return float(all(model_is_left(r, outcome, terms, two) for r in centers))


# ---- the table ----

def percent(told, all_of_it):
    if isinstance(told, str):
        return "-"
    return f"{min(100, round(100 * told / max(1, all_of_it)))}"


def measure(people):
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        centers = registry(people, folder)
        for question, query in QUESTIONS.items():
            whole = ask(folder, query, "--min-cell", "1")
            if isinstance(whole, str):
                sys.exit(f"{question}, {people} people: {whole}")
            told = []
            for privacy in PRIVACIES:
                answer = ask(folder, query, "--privacy", privacy)
                if isinstance(answer, str):
                    print(f"{people} {question} {privacy}: {answer}",
                          file=sys.stderr)
                told.append(percent(answer, whole))
            told.append(percent(datashield(question, centers), 1))
            lines.append((question, told))
    return people, lines


def main():
    sizes = [int(a) for a in sys.argv[1:]] or [60, 100, 150, 300, 500, 1000,
                                               5000]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        measured = dict(pool.map(measure, sizes))
    heads = [*PRIVACIES, "DataSHIELD"]
    print("| people | " + " | ".join(QUESTIONS) + " |")
    print("|" + " --- |" * (len(QUESTIONS) + 1))
    for which, head in enumerate(heads):
        for people in sizes:
            print(f"| {head} {people} | " + " | ".join(
                told[which] for _, told in measured[people]) + " |")


main()
