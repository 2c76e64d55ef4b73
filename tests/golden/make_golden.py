#!/usr/bin/python3
"""Writes the golden files in expected/: what PyTorch computes in ten steps of training.

Needs torch (made with 1.13) and numpy; Debian: python3-torch, python3-numpy.

    make_golden.py [CASE...]   write expected/*.safetensors, or those of these cases
    make_golden.py --check     recompute and compare with the files that are there
    make_golden.py --float32   how far PyTorch's own float32 is from what the files hold
    make_golden.py --describe  write the descriptions of the cases anew and leave the arrays

What a case is stands here and nowhere else: test_golden.c goes through the files and reads it from their metadata. To
compare one more function: a line in ACTIVATIONS, and a run with its name.

PyTorch runs in float64 here, from initial values, inputs and settings that are float32 numbers. The files
therefore hold the true result (parameters rounded once, to float32), and what a float32
program differs by is its own rounding, not the sum of its rounding and PyTorch's.

One thing has to be kept out of such a comparison: where a function has a kink, an argument that is
1e-9 in one calculation and -1e-9 in the other changes the gradient by a finite amount. The seeds below are
the first for which no argument of a function with a kink comes nearer to it than MARGIN; this is
checked on every run.
"""
import argparse
import json
import math
import os
import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = os.path.join(HERE, "expected")
STEPS = 10

# The small networks: widths, and the sizes of the ten batches.
WIDTHS = [60, 48, 36, 24, 16, 10]
BATCHES = [50, 50, 17, 50, 50, 1, 50, 33, 50, 50]
SMALL_SEED = 0
SMALL_MARGIN = 1e-6

# The network of the FashionMNIST experiments.
TRUE_WIDTHS = [784, 256, 192, 128, 64, 10]
TRUE_BATCH = 128
TRUE_SEED = 0
TRUE_MARGIN = 1e-6
TRUE_STRIDE = 37   # every 37th value of a weight is kept


# ---- safetensors -----------------------------------------------------------------------------

DTYPES = {"float64": "F64", "float32": "F32", "int32": "I32"}


def write_safetensors(path, tensors, metadata):
    """u64 header length | JSON header padded with spaces to a multiple of 8 | data, wide types first."""
    order = sorted(tensors, key=lambda name: (list(DTYPES).index(tensors[name].dtype.name), name))
    header, offset = {"__metadata__": metadata}, 0
    for name in order:
        t = tensors[name]
        header[name] = {"dtype": DTYPES[t.dtype.name], "shape": list(t.shape),
                        "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            f.write(np.ascontiguousarray(tensors[name]).tobytes())


def read_metadata(path):
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        return json.loads(f.read(length))["__metadata__"]


def read_safetensors(path):
    with open(path, "rb") as f:
        raw = f.read()
    (length,) = struct.unpack("<Q", raw[:8])
    header, data = json.loads(raw[8:8 + length]), raw[8 + length:]
    numpy_name = {code: name for name, code in DTYPES.items()}
    return {name: np.frombuffer(data[slice(*e["data_offsets"])], numpy_name[e["dtype"]]).reshape(e["shape"])
            for name, e in header.items() if name != "__metadata__"}


# ---- functions and networks ---------------------------------------------------------------------

class TrainableELU(nn.Module):
    def __init__(self):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1))

    def forward(self, x):
        # The argument of expm1 is cut at 0: the branch that is not taken must not overflow, because its
        # gradient would be 0 * inf.
        return torch.where(x > 0, x, self.alpha * torch.expm1(torch.clamp(x, max=0)))


class STAF(nn.Module):
    def __init__(self, values):
        super().__init__()
        self.C, self.Omega, self.Phi = (nn.Parameter(torch.from_numpy(v)) for v in values)

    def forward(self, x):
        return torch.sum(self.C * torch.sin(self.Omega * x.unsqueeze(-1) + self.Phi), dim=-1)


