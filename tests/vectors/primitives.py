"""Primitives from their specifications, for check.py: X25519 (RFC 7748),
Ed25519 (RFC 8032), ChaCha20 and Poly1305 (RFC 8439), XChaCha20
(draft-irtf-cfrg-xchacha), crypto_kx and Shamir's sharing modulo L. BLAKE2b and
SHA-512 are hashlib's. Slow, and for nothing but comparing."""
import hashlib
import struct

L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
BASE = (9).to_bytes(32, "little")


def number(data):
    return int.from_bytes(data, "little")


# ---- X25519 ----

def x25519(scalar, point):
    k = bytearray(scalar)
    k[0] &= 248
    k[31] = (k[31] & 127) | 64
    k = number(k)
    u = number(point) & (2**255 - 1)
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


def kx_keys(secret, own, peer):
    """(receive, send) of crypto_kx; the lower public key is the client."""
    shared = x25519(secret, peer)
    client, server = min(own, peer), max(own, peer)
    both = hashlib.blake2b(shared + client + server, digest_size=64).digest()
    return (both[:32], both[32:]) if own == client else (both[32:], both[:32])


# ---- Ed25519 ----

def edwards_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def edwards_multiply(s, p):
    q = (0, 1, 1, 0)
    while s > 0:
        if s & 1:
            q = edwards_add(q, p)
        p = edwards_add(p, p)
        s >>= 1
    return q


def edwards_decode(data):
    y = number(data) & (2**255 - 1)
    sign = data[31] >> 7
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != xx or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


G = edwards_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(key, message, signature):
    a, r = edwards_decode(key), edwards_decode(signature[:32])
    s = number(signature[32:])
    if a is None or r is None or s >= L:
        return False
    h = number(hashlib.sha512(signature[:32] + key + message).digest()) % L
    p, q = edwards_multiply(s, G), edwards_add(r, edwards_multiply(h, a))
    return ((p[0] * q[2] - q[0] * p[2]) % P == 0
            and (p[1] * q[2] - q[1] * p[2]) % P == 0)


# ---- ChaCha20, Poly1305 ----

def chacha_rounds(state):
    def quarter(s, a, b, c, d):
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] ^= s[x]
            s[z] = ((s[z] << r) | (s[z] >> (32 - r))) & 0xFFFFFFFF

    s = state[:]
    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                  (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, *q)
    return s


def chacha_state(key, tail):
    return (list(struct.unpack("<4I", b"expand 32-byte k"))
            + list(struct.unpack("<8I", key)) + list(tail))


def chacha20(key, size, nonce=bytes(12), block=0):
    out = b""
    while len(out) < size:
        start = chacha_state(key, [block, *struct.unpack("<3I", nonce)])
        out += struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in
                                     zip(chacha_rounds(start), start)))
        block += 1
    return out[:size]


def poly1305(key, message):
    r = number(key[:16]) & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(message), 16):
        total = (total + number(message[i:i + 16] + b"\1")) * r % (2**130 - 5)
    return ((total + number(key[16:])) % 2**128).to_bytes(16, "little")


def xchacha_open(key, nonce, box, label):
    """The plain text, or None where the tag does not fit."""
    s = chacha_rounds(chacha_state(key, struct.unpack("<4I", nonce[:16])))
    subkey = struct.pack("<8I", *s[:4], *s[12:])
    inner = bytes(4) + nonce[16:]
    body, tag = box[:-16], box[-16:]

    def padded(data):
        return data + bytes(-len(data) % 16)

    mac = poly1305(chacha20(subkey, 32, inner), padded(label) + padded(body)
                   + struct.pack("<QQ", len(label), len(body)))
    if mac != tag:
        return None
    return bytes(a ^ b for a, b in zip(body, chacha20(subkey, len(body), inner, 1)))


# ---- of this protocol ----

def digest(label, *parts, key=b""):
    h = hashlib.blake2b(digest_size=32, key=key)
    h.update(b"fq/secagg/v1/" + label + b"\0")
    for part in parts:
        h.update(part)
    return h.digest()


def join_shares(shares):
    """{x: share} -> the polynomial's value at 0, 32 bytes."""
    total = 0
    for x, share in shares.items():
        weight = 1
        for y in shares:
            if y != x:
                weight = weight * y * pow(y - x, L - 2, L) % L
        total = (total + weight * number(share)) % L
    return total.to_bytes(32, "little")


def elements(data):
    return [number(data[i:i + 16]) for i in range(0, len(data), 16)]


def add(a, b, sign=1):
    return [(x + sign * y) % 2**128 for x, y in zip(a, b)]
