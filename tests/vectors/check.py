"""A second implementation of secure aggregation's arithmetic, from its
specification in protocol/README.md alone.

  check.py PROGRAM FOLDER

For each vector file of FOLDER: PROGRAM must write the same bytes; then every
key, signature, commitment, sealed share, mask, reveal and sum in it is
recomputed (class Session), and of a bad one the facts that make it bad are
established (lies.py). Known answers are computed as well.
"""
import glob
import hashlib
import json
import os
import struct
import subprocess
import sys

import lies
from primitives import (BASE, add, chacha20, digest, ed25519_verify, elements,
                        join_shares, kx_keys, poly1305, x25519, xchacha_open)

SIZES = {"PEERS": 132, "SEALED": 204, "SURVIVORS": 100, "VOTES": 68}


def index_bytes(i):
    return struct.pack("<I", i)


def records(step, data):
    """A list's records as {index: bytes}, in the order in which they stand."""
    size = SIZES[step]
    assert len(data) % size == 0, f"{step} is no list"
    return [(struct.unpack("<I", data[i:i + 4])[0], data[i:i + size])
            for i in range(0, len(data), size)]


class Session:
    """What a file says, recomputed as it goes."""

    def __init__(self, file):
        self.events = file["events"]
        self.file = file
        self.header = bytes.fromhex(file["header"])
        self.members = {
            m["index"]: {k: bytes.fromhex(x) for k, x in m.items() if k != "index"}
            for m in file["members"]}
        self.said = {}      # (index, step) -> bytes
        self.masked = {}    # index -> bytes of the last masked vector
        self.plain = {}
        self.shares = {}    # (of, holder) -> (self share, mask share)
        self.peers = self.survivors = None
        self.secret = {}
        for i, m in self.members.items():
            self.secret[i] = digest(b"mask-sk", self.header, key=m["mask_seed"])
            assert x25519(self.secret[i], BASE) == m["mask_key"], "mask key"
            assert x25519(m["share_secret"], BASE) == m["share_key"], "share key"

    def threshold(self):
        return 2 * len(self.peers) // 3 + 1

    def needed(self):
        return max(self.threshold(), self.file["min_centers"])

    def signed(self, i, statement, signature):
        return ed25519_verify(self.members[i]["identity"], statement, signature)

    def keys_statement(self, record, header=None):
        return digest(b"keys", header or self.header, record[:4], record[4:36],
                      record[36:68])

    def commit_statement(self, i, commitment):
        return digest(b"commit", self.header, self.h1, index_bytes(i), commitment)

    def masked_statement(self, vector):
        return digest(b"masked", self.header, self.h2, index_bytes(1), bytes(32),
                      hashlib.blake2b(vector, digest_size=32).digest())

    def h3_of(self, survivors):
        return digest(b"survivors", self.h2, survivors)

    def vote_statement(self, survivors):
        return digest(b"vote", self.h2, self.h3_of(survivors))

    # ---- what each member said ----

    def take_keys(self, i, said):
        m = self.members[i]
        assert said[:68] == index_bytes(i) + m["share_key"] + m["mask_key"], "KEYS"
        assert self.signed(i, self.keys_statement(said), said[68:]), "KEYS signed"

    def take_shares(self, i, said, message):
        self.peers = records("PEERS", message)
        self.h1 = digest(b"members", self.header, message)
        commitment, signature = said[:32], said[32:96]
        assert commitment == digest(b"seed", self.members[i]["self_seed"]), "seed"
        assert self.signed(i, self.commit_statement(i, commitment), signature)
        for at in range(96, len(said), 108):
            to = struct.unpack("<I", said[at:at + 4])[0]
            plain = self.open_box(i, to, commitment, said[at + 4:at + 28],
                                  said[at + 28:at + 108])
            assert plain is not None, f"box of {i} for {to}"
            self.shares[i, to] = plain[:32], plain[32:]
        holders = [j for j, _ in self.peers if j != i][:self.threshold()]
        for kind, name in enumerate(("self_seed", "mask_seed")):
            joined = join_shares({j: self.shares[i, j][kind] for j in holders})
            assert joined == self.members[i][name], f"{name} of {i}"

    def open_box(self, i, to, commitment, nonce, box):
        a, b = self.members[i], self.members[to]
        label = (self.header + self.h1 + index_bytes(i) + index_bytes(to)
                 + commitment)
        receive, _ = kx_keys(b["share_secret"], b["share_key"], a["share_key"])
        return xchacha_open(receive, nonce, box, label)

    def streams(self, i, others, size, label, bound, told=None):
        mine = self.members[i]["mask_key"]
        total = [0] * (size // 16)
        if told is None:
            total = elements(chacha20(digest(
                b"self-mask", bound, mine, key=self.members[i]["self_seed"]), size))
        for j in others:
            theirs = self.members[j]["mask_key"]
            key = digest(label, bound, *(told or ()), min(mine, theirs),
                         max(mine, theirs), key=x25519(self.secret[i], theirs))
            total = add(total, elements(chacha20(key, size)),
                        1 if mine < theirs else -1)
        return total

    def take_masked(self, i, said, message, masked, plain):
        others = [j for j, _ in records("SEALED", message)]
        chain = self.h1
        for j in sorted(others + [i]):
            chain = digest(b"givers", chain, index_bytes(j),
                           digest(b"seed", self.members[j]["self_seed"]))
        self.h2 = chain
        self.givers = sorted(others + [i])
        streams = self.streams(i, others, len(plain), b"pair-mask",
                               self.header + self.h1)
        assert add(elements(plain), streams) == elements(masked), f"vector of {i}"
        assert self.signed(i, self.masked_statement(masked),
                           said), "MASKED signed"
        self.masked[i], self.plain[i] = masked, plain

    def take_vote(self, i, said, message):
        self.survivors = message
        for j, record in records("SURVIVORS", message):
            assert record[4:36] == hashlib.blake2b(
                self.masked[j], digest_size=32).digest(), "digest of a vector"
        assert self.signed(i, self.vote_statement(message), said), "VOTE signed"

    def take_reveal(self, i, said, message):
        survivors = [j for j, _ in records("SURVIVORS", self.survivors)]
        votes = records("VOTES", message)
        assert len(votes) >= self.threshold()
        for j, record in votes:
            assert self.signed(j, self.vote_statement(self.survivors), record[4:])
        assert len(said) == 36 * len(self.givers)
        for at, j in enumerate(self.givers):
            record = said[36 * at:36 * at + 36]
            assert record[:4] == index_bytes(j), "order of the shares"
            if (j, i) not in self.shares:  # its own share of itself
                continue
            kind = 0 if j in survivors else 1
            assert record[4:] == self.shares[j, i][kind], f"share of {j} by {i}"

    def take_round(self, i, event, said, masked, plain):
        told = hashlib.blake2b(bytes.fromhex(event["message"]),
                               digest_size=32).digest()
        survivors = [j for j, _ in records("SURVIVORS", self.survivors)]
        h3, number = self.h3_of(self.survivors), event["number"]
        streams = self.streams(
            i, [j for j in survivors if j != i], len(plain), b"round-mask",
            self.header + self.h1 + h3, (index_bytes(number), told))
        assert add(elements(plain), streams) == elements(masked), f"round of {i}"
        key = digest(b"round-tag", self.header, self.h1, h3, index_bytes(number),
                     told, key=self.members[i]["self_seed"])
        assert said == poly1305(key, masked), "MASKED of a round tagged"
        self.masked[i], self.plain[i] = masked, plain

    # ---- the events ----

    def take_told(self, event):
        i, step = event["to"], event["step"]
        said = bytes.fromhex(event["says"])
        message = bytes.fromhex(event.get("message", ""))
        masked = bytes.fromhex(event.get("masked", ""))
        plain = bytes.fromhex(event["plain"]) if "plain" in event \
            else self.members[i]["vector"]
        self.said[i, step] = said
        if step == "KEYS":
            self.take_keys(i, said)
        elif step == "PEERS":
            self.take_shares(i, said, message)
        elif step == "SEALED":
            self.take_masked(i, said, message, masked, plain)
        elif step == "SURVIVORS":
            self.take_vote(i, said, message)
        elif step == "VOTES":
            self.take_reveal(i, said, message)
        elif step == "ROUND":
            self.take_round(i, event, said, masked, plain)

    def revealed(self, of):
        """{holder: share} of one member, as the reveals have it."""
        at = self.givers.index(of)
        return {i: said[36 * at + 4:36 * at + 36]
                for (i, step), said in self.said.items() if step == "VOTES"}

    def rebuild(self, of):
        shares = self.revealed(of)
        return join_shares({i: shares[i] for i in sorted(shares)[:self.threshold()]})

    def check_sum(self, data):
        survivors = [j for j, _ in records("SURVIVORS", self.survivors)]
        total = [0] * (len(data) // 16)
        for j in survivors:
            total = add(total, elements(self.plain[j]))
        assert total == elements(data), "sum"
        for j in self.givers:
            name = "self_seed" if j in survivors else "mask_seed"
            assert self.rebuild(j) == self.members[j][name], f"seed of {j}"

    def run(self):
        refused = []
        for event in self.events:
            if event["status"] != "OK":
                refused.append(event)
            elif event["do"] == "tell":
                self.take_told(event)
            elif "sum" in event:
                self.check_sum(bytes.fromhex(event["sum"]))
        return refused


def check_known(v):
    transcript = bytes(range(32))
    secret = [digest(b"mask-sk", transcript, key=bytes([0x11 * (i + 1)] * 32))
              for i in range(3)]
    keys = [x25519(s, BASE) for s in secret]
    assert [k.hex() for k in keys] == v["mask_keys"]
    total = [0] * 4
    for i in range(3):
        own = elements(chacha20(digest(b"self-mask", transcript, keys[i],
                                       key=bytes([0xA0 + i] * 32)), 64))
        y = add([1000 * (i + 1) + k for k in range(4)], own)
        for j in range(3):
            if j == i:
                continue
            key = digest(b"pair-mask", transcript, min(keys[i], keys[j]),
                         max(keys[i], keys[j]), key=x25519(secret[i], keys[j]))
            assert key.hex() == v["pair_keys"][i + j - 1]
            y = add(y, elements(chacha20(key, 64)), 1 if keys[i] < keys[j] else -1)
        assert y == elements(bytes.fromhex(v["masked"][i]))
        total = add(total, add(y, own, -1))
    assert total == v["sum"]


def check_file(program, path):
    name = os.path.basename(path)[:-5]
    with open(path, "rb") as file:
        kept = file.read()
    if name == "known_answer":
        check_known(json.loads(kept))
        return 0
    said = subprocess.run([program, name], capture_output=True, check=True).stdout
    assert kept == said, f"{program} says something else now"
    session = Session(json.loads(kept))
    refused = session.run()
    if name.startswith("bad_"):
        getattr(lies, name)(session, refused)
    else:
        assert not refused and any("sum" in e for e in session.events)
    return len(refused)


program, folder = sys.argv[1:]
files = sorted(glob.glob(os.path.join(folder, "*.json")))
named = {os.path.basename(path)[:-5] for path in files}
assert {n for n in dir(lies) if n.startswith("bad_")} <= named, "a file is missing"
for path in files:
    try:
        refused = check_file(program, path)
    except AssertionError as error:
        sys.exit(f"{path}: {error}")
    print(f"{os.path.basename(path)}: agrees, {refused} refused")
