"""A set of questions as a study and its queries.

prepare.py SET MODE NAME FOLDER

MODE  declared     the study names the cohorts that its queries ask about
      exploration  each query brings its cohort in words
      trusted      as exploration, with min_difference 1: what min_cell and the
                   rules for one answer leave
Writes FOLDER/study.json, and FOLDER/01.json and so on.
"""
import json
import pathlib
import sys

ANALYSES = """count summary frequency crosstab histogram quantile quality
correlation rank_test t_test lm anova mixed glm km cumulative_incidence roc
logrank cox""".split()
EVERY_VARIABLE = pathlib.Path(__file__).parent.parent.joinpath(
    "data/synthesize/dictionary.json")


def study(asked, mode, name):
    variables = json.loads(EVERY_VARIABLE.read_text())["variables"]
    description = {
        "cohortium": "study", "name": name, "version": 1,
        "title": asked["title"], "principal_investigator": "A researcher",
        "lead_institution": "Tests", "roster": "cmr-registry",
        "variables": [v["name"] for v in variables], "analyses": ANALYSES,
        "privacy": "sum", "min_centers": 3,
        # A working year in one day; all else as it is when left out.
        "limits": {"queries_per_day": 1000, "queries_total": 1000},
        "valid_from": "2020-01-01", "valid_until": "2099-01-01"}
    if asked.get("derived"):
        description["derived"] = asked["derived"]
    if mode == "declared":
        description["cohorts"] = [
            {"name": cohort, "where": where}
            for cohort, where in asked["cohorts"].items()]
    else:
        description["exploration"] = True
    if mode == "trusted":
        description["limits"]["min_difference"] = 1
    return description


def query(asked, mode, name, line):
    cohort, by, analyses = line
    out = {"study": name, "analyses": [asked["analyses"][a] for a in analyses]}
    if cohort:
        out["cohort"] = (cohort if mode == "declared"
                         else asked["cohorts"][cohort])
    if by:
        out["by"] = by
    return out


def main():
    file, mode, name, folder = sys.argv[1:]
    asked = json.loads(pathlib.Path(file).read_text())
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("study.json").write_text(
        json.dumps(study(asked, mode, name), indent=1))
    for number, line in enumerate(asked["queries"], 1):
        folder.joinpath(f"{number:02d}.json").write_text(
            json.dumps(query(asked, mode, name, line)))


main()
