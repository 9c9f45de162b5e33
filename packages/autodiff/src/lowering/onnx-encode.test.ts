import { expect, test } from "vitest";
import { attributeProto, encodeMessage, modelType } from "./onnx-model.ts";

test("messages are encoded to the bytes of protobufjs", () => {
  const attribute = [
    ...[attributeProto("s", "text"), attributeProto("i", -3), attributeProto("f", 0.5)],
    ...[attributeProto("fs", { floats: [1, 2.5] }), attributeProto("is", [1, -1, 300]), attributeProto("none", [])],
  ];
  const message = {
    irVersion: 9,
    graph: {
      name: "g",
      node: [{ opType: "Conv", domain: "", input: ["a", ""], output: ["b"], attribute }],
      initializer: [{ name: "w", dims: [2, 0], dataType: 1, rawData: Uint8Array.of(1, 2, 3) }],
      input: [
        { name: "x", type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: "N" }, { dimValue: 0 }] } } } },
      ],
    },
    metadataProps: [{ key: "k", value: "" }],
  };
  expect(encodeMessage(modelType, message).finish()).toEqual(modelType.encode(message).finish());
});
