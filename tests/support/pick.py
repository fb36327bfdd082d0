"""Picks one fact out of a JSON document on standard input, for the stories.

pick.py connected          names of the connected centers (coordinator status)
pick.py centers            how many centers a result has
pick.py absent|refused     names in a result's center report
pick.py privacy            how its figures were summed
pick.py n                  n of a result's first entry
"""
import json
import sys

document = json.load(sys.stdin)
what = sys.argv[1]
if what == "connected":
    print(" ".join(sorted(
        c["name"] for c in document["centers"] if c["connected"])))
elif what == "centers":
    print(document["centers"])
elif what in ("absent", "refused"):
    print(" ".join(document["center_report"][what]))
elif what == "privacy":
    print(document["privacy"])
elif what == "n":
    print(document["results"][0]["n"])
else:
    sys.exit(f"pick.py: what is '{what}'?")
