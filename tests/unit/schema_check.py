"""Holds documents, schemas and parsers together.

schema_check.py CHECK_DOCUMENT      every sample of tests/data/good, and what
                                    becomes of it when a member is left out, is
                                    of another type, or does not belong: schema
                                    and parser must agree
schema_check.py --file SCHEMA FILE  one file against one schema
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


def validator(name):
    schema = json.loads((schemas / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def parser_accepts(check, kind, document):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        code = subprocess.run(
            [check, kind, file.name,
             str(data / "uci_heart_disease" / "dictionary.json")],
            stdout=subprocess.DEVNULL).returncode
    assert code in (0, 1), code
    return code == 0


def variants(document):
    yield "as it is", document
    yield "an unknown member", {**document, "unknown_member": 1}
    for key in document:
        without = copy.deepcopy(document)
        del without[key]
        yield f"without {key}", without
        for wrong in (3.5, {"a": 1}, ["x", 3], True):
            changed = copy.deepcopy(document)
            changed[key] = wrong
            yield f"{key} = {wrong}", changed


def main():
    if sys.argv[1] == "--file":
        validator(sys.argv[2]).validate(
            json.loads(pathlib.Path(sys.argv[3]).read_text()))
        return 0
    passed = failed = 0
    for file in sorted((data / "good").glob("*.json")):
        kind = file.stem
        schema = validator(kind)
        document = json.loads(file.read_text())
        descriptive = {"title", "description", "license", "source"}
        for what, variant in variants(document):
            if what.split(" ")[0] in descriptive and kind == "dictionary":
                continue
            by_schema = schema.is_valid(variant)
            by_parser = parser_accepts(sys.argv[1], kind, variant)
            if by_schema == by_parser:
                passed += 1
            else:
                failed += 1
                print(f"FAILED {kind}, {what}: schema "
                      f"{'takes' if by_schema else 'refuses'} it, the parser "
                      f"{'takes' if by_parser else 'refuses'} it")
    for file in schemas.glob("*.json"):
        validator(file.stem)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed < 100 else 0


sys.exit(main())
