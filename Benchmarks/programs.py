"""Starts the programs that are timed, and reads what they say."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNNER = ROOT / ".build/release/chex-runner"


def run(words, folder=None, environment=None):
    """Standard output of a program; its complaint, and the end, where it fails."""
    words = [str(word) for word in words]
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(words)}\nended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def last_json(text):
    return json.loads(text.strip().splitlines()[-1])


class Ours:
    """chex-runner."""

    def bench(self, what, **options):
        return last_json(run([RUNNER, "bench", what, "--json", *flags(options)]))

    def doctor(self):
        return {row["name"]: row["value"] for row in last_json(run([RUNNER, "doctor", "--json"]))}

    def pretrain(self, folder, *words):
        """Lines of the metrics of a run."""
        run([RUNNER, "pretrain", "--plugins", ROOT / "plugins.toml", "--out", folder, *words])
        return [json.loads(line) for line in open(pathlib.Path(folder) / "metrics.jsonl")]

    def compare(self, folders, chart):
        """Rows of `chex-runner compare`; the losses drawn to `chart` where one is named."""
        if chart:
            chart.unlink(missing_ok=True)
        return last_json(run([RUNNER, "compare", "--json", *folders, *(["--out", chart] if chart else [])]))

    def seconds_to_first_step(self):
        """From the start of the process to the first line of metrics of `quick`."""
        folder = tempfile.mkdtemp()
        metrics = pathlib.Path(folder) / "run/metrics.jsonl"
        words = [RUNNER, "--preset", "quick", "--plugins", ROOT / "plugins.toml", "--out", metrics.parent]
        start = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (metrics.exists() and metrics.stat().st_size > 0):
                if process.poll() is not None or time.perf_counter() - start > 60:
                    raise SystemExit("bench: the run of quick ended, or stood still, before its first step")
                time.sleep(0.002)
            return time.perf_counter() - start
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder)


class Peer:
    """The same steps, encoder and operations in PyTorch."""

    # What holds each of its libraries to AVX2.
    AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}

    def __init__(self, folder, python, threads):
        self.folder, self.python, self.threads = pathlib.Path(folder).resolve(), python, threads
        self.environment = {}
        if not (self.folder / "step_bench.py").exists():
            raise SystemExit(f"bench: {self.folder}: no step_bench.py there; give the peer's folder (--peer), or --alone")
        probe = subprocess.run([python, "-c", "import torch; print(torch.__version__)"], capture_output=True, text=True)
        if probe.returncode != 0:
            raise SystemExit(f"bench: {python} has no PyTorch; give one that has (--python), or --alone")
        self.version = probe.stdout.strip()

    def step(self, compiled, **options):
        words = [self.python, self.folder / "step_bench.py", "--threads", self.threads, *flags(options)]
        return last_json(run(words + ["--compile"] * compiled, self.folder, self.environment))

    def encode(self, compiled, mode, batch):
        words = [self.python, ROOT / "Benchmarks/peer_encode.py", self.folder, "--threads", self.threads]
        words += ["--mode", mode, "--batch", batch, "--repeats", 15 if batch == 1 else 3]
        return last_json(run(words + ["--compile"] * compiled, environment=self.environment))["images_per_second"]

    def segmentation(self, compiled, **options):
        words = [self.python, ROOT / "Benchmarks/peer_segmentation.py", "--threads", self.threads, *flags(options)]
        return last_json(run(words + ["--compile"] * compiled, environment=self.environment))

    def operations(self, **options):
        words = [self.python, ROOT / "Benchmarks/peer_operations.py", "--threads", self.threads, *flags(options)]
        return last_json(run(words, environment=self.environment))


def flags(options):
    """Options as words: `steps=3, profile=True` to `--steps 3 --profile`."""
    named = {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    return [word for name, value in named.items() for word in ([name] if value is True else [name, value])]


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def core_count():
    return len(os.sched_getaffinity(0))
