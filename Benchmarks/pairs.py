"""The tables that put ours beside the peer, one function each."""

import statistics

import figures
from programs import Peer, progress

BASE = dict(model="base", batch=8, image=224, context=59, targets=61, steps=3)
SEGMENTATION = dict(model="base", batch=8, image=224, steps=3)
# The step of the peer for each step of ours.
PEER_STEPS = {"step": Peer.step, "finetune-segment": Peer.segmentation}
# A mode of the peer that is slower than another by this much in the first round is not run again.
HOPELESS = 1.1


class Bench:
    """What every table needs: the two programs, and a place for what they measured."""

    def __init__(self, ours, peer, rounds, writes, eager=False):
        self.ours, self.peer, self.rounds, self.writes, self.eager = ours, peer, rounds, writes, eager
        self.measured = []

    def pairs(self, what, ours, modes):
        """Runs ours and each mode of the peer in turn.

        - ours: gives a rate. - modes: name to what gives the peer's rate.
        - Returns: our rates, the best mode's name and its rates; None without a peer."""
        left = {name: mode for name, mode in modes.items() if self.peer and not (self.eager and "compiled" in name)}
        mine, theirs = [], {name: [] for name in left}
        for _ in range(self.rounds):
            mine.append(ours())
            for name in left:
                theirs[name].append(left[name]())
            best = max((rates[-1] for name, rates in theirs.items() if name in left), default=0)
            left = {name: mode for name, mode in left.items() if theirs[name][-1] * HOPELESS >= best}
        self.measured.append({"what": what, "ours": mine, "peer": theirs})
        whole = {name: rates for name, rates in theirs.items() if len(rates) == self.rounds}
        best = max(whole, key=lambda name: statistics.median(whole[name]), default=None)
        described = ", ".join(f"{name} {statistics.median(rates):.2f}" for name, rates in theirs.items())
        progress(f"{what}: {statistics.median(mine):.2f} images/s; PyTorch {described or 'not run'}")
        return mine, best, theirs.get(best)

    def row(self, what, ours, modes):
        mine, mode, theirs = self.pairs(what, ours, modes)
        if not theirs:
            return [what, figures.spread(mine), "-", "-", "-"]
        ratios = [a / b for a, b in zip(mine, theirs)]
        return [what, figures.spread(mine), mode, figures.spread(theirs), figures.spread(ratios)]


HEAD = ["images/s, minimum / median / maximum", "ours", "PyTorch's best mode", "PyTorch", "ratio of each pair"]


def step_row(bench, what, options, memory=None, command="step"):
    """One row of a table of steps; `memory` gathers the peaks, MiB, of ours and of each mode."""

    def ours():
        result = bench.ours.bench(command, **options)
        if memory is not None:
            memory.setdefault("ours", []).append(result["peak_mib"])
        return result["images_per_second"]

    def mode(name, compiled):
        def measure():
            shared = {key: value for key, value in options.items() if key != "instructions"}
            result = PEER_STEPS[command](bench.peer, compiled, **shared)
            if memory is not None:
                memory.setdefault(name, []).append(result["peak_mib"])
            return result["images_per_second"]
        return measure

    return bench.row(what, ours, {"eager": mode("eager", False), "compiled": mode("compiled", True)})


def peaks_beside(memory, mode):
    """Cells of a table: the largest peak of ours and of a mode of the peer, and their ratio."""
    ours, theirs = max(memory["ours"]), max(memory.get(mode, [0]))
    return ours, theirs or "-", f"{ours / theirs:.2f}" if theirs else "-"


def step(bench):
    """ViT-B/16 at batch 8: rate and peak memory."""
    rows, peaks = [], []
    for precision in ("f32", "bf16"):
        options, memory = dict(BASE, precision=precision), {}
        row = step_row(bench, f"ViT-B/16, batch 8, {precision}", options, memory)
        again = bench.ours.bench("step", **options, checkpoint_activations=True)
        bench.measured.append({"what": f"peak MiB, {precision}", "peaks": memory, "checkpointed": again})
        rows.append(row)
        ours, *theirs = peaks_beside(memory, row[2])
        peaks.append([precision, ours, again["peak_mib"], *theirs])
    head = ["peak memory of the process, MiB", "ours", "with --checkpoint-activations", "PyTorch, that mode", "ratio"]
    return figures.table(HEAD, rows) + "\n\n" + figures.table(head, peaks)


def segmentation(bench):
    """Fine-tuning ViT-B/16 at batch 8 for masks: rate and peak memory of a step."""
    rows, peaks = [], []
    for precision in ("f32", "bf16"):
        options, memory = dict(SEGMENTATION, precision=precision), {}
        what = f"fine-tuning for masks, ViT-B/16, batch 8, {precision}"
        rows.append(step_row(bench, what, options, memory, "finetune-segment"))
        bench.measured.append({"what": f"peak MiB, {what}", "peaks": memory})
        peaks.append([precision, *peaks_beside(memory, rows[-1][2])])
    head = ["peak memory of the process, MiB", "ours", "PyTorch, that mode", "ratio"]
    return figures.table(HEAD, rows) + "\n\n" + figures.table(head, peaks)


