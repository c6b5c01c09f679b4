#!/usr/bin/env python3
"""Writes what PyTorch computes for the backbones, for tests/models/test_model_goldens_double.c to compare with.

    scripts/make_model_goldens.py FOLDER [MODEL...]        such as tests/models/goldens

Weights and images come from a formula that the test computes too, so FOLDER/MODEL.json holds results only: logits in evaluation;
loss in training (batch statistics, no dropout); for every trained parameter its gradient's 2-norm and one value. All in double
precision. Needs torch, torchvision and timm, which Alcor does not.
"""
import json
import pathlib
import sys
import zlib

import numpy
import timm
import torch
import torchvision

BATCH, CLASSES = 2, 3
# Name, side of the images, constructor.
MODELS = {
    "resnet50": (64, lambda: torchvision.models.resnet50(num_classes=CLASSES)),
    "densenet121": (64, lambda: torchvision.models.densenet121(num_classes=CLASSES)),
    "vgg16": (96, lambda: torchvision.models.vgg16(num_classes=CLASSES)),
    "efficientnet_b0": (64, lambda: torchvision.models.efficientnet_b0(num_classes=CLASSES)),
    "efficientnet_lite0": (64, lambda: timm.create_model("tf_efficientnet_lite0", num_classes=CLASSES)),
    "xception": (96, lambda: timm.create_model("legacy_xception", num_classes=CLASSES)),
}


def numbers(name, count):
    """`count` numbers in [0, 1) that depend on the name and the place: a linear congruence, its upper 16 bits."""
    index = numpy.arange(count, dtype=numpy.uint64)
    state = (index * numpy.uint64(2654435761) + numpy.uint64(zlib.crc32(name.encode()))) & numpy.uint64(0xFFFFFFFF)
    state = (state ^ (state >> numpy.uint64(15))) * numpy.uint64(2246822519) & numpy.uint64(0xFFFFFFFF)
    state = (state ^ (state >> numpy.uint64(13))) * numpy.uint64(3266489917) & numpy.uint64(0xFFFFFFFF)
    return (state >> numpy.uint64(16)).astype(numpy.float64) / 65536


def value(name, shape):
    u = numbers(name, int(numpy.prod(shape)))
    if name.endswith("running_var"):
        v = 0.5 + u
    elif name.endswith("running_mean"):
        v = 0.4 * u - 0.2
    elif len(shape) > 1:
        v = (2 * u - 1) / numpy.sqrt(numpy.prod(shape[1:]))
    elif name.endswith("weight"):  # of a batch norm: away from where gradients depend on the last bit
        v = 0.3 + 0.3 * u
    else:
        v = 0.5 + 0.5 * u
    return torch.from_numpy(v.reshape(shape))


def golden(name):
    size, build = MODELS[name]
    model = build().double()
    state = {k: v if "num_batches" in k else value(k, tuple(v.shape)) for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    image = value("image", (BATCH, 3, size, size)) * 100
    label = torch.arange(BATCH) % CLASSES
    with torch.no_grad():
        logits = model.eval()(image)
    for module in model.modules():
        if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
    loss = torch.nn.functional.cross_entropy(model.train()(image), label)
    loss.backward()
    gradients = {}
    for key, parameter in model.named_parameters():
        flat = parameter.grad.flatten()
        at = zlib.crc32(key.encode()) % flat.numel()
        gradients[key] = [flat.norm().item(), at, flat[at].item()]
    return {"batch": BATCH, "size": size, "classes": CLASSES, "logits": logits.flatten().tolist(), "loss": loss.item(),
            "gradients": gradients}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or MODELS:
        (folder / f"{name}.json").write_text(json.dumps(golden(name), indent=0) + "\n")


if __name__ == "__main__":
    main()
