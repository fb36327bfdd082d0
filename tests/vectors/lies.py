"""What makes each bad vector bad, established from its bytes: that the lie is
really told, that whatever it needs beside the broken rule is in order (the
signatures, mostly), and what would come out if it were believed. One function
a file: the session, recomputed up to here, and the events that were refused.
"""
import struct

from primitives import add, digest, elements, number, x25519


def body(event):
    return bytes.fromhex(event.get("message") or event.get("body") or "")


def listed(data, size):
    return [(struct.unpack("<I", data[i:i + 4])[0], data[i:i + size])
            for i in range(0, len(data), size)]


def told(events, *expected):
    """The refused events are these (step, status), in this order."""
    seen = [(e.get("step", e["do"]), e["status"]) for e in events]
    assert seen == list(expected), seen
    return [body(e) for e in events]


def votes_are_good(session, votes, survivors):
    """Enough votes for that list, each signed as the roster has it."""
    records = listed(votes, 68)
    assert len(records) >= session.threshold()
    for i, record in records:
        assert session.signed(i, session.vote_statement(survivors), record[4:])


def list_is_good(session, survivors):
    """A list of survivors that would be believed in its turn."""
    records = listed(survivors, 100)
    assert len(records) >= session.needed()
    for i, record in records:
        statement = session.masked_statement(session.masked[i])
        assert session.signed(i, statement, record[36:])


def names_of(data, size):
    return {i for i, _ in listed(data, size)}


def asks_for_the_other(session, first, second, victim):
    assert victim in names_of(first, 100) and victim not in names_of(second, 100)
    assert session.h3_of(first) != session.h3_of(second)
    list_is_good(session, second)


def unmask_pairs(session, victim, seed):
    """The victim's vector without the streams that its mask seed gives."""
    assert seed == session.members[victim]["mask_seed"]
    masked = session.masked[victim]
    both = session.streams(victim, [j for j in session.givers if j != victim],
                           len(masked), b"pair-mask", session.header + session.h1)
    own = session.streams(victim, [], len(masked), b"", session.header + session.h1)
    return add(elements(masked), add(both, own, -1), -1), own


def bad_both_shares(session, refused):
    second, votes = told(
        refused, ("SURVIVORS", "NOT_ALLOWED"), ("VOTES", "NOT_ALLOWED"))
    asks_for_the_other(session, session.survivors, second, 5)
    votes_are_good(session, votes, second)
    # The self seed is out. The mask share that is asked for is the rest: with
    # both seeds the vector is plain.
    assert session.rebuild(5) == session.members[5]["self_seed"]
    left, own = unmask_pairs(session, 5, session.members[5]["mask_seed"])
    assert add(left, own, -1) == elements(session.plain[5])


def bad_two_H3(session, refused):
    second, votes = told(
        refused, ("SURVIVORS", "NOT_ALLOWED"), ("VOTES", "BAD_SIGNATURE"))
    asks_for_the_other(session, session.survivors, second, 5)
    votes_are_good(session, votes, second)
    assert not any(session.signed(i, session.vote_statement(session.survivors), r[4:])
                   for i, r in listed(votes, 68))


def bad_short_U3(session, refused):
    (short,) = told(refused, ("SURVIVORS", "TOO_FEW_CENTERS"))
    records = listed(short, 100)
    assert len(records) == session.threshold() - 1
    for i, record in records:
        statement = session.masked_statement(session.masked[i])
        assert session.signed(i, statement, record[36:])


def keys_signed(session, data, header=None):
    """Which records of PEERS are signed by whom they name."""
    return {i: i in session.members and session.signed(
        i, session.keys_statement(r, header), r[68:]) for i, r in listed(data, 132)}


def bad_dup_key(session, refused):
    same_key, same_member = told(
        refused, ("PEERS", "MALFORMED"), ("PEERS", "MALFORMED"))
    assert all(keys_signed(session, same_key).values())
    keys = [record[36:68] for _, record in listed(same_key, 132)]
    assert len(keys) == 5 and len(set(keys)) == 4
    names = [i for i, _ in listed(same_member, 132)]
    assert len(names) == 5 and len(set(names)) == 4


def bad_roster_sig(session, refused):
    by_another, changed = told(
        refused, ("PEERS", "BAD_SIGNATURE"), ("PEERS", "BAD_SIGNATURE"))
    for data in by_another, changed:
        assert keys_signed(session, data) == {1: True, 2: True, 3: True, 4: True,
                                              5: False}
    record = listed(by_another, 132)[4][1]
    assert session.signed(4, session.keys_statement(record), record[68:])


