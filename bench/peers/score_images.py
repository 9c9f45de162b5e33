"""Scores images with a detector's model: python score_images.py model.onnx channels threads batch list.txt

The list has a path a line; scores go to standard output, one a line. `threads` is onnxruntime's intra_op_num_threads (0: its own
default). All images must have one size where a batch is more than one.
"""
import sys
import numpy, onnxruntime, PIL.Image

model, channels, threads, batch, listed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
options = onnxruntime.SessionOptions()
# Warnings of the optimiser, which are of no use here.
options.log_severity_level = 3
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
mode = "L" if channels == 1 else "RGB"


def pixels(path):
    image = numpy.asarray(PIL.Image.open(path).convert(mode), numpy.float32) / 255
    return image[None] if channels == 1 else image.transpose(2, 0, 1)


with open(listed, encoding="utf8") as file:
    paths = file.read().splitlines()
for at in range(0, len(paths), batch):
    feed = numpy.stack([pixels(path) for path in paths[at : at + batch]])
    for score in session.run(["score"], {"pixels": feed})[0]:
        print(repr(float(score)))