# libactiv's name: (PyTorch's module, where its derivative jumps)
ACTIVATIONS = {
    "none": (lambda data: None, []),
    "sigmoid": (lambda data: nn.Sigmoid(), []),
    "log_sigmoid": (lambda data: nn.LogSigmoid(), []),
    "tanh": (lambda data: nn.Tanh(), []),
    "softsign": (lambda data: nn.Softsign(), []),
    "relu": (lambda data: nn.ReLU(), [0]),
    "relu6": (lambda data: nn.ReLU6(), [0, 6]),
    "leaky_relu": (lambda data: nn.LeakyReLU(), [0]),
    "gelu": (lambda data: nn.GELU(), []),
    "gelu_tanh": (lambda data: nn.GELU(approximate="tanh"), []),
    "silu": (lambda data: nn.SiLU(), []),
    "mish": (lambda data: nn.Mish(), []),
    "hardswish": (lambda data: nn.Hardswish(), [-3, 3]),
    "hard_tanh": (lambda data: nn.Hardtanh(), [-1, 1]),
    "hard_sigmoid": (lambda data: nn.Hardsigmoid(), [-3, 3]),
    "elu": (lambda data: nn.ELU(), []),
    "selu": (lambda data: nn.SELU(), [0]),
    "celu": (lambda data: nn.CELU(0.5), []),
    "softplus": (lambda data: nn.Softplus(), []),
    "prelu": (lambda data: nn.PReLU(), [0]),
    # With alpha away from 1 the derivative jumps at 0.
    "trainable_elu": (lambda data: TrainableELU(), [0]),
    "staf": (lambda data: STAF(data["staf"]), []),
    # Equal bounds: nothing is left to chance.
    "rrelu": (lambda data: nn.RReLU(0.25, 0.25), [0]),
}

# Where libactiv's spec says more than the name.
SPECS = {"none": "", "staf": "staf(tau=5)", "celu": "celu(alpha=0.5)", "rrelu": "rrelu(lower=0.25, upper=0.25)"}


class Chain(nn.Module):
    """Linear layers with one activation object, and so one set of its parameters, between them."""

    def __init__(self, widths, activation):
        super().__init__()
        layers = []
        for i, (n_in, n_out) in enumerate(zip(widths, widths[1:])):
            layers.append(nn.Linear(n_in, n_out))
            if activation is not None and i + 2 < len(widths):
                layers.append(activation)
        self.layers = nn.Sequential(*layers)
        self.activation = activation

    def forward(self, x):
        return self.layers(x)


class Residual(nn.Module):
    """60 -> 48, then h + block(act(h)), then -> 10."""

    def __init__(self, activation):
        super().__init__()
        self.entry = nn.Linear(60, 48)
        self.block = nn.Linear(48, 48)
        self.exit = nn.Linear(48, 10)
        self.activation = activation

    def forward(self, x):
        h = self.entry(x)
        return self.exit(self.activation(h + self.block(self.activation(h))))


# ---- networks of other layers -----------------------------------------------------------------------

