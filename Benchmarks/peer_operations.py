"""Times operations of a U-Net in PyTorch, eager, as `chex-runner bench operations` does ours.

    python peer_operations.py --precision bf16 --repeats 7 --threads 2

Prints one line of JSON: for each operation, by the name that ours has, milliseconds forward and with the backward pass."""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--precision", choices=["f32", "bf16"], default="f32", help="bf16: autocast")
parser.add_argument("--repeats", type=int, default=7)
parser.add_argument("--threads", type=int, required=True)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)

BATCH = 8
CONVOLUTIONS = [(1, 8, 224), (8, 8, 224), (16, 16, 112), (32, 32, 112), (64, 32, 112), (64, 64, 56), (128, 128, 56),
                (128, 128, 28), (256, 256, 28)]


def image(channels, side):
    return (BATCH, channels, side, side)


def batch_norm(x, weight, bias):
    return F.batch_norm(x, None, None, weight, bias, training=True)


OPERATIONS = [
    (f"convolution 3x3, {c} to {o}, {side}", [image(c, side), (o, c, 3, 3), (o,)],
     lambda x, weight, bias: F.conv2d(x, weight, bias, padding=1)) for c, o, side in CONVOLUTIONS
] + [
    ("convolution 3x3 stride 2, 32 to 64, 112", [image(32, 112), (64, 32, 3, 3), (64,)],
     lambda x, weight, bias: F.conv2d(x, weight, bias, stride=2, padding=1)),
    ("convolution 1x1, 64 to 64, 56", [image(64, 56), (64, 64, 1, 1), (64,)], F.conv2d),
    ("transposed 2x2 stride 2, 128 to 64, 56", [image(128, 56), (128, 64, 2, 2), (64,)],
     lambda x, weight, bias: F.conv_transpose2d(x, weight, bias, stride=2)),
    ("batch norm, 8, 224", [image(8, 224), (8,), (8,)], batch_norm),
    ("batch norm, 64, 56", [image(64, 56), (64,), (64,)], batch_norm),
    ("group norm, 32 in 8, 112", [image(32, 112), (32,), (32,)],
     lambda x, weight, bias: F.group_norm(x, 8, weight, bias)),
    ("group norm, 256 in 32, 28", [image(256, 28), (256,), (256,)],
     lambda x, weight, bias: F.group_norm(x, 32, weight, bias)),
    ("bilinear, 64, 56 to 112", [image(64, 56)],
     lambda x: F.interpolate(x, size=(112, 112), mode="bilinear", align_corners=False)),
    ("nearest, 64, 56 to 112", [image(64, 56)], lambda x: F.interpolate(x, size=(112, 112), mode="nearest")),
    ("max pool 2x2, 32, 112", [image(32, 112)], lambda x: F.max_pool2d(x, 2)),
    ("silu, 32, 112", [image(32, 112)], F.silu),
    ("softmax, 1568 rows of 196", [(BATCH, 196, 196)], lambda x: F.softmax(x, -1)),
]


def milliseconds(body):
    """The median, after two runs that are not timed."""
    times = []
    for _ in range(options.repeats + 2):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:]) * 1e3


rows = []
for name, shapes, function in OPERATIONS:
    inputs = [torch.rand(shape) * 2 - 1 for shape in shapes]
    with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
        with torch.inference_mode():
            forward = milliseconds(lambda: function(*inputs))
        learning = [tensor.clone().requires_grad_() for tensor in inputs]
        output_gradient = torch.full_like(function(*learning), 0.5)
        both = milliseconds(lambda: torch.autograd.grad(function(*learning), learning, output_gradient))
    rows.append({"name": name, "forward_milliseconds": forward, "both_milliseconds": both})
print(json.dumps({"operations": rows}))
