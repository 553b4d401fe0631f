"""The tables of ours alone, one function each: where a step's time goes, how it grows, and whole runs."""

import statistics
import tempfile

import figures
from pairs import BASE
from programs import ROOT, core_count, progress


def ceiling(bench):
    """The step's share of the rate of its own matrix products."""
    rows = []
    for precision in ("f32", "bf16"):
        results = [bench.ours.bench("ceiling", precision=precision) for _ in range(bench.rounds)]
        bench.measured.append({"what": f"ceiling, {precision}", "ours": results})
        middle = sorted(results, key=lambda result: result["share"])[len(results) // 2]
        rows.append([precision, f"{middle['ceiling_gigaflops_per_second']:.0f}",
                     f"{middle['step_gigaflops_per_second']:.0f}",
                     figures.spread([100 * result["share"] for result in results])])
    return figures.table(["ViT-B/16, batch 8", "products alone, GFLOP/s", "the step, GFLOP/s", "share, %"], rows)


def profile(bench):
    """Where the time of the step goes."""

    def cell(value, digits):
        return f"{value:.{digits}f}" if value else ""

    texts = []
    for precision in ("f32", "bf16"):
        result = bench.ours.bench("step", **dict(BASE, precision=precision), profile=True)
        bench.measured.append({"what": f"profile, {precision}", "ours": result})
        rows = [[row["operation"], row["calls"] or "", f"{row['milliseconds']:.1f}", f"{100 * row['share']:.1f}",
                 cell(row["gigaflops_per_second"], 0), cell(row["gigabytes_per_second"], 1)]
                for row in result["rows"]]
        rows.append(["the step", "", f"{result['milliseconds']:.1f}", "100.0", "", ""])
        texts.append(figures.table([f"operation, {precision}", "calls", "ms", "share, %", "GFLOP/s", "GB/s"], rows))
    return "\n\n".join(texts)


def scaling(bench):
    """Seconds a step against batch, tokens, width and threads, with the fitted exponents."""
    usual = dict(model="small", batch=8, image=224, precision="bf16", steps=3)
    widths = {192: "tiny", 384: "small", 768: "base"}
    rows = []

    def measure(what, sizes, each):
        rounds = [[bench.ours.bench("step", **{**usual, **each(size)})["seconds_per_step"] for size in sizes]
                  for _ in range(bench.rounds)]
        seconds = [statistics.median(values) for values in zip(*rounds)]
        exponent = figures.exponent(sizes, seconds)
        bench.measured.append({"what": f"seconds against {what}", "sizes": sizes, "ours": rounds, "exponent": exponent})
        progress(f"{what} {sizes}: {seconds} s, exponent {exponent:.2f}")
        cells = ", ".join(f"{size}: {value:.3f}" for size, value in zip(sizes, seconds))
        rows.append([what, cells, f"{exponent:.2f}"])

    measure("images a step", [2, 4, 8, 16], lambda size: {"batch": size})
    measure("patches of a crop", [49, 100, 196, 324], lambda size: {"image": round(size ** 0.5) * 16})
    measure("width of 12 encoder blocks; the predictor stays", list(widths), lambda size: {"model": widths[size]})
    threads = sorted({1, *(2 ** power for power in range(8) if 2 ** power <= core_count()), core_count()})
    if len(threads) > 1:
        measure("threads", threads, lambda size: {"threads": size})
    return figures.table(["ViT-S/16, bf16; seconds a step against", "measured", "exponent"], rows)


def runs(bench):
    """Whole runs: the first step, and the loader and the step together."""
    first = [bench.ours.seconds_to_first_step() for _ in range(2 * bench.rounds + 1)]
    bench.measured.append({"what": "seconds to the first step", "ours": first})
    text = (f"From the start of the process to the first finished step of `quick`, seconds, "
            f"minimum / median / maximum of {len(first)}: {figures.spread(first)}.")
    rows = []
    for name, steps, words in (
        ("`quick`, radiographs drawn anew (first epoch)", (10, 70), []),
        ("`quick`, radiographs kept in memory", (100, 300), []),
        ("`small`, batch 16", (2, 12), ["--batch", 16, "--set", "phantom.images=96"]),
    ):
        for threads in (0, 1, 2):
            preset = "small" if "small" in name else "quick"
            with tempfile.TemporaryDirectory() as folder:
                lines = bench.ours.pretrain(
                    folder + "/run", "--preset", preset, "--steps", steps[1], "--loader-threads", threads,
                    "--set", "diagnostics.every_epochs=0", *words)
            lines = lines[steps[0]:]
            rate = statistics.median(line["images_per_second"] for line in lines)
            wait = statistics.median(line["data_wait_share"] for line in lines)
            bench.measured.append({"what": f"{name}, {threads} loader threads", "rate": rate, "wait": wait})
            rows.append([name, threads, f"{rate:.1f}", f"{100 * wait:.2f}"])
    return text + "\n\n" + figures.table(["pre-training", "loader threads", "images/s", "waiting for data, %"], rows)


def precision(bench):
    """The loss and the probe of the phantom in f32 and bf16, several seeds each."""
    with tempfile.TemporaryDirectory() as folder:
        names, rows = [], {}
        for precision in ("f32", "bf16"):
            for seed in range(max(3, bench.rounds)):
                name = f"{folder}/{precision}, seed {seed}"
                progress(name.split("/")[-1])
                bench.ours.pretrain(name, "--preset", "quick", "--steps", 300, "--seed", seed, "--precision", precision)
                names.append(name)
        chart = ROOT / "docs/precision.png"
        for row in bench.ours.compare(names, chart if bench.writes else None):
            rows.setdefault(row["run"].split(",")[0], []).append(row)
    bench.measured.append({"what": "precision", "ours": rows})

    def cell(values, digits):
        return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"

    texts = [[name, len(found), cell([row["loss"] for row in found], 4), cell([row["probe"] for row in found], 4),
              cell([row["random_probe"] for row in found], 4), cell([row["rank"] for row in found], 1)]
             for name, found in rows.items()]
    head = ["`quick`, 300 steps", "seeds", "loss of the last tenth", "probe AUROC", "random encoder", "effective rank"]
    differences = [statistics.mean(abs(a[key] - b[key]) for a, b in zip(rows["f32"], rows["bf16"]))
                   for key in ("loss", "probe")]
    return (figures.table(head, texts) + "\n\nMean ± standard deviation over seeds. Same seed, f32 against bf16: the loss "
            f"differs by {differences[0]:.4f} on average, the probe by {differences[1]:.4f}.")