def philox(seed, stream, n):
    """n numbers of 32 bits, a function of (seed, stream, index): Philox4x32-10, Salmon et al. 2011."""
    mask = np.uint64(0xFFFFFFFF)
    block = np.arange((n + 3) // 4, dtype=np.uint64)
    c = [block & mask, block >> np.uint64(32), np.full_like(block, stream & 0xFFFFFFFF),
         np.full_like(block, stream >> 32)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1).reshape(-1)[:n]


class Dropout(nn.Module):
    """nn.Dropout with libactiv's noise: of the seed 1, the number of the layer among all nodes of its graph,
    the step and the element."""

    def __init__(self, p, node):
        super().__init__()
        self.p, self.node, self.step = p, node, 0

    def forward(self, x):
        if not self.training:
            return x
        stream = 1 << 63 | 2 << 48 | self.step << 12 | self.node
        self.step += 1
        u = (philox(1, stream, x.numel()) >> np.uint64(8)).astype(np.float64) / 2**24
        return x * torch.from_numpy(u >= self.p).reshape(x.shape) / (1 - self.p)


class Stack(nn.Module):
    """Samples of this shape through the layers; flattened before the layer of that number."""

    def __init__(self, shape, flatten, *layers):
        super().__init__()
        self.shape, self.flatten = shape, flatten
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        x = x.reshape(-1, *self.shape)
        for i, layer in enumerate(self.layers):
            x = layer(x.flatten(1) if i == self.flatten else x)
        return x


class Gated(nn.Module):
    """h and h times its gate, side by side."""

    def __init__(self):
        super().__init__()
        self.entry, self.gate, self.exit = nn.Linear(60, 24), nn.Linear(60, 24), nn.Linear(48, 10)

    def forward(self, x):
        h = torch.tanh(self.entry(x))
        return self.exit(torch.cat([h * torch.sigmoid(self.gate(x)), h], dim=1))


# float32 numbers, as everything that a float32 program is given.
MOMENTUM, EPS = float(np.float32(0.3)), float(np.float32(0.001))
DEFAULTS = dict(eps=float(np.float32(1e-5)), momentum=float(np.float32(0.1)))

LAYERS = {
    "batch_norm": lambda: Stack(
        [60], None, nn.Linear(60, 48, bias=False), nn.BatchNorm1d(48, **DEFAULTS), nn.Tanh(),
        nn.Linear(48, 24, bias=False), nn.BatchNorm1d(24, eps=EPS, momentum=MOMENTUM), nn.Tanh(), nn.Linear(24, 10)),
    "batch_norm_channels": lambda: Stack(
        [6, 10], 2, nn.BatchNorm1d(6, **DEFAULTS), nn.Tanh(), nn.Linear(60, 24, bias=False),
        nn.BatchNorm1d(24, **DEFAULTS), nn.GELU(), nn.Linear(24, 10)),
    "layer_norm": lambda: Stack(
        [60], None, nn.Linear(60, 48), nn.LayerNorm(48, eps=DEFAULTS["eps"]), nn.GELU(), nn.Linear(48, 24),
        nn.LayerNorm(24, eps=EPS), nn.GELU(), nn.Linear(24, 10)),
    "layer_norm_shape": lambda: Stack(
        [3, 4, 5], 3, nn.LayerNorm([4, 5], eps=EPS), nn.Tanh(), nn.LayerNorm([3, 4, 5], eps=EPS), nn.Linear(60, 10)),
    "dropout": lambda: Stack(
        [60], None, nn.Linear(60, 48), nn.Tanh(), Dropout(0.25, 3), nn.Linear(48, 24), nn.Tanh(), Dropout(0.5, 6),
        nn.Linear(24, 10)),
    "gated": Gated,
}


def set_layers(model):
    """Initial values by the rule of true_data, streams from 1000 on, one for each parameter."""
    stream = 1000
    for module in model.modules():
        for name, values in module.named_parameters(recurse=False):
            linear = isinstance(module, nn.Linear)
            scale = 2.0 ** math.floor(math.log2(math.sqrt(6 / module.in_features))) if linear else 0.5
            start = np.float32(0 if linear or name == "bias" else 1)
            drawn = start + exact(stream, values.numel(), scale, TRUE_SEED)
            with torch.no_grad():
                values.copy_(torch.from_numpy(drawn).reshape(values.shape))
            stream += 1


def layers_result(case, data, dtype):
    """Losses; parameters and running statistics after the last step; the last step's gradients; and outputs
    in evaluation mode for the first batch."""
    model = LAYERS[case]().to(dtype)
    set_layers(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=float(np.float32(0.05)), momentum=float(np.float32(0.9)))
    tensors, losses, before = {}, [], None
    for batch in data["batches"]:
        # Batch normalization has no use for one sample: it gets the batch before again.
        if len(batch[1]) == 1 and case.startswith("batch_norm"):
            batch = before
        before = batch
        loss = F.cross_entropy(model(torch.from_numpy(batch[0]).to(dtype)), torch.from_numpy(batch[1]).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    for name, values in model.named_parameters():
        tensors["grad." + name] = values.grad.to(torch.float32).numpy()
    for name, values in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            tensors[name] = values.to(torch.float32).numpy()
    model.eval()
    with torch.no_grad():
        tensors["evaluation"] = model(torch.from_numpy(data["batches"][0][0]).to(dtype)).to(torch.float32).numpy()
    tensors["losses"] = np.array(losses)
    return tensors, math.inf


def linear_layers(model):
    return [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Linear)]


# ---- data -----------------------------------------------------------------------------------------

def small_data(seed):
    """Initial values and batches, all float32. RandomState's streams are frozen: any numpy gives the same."""
    random = np.random.RandomState(seed)

    def uniform(bound, *shape):
        return random.uniform(-bound, bound, shape).astype(np.float32)

    def linear(n_in, n_out):
        # Unit gain, wider than PyTorch's default, so that arguments reach all branches of the functions.
        bound = math.sqrt(3 / n_in)
        return uniform(bound, n_out, n_in), uniform(bound, n_out)

    data = {
        "chain": [linear(a, b) for a, b in zip(WIDTHS, WIDTHS[1:])],
        "residual": [linear(60, 48), linear(48, 48), linear(48, 10)],
        "staf": random.normal(0, 1, (3, 5)).astype(np.float32),
        "batches": [],
    }
    centers = random.normal(0, 1, (10, WIDTHS[0]))
    teacher = random.normal(0, 1 / math.sqrt(WIDTHS[0]), (WIDTHS[0], 10))
    for n in BATCHES:
        labels = random.randint(0, 10, n)
        x = (0.5 * centers[labels] + random.normal(0, 1, (n, WIDTHS[0]))).astype(np.float32)
        targets = np.sin(x @ teacher).astype(np.float32)
        data["batches"].append((x, labels.astype(np.int32), targets))
    return data


def mixed(stream, n, seed):
    """n 32-bit numbers, a function of (seed, stream, index): a multiplication and the mixing steps of
    MurmurHash3. test_golden.c has the same."""
    with np.errstate(over="ignore"):
        h = (np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B1)
             + np.uint32((stream * 0x7FEB352D + seed * 0x846CA68B) & 0xFFFFFFFF))
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h ^= h >> np.uint32(shift)
            h *= np.uint32(factor)
        return h ^ (h >> np.uint32(16))


