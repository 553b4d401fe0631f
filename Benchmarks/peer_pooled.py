"""The losses of the tasks `sigreg`, `moco-v3` and `dino` in plain PyTorch, in double precision: writes the figures that
their tests compare ours with, as `peer_masked.py` does.

    python peer_pooled.py sigreg Tests/SIGRegTests/golden.json
    python peer_pooled.py moco-v3 Tests/MoCoV3Tests/golden.json
    python peer_pooled.py dino Tests/DINOTests/golden.json"""

import json
import sys

import torch
import torch.nn.functional as F
from torch import nn

from peer_masked import fill, wave


def result(module, loss, inputs):
    """As in `peer_masked.py`; parameters that follow others have no gradient, and so a norm of 0."""
    named = dict(sorted(module.named_parameters()))
    wanted = list(inputs.values()) + list(named.values())
    gradients = [
        torch.zeros_like(x) if gradient is None else gradient
        for x, gradient in zip(wanted, torch.autograd.grad(loss, wanted, allow_unused=True))
    ]
    own = dict(zip(named, gradients[len(inputs):]))
    return {
        "loss": loss.item(),
        "inputs": {name: gradient.flatten().tolist() for name, gradient in zip(inputs, gradients)},
        "norms": {name: gradient.norm().item() for name, gradient in own.items()},
        "products": {name: (gradient * wave(gradient.shape, 3)).sum().item() for name, gradient in own.items()},
    }


class Norm(nn.Module):
    """Batch normalisation by the batch's own statistics, with scale and shift."""

    def __init__(self, width):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return self.weight * (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt() + self.bias


def plain_norm(x, axis):
    return (x - x.mean(axis, keepdim=True)) / (x.var(axis, unbiased=False, keepdim=True) + 1e-5).sqrt()


def bias_free(widths):
    return nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in zip(widths, widths[1:]))


class Projector(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        self.layers, self.last = bias_free(widths[:-1]), nn.Linear(*widths[-2:])
        self.norms = nn.ModuleList(Norm(width) for width in widths[1:-1])

    def forward(self, x):
        for layer, norm in zip(self.layers, self.norms):
            x = F.relu(norm(layer(x)))
        return self.last(x)


class LeJEPA(nn.Module):
    def __init__(self, projected):
        super().__init__()
        if projected:
            self.projector = Projector(6, 8, 8, 5)

    def sigreg(self, x, directions, points, end):
        """Σ over directions of the trapezoidal rule over [-end, end], both halves of it."""
        t = torch.linspace(-end, end, 2 * points - 1)
        gaussian = torch.exp(-t**2 / 2)
        phase = (x @ F.normalize(directions, dim=1).T)[..., None] * t
        error = (torch.exp(1j * phase).mean(0) - gaussian).abs() ** 2 * gaussian
        return (torch.trapezoid(error, t) * len(x)).mean()

    def forward(self, features, directions, weight, points=5, end=3):
        views = features.shape[0]
        x = features.mean(2).flatten(0, 1)
        x = (self.projector(x) if hasattr(self, "projector") else x).unflatten(0, (views, -1))
        gaussian = sum(self.sigreg(own, directions, points, end) for own in x) / views
        center = x.mean(0)
        return weight * gaussian + (1 - weight) * ((x - center) ** 2).mean()


def sigreg():
    cases = {}
    for name, projected, width in [("projected", True, 5), ("plain", False, 6)]:
        model = LeJEPA(projected)
        fill(model)
        features = wave((2, 4, 3, 6), 0.25).requires_grad_()
        # Seven directions, of which the batch of four tells eight.
        directions = wave((8, width), 0.75)[:7]
        cases[name] = result(model, model(features, directions, 0.3), {"features": features})
    return cases


class Head(nn.Module):
    """Layers without bias, each normalised, over the batch or over features."""

    def __init__(self, axis, *widths):
        super().__init__()
        self.axis, self.layers = axis, bias_free(widths)
        self.norms = nn.ModuleList(Norm(width) for width in widths[1:-1])

    def forward(self, x):
        for layer, norm in zip(self.layers, self.norms):
            x = F.relu(norm.weight * plain_norm(layer(x), self.axis) + norm.bias)
        return plain_norm(self.layers[-1](x), self.axis)


def pooled(features):
    return F.layer_norm(features, features.shape[-1:], eps=1e-5).mean(1)


class MoCo(nn.Module):
    def __init__(self, axis):
        super().__init__()
        self.projector, self.key_projector = Head(axis, 6, 16, 16, 8), Head(axis, 6, 16, 16, 8)
        self.predictor = Head(axis, 8, 16, 8)

    def forward(self, contexts, targets, temperature):
        total = 0
        for context, target in [(contexts[0], targets[1]), (contexts[1], targets[0])]:
            query = F.normalize(self.predictor(self.projector(pooled(context))), dim=1)
            with torch.no_grad():
                key = F.normalize(self.key_projector(pooled(target)), dim=1)
            total = total + F.cross_entropy(query @ key.T / temperature, torch.arange(len(query)))
        return 2 * temperature * total


def moco_v3():
    cases = {}
    for name, axis in [("batch", 0), ("layer", 1)]:
        model = MoCo(axis)
        fill(model)
        features, targets = wave((2, 4, 3, 6), 0.25).requires_grad_(), wave((2, 4, 9, 6), 0.5)
        cases[name] = result(model, model(features, targets, 0.2), {"features": features})
    return cases


class DINOHead(nn.Module):
    def __init__(self, features, hidden, bottleneck, prototypes):
        super().__init__()
        widths = [features, hidden, hidden, bottleneck]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.prototypes = nn.Parameter(torch.zeros(prototypes, bottleneck))

    def forward(self, x):
        x = self.layers[2](F.gelu(self.layers[1](F.gelu(self.layers[0](x)))))
        return F.normalize(x, dim=1) @ F.normalize(self.prototypes, dim=1).T


class DINO(nn.Module):
    def __init__(self):
        super().__init__()
        self.student, self.teacher = DINOHead(6, 8, 5, 7), DINOHead(6, 8, 5, 7)

    def forward(self, contexts, targets, center):
        outputs = [self.teacher(pooled(target)).detach() for target in targets]
        total = 0
        for seen, other in [(0, 1), (1, 0)]:
            teacher = ((outputs[other] - center) / 0.04).softmax(1)
            student = (self.student(pooled(contexts[seen])) / 0.1).log_softmax(1)
            total = total - (teacher * student).sum(1).mean()
        return total / 2, torch.cat(outputs).mean(0)


def dino():
    model = DINO()
    fill(model)
    features, targets = wave((2, 4, 3, 6), 0.25).requires_grad_(), wave((2, 4, 9, 6), 0.5)
    center = wave((7,), 0.1, 0.1)
    loss, output = model(features, targets, center)
    made = result(model, loss, {"features": features})
    # Its loss is what the centre follows, times a wave.
    followed = {"loss": (output * wave((7,), 3)).sum().item(), "inputs": {}, "norms": {}, "products": {}}
    return {"case": made, "followed": followed}


if __name__ == "__main__":
    made = {"sigreg": sigreg, "moco-v3": moco_v3, "dino": dino}[sys.argv[1]]()
    with open(sys.argv[2], "w") as file:
        json.dump(json.loads(json.dumps(made), parse_float=lambda text: float(f"{float(text):.10g}")), file, indent=1)
        file.write("\n")
