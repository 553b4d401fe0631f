"""Times one pre-training step of the peer on a device: forward, backward, clip to 1.0, AdamW, EMA of the target.

    python peer_device.py PEER_FOLDER --device cuda --model base --batch 128 --precision bf16 [--compile] [--upload]

The batch lies on the device before a step is timed; with --upload it is copied there from pinned memory in the step's
time. A step ends when the device has nothing left to do. Prints one JSON line, in the keys of step_bench.py."""

import argparse
import json
import statistics
import sys
import time

import torch


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="PEER_FOLDER", help="where reference_world.py lies")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--model", default="base")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--image", type=int, default=224)
    parser.add_argument("--patch", type=int, default=16)
    parser.add_argument("--precision", default="bf16", choices=["f32", "bf16"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--context", type=int, default=59)
    parser.add_argument("--targets", type=int, default=61)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--upload", action="store_true")
    return parser.parse_args()


def batch_of(given, patches):
    """Random images, masks and latents, made on the host in pinned memory where they are copied in the step."""
    place = "cpu" if given.upload else given.device
    def pick(count):
        return torch.rand(given.batch, patches, device=place).argsort(1)[:, :count].sort(1).values
    images = (given.batch, 3, given.image, given.image)
    made = {key: torch.randn(images, device=place) for key in ("y1", "y2", "x1", "x2")}
    made |= dict(a1=torch.rand(given.batch, 4, device=place), a2=torch.rand(given.batch, 4, device=place),
                 d12=torch.randn(given.batch, 2, device=place) * .3)
    made["d21"] = -made["d12"]
    made |= {key: pick(given.context) for key in ("keep1", "keep2")} | {key: pick(given.targets) for key in ("mask1", "mask2")}
    return {key: value.pin_memory() for key, value in made.items()} if given.upload else made


def move_positions(peer, device):
    """What its predictor makes of places anew in each pass is made on the device."""
    grid, frequencies = peer.grid, {}

    def grid_there(side):
        return tuple(axis.to(device) for axis in grid(side))

    def sines_there(positions, width):
        if width not in frequencies:
            frequencies[width] = 10000.0 ** (-torch.arange(width // 2, dtype=torch.float64, device=device) / (width / 2))
        angles = positions.to(device).double().unsqueeze(-1) * frequencies[width]
        return torch.cat([angles.sin(), angles.cos()], -1)

    peer.grid, peer.sincos_1d = grid_there, sines_there


def main():
    given = options()
    sys.path.insert(0, given.folder)
    import reference_world as peer

    torch.manual_seed(0)
    move_positions(peer, given.device)
    kind = torch.device(given.device).type
    width, depth, heads = peer.SIZES[given.model]
    world = peer.World(given.image, given.patch, width, depth, heads, 384, 6, 4).to(given.device)
    optimizer = torch.optim.AdamW(peer.adamw_groups(world, .05), lr=1e-4, fused=True)
    if given.compile:
        world.encoder, world.predictor = torch.compile(world.encoder), torch.compile(world.predictor)
    followed = list(world.encoder.parameters())
    averages = list(world.target_encoder.parameters())
    trained = [parameter for parameter in world.parameters() if parameter.requires_grad]
    synchronize = getattr(torch, kind).synchronize if kind != "cpu" else lambda: None
    times = []
    for _ in range(given.steps + 3):
        batch = batch_of(given, (given.image // given.patch) ** 2)
        synchronize()
        start = time.perf_counter()
        batch = {key: value.to(given.device, non_blocking=True) for key, value in batch.items()}
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=given.precision == "bf16"):
            loss = world(batch)[0]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_mul_(averages, .996)
            torch._foreach_add_(averages, followed, alpha=.004)
        value = float(loss.detach())
        synchronize()
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times[3:])
    peak = getattr(torch, kind).max_memory_allocated() // 2**20 if kind != "cpu" else 0
    print(json.dumps(dict(
        peer="pytorch " + torch.__version__, model=given.model, batch=given.batch, precision=given.precision,
        compiled=given.compile, upload=given.upload, seconds_per_step=round(seconds, 5),
        images_per_second=round(given.batch / seconds, 2), device_mib=peak, loss=round(value, 4))))


if __name__ == "__main__":
    main()