def exact(stream, n, scale, seed):
    """n values in [-scale, scale), 24 bits each. With a power of two for scale all steps are exact."""
    signed = (mixed(stream, n, seed) >> np.uint32(8)).astype(np.int32) - (1 << 23)
    return signed.astype(np.float32) * np.float32(scale / (1 << 23))


def true_data(seed):
    """As small_data, by the exact rule above; nothing of it is stored. Streams: 2k weight and 2k + 1 bias of
    linear layer k, 100 + 2s inputs and 101 + 2s labels of step s."""
    data = {"true": [], "batches": []}
    for k, (n_in, n_out) in enumerate(zip(TRUE_WIDTHS, TRUE_WIDTHS[1:])):
        # The power of two at or below He's bound.
        bound = 2.0 ** math.floor(math.log2(math.sqrt(6 / n_in)))
        data["true"].append((exact(2 * k, n_out * n_in, bound, seed).reshape(n_out, n_in),
                             exact(2 * k + 1, n_out, bound, seed)))
    for s in range(STEPS):
        labels = (mixed(101 + 2 * s, TRUE_BATCH, seed) % np.uint32(10)).astype(np.int32)
        x = exact(100 + 2 * s, TRUE_BATCH * TRUE_WIDTHS[0], 0.5, seed).reshape(TRUE_BATCH, TRUE_WIDTHS[0])
        # Every tenth input is raised where it stands for the sample's class: something to learn.
        x = x + np.float32(0.5) * (np.arange(TRUE_WIDTHS[0])[None, :] % 10 == labels[:, None])
        data["batches"].append((x.astype(np.float32), labels, None))
    return data


