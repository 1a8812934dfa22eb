"""Verbs with tf.data's names: its elements, order and cardinality, in 10,000 random chains."""

import random
from functools import cached_property

import numpy as np
import pytest
import tensorflow as tf

import samebytes as sb
from samebytes.engine.schedule import Schedule

CHAINS = 10_000
DEEPEST = 7
MOST = 24
"""Elements that are looked at: of what never ends, and of what is long."""

SEARCHES = "tf.data looks for ever for what a filter keeps of what never ends"

REFUSED = (
    SEARCHES,
    "before repeat()",  # an endless dataset has no table of what is kept
    "comes anywhere; pass drop_remainder=True",
    "orders of their own; call zip or enumerate on what comes out",
)


def elements(dataset):
    """Return the first elements as lists, by the schedule and the sources, without threads."""
    plan = dataset.plan
    schedule = Schedule(plan, 0, 0, 1, lambda epochs, indices: None)
    found = []
    number = 0
    while len(found) < MOST and (at := schedule.at(number)) is not None:
        segment, place = at
        some = slice(segment.cuts[place], segment.cuts[place + 1])
        rows_of = plan.rows(segment.epochs[some], segment.indices[some])
        columns = []
        for component in plan.components:
            starts = rows_of(component).starts + component.stencil.offset
            columns.append(np.asarray(component.array[starts]).tolist())
        if plan.batch_size is None:
            rows = [plan.structure.rebuild(list(row)) for row in zip(*columns, strict=True)]
            found += rows
        else:
            found.append(plan.structure.rebuild(columns))
        number += 1
    return found[:MOST]


def plain(nested):
    return tuple(map(plain, nested)) if isinstance(nested, tuple) else nested.tolist()


END, PADDING = -7, -9
AT_ONCE = 250


def theirs(chains):
    """Return the first elements of many datasets of one structure, which one iteration gives.

    An iterator for each would take twenty times as long.
    """
    mark = tf.nest.map_structure(lambda spec: [END] * spec.shape.rank or END, chains[0].spec)
    ends = tf.data.Dataset.from_tensors(mark).map(
        lambda *x: tf.nest.pack_sequence_as(
            chains[0].spec, [tf.cast(y, tf.int64) for y in tf.nest.flatten(x)]
        )
    )
    turns = np.arange(len(chains) * (MOST + 1)) // (MOST + 1)
    turns[MOST :: MOST + 1] = len(chains)
    chosen = tf.data.Dataset.choose_from_datasets(
        [*(chain.its for chain in chains), ends.repeat()],
        tf.data.Dataset.from_tensor_slices(turns),
        stop_on_empty_dataset=False,
    )
    whole = chosen.padded_batch(len(turns), padding_values=np.int64(PADDING)).get_single_element()
    leaves = [leaf.numpy() for leaf in tf.nest.flatten(whole)]
    found, row = [[]], 0
    for row in range(len(leaves[0])):
        values = [leaf[row] for leaf in leaves]
        if (values[0] == END).any():
            found.append([])
            continue
        values = [
            value[value != PADDING].tolist() if value.ndim else value.tolist() for value in values
        ]
        found[-1].append(tf.nest.pack_sequence_as(chains[0].spec, values))
    return found[:-1]


class Chain:
    """A dataset of ours and one of tf.data's that were asked for the same."""

    def __init__(self, ours, its, verbs=(), *, batched=False, leaves=1):
        self.ours, self.its, self.verbs = ours, its, verbs
        self.batched, self.leaves = batched, leaves

    def then(self, verb, call, **changes):
        facts = {"batched": self.batched, "leaves": self.leaves} | changes
        return Chain(call(self.ours), call(self.its), (*self.verbs, verb), **facts)

    @cached_property
    def elements(self):
        return elements(self.ours)

    @property
    def spec(self):
        return self.its.element_spec

    @property
    def first_leaf(self):
        return 0 if self.leaves == 1 else self.ours.structure.names[0]


def extend(chain, others, rng):
    """Return the chain with one more verb, drawn among those that can follow."""
    verbs = ["take", "skip", "shard", "repeat", "endless", "apply"]
    verbs += ["unbatch", "rebatch", "rebatch"] if chain.batched else ["batch", "batch", "filter"]
    if not chain.batched:
        verbs += ["concatenate", "concatenate", "choose"] if chain.leaves == 1 else []
        verbs += ["enumerate", "zip"] if chain.leaves < 4 else []
    verb, n = rng.choice(verbs), rng.choice([0, 1, 2, 3, 5, 8])
    if verb in {"filter", "choose"} and rng.random() < 0.75:
        verb = "take"  # TensorFlow takes as long for these as for twenty others
    if verb == "filter":
        return filtered(chain, n % 3 + 2)
    if verb in {"concatenate", "zip", "choose"}:
        return combined(chain, verb, others, rng)
    less, index, dropped = rng.choice([n, n, n, -1]), rng.randrange(n + 1), rng.random() < 0.4
    call, changes = {
        "take": (lambda ds: ds.take(less), {}),
        "skip": (lambda ds: ds.skip(less), {}),
        "shard": (lambda ds: ds.shard(n + 1, index), {}),
        "repeat": (lambda ds: ds.repeat(n % 4), {}),
        "endless": (lambda ds: ds.repeat(), {}),
        "apply": (lambda ds: ds.apply(lambda one: one.skip(1)), {}),
        "batch": (lambda ds: ds.batch(n + 1, drop_remainder=dropped), {"batched": True}),
        "rebatch": (lambda ds: ds.rebatch(n + 1, drop_remainder=dropped), {"batched": True}),
        "unbatch": (lambda ds: ds.unbatch(), {"batched": False}),
        "enumerate": (lambda ds: ds.enumerate(n), {"leaves": chain.leaves + 1}),
    }[verb]
    return chain.then(f"{verb} {n} {less} {index} {dropped}", call, **changes)