def bad_low_order_pk(session, refused):
    lists = told(refused, *[("PEERS", "MALFORMED")] * 14)
    points = set()
    for turn, data in enumerate(lists):
        assert all(keys_signed(session, data).values())
        record = listed(data, 132)[4][1]
        key = record[36:68] if turn % 2 == 0 else record[4:36]
        assert number(x25519(session.secret[1], key)) == 0
        points.add(key)
    assert len(points) == 7


def bad_late_y(session, refused):
    _, second, votes = told(refused, ("hear", "NOT_ALLOWED"),
                            ("SURVIVORS", "NOT_ALLOWED"), ("VOTES", "NOT_ALLOWED"))
    assert 5 not in names_of(session.survivors, 100) and 5 in session.masked
    assert 5 in names_of(second, 100)
    list_is_good(session, second)
    votes_are_good(session, votes, second)
    # With the seed that the reveals give, the late vector is still masked.
    left, own = unmask_pairs(session, 5, session.rebuild(5))
    assert left != elements(session.plain[5])
    assert add(left, own, -1) == elements(session.plain[5])


def bad_query_hash(session, refused):
    (data,) = told(refused, ("PEERS", "BAD_SIGNATURE"))
    other = bytes.fromhex(session.file["other_header"])
    assert other != session.header
    assert keys_signed(session, data)[5] is False
    assert keys_signed(session, data, other) == {1: False, 2: False, 3: False,
                                                 4: False, 5: True}


def bad_attempt_replay(session, refused):
    peers, sealed, survivors, votes = told(
        refused, ("PEERS", "REFUSED"), ("SEALED", "MALFORMED"),
        ("SURVIVORS", "REFUSED"), ("VOTES", "BAD_SIGNATURE"))
    other = bytes.fromhex(session.file["other_header"])
    assert all(keys_signed(session, peers, other).values())
    assert not any(keys_signed(session, peers).values())
    earlier_h1 = digest(b"members", other, peers)
    for i, record in listed(sealed, 204):
        statement = digest(b"commit", other, earlier_h1, record[:4], record[4:36])
        assert session.signed(i, statement, record[36:100])
        assert not session.signed(
            i, session.commit_statement(i, record[4:36]), record[36:100])
        assert session.open_box(
            i, 1, record[4:36], record[100:124], record[124:204]) is None
    now = [record[4:36] for _, record in listed(session.survivors, 100)]
    assert not any(record[4:36] in now for _, record in listed(survivors, 100))
    statement = session.vote_statement(session.survivors)
    assert names_of(votes, 68) == set(session.members)
    assert not any(session.signed(i, statement, r[4:]) for i, r in listed(votes, 68))


def bad_share_index0(session, refused):
    peers, reveal = told(refused, ("PEERS", "MALFORMED"), ("hear", "MALFORMED"))
    index, record = listed(peers, 132)[0]
    assert index == 0
    assert session.signed(5, session.keys_statement(record), record[68:])
    assert reveal[:4] == bytes(4)
    assert reveal[4:] == session.said[2, "VOTES"][4:]


def bad_overflow(session, refused):
    told(refused, ("SEALED", "OUT_OF_RANGE"), ("SEALED", "OUT_OF_RANGE"))
    most = 2 ** (126 - (len(session.peers) - 1).bit_length())
    for event, sign in zip(refused, (-1, 1)):
        x = elements(bytes.fromhex(event["plain"]))[0]
        assert x == sign * (most + 1) % 2**128
        assert "says" not in event and "masked" not in event


def bad_min_nodes_lowered(session, refused):
    _, peers, sealed, survivors = told(
        refused, ("join", "REFUSED"), ("PEERS", "TOO_FEW_CENTERS"),
        ("SEALED", "TOO_FEW_CENTERS"), ("SURVIVORS", "TOO_FEW_CENTERS"))
    wanted = session.file["min_centers"]
    assert refused[0]["min_centers"] < 3
    # Each would do for the threshold, and not for what the study wants.
    assert all(keys_signed(session, peers).values())
    for count in (len(names_of(peers, 132)), len(names_of(sealed, 204)) + 1,
                  len(names_of(survivors, 100))):
        assert session.threshold() <= count < wanted