# ---- training ---------------------------------------------------------------------------------------

SGD = dict(lr=0.05, momentum=0.9)

# Parameter groups: biases have twice the rate and no weight decay.
def groups(model, settings):
    layers = [layer for _, layer in linear_layers(model)]
    return [{"params": [layer.weight for layer in layers]},
            {"params": [layer.bias for layer in layers], "lr": 2 * settings["lr"], "weight_decay": 0.0}]


# Schedules from torch.optim.lr_scheduler, for ten steps.
SCHEDULES = {
    "step": lambda o: lr_scheduler.StepLR(o, 3, gamma=float(np.float32(0.3))),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 8, eta_min=float(np.float32(0.001))),
    "warmup_cosine": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.25, total_iters=4), lr_scheduler.CosineAnnealingLR(o, 6)], [4]),
}

# name: (network, activation, loss, settings of torch.optim.SGD, or of the optimizer that they name; and what else is
# done: clip_norm, clip_value, groups, schedule)
CASES = {name: ("chain", name, "cross_entropy", SGD) for name in ACTIVATIONS}
CASES.update({
    "sgd_plain": ("chain", "relu", "cross_entropy", dict(lr=0.05)),
    "sgd_momentum": ("chain", "relu", "cross_entropy", dict(lr=0.05, momentum=0.5)),
    "sgd_dampening": ("chain", "relu", "cross_entropy", dict(lr=0.05, momentum=0.9, dampening=0.25)),
    "sgd_weight_decay": ("chain", "relu", "cross_entropy", dict(lr=0.05, momentum=0.9, weight_decay=0.01)),
    "sgd_nesterov": ("chain", "relu", "cross_entropy", dict(lr=0.05, momentum=0.9, nesterov=True)),
    "sgd_maximize": ("chain", "relu", "cross_entropy", dict(lr=0.01, momentum=0.9, maximize=True)),
    "sgd_all": ("chain", "relu", "cross_entropy",
                dict(lr=0.01, momentum=0.9, weight_decay=0.01, nesterov=True, maximize=True)),
    "sgd_groups": ("chain", "tanh", "cross_entropy", dict(lr=0.05, momentum=0.9, weight_decay=0.1, groups=True)),
    "sgd_step": ("chain", "tanh", "cross_entropy", dict(lr=0.05, momentum=0.9, schedule="step")),
    "sgd_cosine": ("chain", "tanh", "cross_entropy", dict(lr=0.05, momentum=0.9, schedule="cosine")),
    "clip_norm": ("chain", "tanh", "cross_entropy", dict(lr=0.5, momentum=0.9, clip_norm=0.9)),
    "clip_value": ("chain", "tanh", "cross_entropy", dict(lr=0.5, momentum=0.9, clip_value=0.01)),
    "adamw": ("chain", "gelu", "cross_entropy", dict(optimizer="AdamW", lr=0.001)),
    "adamw_amsgrad": ("chain", "tanh", "cross_entropy",
                      dict(optimizer="AdamW", lr=0.01, betas=(0.5, 0.6), eps=1e-4, weight_decay=0.5, amsgrad=True)),
    "adamw_maximize": ("chain", "tanh", "cross_entropy",
                       dict(optimizer="AdamW", lr=0.002, betas=(0.8, 0.99), eps=1e-5, maximize=True)),
    "adamw_groups": ("chain", "tanh", "cross_entropy",
                     dict(optimizer="AdamW", lr=0.002, weight_decay=0.5, groups=True)),
    "adamw_all": ("chain", "tanh", "cross_entropy",
                  dict(optimizer="AdamW", lr=0.004, eps=1e-6, clip_norm=0.6, schedule="warmup_cosine")),
    "rmsprop": ("chain", "tanh", "cross_entropy", dict(optimizer="RMSprop", lr=0.001, eps=1e-5)),
    "rmsprop_momentum": ("chain", "tanh", "cross_entropy",
                         dict(optimizer="RMSprop", lr=0.001, alpha=0.9, eps=1e-4, momentum=0.9, weight_decay=0.1)),
    "rmsprop_centered": ("chain", "tanh", "cross_entropy",
                         dict(optimizer="RMSprop", lr=0.002, alpha=0.75, eps=1e-3, centered=True)),
    "rmsprop_all": ("chain", "tanh", "cross_entropy",
                    dict(optimizer="RMSprop", lr=0.002, alpha=0.75, eps=1e-3, centered=True, momentum=0.5,
                         weight_decay=0.1, maximize=True, groups=True, schedule="step")),
    "mse": ("chain", "tanh", "mse", SGD),
    "residual": ("residual", "relu", "cross_entropy", SGD),
    "simple_network": ("true", "relu", "cross_entropy", dict(lr=0.01, momentum=0.9)),
})


