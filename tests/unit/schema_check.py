"""Holds documents, schemas and parsers together.

schema_check.py CHECK_DOCUMENT EVERY_RESULT
    every sample of tests/data/good, and what becomes of it when any member, at
    any depth, is left out, is of another type, is out of range, or does not
    belong: schema and parser must agree. Results of every analysis must be what
    the schema of results says.
schema_check.py --file SCHEMA FILE
    one file against one schema
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

root = pathlib.Path(__file__).resolve().parents[2]
schemas = root / "protocol" / "query" / "schema"
data = root / "tests" / "data"
DICTIONARY = data / "uci_heart_disease" / "dictionary.json"
LIST_ITEMS_LOOKED_AT = 3

# What a schema cannot say, and the parser looks at: names that another document
# or the catalogue knows, an order of dates, keys that are there twice, the
# grammar of an expression, two lists of the same length. There the parser may refuse what the schema takes.
BEYOND_SCHEMA = {
    "query": ("cohort", "by", "analyses"),
    "study": ("variables", "cohort", "cohorts", "derived", "researchers", "analyses", "valid_from",
              "valid_until"),
    "amendment": ("cohorts",),
    "roster": ("committee", "centers", "coordinator", "threshold",
               "valid_from", "valid_until"),
    "dictionary": ("variables", "rules"),
    "envelope": ("payload", "signatures"),
    "session": ("centers", "freezes"),
}
# What describes a dictionary is for people; the parser does not read it.
DESCRIPTIVE = {"dictionary": ("title", "description", "license", "source")}


def validator(name):
    schema = json.loads((schemas / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class Parsers:
    """check_document, asked for one document a line."""

    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "--lines", str(DICTIONARY)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.card = tempfile.NamedTemporaryFile("w", suffix=".json")

    def accepts(self, kind, document):
        text = json.dumps(document)
        if kind == "card":
            self.card.seek(0)
            self.card.truncate()
            self.card.write(text)
            self.card.flush()
            text = self.card.name
        self.process.stdin.write(f"{kind} {text}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, f"no answer about {kind} {text[:200]}"
        return answer == "ok"

    def end(self):
        self.process.stdin.close()
        assert self.process.wait() == 0
        self.card.close()


def places(value, path=()):
    """Every member and item, the first few of a list, at any depth."""
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        for index in range(min(len(value), LIST_ITEMS_LOOKED_AT)):
            yield from places(value[index], path + (index,))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def wrong_values(value):
    """Of another type, or at and beyond the ends of what may be."""
    yield from (3.5, {"a": 1}, ["x", 3], True, None, -1, 0, 2 ** 63 - 1)
    if isinstance(value, str):
        yield from ("", "x" * 10000, value + "\t", value + "\x7f", value[:-1],
                    value.upper(), "2026-13-01", "2026-01-01T25:00:00Z")
    if isinstance(value, bool):
        yield from (1, "true")
    elif isinstance(value, int):
        yield from (value + 0.5, str(value), 1000001)
    if isinstance(value, list):
        yield from ([], value + value[:1])


def variants(document):
    yield "as it is", (), document
    for path in [()] + list(places(document)):
        if isinstance(at(document, path), dict):
            changed = copy.deepcopy(document)
            at(changed, path)["unknown_member"] = 1
            yield f"an unknown member in {path}", path, changed
    for path in places(document):
        changed = copy.deepcopy(document)
        del at(changed, path[:-1])[path[-1]]
        yield f"without {path}", path, changed
        for wrong in wrong_values(at(document, path)):
            changed = copy.deepcopy(document)
            at(changed, path[:-1])[path[-1]] = wrong
            yield f"{path} = {str(wrong)[:40]!r}", path, changed


class Count:
    passed = failed = 0

    def note(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}")


def check_samples(parsers, count):
    for file in sorted((data / "good").glob("*.json")):
        kind = file.stem
        if kind == "result":
            continue
        schema = validator(kind)
        document = json.loads(file.read_text())
        for what, path, variant in variants(document):
            top = path[0] if path else None
            if top in DESCRIPTIVE.get(kind, ()):
                continue
            by_schema = schema.is_valid(variant)
            by_parser = parsers.accepts(kind, variant)
            good = by_schema == by_parser or (
                by_schema and top in BEYOND_SCHEMA.get(kind, ()))
            count.note(good, f"{kind}, {what}: schema "
                       f"{'takes' if by_schema else 'refuses'} it, the parser "
                       f"{'takes' if by_parser else 'refuses'} it")


def check_results(every_result, count):
    """A result has no parser but its reader's: its schema must take whatever
    an analysis says, and refuse what is no result."""
    schema = validator("result")
    sample = json.loads((data / "good" / "result.json").read_text())
    count.note(schema.is_valid(sample), "result, as it is")
    seen = set()
    lines = subprocess.run([every_result], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    for line in lines:
        results = json.loads(line)
        seen |= {entry["analysis"] for entry in results}
        error = next(schema.iter_errors({**sample, "results": results}), None)
        count.note(error is None, f"result, {line[:60]}: {str(error)[:300]}")
    names = schema.schema["properties"]["results"]["items"]["properties"][
        "analysis"]["enum"]
    count.note(seen == set(names), f"analyses: {seen ^ set(names)}")
    for key in schema.schema["required"]:
        without = {k: v for k, v in sample.items() if k != key}
        count.note(not schema.is_valid(without), f"result, without {key}")
    for key in sample:
        for wrong in (3.5, ["x", 3], True):
            count.note(not schema.is_valid({**sample, key: wrong}),
                       f"result, {key} = {wrong}")
    count.note(not schema.is_valid({**sample, "unknown_member": 1}),
               "result, an unknown member")


def main():
    if sys.argv[1] == "--file":
        validator(sys.argv[2]).validate(
            json.loads(pathlib.Path(sys.argv[3]).read_text()))
        return 0
    count = Count()
    parsers = Parsers(sys.argv[1])
    check_samples(parsers, count)
    parsers.end()
    check_results(sys.argv[2], count)
    kinds = {file.stem for file in schemas.glob("*.json")}
    samples = {file.stem for file in (data / "good").glob("*.json")}
    count.note(kinds == samples, f"no sample, or no schema: {kinds ^ samples}")
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed or count.passed < 1000 else 0


sys.exit(main())
