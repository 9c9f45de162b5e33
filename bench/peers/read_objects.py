"""Reads DICOM objects of hale with pydicom, as a second opinion: one JSON line a file.

    python3 bench/peers/read_objects.py OBJECT.dcm...

Needs pydicom 2 or newer and numpy. Values are given in full, so feed it small objects.
"""

import json
import sys

import numpy
import pydicom


def bits(dataset):
    """Stored bits of a binary segmentation, unpacked by numpy alone (PS3.5 8.1.1)."""
    shape = (int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns)
    return numpy.unpackbits(numpy.frombuffer(dataset.PixelData, numpy.uint8), bitorder="little")[: numpy.prod(shape)].reshape(shape)


def tree(items, depth=0):
    """Lines of a report's content, indented."""
    for item in items:
        name = item.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in item else ""
        value = ""
        if item.ValueType == "NUM":
            measured = item.MeasuredValueSequence[0]
            unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
            value = f"{measured.get('FloatingPointValue', measured.NumericValue)} {unit}"
        elif item.ValueType == "CODE":
            value = item.ConceptCodeSequence[0].CodeMeaning
        elif item.ValueType == "IMAGE":
            value = item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        else:
            value = item.get("TextValue", item.get("UID", ""))
        yield f"{'  ' * depth}{item.RelationshipType} {item.ValueType} {name}: {value}"
        yield from tree(item.get("ContentSequence", []), depth + 1)


def look(path):
    dataset = pydicom.dcmread(path)
    found = {"file": path, "class": dataset.SOPClassUID.name, "patient": str(dataset.PatientName)}
    if "ContentSequence" in dataset:
        return {**found, "tree": list(tree(dataset.ContentSequence))}
    pixels = dataset.pixel_array
    if "Segmentation" in dataset.SOPClassUID.name and not numpy.array_equal(pixels.reshape(-1), bits(dataset).reshape(-1)):
        raise ValueError("pydicom and numpy unpack other bits")
    return {**found, "shape": list(pixels.shape), "type": str(pixels.dtype), "values": pixels.reshape(-1).tolist()}


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(json.dumps(look(path), ensure_ascii=False))