def combined(chain, verb, others, rng):
    others = [other for other in others if not other.batched and other.leaves == 1]
    other = rng.choice(others)
    verbs = (*chain.verbs, f"{verb} with {other.verbs}")
    if verb == "concatenate":
        both = chain.ours.concatenate(other.ours), chain.its.concatenate(other.its)
        return Chain(*both, verbs)
    if verb == "zip":
        its = tf.data.Dataset.zip((chain.its, other.its))
        return Chain(sb.zip(chain.ours, other.ours), its, verbs, leaves=chain.leaves + 1)
    return chosen([chain, other, rng.choice(others)], rng, verbs)


def filtered(chain, divisor):
    def kept(*leaves):
        return tf.nest.flatten(leaves)[0] % divisor != 0

    ours = chain.ours.filter(lambda x: x % divisor != 0, on=chain.first_leaf)
    if chain.ours.length is None and ours.length == 0:
        raise ValueError(SEARCHES)
    return Chain(ours, chain.its.filter(kept), (*chain.verbs, "filter"), leaves=chain.leaves)


def chosen(chains, rng, call):
    choices = np.array([rng.randrange(3) for _ in range(rng.randrange(1, 9))])
    stop, again = rng.random() < 0.5, rng.random() < 0.5
    if again and not stop and not all(chain.elements for chain in chains):
        again = False  # tf.data looks for ever for one that is not empty
    if again and not all(chain.ours.length is None for chain in chains) and not stop:
        again = False
    given = sb.Dataset.from_tensor_slices(choices)
    its = tf.data.Dataset.from_tensor_slices(choices)
    if again:
        given, its = given.repeat(), its.repeat()
    ours = sb.choose_from_datasets([chain.ours for chain in chains], given, stop)
    its = tf.data.Dataset.choose_from_datasets([chain.its for chain in chains], its, stop)
    return Chain(ours, its, call)


def start(count, first):
    values = np.arange(first, first + count)
    return Chain(
        sb.Dataset.from_tensor_slices(values),
        tf.data.Dataset.from_tensor_slices(values),
        (f"arange({count})",),
    )


def check(chains):
    """Compare chains of one structure with tf.data's, and lengths with what it knows of them."""
    for chain, wanted in zip(chains, theirs(chains), strict=True):
        ours, verbs = chain.elements, chain.verbs
        assert ours == wanted, verbs
        if len(ours) < MOST:
            assert chain.ours.cardinality() == len(ours), verbs
            continue
        known = int(chain.its.cardinality())
        # Behind a filter or choices it tells how many there may be, behind rebatch often nothing.
        guessed = "filter" in str(verbs) or "choose" in str(verbs)
        if not guessed and known != tf.data.UNKNOWN_CARDINALITY:
            assert chain.ours.cardinality() == known, verbs


def test_random_chains_are_those_of_tf_data():
    rng = random.Random(0)  # noqa: S311 (no secret)
    pool = [start(count, 100 * count) for count in (0, 1, 2, 5, 7, 12)]
    refused, groups = 0, {}
    for number in range(CHAINS):
        before = rng.choice(pool[-400:] + pool[:6] * 10)
        try:
            chain = extend(before, pool[-100:] + pool[:6], rng)
        except ValueError as refusal:
            if not any(words in str(refusal) for words in REFUSED):
                raise
            refused += 1
            continue
        kind = str(tf.nest.map_structure(lambda spec: spec.shape.rank, chain.spec))
        groups.setdefault(kind, []).append(chain)
        if len(groups[kind]) == AT_ONCE:
            check(groups.pop(kind))
        if number % 400 == 0:  # and by the engine
            some = chain.ours.take(MOST).as_numpy_iterator()
            assert [plain(element) for element in some] == chain.elements
        if len(chain.verbs) < DEEPEST and (rng.random() < 0.1 or chain.elements):
            pool.append(chain)
    for chains in groups.values():
        check(chains)
    assert refused < CHAINS // 20


def test_numpy_iterators_are_epochs_in_any_format():
    dataset = sb.Dataset.from_tensor_slices(np.arange(50)).shuffle(seed=0)
    formatted = dataset.with_format("tensorflow")
    first, second = (list(formatted.as_numpy_iterator()) for _ in range(2))
    assert all(isinstance(x, np.ndarray | np.generic) for x in first)
    assert [int(x) for x in first] == [int(x) for x in dataset.iterate(0)]
    assert [int(x) for x in second] == [int(x) for x in dataset.iterate(1)]


def test_apply_wants_a_dataset():
    dataset = sb.Dataset.from_tensor_slices(np.arange(5))
    with pytest.raises(TypeError, match="apply: expected len to return a dataset; got int"):
        dataset.apply(len)
