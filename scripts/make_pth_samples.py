#!/usr/bin/env python3
"""Writes tests/io/pth/*.pth, small state dicts in each form that PyTorch writes, and the seeds of the fuzz target fuzz_pth.

Needs PyTorch. Values are a formula that tests/io/test_pth_read.c repeats, exact in every kind of number that is used.
"""
import collections
import pathlib

import torch


def values(count, dtype):
    """(7 i mod 11 - 5) / 4; whole numbers for integers."""
    numbers = torch.arange(count, dtype=torch.int64) * 7 % 11 - 5
    return numbers.to(dtype) if dtype == torch.int64 else (numbers.to(torch.float64) / 4).to(dtype)


def state_dict():
    """Every kind of number, views of one storage with offset and strides, an empty tensor, a single value."""
    shared = values(24, torch.float32)
    return collections.OrderedDict(
        [
            ("f64", values(3, torch.float64)),
            ("f32.rows", shared.view(6, 4)[2:5]),
            ("f32.columns", shared.view(4, 6)[:, 1:4].t()),
            ("f32.expanded", shared[3:4].view(1, 1).expand(2, 3)),
            ("f16", values(5, torch.float16).view(5, 1)),
            ("bf16", values(4, torch.bfloat16)),
            ("empty", torch.empty(0, 3)),
            ("num_batches_tracked", torch.tensor(7)),
        ]
    )


def older(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def main():
    torch.manual_seed(0)
    tests = pathlib.Path(__file__).resolve().parent.parent / "tests"
    samples, seeds = tests / "io" / "pth", tests / "fuzz" / "corpus" / "pth"
    samples.mkdir(exist_ok=True)
    seeds.mkdir(exist_ok=True)

    linear = torch.nn.Linear(2, 3)
    with torch.no_grad():
        linear.weight.copy_(values(6, torch.float32).view(3, 2))
        linear.bias.copy_(values(3, torch.float32))
    torch.save(state_dict(), samples / "zip.pth")
    older(state_dict(), samples / "older.pth")
    rest = {"epoch": 3, "best": 0.5, "arch": "net", "done": [None, True, -70000, 2**40, (1,)]}
    torch.save({**rest, "state_dict": state_dict()}, samples / "state_dict.pth")
    older({**rest, "model": state_dict()}, samples / "model.pth")
    torch.save(linear.state_dict(), samples / "linear.pth")  # has _metadata
    torch.save(dict(linear.named_parameters()), samples / "parameters.pth")
    torch.save({"weight": linear.weight.data, "made_by": torch.device("cpu")}, samples / "refused.pth")

    # Without checksums, so that what a fuzzer changes is looked at.
    torch.serialization.set_crc32_options(False)
    small = {"a.weight": shared_pair(), "b.bias": values(2, torch.float16)}
    torch.save(small, seeds / "zip")
    torch.save({"state_dict": small, "epoch": 1, "rate": 0.5}, seeds / "zip_nested")
    older(small, seeds / "older")
    older({"model": linear.state_dict(), "list": [None, 2**40]}, seeds / "older_nested")


def shared_pair():
    return values(6, torch.float32).view(2, 3).t()


if __name__ == "__main__":
    main()