def small(bench):
    """Small models, where overhead shows."""
    rows = []
    for model in ("small", "tiny"):
        for image in (224, 112):
            patches = (image // 16) ** 2
            sizes = dict(model=model, batch=16, image=image, context=patches * 59 // 196,
                         targets=patches * 61 // 196, steps=3)
            for precision in ("f32", "bf16"):
                name = f"ViT-{ {'small': 'S', 'tiny': 'Ti'}[model] }/16, {image} px, batch 16, {precision}"
                rows.append(step_row(bench, name, dict(sizes, precision=precision)))
    return figures.table(HEAD, rows)


def encode_row(bench, batch, precision, modes, **held):
    """One row of a table of frozen features of ViT-B/16."""
    def ours():
        options = dict(batch=batch, precision=precision, steps=15 if batch == 1 else 3, **held)
        return bench.ours.bench("encode", **options)["images_per_second"]

    def mode(name, compiled):
        return lambda: bench.peer.encode(compiled, name, batch)

    named = {f"{name}{', compiled' * compiled}": mode(name, compiled) for name in modes for compiled in (False, True)}
    return bench.row(f"features, batch {batch}, {precision}", ours, named)


def encode(bench):
    """Frozen features of ViT-B/16."""
    rows = [encode_row(bench, batch, precision, modes)
            for batch in (1, 32) for precision, modes in (("f32", ["f32"]), ("bf16", ["autocast", "bf16"]))]
    return figures.table(HEAD, rows)


def avx2(bench):
    """Steps, features and products where both programs may use no more than AVX2."""
    held = dict(instructions="avx2", precision="f32")
    if bench.peer:
        bench.peer.environment = bench.peer.AVX2
    try:
        small = dict(model="small", batch=16, image=224, context=59, targets=61, steps=3)
        rows = [step_row(bench, "ViT-B/16 step, batch 8, f32", dict(BASE, **held)),
                step_row(bench, "ViT-S/16 step, batch 16, f32", dict(small, **held))]
        rows += [encode_row(bench, batch, "f32", ["f32"], instructions="avx2") for batch in (1, 8, 32)]
    finally:
        if bench.peer:
            bench.peer.environment = {}
    ceilings = [bench.ours.bench("ceiling", batch=8, steps=3, **held) for _ in range(bench.rounds)]
    bench.measured.append({"what": "ceiling with avx2", "ours": ceilings})
    counted = [
        ["multiply-add in registers", "peak_gigaflops_per_second"],
        ["the step's products alone", "ceiling_gigaflops_per_second"],
        ["the step", "step_gigaflops_per_second"],
    ]
    rates = [[what, figures.spread([each[key] for each in ceilings]),
              figures.spread([100 * each[key] / each["peak_gigaflops_per_second"] for each in ceilings])]
             for what, key in counted]
    shares = figures.table(["ViT-B/16, batch 8, f32", "GFLOP/s, minimum / median / maximum", "of the peak, %"], rates)
    return figures.table(HEAD, rows) + "\n\n" + shares


def operations(bench):
    """Operations of a U-Net: milliseconds of each, and how often ours is done in the time of PyTorch's."""
    tables = []
    for precision in ("f32", "bf16"):
        rounds = []
        for _ in range(bench.rounds):
            # The name that ours gives the number of repeats is that of the steps of its other benchmarks.
            ours = bench.ours.bench("operations", precision=precision, steps=7)["operations"]
            peer = bench.peer.operations(precision=precision, repeats=7)["operations"] if bench.peer else []
            rounds.append((ours, {row["name"]: row for row in peer}))
        bench.measured.append({"what": f"operations, {precision}", "rounds": rounds})
        tables.append(figures.table(
            [f"eight images, {precision}, medians", "forward, ms", "PyTorch", "ratio", "with backward, ms", "PyTorch",
             "ratio"], [operation_row(rounds, index) for index in range(len(rounds[0][0]))]))
    return "\n\n".join(tables)


def operation_row(rounds, index):
    name = rounds[0][0][index]["name"]
    cells = [name]
    for key in ("forward_milliseconds", "both_milliseconds"):
        ours = [mine[index][key] for mine, _ in rounds]
        theirs = [peer[name][key] for _, peer in rounds if name in peer]
        cells.append(f"{statistics.median(ours):.2f}")
        cells.append(f"{statistics.median(theirs):.2f}" if theirs else "-")
        cells.append(f"{statistics.median([b / a for a, b in zip(ours, theirs)]):.2f}" if theirs else "-")
    return cells
