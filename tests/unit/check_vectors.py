"""A second implementation of secure aggregation's arithmetic, from its
specification in protocol/README.md alone: BLAKE2b from hashlib; X25519 (RFC
7748), ChaCha20 (RFC 8439) and Shamir's sharing modulo L written here.

  check_vectors.py PROGRAM DROPS FILE

Compares what PROGRAM says with FILE, then recomputes every masked vector, the
seeds from the revealed shares, and the sum.
"""
import hashlib
import json
import struct
import subprocess
import sys

L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19


def digest(label, *parts, key=b""):
    h = hashlib.blake2b(digest_size=32, key=key)
    h.update(b"fq/secagg/v1/" + label + b"\0")
    for part in parts:
        h.update(part)
    return h.digest()


def x25519(scalar, point):
    k = bytearray(scalar)
    k[0] &= 248
    k[31] = (k[31] & 127) | 64
    k = int.from_bytes(k, "little")
    u = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in reversed(range(255)):
        bit = (k >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = (x2 + z2) % P, (x2 - z2) % P
        aa, bb = a * a % P, b * b % P
        e = (aa - bb) % P
        c, d = (x3 + z3) % P, (x3 - z3) % P
        da, cb = d * a % P, c * b % P
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, x3, z2, z3 = x3, x2, z3, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def chacha20(key, size):
    def quarter(s, a, b, c, d):
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] ^= s[x]
            s[z] = ((s[z] << r) | (s[z] >> (32 - r))) & 0xFFFFFFFF

    out = b""
    for block in range((size + 63) // 64):
        start = list(struct.unpack("<4I", b"expand 32-byte k"))
        start += list(struct.unpack("<8I", key)) + [block, 0, 0, 0]
        s = start[:]
        for _ in range(10):
            for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                      (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(s, *q)
        out += struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))
    return out[:size]


def numbers(data):
    return [int.from_bytes(data[i:i + 16], "little") for i in range(0, len(data), 16)]


program, drops, path = sys.argv[1:]
said = subprocess.run([program, drops], capture_output=True, check=True).stdout
with open(path, "rb") as file:
    assert file.read() == said, f"{path}: {program} says something else now"
v = json.loads(said)
header = bytes.fromhex(v["header"])
members = {m["index"]: {k: bytes.fromhex(x) for k, x in m.items() if k != "index"}
           for m in v["members"]}
peers = b"".join(bytes.fromhex(v["said"]["KEYS"][str(i)]) for i in sorted(members))
bound = header + digest(b"members", header, peers)
BASE = (9).to_bytes(32, "little")
secret = {}
for i, m in members.items():
    secret[i] = digest(b"mask-sk", header, key=m["mask_seed"])
    assert x25519(secret[i], BASE) == m["mask_key"], "mask key"
survivors = sorted(int(i) for i in v["masked"])


def streams(i, others):
    """What member i adds to its vector."""
    mine = members[i]["mask_key"]
    size = len(members[i]["vector"])
    total = numbers(chacha20(
        digest(b"self-mask", bound, mine, key=members[i]["self_seed"]), size))
    for j in others:
        theirs = members[j]["mask_key"]
        shared = x25519(secret[i], theirs)
        key = digest(b"pair-mask", bound, min(mine, theirs), max(mine, theirs), key=shared)
        sign = 1 if mine < theirs else -1
        total = [t + sign * s for t, s in zip(total, numbers(chacha20(key, size)))]
    return total


# Everybody gave shares; the ones that dropped out did so after that.
for i in survivors:
    masked = [(x + s) % 2**128 for x, s in zip(
        numbers(members[i]["vector"]), streams(i, [j for j in members if j != i]))]
    assert masked == numbers(bytes.fromhex(v["masked"][str(i)])), f"vector of {i}"

# Seeds from the shares that were revealed: of the self mask where a member
# survived, of its mask key where it did not.
threshold = 2 * len(members) // 3 + 1
reveals = {int(i): bytes.fromhex(x) for i, x in v["said"]["REVEAL"].items()}
holders = sorted(reveals)[:threshold]
for rank, i in enumerate(sorted(members)):
    seed = 0
    for x in holders:
        record = reveals[x][36 * rank:36 * rank + 36]
        assert int.from_bytes(record[:4], "little") == i, "order of the shares"
        weight = 1
        for y in holders:
            if y != x:
                weight = weight * y * pow(y - x, L - 2, L) % L
        seed = (seed + weight * int.from_bytes(record[4:], "little")) % L
    wanted = members[i]["self_seed" if i in survivors else "mask_seed"]
    assert seed.to_bytes(32, "little") == wanted, f"seed of {i}"

total = [0] * len(numbers(members[1]["vector"]))
for i in survivors:
    total = [(t + x) % 2**128 for t, x in zip(total, numbers(members[i]["vector"]))]
assert total == numbers(bytes.fromhex(v["sum"])), "sum"
print(f"{path}: {len(survivors)} of {len(members)} survived, all agree")
