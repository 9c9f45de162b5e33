"""Scores 8-bit images with a hale detector: python score_onnx.py detector.hale image.png ... (onnxruntime, numpy, Pillow)"""
import json, sys, zipfile
import numpy, onnxruntime, PIL.Image

model = zipfile.ZipFile(sys.argv[1]).read("model.onnx")
session = onnxruntime.InferenceSession(model)
card = json.loads(session.get_modelmeta().custom_metadata_map["hale.card"])
for file in sys.argv[2:]:
    image = PIL.Image.open(file).convert("L" if card["image"]["channels"] == 1 else "RGB")
    pixels = numpy.atleast_3d(numpy.asarray(image, "float32") / 255).transpose(2, 0, 1)[None]
    print(file, session.run(["score"], {"pixels": pixels})[0][0])
