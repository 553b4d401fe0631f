"""Times one step of fine-tuning for masks in PyTorch, as `chex-runner bench finetune-segment` does ours.

    python peer_segmentation.py --model base --batch 8 --precision bf16 --steps 3 --threads 2 [--compile]

A step: a vision transformer with drop path, the features of four sizes that a U-Net makes masks of, Dice and binary
cross-entropy, backward, clip to 1.0, AdamW whose learning rate falls from layer to layer. Random images and masks are
made before a step is timed. Prints one JSON line, in the keys of step_bench.py."""

import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

# Width, depth and heads.
SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}
# Channels of the finest stage, from which the others follow by doubling; none without stages.
DECODERS = {"paper": 8, "published": 32, "linear": None}
LEARNING_RATE, LAYER_DECAY, WEIGHT_DECAY, DROP_PATH, CLIP_NORM = 2e-4, 0.8, 0.05, 0.1, 1.0


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=SIZES, default="base")
    parser.add_argument("--decoder", choices=DECODERS, default="paper")
    parser.add_argument("--classes", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--image", type=int, default=224)
    parser.add_argument("--patch", type=int, choices=[8, 16, 32], default=16)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32", help="bf16: autocast")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


class Attention(nn.Module):
    """Self-attention with one projection for queries, keys and values."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        parts = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """A pre-norm block, whose branches an image skips with the chance `drop`."""

    def __init__(self, width, heads, drop):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.drop = drop

    def forward(self, x):
        x = self.added(x, lambda x: self.attn(self.norm1(x)))
        return self.added(x, lambda x: self.mlp(self.norm2(x)))

    def added(self, x, branch):
        if self.drop == 0:
            return x + branch(x)
        keep, factor = torch.rand(len(x)) >= self.drop, 1 / (1 - self.drop)
        if torch.compiler.is_compiling():
            # A number of images that differs from step to step would be compiled again, or more slowly.
            return x + branch(x) * (keep * factor).to(x.dtype)[:, None, None]
        # What is dropped is not computed, as in ours.
        kept = keep.nonzero().flatten()
        if len(kept) == len(x):
            return torch.add(x, branch(x), alpha=factor)
        return x.index_add(0, kept, branch(x[kept]).to(x.dtype), alpha=factor) if len(kept) else x


class Encoder(nn.Module):
    """A vision transformer without class token, of fixed positions."""

    def __init__(self, image, patch, width, depth, heads):
        super().__init__()
        self.grid = image // patch
        self.patch_embed = nn.Conv2d(3, width, patch, patch)
        self.register_buffer("pos_embed", positions(self.grid, width))
        self.blocks = nn.ModuleList(Block(width, heads, DROP_PATH * number / (depth - 1)) for number in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, images):
        x = self.patch_embed(images).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def positions(side, width):
    """Sines and cosines of the row and of the column of each patch, (1, side · side, width)."""
    frequencies = 10000.0 ** (-torch.arange(width // 4, dtype=torch.float64) / (width / 4))
    angles = torch.arange(side)[:, None] * frequencies
    line = torch.cat([angles.sin(), angles.cos()], 1).float()
    return torch.cat([line.repeat_interleave(side, 0), line.repeat(side, 1)], 1)[None]


class NormalizedConvolution(nn.Sequential):
    """A convolution, batch normalisation and GELU."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.GELU())


class ResidualStage(nn.Module):
    """Two 3×3 convolutions beside a 1×1 convolution."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = NormalizedConvolution(inputs, outputs, 3)
        self.second = NormalizedConvolution(outputs, outputs, 3)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        return self.second(self.first(x)) + self.skip(x)


class PyramidDecoder(nn.Module):
    """Features at P/4, P/2, P and 2P pixels of patches of P, a stem of the image at P/8, and a U-Net of them."""

    def __init__(self, width, classes, base, patch):
        super().__init__()
        self.once = nn.ConvTranspose2d(width, width // 2, 2, 2)
        self.twice = nn.Sequential(
            nn.ConvTranspose2d(width, width // 2, 2, 2), nn.GELU(), nn.ConvTranspose2d(width // 2, width // 4, 2, 2))
        self.halved = nn.Conv2d(width, 2 * width, 2, 2)
        self.laterals = nn.ModuleList(
            NormalizedConvolution(inputs, factor * base, 1)
            for inputs, factor in zip((width // 4, width // 2, width, 2 * width), (2, 4, 8, 16)))
        self.stem = NormalizedConvolution(3, base, 3, patch // 8)
        self.stages = nn.ModuleList(ResidualStage(3 * factor * base, factor * base) for factor in (8, 4, 2, 1))
        self.head = nn.Conv2d(base, classes, 1)

    def forward(self, features, images):
        sizes = [self.twice(features), self.once(features), features, self.halved(features)]
        finest, fine, coarse, x = [lateral(size) for lateral, size in zip(self.laterals, sizes)]
        for stage, skip in zip(self.stages, (coarse, fine, finest, self.stem(images))):
            x = stage(torch.cat([F.interpolate(x, size=skip.shape[2:], mode="nearest"), skip], 1))
        return self.head(x)


class LinearDecoder(nn.Module):
    """One product a token."""

    def __init__(self, width, classes):
        super().__init__()
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, features, images):
        return self.head(features)


class Network(nn.Module):
    """Logits of masks, as large as the images."""

    def __init__(self, given):
        super().__init__()
        width, depth, heads = SIZES[given.model]
        base = DECODERS[given.decoder]
        self.encoder = Encoder(given.image, given.patch, width, depth, heads)
        self.decoder = (PyramidDecoder(width, given.classes, base, given.patch) if base
                        else LinearDecoder(width, given.classes))
        # Tokens are images whose channels come last already, and convolutions of such are no slower.
        self.decoder.to(memory_format=torch.channels_last)

    def forward(self, images):
        grid = self.encoder.grid
        features = self.encoder(images).transpose(1, 2).unflatten(2, (grid, grid))
        logits = self.decoder(features, images.contiguous(memory_format=torch.channels_last))
        return F.interpolate(logits, size=images.shape[2:], mode="bilinear")


def loss_of(logits, masks):
    """1 - Dice of all pixels of a class in the batch, mean over classes, and mean binary cross-entropy, in float32."""
    logits = logits.float()
    probabilities = logits.sigmoid()
    both = (probabilities * masks).sum((0, 2, 3))
    dice = (both * 2 + 1) / (probabilities.sum((0, 2, 3)) + masks.sum((0, 2, 3)) + 1)
    return (1 - dice).mean() + F.binary_cross_entropy_with_logits(logits, masks)


def groups(network):
    """Parameters by how they are updated: more slowly the deeper they lie, and without decay where they are vectors."""
    encoder = network.encoder
    layers = [encoder.norm, *reversed(encoder.blocks), encoder.patch_embed]
    scales = {parameter: LAYER_DECAY ** depth for depth, layer in enumerate(layers) for parameter in layer.parameters()}
    found = {}
    for parameter in network.parameters():
        found.setdefault((scales.get(parameter, 1), parameter.ndim > 1), []).append(parameter)
    return [{"params": parameters, "lr": LEARNING_RATE * scale, "weight_decay": WEIGHT_DECAY * decays}
            for (scale, decays), parameters in found.items()]


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def main():
    given = options()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    network = Network(given)
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW(groups(network), fused=True)
    forward = torch.compile(network) if given.compile else network
    times = []
    for _ in range(given.steps + 1):
        images = torch.randn(given.batch, 3, given.image, given.image)
        masks = (torch.rand(given.batch, given.classes, given.image, given.image) < 0.3).float()
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=given.precision == "bf16"):
            logits = forward(images)
        loss = loss_of(logits, masks)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        times.append(time.perf_counter() - start)
    # The first step, which allocates and compiles, is not counted.
    seconds = statistics.median(times[1:])
    print(json.dumps(dict(
        peer="pytorch " + torch.__version__, model=given.model, decoder=given.decoder, image=given.image,
        batch=given.batch, precision=given.precision, compiled=given.compile, threads=given.threads,
        seconds_per_step=round(seconds, 4), images_per_second=round(given.batch / seconds, 4),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, loss=round(float(loss.detach()), 4),
        encoder_parameters=count(network.encoder), decoder_parameters=count(network.decoder))))


if __name__ == "__main__":
    main()