def description(case):
    """What test_golden.c has to know: texts for the metadata. A network of other layers is known there by its name; a
    case without a spec has its own name for one."""
    if case in LAYERS:
        return {"network": "layers", "loss": "cross_entropy", "optimizer": "SGD", **texts(SGD)}
    network, activation, loss, settings = CASES[case]
    spec = SPECS.get(activation, activation)
    return {"network": network, **({"spec": spec} if spec != case else {}), "loss": loss, "optimizer": "SGD",
            **texts(settings)}


def texts(settings):
    """The shortest decimal texts: read as float32 they give what train() computes with."""
    both = dict(settings)
    if "betas" in both:
        both["beta1"], both["beta2"] = both.pop("betas")
    return {name: value if isinstance(value, str) else repr(int(value) if isinstance(value, bool) else value)
            for name, value in both.items()}


def train(case, data, dtype):
    """The losses and what clipping measured, the model after the last step, and the smallest distance of an argument
    from a kink."""
    network, activation_name, loss_name, asked = CASES[case]
    make, kinks = ACTIVATIONS[activation_name]
    activation = make(data)
    if network == "residual":
        model = Residual(activation)
    else:
        model = Chain(TRUE_WIDTHS if network == "true" else WIDTHS, activation)
    model.to(dtype)
    with torch.no_grad():
        for (_, layer), (weight, bias) in zip(linear_layers(model), data[network]):
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))

    nearest = [math.inf]
    if kinks:
        def watch(module, inputs):
            for kink in kinks:
                nearest[0] = min(nearest[0], (inputs[0].detach() - kink).abs().min().item())
        activation.register_forward_pre_hook(watch)

    # The settings that a float32 program can have.
    settings = {k: float(np.float32(v)) if isinstance(v, float) else
                tuple(float(np.float32(x)) for x in v) if isinstance(v, tuple) else v for k, v in asked.items()}
    extra = {k: settings.pop(k, None) for k in ("optimizer", "groups", "schedule", "clip_norm", "clip_value")}
    optimizer = getattr(torch.optim, extra["optimizer"] or "SGD")(
        groups(model, settings) if extra["groups"] else model.parameters(), **settings)
    schedule = SCHEDULES[extra["schedule"]](optimizer) if extra["schedule"] else None
    norms = []
    losses = []
    for x, labels, targets in data["batches"]:
        output = model(torch.from_numpy(x).to(dtype))
        if loss_name == "mse":
            loss = F.mse_loss(output, torch.from_numpy(targets).to(dtype))
        else:
            loss = F.cross_entropy(output, torch.from_numpy(labels).long())
        optimizer.zero_grad()
        loss.backward()
        if extra["clip_norm"]:
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), extra["clip_norm"]).item())
        if extra["clip_value"]:
            nn.utils.clip_grad_value_(model.parameters(), extra["clip_value"])
        optimizer.step()
        if schedule:
            schedule.step()
        losses.append(loss.item())
    return losses, norms, model, nearest[0]


