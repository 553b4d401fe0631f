"""The diffusion network of `imagine rcdm` in PyTorch: times a step as `chex-runner bench imagine-rcdm` does ours, or
writes the figures that Tests/RCDMTests compares ours with.

    python peer_diffusion.py --batch 8 --size 64 --width 32 --steps 5 --threads 1 [--compile]
    python peer_diffusion.py --golden Tests/RCDMTests/golden.json

A step: noise, forward, mean squared error of the velocity, backward, clip to 1.0, AdamW, moving average. Prints one JSON
line, in the keys of the other peers."""

import argparse
import json
import math
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

GROUPS, EMBEDDING = 8, 512


class ConditionalNorm(nn.Module):
    """Group norm whose scale and shift come from an embedding."""

    def __init__(self, channels, embedding):
        super().__init__()
        self.affine = nn.Linear(embedding, 2 * channels)

    def forward(self, x, embedding):
        scale, shift = self.affine(embedding)[:, :, None, None].chunk(2, 1)
        return F.group_norm(x, GROUPS) * (1 + scale) + shift


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, embedding):
        super().__init__()
        self.norm1, self.conv1 = ConditionalNorm(inputs, embedding), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2, self.conv2 = ConditionalNorm(outputs, embedding), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x, embedding):
        inner = self.conv1(F.silu(self.norm1(x, embedding)))
        inner = self.conv2(F.silu(self.norm2(inner, embedding)))
        return inner + (self.shortcut(x) if self.shortcut else x)


class PixelAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.heads = max(n for n in range(1, max(1, channels // 32) + 1) if channels % n == 0)

    def forward(self, x):
        pixels = x.flatten(2).transpose(1, 2)
        parts = self.qkv(self.norm(pixels)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2)
        return (pixels + self.proj(mixed)).transpose(1, 2).reshape(x.shape)


class Stage(nn.Module):
    def __init__(self, inputs, outputs, attends, embedding):
        super().__init__()
        self.block = ResidualBlock(inputs, outputs, embedding)
        self.attn = PixelAttention(outputs) if attends else None

    def forward(self, x, embedding):
        x = self.block(x, embedding)
        return self.attn(x) if self.attn else x


class UNet(nn.Module):
    """Modules stand in the order in which ours shows them."""

    def __init__(self, size, width, condition, embedding=EMBEDDING):
        super().__init__()
        channels = [width * n for n in (1, 2, 3, 4)]
        self.width = width
        self.time = nn.ModuleList([nn.Linear(width, embedding), nn.Linear(embedding, embedding)])
        self.condition = nn.Linear(condition, embedding)
        self.entry = nn.Conv2d(1, width, 3, padding=1)
        attends = [size >> level <= 16 for level in range(4)]
        self.down = nn.ModuleList(
            Stage(channels[max(n - 1, 0)], channels[n], attends[n], embedding) for n in range(4))
        self.up = nn.ModuleList(Stage(2 * channels[n], channels[n], attends[n], embedding) for n in range(4))
        self.shrink = nn.ModuleList(nn.Conv2d(channels[n], channels[n], 3, 2, 1) for n in range(3))
        self.enlarge = nn.ModuleList(nn.Conv2d(channels[n + 1], channels[n], 3, padding=1) for n in range(3))
        self.middle = nn.ModuleList(Stage(channels[3], channels[3], n == 0, embedding) for n in range(2))
        self.norm, self.exit = nn.GroupNorm(GROUPS, width), nn.Conv2d(width, 1, 3, padding=1)

    def ordered(self):
        """Names and parameters in our order, in which levels of both ways stand together."""
        def own(module, name):
            return [(f"{name}.{key}", value) for key, value in module.named_parameters()]
        parts = [own(self.time, "time"), own(self.condition, "condition"), own(self.entry, "entry")]
        for n in range(4):
            parts += [own(self.down[n], f"down.{n}"), own(self.up[n], f"up.{n}")]
        for n in range(3):
            parts += [own(self.shrink[n], f"shrink.{n}"), own(self.enlarge[n], f"enlarge.{n}")]
        parts += [own(self.middle, "middle"), own(self.norm, "norm"), own(self.exit, "exit")]
        return [pair for part in parts for pair in part]

    def forward(self, images, steps, features, told):
        half = self.width // 2
        rates = torch.exp(-math.log(10_000) * torch.arange(half, dtype=images.dtype) / half)
        angles = steps[:, None].to(images.dtype) * rates
        time = self.time[1](F.silu(self.time[0](torch.cat([angles.cos(), angles.sin()], 1))))
        embedding = F.silu(time + self.condition(features) * told[:, None])
        x, kept = self.entry(images), []
        for level in range(4):
            x = self.down[level](x, embedding)
            kept.append(x)
            if level < 3:
                x = self.shrink[level](x)
        for stage in self.middle:
            x = stage(x, embedding)
        for level in reversed(range(4)):
            x = self.up[level](torch.cat([x, kept[level]], 1), embedding)
            if level:
                x = self.enlarge[level - 1](F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.exit(F.silu(self.norm(x)))


def wave(count, phase, scale):
    return scale * torch.sin(0.37 * torch.arange(count, dtype=torch.float64) + phase)


def golden(path):
    """Weights, images and features are waves, which the test makes too."""
    size, width, condition, embedding, batch = 32, 8, 5, 16, 3
    model = UNet(size, width, condition, embedding).double()
    for number, (name, parameter) in enumerate(model.ordered()):
        fan = parameter[0].numel() if parameter.dim() > 1 else 100
        values = wave(parameter.numel(), number, fan**-0.5).view(parameter.shape)
        is_scale = parameter.dim() == 1 and name.endswith("norm.weight")
        parameter.data = values + (1 if is_scale else 0)
    images = wave(batch * size * size, 0.5, 1).view(batch, 1, size, size)
    features = wave(batch * condition, 0.25, 1).view(batch, condition)
    target = wave(batch * size * size, 1.5, 1).view(images.shape)
    out = model(images, torch.tensor([1, 400, 1000]), features, torch.tensor([1.0, 0.0, 1.0]).double())
    loss = F.mse_loss(out, target)
    loss.backward()
    text = json.dumps(
        {
            "loss": loss.item(),
            "outputs": out.flatten()[::97].tolist(),
            "gradientNorms": {name: parameter.grad.norm().item() for name, parameter in model.ordered()},
            "gradientSums": {name: parameter.grad.sum().item() for name, parameter in model.ordered()},
        }, indent=1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def timed(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = UNet(options.size, options.width, options.features)
    average = [parameter.detach().clone() for parameter in model.parameters()]
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=3e-4, weight_decay=0, fused=True)
    forward = torch.compile(model) if options.compile else model
    images = torch.randn(options.batch, 1, options.size, options.size)
    features = torch.randn(options.batch, options.features)
    kept = torch.cos(torch.arange(1001) / 1000 * math.pi / 2 * 0.999) ** 2

    def step():
        steps = torch.randint(1, 1001, (options.batch,))
        image, error = (part[steps, None, None, None] for part in (kept.sqrt(), (1 - kept).sqrt()))
        noise, told = torch.randn_like(images), (torch.rand(options.batch) >= 0.1).float()
        out = forward(images * image + noise * error, steps, features, told)
        loss = F.mse_loss(out, noise * image - images * error)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        torch._foreach_lerp_(average, [parameter.detach() for parameter in parameters], 0.001)
        return loss.item()

    for _ in range(2):
        step()
    seconds = []
    for _ in range(options.steps):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds)
    print(json.dumps({
        "framework": f"PyTorch {torch.__version__}", "batch": options.batch, "threads": options.threads,
        "compiled": options.compile, "seconds_per_step": median, "images_per_second": options.batch / median,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", metavar="FILE", help="write figures of a small network, and time nothing")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--features", type=int, default=768)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    if options.golden:
        golden(options.golden)
    else:
        timed(options)


main()
