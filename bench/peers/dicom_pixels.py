"""Second opinion on DICOM pixels: decodes every file below a folder with pydicom, and with imagecodecs (CharLS,
libjpeg, OpenJPEG of other builds) what pydicom has no plugin for, and writes the stored samples, before any colour
conversion, as raw little-endian bytes.

    python dicom_pixels.py FOLDER OUT

One JSON line a file: {"file", "shape", "dtype", "by"} with the samples in OUT/<n>.bin, or {"file", "error"}.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import pydicom
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array

warnings.simplefilter("ignore")


def by_imagecodecs(ds):
    import imagecodecs

    syntax = ds.file_meta.TransferSyntaxUID
    last = int(syntax.split(".")[-1])
    if last in (80, 81):
        decode = imagecodecs.jpegls_decode
    elif last in (57, 70):
        decode = imagecodecs.ljpeg_decode
    elif last in (90, 91, 201, 202, 203):
        decode = imagecodecs.jpeg2k_decode
    else:
        decode = imagecodecs.jpeg_decode
    frames = [decode(frame) for frame in generate_frames(ds.PixelData, number_of_frames=int(ds.get("NumberOfFrames", 1) or 1))]
    values = np.stack(frames) if len(frames) > 1 else frames[0]
    stored, allocated = ds.BitsStored, ds.BitsAllocated
    values = values.astype(np.int64) & ((1 << stored) - 1)
    if ds.PixelRepresentation == 1:
        values = np.where(values >= 1 << (stored - 1), values - (1 << stored), values)
    return values.astype(f"{'i' if ds.PixelRepresentation == 1 else 'u'}{max(8, allocated) // 8}")


def main(root, out):
    for n, path in enumerate(sorted(pathlib.Path(root).rglob("*.dcm"))):
        line = {"file": str(path.relative_to(root))}
        try:
            ds = pydicom.dcmread(path, force=True)
            try:
                values, line["by"] = pixel_array(ds, raw=True), "pydicom"
            except RuntimeError:
                values, line["by"] = by_imagecodecs(ds), "imagecodecs"
            line["shape"] = list(values.shape)
            line["dtype"] = values.dtype.newbyteorder("=").name
            line["bin"] = f"{n}.bin"
            (pathlib.Path(out) / line["bin"]).write_bytes(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes())
        except Exception as error:  # noqa: BLE001 - whatever a peer throws is its answer
            line["error"] = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps(line), flush=True)


main(*sys.argv[1:])
