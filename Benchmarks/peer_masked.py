"""The losses of the tasks `mae`, `visible` and `simmim` in plain PyTorch, in double precision: writes the figures that
their tests compare ours with.

    python peer_masked.py mae Tests/MAETests/golden.json
    python peer_masked.py visible Tests/VisibleTests/golden.json
    python peer_masked.py simmim Tests/SimMIMTests/golden.json

Inputs and parameters are waves rather than chance, so that a file holds results alone: each case's loss, gradients of
inputs whole, and of each parameter the gradient's norm and its product with a wave."""

import json
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)


def wave(shape, phase, scale=1.0):
    count = math.prod(shape)
    return (scale * torch.sin(0.37 * torch.arange(count) + phase)).reshape(shape)


def fill(module):
    """Gives parameters waves, numbered in the order of their names; scales of norms lie about 1."""
    for number, (name, parameter) in enumerate(sorted(module.named_parameters())):
        is_scale = parameter.dim() == 1 and name.endswith("weight")
        fan = math.prod(parameter.shape[1:]) if parameter.dim() > 1 else 100
        parameter.data = wave(parameter.shape, number, fan**-0.5) + (1 if is_scale else 0)


def result(module, loss, inputs):
    names, parameters = zip(*sorted(module.named_parameters()))
    gradients = torch.autograd.grad(loss, list(inputs.values()) + list(parameters))
    own = dict(zip(names, gradients[len(inputs):]))
    return {
        "loss": loss.item(),
        "inputs": {name: gradient.flatten().tolist() for name, gradient in zip(inputs, gradients)},
        "norms": {name: gradient.norm().item() for name, gradient in own.items()},
        "products": {name: (gradient * wave(gradient.shape, 3)).sum().item() for name, gradient in own.items()},
    }


def sincos(grid, width):
    """[sin(r ω), cos(r ω), sin(c ω), cos(c ω)] of each place of a square grid."""
    quarter = width // 4
    omega = 10000.0 ** (-torch.arange(quarter) / quarter)
    places = [(r, c) for r in range(grid) for c in range(grid)]
    return torch.stack([
        torch.cat([f(v * omega) for v in place for f in (torch.sin, torch.cos)]) for place in places
    ])


def patches(images, size):
    """(B, C, S, S) to (B, N, C·P·P)."""
    return F.unfold(images, size, stride=size).transpose(1, 2)


def rows(x, index):
    """Rows of (B, N, d) or (N, d) by B rows of indices."""
    if x.dim() == 2:
        return x[torch.tensor(index)]
    return torch.stack([own[row] for own, row in zip(x, index)])


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        batch, count, width = x.shape
        q, k, v = self.attn["qkv"](self.norm1(x)).reshape(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
        x = x + self.attn["proj"]((weights @ v).transpose(1, 2).reshape(batch, count, width))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class MAEDecoder(nn.Module):
    def __init__(self, features, width, heads, grid, patch):
        super().__init__()
        self.patch, self.places = patch, sincos(grid, width)
        self.embed = nn.Linear(features, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder_blocks = nn.ModuleList([Block(width, heads)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, 3 * patch * patch)

    def forward(self, images, features, visible, normalize):
        count = len(self.places)
        hidden = [[i for i in range(count) if i not in row] for row in visible]
        x = torch.cat(
            [self.embed(features) + rows(self.places, visible), self.mask_token + rows(self.places, hidden)], 1)
        for block in self.decoder_blocks:
            x = block(x)
        painted = self.head(self.norm(x))[:, len(visible[0]):]
        truth = rows(patches(images, self.patch), hidden)
        if normalize:
            truth = (truth - truth.mean(-1, keepdim=True)) / (truth.var(-1, keepdim=True) + 1e-6).sqrt()
        return ((painted - truth) ** 2).mean()


def mae():
    decoder = MAEDecoder(features=8, width=8, heads=2, grid=3, patch=4)
    fill(decoder)
    images, features = wave((2, 3, 12, 12), 0.5), wave((2, 2, 8), 0.25).requires_grad_()
    return {
        name: result(decoder, decoder(images, features, [[0, 4], [2, 7]], normalize), {"features": features})
        for name, normalize in [("normalized", True), ("plain", False)]
    }


class ContextLoss(nn.Module):
    def __init__(self, tokens, features):
        super().__init__()
        self.predictor_proj_context = nn.Linear(tokens, features)

    def forward(self, tokens, targets, visible, predicted, grid, exponent):
        total = 0
        for own, target, row, others in zip(tokens, targets, visible, predicted):
            for token, patch in zip(own, row):
                distance = min(
                    math.hypot(patch // grid - other // grid, patch % grid - other % grid)
                    for other in others if other not in row)
                error = (self.predictor_proj_context(token) - target[patch]).abs() ** exponent / exponent
                total = total + error.mean() / math.sqrt(distance)
        return total / (len(visible) * len(visible[0]))


def visible():
    loss = ContextLoss(tokens=8, features=12)
    fill(loss)
    tokens, targets = wave((2, 3, 8), 0.25).requires_grad_(), wave((2, 9, 12), 0.5)
    rows_seen, predicted = [[0, 1, 5], [2, 6, 8]], [[3, 4, 7, 8], [0, 1, 2, 3]]
    return {
        name: result(loss, loss(tokens, targets, rows_seen, predicted, 3, exponent), {"tokens": tokens})
        for name, exponent in [("absolute", 1), ("square", 2)]
    }


class SimMIM(nn.Module):
    """An encoder of one block that shows masked patches as a token, and a linear layer that paints."""

    def __init__(self, width, heads, grid, patch):
        super().__init__()
        self.patch, self.places = patch, sincos(grid, width)
        self.patch_embed = nn.ModuleDict({"proj": nn.Linear(3 * patch * patch, width)})
        self.blocks, self.norm = nn.ModuleList([Block(width, heads)]), nn.LayerNorm(width, eps=1e-6)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder = nn.Linear(width, 3 * patch * patch)

    def forward(self, images, hidden):
        truth = patches(images, self.patch)
        mask = torch.zeros(truth.shape[:2] + (1,))
        for row, own in zip(hidden, mask):
            own[row] = 1
        x = self.patch_embed["proj"](truth) * (1 - mask) + self.mask_token * mask + self.places
        painted = self.decoder(self.norm(self.blocks[0](x)))
        return ((painted - truth).abs() * mask).sum() / mask.sum() / truth.shape[2]


def simmim():
    model = SimMIM(width=8, heads=2, grid=4, patch=2)
    fill(model)
    images = wave((2, 3, 8, 8), 0.5)
    return {"case": result(model, model(images, [[0, 1, 4, 5, 10, 11, 14, 15], [2, 3, 6, 7, 8, 9, 12, 13]]), {})}


if __name__ == "__main__":
    made = {"mae": mae, "visible": visible, "simmim": simmim}[sys.argv[1]]()
    with open(sys.argv[2], "w") as file:
        json.dump(json.loads(json.dumps(made), parse_float=lambda text: float(f"{float(text):.10g}")), file, indent=1)
        file.write("\n")