def result(case, data, dtype=torch.float64):
    """What the file of a case holds. Parameters are rounded to float32: 6e-8, far below what is compared."""
    if case in LAYERS:
        return layers_result(case, data, dtype)
    losses, norms, model, nearest = train(case, data, dtype)
    if dtype == torch.float64 and nearest < (TRUE_MARGIN if CASES[case][0] == "true" else SMALL_MARGIN):
        sys.exit(f"{case}: an argument is {nearest:.1e} away from a kink; choose another seed")
    tensors = {"losses": np.array(losses)}
    if norms:
        tensors["norms"] = np.array(norms)
    for name, layer in linear_layers(model):
        # The names of state_dict(), which are those of the graph's tensors too.
        weight = layer.weight.detach().to(torch.float32).numpy()
        if CASES[case][0] == "true":
            weight = weight.reshape(-1)[::TRUE_STRIDE].copy()
        tensors[name + ".weight"] = weight
        tensors[name + ".bias"] = layer.bias.detach().to(torch.float32).numpy()
    if model.activation is not None:
        trained = [p.detach().to(torch.float32).numpy().reshape(-1) for p in model.activation.parameters()]
        if trained:
            tensors["activation"] = np.concatenate(trained)
    return tensors, nearest


def shared_tensors(data):
    """data.safetensors: what the small networks start from and are shown."""
    tensors = {"staf": data["staf"].reshape(-1)}
    for network in ("chain", "residual"):
        for k, (weight, bias) in enumerate(data[network]):
            tensors[f"{network}.{k}.weight"], tensors[f"{network}.{k}.bias"] = weight, bias
    for s, (x, labels, targets) in enumerate(data["batches"]):
        tensors[f"batch.{s}.x"], tensors[f"batch.{s}.labels"] = x, labels
        tensors[f"batch.{s}.targets"] = targets
    return tensors


def schedules():
    """schedules.safetensors: rates of the schedules, over twice their length."""
    def rates(make):
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=float(np.float32(0.1)))
        schedule, found = make(optimizer), []
        for _ in range(100):
            found.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        return np.array(found)

    small, third = float(np.float32(0.001)), float(np.float32(1 / 3))
    return {
        "step": rates(lambda o: lr_scheduler.StepLR(o, 7, gamma=float(np.float32(0.9)))),
        "cosine": rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 50, eta_min=small)),
        "warmup": rates(lambda o: lr_scheduler.LinearLR(o, third, total_iters=50)),
        # One behind the end: there PyTorch's rises again.
        "warmup_cosine": rates(lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, third, total_iters=30),
                lr_scheduler.CosineAnnealingLR(o, 60, eta_min=small)], [30]))[:91],
    }


def cross_entropy():
    """cross_entropy.safetensors: CrossEntropyLoss of ten samples and six classes with all of its settings: losses, and
    gradients of the logits."""
    random = np.random.RandomState(1234)
    logits = (4 * random.standard_normal((10, 6))).astype(np.float32)
    weight = random.uniform(0, 3, 6).astype(np.float32)
    weight[2] = 0
    labels = random.randint(0, 6, 10)
    tensors = {"logits": logits, "weight": weight}
    settings, losses, gradients, used = [], [], [], []
    for weighted in (0, 1):
        for smoothing in (0, 0.1, 1):
            for ignore_index in (-100, -1, 3):
                own = labels.copy()
                own[[1, 4, 5]] = ignore_index if ignore_index != -100 else own[[1, 4, 5]]
                loss = nn.CrossEntropyLoss(torch.from_numpy(weight).double() if weighted else None,
                                           ignore_index=ignore_index, label_smoothing=smoothing)
                x = torch.from_numpy(logits).double().requires_grad_()
                value = loss(x, torch.from_numpy(own))
                value.backward()
                settings.append([weighted, smoothing, ignore_index])
                losses.append(value.item())
                gradients.append(x.grad.numpy())
                used.append(own)
    return {**tensors, "settings": np.array(settings), "labels": np.array(used, np.int32), "losses": np.array(losses),
            "gradients": np.array(gradients)}


# ---- commands ---------------------------------------------------------------------------------------

