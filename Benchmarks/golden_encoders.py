"""Writes small encoders of other people's families with random weights, and their features, for the tests of import.

    python Benchmarks/golden_encoders.py Tests/RunnerTests/Weights/Encoders

Each family's NAME.safetensors holds weights under that family's names; golden.json tells the size of each image and the
features of every patch that timm, or Hugging Face's transformers, computes. Images are sines of their place, so that
they need no file. Needs torch, timm 1.0.20 or later, transformers and safetensors.
"""

import functools
import json
import math
import pathlib
import sys
import tempfile

import timm
import torch
from safetensors.torch import load_file, save_file
from timm.layers import SwiGLUPacked, resample_abs_pos_embed
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from transformers import (
    Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel, DINOv3ViTConfig, DINOv3ViTModel, ViTConfig,
    ViTModel)

SIZES = (32, 48)
SMALL = dict(patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=0)


def image(size, channels=3):
    places = torch.arange(channels * size * size, dtype=torch.float64)
    return torch.sin(0.37 * places).float().reshape(1, channels, size, size)


def randomised(model):
    """Every number tells itself from the others: an initial bias of zero could be lost unnoticed."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return model.eval()


def at(size, make, model):
    """The model for another size of image, as timm resamples it."""
    if size == SIZES[0]:
        return model
    other = make(size).eval()
    state = dict(model.state_dict())
    if "pos_embed" in state:
        prefix = 0 if getattr(model, "no_embed_class", False) else model.num_prefix_tokens
        if prefix and state["pos_embed"].shape[1] - prefix != (SIZES[0] // 8) ** 2:
            prefix = 1
        state["pos_embed"] = resample_abs_pos_embed(
            state["pos_embed"], (size // 8, size // 8), num_prefix_tokens=prefix)
    other.load_state_dict(state)
    return other


def timm_features(make, channels=3, norm=None, table=None):
    model = randomised(make(SIZES[0]))
    if table is not None:
        model.pos_embed.data = table
    features = {}
    with torch.no_grad():
        for size in SIZES:
            own = at(size, make, model)
            tokens = own.forward_features(image(size, channels))
            if norm:
                tokens = getattr(own, norm)(tokens)
            features[size] = tokens[0, own.num_prefix_tokens:]
    return model.state_dict(), features


def sines(grid, width):
    """The fixed table of MAE: column half first."""
    quarter = width // 4
    frequencies = [1 / 10000 ** (k / quarter) for k in range(quarter)]
    rows = [[0.0] * width]
    for row in range(grid):
        for column in range(grid):
            rows.append([f(place * w) for place in (column, row) for f in (math.sin, math.cos) for w in frequencies])
    return torch.tensor(rows).reshape(1, grid * grid + 1, width)


def plain(**own):
    return lambda size: VisionTransformer(img_size=size, **(SMALL | dict(global_pool="token") | own))


def dinov2(**own):
    return plain(init_values=1e-5, **own)


def swiglu():
    return dinov2(mlp_layer=SwiGLUPacked, mlp_ratio=4, act_layer=torch.nn.SiLU, reg_tokens=4, no_embed_class=True)


def dinov3(**own):
    return lambda size: Eva(
        img_size=size, **(SMALL | dict(
            init_values=1e-5, rope_type="dinov3", rope_temperature=100, use_rot_pos_emb=True, use_abs_pos_emb=False,
            rope_rotate_half=True, num_reg_tokens=4, qkv_bias=False, use_fc_norm=False, dynamic_img_size=True,
            norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-5)) | own))


def eva(**own):
    return lambda size: Eva(
        img_size=size, **(SMALL | dict(
            mlp_ratio=4 * 2 / 3, swiglu_mlp=True, use_rot_pos_emb=True, ref_feat_shape=(28, 28)) | own))


def facebook_dinov2(state):
    """timm's DINOv2 with registers under its authors' names, blocks in groups of one; the class token has a place."""
    names = {"reg_token": "register_tokens", "mlp.fc1": "mlp.w12", "mlp.fc2": "mlp.w3", "blocks.": "blocks.0."}
    other = {}
    for name, value in state.items():
        for theirs, own in names.items():
            name = name.replace(theirs, own)
        other[name] = value
    row = 0.3 * torch.randn(1, 1, value.shape[-1])
    other["cls_token"] = other["cls_token"] - row
    other["pos_embed"] = torch.cat([row, other["pos_embed"]], 1)
    other["mask_token"] = torch.zeros(1, 16)
    return other


def facebook_dinov3(state):
    """timm's DINOv3 with biases under its authors' names: those of keys are there, and a mask takes them away."""
    names = {
        "reg_token": "storage_tokens", "gamma_1": "ls1.gamma", "gamma_2": "ls2.gamma", "mlp.fc1_g": "mlp.w1",
        "mlp.fc1_x": "mlp.w2", "mlp.fc2": "mlp.w3"}
    other = {}
    for name, value in state.items():
        if name.endswith("attn.q_bias"):
            part, width = name.removesuffix("q_bias"), len(value)
            keys = 0.3 * torch.randn(width)
            other[part + "qkv.bias"] = torch.cat([value, keys, state[part + "v_bias"]])
            other[part + "qkv.bias_mask"] = torch.ones(3, width).index_fill_(0, torch.tensor(1), 0).flatten()
        elif not name.endswith("attn.v_bias"):
            for theirs, own in names.items():
                name = name.replace(theirs, own)
            other[name] = value
    other["mask_token"] = torch.zeros(1, 16)
    other["rope_embed.periods"] = 100 ** (torch.arange(2) / 2)
    return other


def transformers_features(Model, Configuration, sizes=SIZES, **own):
    model = randomised(Model(Configuration(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=8,
        **own)))
    features = {}
    with torch.no_grad():
        for size in sizes:
            tokens = model(image(size)).last_hidden_state
            features[size] = tokens[0, tokens.shape[1] - (size // 8) ** 2:]
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(pathlib.Path(folder) / "model.safetensors"), features


def cases():
    yield "plain", "timm", timm_features(plain())
    yield "grey", "timm", timm_features(plain(in_chans=1), channels=1)
    yield "query-key-norm", "timm", timm_features(plain(qk_norm=True))
    yield "mae", "timm", timm_features(plain(), table=sines(4, 16))
    yield "dinov2", "timm", timm_features(dinov2())
    yield "dinov2-registers", "timm", timm_features(dinov2(reg_tokens=4, no_embed_class=True))
    state, features = timm_features(swiglu())
    yield "dinov2-swiglu", "timm", (state, features)
    yield "dinov2-authors", "dinov2", (facebook_dinov2(state), features)
    yield "dinov3", "eva", timm_features(dinov3())
    yield "dinov3-swiglu", "eva", timm_features(dinov3(swiglu_mlp=True, swiglu_align_to=8))
    yield "eva02-tiny", "eva", timm_features(eva(), norm="fc_norm")
    yield "eva02-base", "eva", timm_features(eva(qkv_fused=False, scale_mlp=True), norm="fc_norm")
    yield "rad-dino", "transformers", transformers_features(Dinov2Model, Dinov2Config, SIZES[:1])
    yield "transformers-registers", "transformers", transformers_features(
        Dinov2WithRegistersModel, Dinov2WithRegistersConfig, SIZES[:1], use_swiglu_ffn=True)
    yield "transformers-dinov3", "transformers", transformers_features(
        DINOv3ViTModel, DINOv3ViTConfig, num_register_tokens=4)
    yield "transformers-dinov3-gated", "transformers", transformers_features(
        DINOv3ViTModel, DINOv3ViTConfig, num_register_tokens=4, use_gated_mlp=True, hidden_act="silu")
    yield "transformers-vit", "transformers", transformers_features(ViTModel, ViTConfig, SIZES[:1])
    state, features = timm_features(dinov3(swiglu_mlp=True, swiglu_align_to=8, qkv_bias=True))
    yield "dinov3-authors", "dinov3", (facebook_dinov3(state), features)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    golden = {}
    for name, family, (state, features) in cases():
        save_file({key: value.contiguous() for key, value in state.items()}, folder / f"{name}.safetensors")
        golden[name] = {"family": family, "features": {
            str(size): [float(f"{x:.7g}") for x in tokens.flatten().tolist()] for size, tokens in features.items()}}
        print(name, family, {size: tuple(tokens.shape) for size, tokens in features.items()})
    (folder / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print("timm", timm.__version__)


main()
