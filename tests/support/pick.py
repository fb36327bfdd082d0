"""Picks one fact out of a JSON document on standard input, for the stories.

pick.py connected          names of the connected centers (coordinator status)
pick.py opted STUDY NAME   in or out (coordinator status)
pick.py centers            how many centers a result has
pick.py absent|refused     names in a result's center report
pick.py privacy            how its figures were summed
pick.py n                  n of a result's first entry
pick.py rows               "N patients, M values refused" of an import report
"""
import json
import sys

document = json.load(sys.stdin)
what = sys.argv[1]
if what == "connected":
    print(" ".join(sorted(
        c["name"] for c in document["centers"] if c["connected"])))
elif what == "opted":
    inside = any(s["name"] == sys.argv[2] and sys.argv[3] in s["opted_in"]
                 for s in document["studies"])
    print("in" if inside else "out")
elif what == "centers":
    print(document["centers"])
elif what in ("absent", "refused"):
    print(" ".join(document["center_report"][what]))
elif what == "privacy":
    print(document["privacy"])
elif what == "n":
    print(document["results"][0]["n"])
elif what == "rows":
    print(f'{document["rows"]} patients, {document["refused"]} values refused')
else:
    sys.exit(f"pick.py: what is '{what}'?")