def rms(a):
    return math.sqrt(float(np.mean(np.square(a, dtype=np.float64))))


def deviation(got, want):
    """The largest error of the losses and of the parameters, as test_golden.c measures them."""
    loss = float(np.max(np.abs(got["losses"] - want["losses"]) / np.abs(want["losses"])))
    params = 0.0
    for name in want:
        if name not in ("losses", "norms"):
            b = want[name].astype(np.float64)
            scale = np.maximum(np.abs(b), rms(b))
            params = max(params, float(np.max(np.abs(got[name].astype(np.float64) - b) / scale)))
    return loss, params


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="recompute and compare with the files")
    mode.add_argument("--float32", action="store_true", help="compare PyTorch's float32 with the files")
    mode.add_argument("--describe", action="store_true", help="write the descriptions anew, not the arrays")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all, if none is named")
    options = parser.parse_args()
    cases = options.cases or [*CASES, *LAYERS]
    unknown = set(cases) - set(CASES) - set(LAYERS)
    if unknown:
        parser.error("no such case: " + ", ".join(sorted(unknown)))
    torch.set_num_threads(1)

    def write(case, tensors, texts, source):
        path = os.path.join(EXPECTED, case + ".safetensors")
        write_safetensors(path, tensors, {"source": source, **texts})

    if options.describe:
        for case in cases:
            path = os.path.join(EXPECTED, case + ".safetensors")
            write(case, read_safetensors(path), description(case), read_metadata(path)["source"])
        return

    small, true = small_data(SMALL_SEED), true_data(TRUE_SEED)
    source = f"PyTorch {torch.__version__}, float64; tests/golden/make_golden.py"
    worst = 0.0
    if not (options.check or options.float32):
        os.makedirs(EXPECTED, exist_ok=True)
        if not options.cases:
            write("data", shared_tensors(small), {}, source)
            write("schedules", schedules(), {}, source)
            write("cross_entropy", cross_entropy(), {}, source)
    else:
        print(f"{'':20}{'losses':>10}{'parameters':>12}")
        stored = read_safetensors(os.path.join(EXPECTED, "data.safetensors"))
        made = shared_tensors(small)
        if stored.keys() != made.keys() or any(not np.array_equal(stored[k], made[k]) for k in made):
            sys.exit("data.safetensors holds other values than this script makes")
        for name, make in (("schedules", schedules), ("cross_entropy", cross_entropy)):
            stored, made = read_safetensors(os.path.join(EXPECTED, name + ".safetensors")), make()
            if stored.keys() != made.keys() or any(not np.allclose(stored[k], made[k], 1e-12, 1e-15) for k in made):
                sys.exit(name + ".safetensors holds other values than this script makes")
        for case in cases:
            stored = read_metadata(os.path.join(EXPECTED, case + ".safetensors"))
            stored.pop("source")
            if stored != description(case):
                sys.exit(f"{case}.safetensors describes another case than this script: --describe")
        files = {name.removesuffix(".safetensors") for name in os.listdir(EXPECTED)}
        if files != {"data", "schedules", "cross_entropy", *CASES, *LAYERS}:
            sys.exit("expected/ has other files than this script makes")
    for case in cases:
        path = os.path.join(EXPECTED, case + ".safetensors")
        tensors, nearest = result(case, true if case in CASES and CASES[case][0] == "true" else small,
                                  torch.float32 if options.float32 else torch.float64)
        if options.check or options.float32:
            loss, params = deviation(tensors, read_safetensors(path))
            worst = max(worst, loss, params)
            print(f"{case:20}{loss:10.1e}{params:12.1e}")
        else:
            write(case, tensors, description(case), source)
            print(f"{case:20} first loss {tensors['losses'][0]:.6f}, last {tensors['losses'][-1]:.6f}"
                  + (f", nearest to a kink {nearest:.1e}" if nearest < math.inf else ""))
    if options.check and worst > 2e-7:
        sys.exit("the files hold other values than this script makes")


if __name__ == "__main__":
    main()
