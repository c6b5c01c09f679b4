#!/usr/bin/env python3
"""Writes tests/data/resize/*.ppm: what Pillow makes of small synthetic images, for tests/data/test_image_resize.c.

Needs Pillow (python3-pil). The sources are a formula that the test repeats, so only results are stored. Width and height
are resized one after the other, because not every version of Pillow begins with the width.
"""
import pathlib

from PIL import Image

CASES = [  # source height, width, result height, width, filter
    (200, 200, 64, 64, "bilinear"),
    (128, 128, 64, 64, "bicubic"),
    (37, 53, 64, 64, "bicubic"),
    (64, 64, 1, 1, "bilinear"),
    (5, 3, 7, 11, "bilinear"),
    (1, 1, 4, 4, "bicubic"),
    (300, 10, 16, 16, "bicubic"),
    (45, 61, 45, 20, "bilinear"),
]


def source_value(x, y, channel):
    """A slope with noise on it, 0 to 255; the noise is a hash of the position."""
    noise = (x * 7919 + y * 104729 + channel * 1299709 + 12345) * 2654435761 % 2**32 >> 24
    slope = (3 * x + 5 * y) * (channel + 1) // 2 % 256
    return noise if (x // 8 + y // 8) % 2 else slope


def main():
    folder = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "resize"
    folder.mkdir(exist_ok=True)
    for height, width, new_height, new_width, name in CASES:
        values = bytes(source_value(x, y, c) for y in range(height) for x in range(width) for c in range(3))
        image = Image.frombytes("RGB", (width, height), values)
        for size in (new_width, height), (new_width, new_height):
            image = image.resize(size, Image.Resampling[name.upper()])
        image.save(folder / f"{height}x{width}_{new_height}x{new_width}_{name}.ppm")


if __name__ == "__main__":
    main()
