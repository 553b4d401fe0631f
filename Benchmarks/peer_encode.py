"""Times frozen features of the peer's encoder in PyTorch, as `chex-runner bench encode` does ours.

    python peer_encode.py FOLDER --batch 32 --precision bf16 --mode autocast [--compile]

FOLDER holds the peer's `reference_world.py`. Prints one line of JSON."""

import argparse
import json
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--mode", choices=["f32", "autocast", "bf16"], default="f32",
                    help="autocast: float32 weights, bf16 products; bf16: the whole model in bf16")
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--compile", action="store_true")
options = parser.parse_args()

sys.path.insert(0, options.folder)
import torch  # noqa: E402
import reference_world  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(0)
encoder = reference_world.Encoder(224, 16, 768, 12, 12).eval()
images = torch.randn(options.batch, 3, 224, 224)
if options.mode == "bf16":
    encoder, images = encoder.bfloat16(), images.bfloat16()
if options.compile:
    encoder = torch.compile(encoder)
times = []
with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=options.mode == "autocast"):
    for _ in range(options.repeats + 2):
        start = time.perf_counter()
        encoder(images)
        times.append(time.perf_counter() - start)
median = sorted(times[2:])[options.repeats // 2]
print(json.dumps({"images_per_second": options.batch / median}))
