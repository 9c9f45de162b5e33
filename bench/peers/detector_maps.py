"""Prints anomaly maps for comparison, one JSON line a file: python detector_maps.py detector.hale image.png ..."""

import json
import sys
import zipfile

import numpy
import onnxruntime
import PIL.Image

session = onnxruntime.InferenceSession(zipfile.ZipFile(sys.argv[1]).read("model.onnx"))
for file in sys.argv[2:]:
    pixels = numpy.atleast_3d(numpy.asarray(PIL.Image.open(file), "float32") / 255).transpose(2, 0, 1)[None]
    print(json.dumps(session.run(["map"], {"pixels": pixels})[0].ravel().tolist()))
