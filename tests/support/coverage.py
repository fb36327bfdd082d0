"""Tells what of the code the tests took: lines and branches by folder and file.

coverage.py BUILD [--floor FOLDER=PERCENT]... [--missing FOLDER]

Reads gcov's JSON for every object file in BUILD. A line or branch counts once
however many programs are built from it. Branches that gcov marks as thrown are
none in C. Fails when a folder takes fewer of its branches than its floor.
"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("protocol", "policy", "node", "coordinator")


def gcov_reports(build):
    """The JSON of every object file that was built for one of our folders."""
    data = [str(path.resolve()) for path in sorted(build.rglob("*.gcno"))
            if path.relative_to(build).parts[0] in FOLDERS]
    with tempfile.TemporaryDirectory() as scratch:
        for start in range(0, len(data), 50):
            subprocess.run(["gcov", "-b", "--json-format", *data[start:start + 50]],
                           cwd=scratch, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        for path in sorted(pathlib.Path(scratch).glob("*.gcov.json.gz")):
            yield json.loads(gzip.decompress(path.read_bytes()))


def collect(build):
    """file -> line -> [times taken, [times each branch was taken]]"""
    files = collections.defaultdict(dict)
    for report in gcov_reports(build):
        for file in report["files"]:
            path = (build / file["file"]).resolve()
            if not path.is_relative_to(root):
                continue
            name = str(path.relative_to(root))
            if name.split("/")[0] not in FOLDERS:
                continue
            lines = files[name]
            for line in file["lines"]:
                branches = [b["count"] for b in line["branches"]]
                seen = lines.setdefault(line["line_number"], [0, []])
                seen[0] += line["count"]
                if len(branches) == len(seen[1]):
                    branches = [a + b for a, b in zip(branches, seen[1])]
                if len(branches) >= len(seen[1]):
                    seen[1] = branches
    return files


class Tally:
    def __init__(self):
        self.lines = self.lines_taken = self.branches = self.branches_taken = 0

    def add(self, lines):
        for count, branches in lines.values():
            self.lines += 1
            self.lines_taken += count > 0
            self.branches += len(branches)
            self.branches_taken += sum(count > 0 for count in branches)

    def percent(self):
        return 100 * self.branches_taken / self.branches if self.branches else 100

    def row(self, name):
        def share(taken, whole):
            return f"{100 * taken / whole:6.1f} %" if whole else "       -"
        return (f"{name:<44}{self.lines:7}{share(self.lines_taken, self.lines)}"
                f"{self.branches:9}{share(self.branches_taken, self.branches)}")


def print_missing(files, folder):
    for name in sorted(files):
        if not name.startswith(folder + "/"):
            continue
        text = (root / name).read_text().splitlines()
        for number, (_, branches) in sorted(files[name].items()):
            missed = sum(count == 0 for count in branches)
            if missed:
                print(f"{name}:{number}: {missed} of {len(branches)} not taken:"
                      f" {text[number - 1].strip()}")


def main():
    build, floors, missing = pathlib.Path(sys.argv[1]), {}, None
    rest = sys.argv[2:]
    while rest:
        option, value, rest = rest[0], rest[1], rest[2:]
        if option == "--floor":
            folder, percent = value.split("=")
            floors[folder] = float(percent)
        elif option == "--missing":
            missing = value
        else:
            sys.exit(f"coverage.py: unknown option {option}")
    files = collect(build)
    folders = collections.defaultdict(Tally)
    print(f"{'':<44}{'lines':>7}{'taken':>8}{'branches':>9}{'taken':>8}")
    for name in sorted(files):
        tally = Tally()
        tally.add(files[name])
        print(tally.row(name))
        folders[str(pathlib.Path(name).parent)].add(files[name])
    print()
    for folder in sorted(folders):
        print(folders[folder].row(folder))
    if missing:
        print()
        print_missing(files, missing)
    failed = 0
    for folder, floor in floors.items():
        found = folders[folder].percent() if folder in folders else 0
        if found < floor:
            failed += 1
            print(f"FAILED {folder}: {found:.1f} % of the branches, floor {floor} %")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
