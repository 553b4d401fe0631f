"""Times ours and the peer alternately, prints the ratios, and writes the tables of docs/performance.md."""

import argparse
import json
import pathlib
import sys

import alone
import figures
import pairs
from programs import ROOT, Ours, Peer, core_count, progress

SECTIONS = {
    function.__name__: function
    for function in (pairs.step, pairs.segmentation, pairs.small, pairs.encode, pairs.operations, pairs.avx2,
                     alone.ceiling, alone.profile, alone.scaling, alone.runs, alone.precision)
}

EXAMPLES = """examples:
  scripts/bench --python ~/torch/bin/python                   every table, some 40 minutes on two cores
  scripts/bench --only step --rounds 5                        the ViT-B step alone
  scripts/bench --alone --only profile,scaling                without the peer
  scripts/bench --only avx2                                   what users of processors without AVX-512 get
  scripts/bench --python ~/torch/bin/python --write           and put the tables into docs/performance.md
"""


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="A,B", help=f"of {', '.join(SECTIONS)}; default all")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of ours and the peer; default 3")
    parser.add_argument("--peer", metavar="DIR", default=ROOT.parent / "shared/peer",
                        help="folder of the peer's step_bench.py; default ../shared/peer")
    parser.add_argument("--python", metavar="PROGRAM", default=sys.executable,
                        help="a Python with PyTorch; default the one that runs this")
    parser.add_argument("--eager", action="store_true", help="the peer without torch.compile, which takes minutes each time")
    parser.add_argument("--alone", action="store_true", help="ours without the peer")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--json", metavar="FILE", help="every figure that was measured; a new file")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(SECTIONS)
    for name in names:
        if name not in SECTIONS:
            parser.error(f"--only: expected some of {', '.join(SECTIONS)}, found {name}")
    if options.rounds < 1:
        parser.error(f"--rounds: expected 1 or more, found {options.rounds}")
    if options.json and pathlib.Path(options.json).exists():
        parser.error(f"--json: {options.json} exists already; remove it or give another name")
    peer = None if options.alone else Peer(options.peer, options.python, core_count())
    bench = pairs.Bench(Ours(), peer, options.rounds, options.write, options.eager)
    texts = {"machine": machine(bench)}
    apart = ("avx2", "operations", "segmentation")
    print(texts["machine"])
    for name in names:
        progress(f"{name} …")
        texts[name] = SECTIONS[name](bench)
        if name in apart:  # figures of other machines than the other tables' may stand here
            texts[name] = texts["machine"] + "\n\n" + texts[name]
        print(f"\n{name}\n{texts[name]}", flush=True)
        if options.write:
            for block in (name,) if name in apart else ("machine", name):
                figures.replace_block(ROOT / "docs/performance.md", block, texts[block])
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(bench.measured, indent=1) + "\n")


def machine(bench):
    """What the figures were measured on and with."""
    found = bench.ours.doctor()
    features = " ".join(word for word in found["processor features"].split() if not word.startswith("no-"))
    peer = f"; PyTorch {bench.peer.version}" if bench.peer else ""
    return (f"{found['processor']}, {core_count()} cores, {features}; {found['memory']}; {found['system']}; "
            f"chex-runner {found['chex-runner']} with {found['matrix libraries']}{peer}.")


if __name__ == "__main__":
    main()
