/**
 * @file The weight gradient of a convolution as one more convolution, in ONNX Runtime's blocked layout. Images take the
 * part of channels, and one side that of the kernel. With dy as kernel, dW[o,c,k] = Σ dy[n,o,p]·x[n,c,p·s + k - pad] is x
 * turned to [C, N, H, W] convolved with dy turned to [O, N, h, w] and spread by the stride; with x as kernel it is dy turned
 * so convolved with x, the taps from last to first. Nothing is copied tap by tap.
 *
 * Every channel of the other side meets the whole kernel, which is only fast while the kernel stays in cache, or where the
 * other side has hardly any channels.
 */

import type { Shape } from "../shape.ts";
import type { ConvGeometry } from "./conv-geometry.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { BLOCKED } from "./onnx-model.ts";

/** Blocks of output channels that the runtime's kernel works on at once. */
const BLOCKS_AT_ONCE = 4;
/** Values of as many blocks that stay in cache: 36 MB, measured with 32 MB of third-level cache for two threads. */
const CACHED = 9_000_000;
/** Values of twice as many from which it is faster to take a few images after the other, where that can be. */
const TOGETHER = 4_000_000;
/** Values of the kernel, of as many blocks, that stay in the second-level cache: 0.6 MB. Where the third is far, of a larger one some rows are
 * taken after others: measured on a Sapphire Rapids, 28 to 10 ms for 64 channels of 8 images of 64 x 64. */
const NEAR = 150_000;
/** Channels of the other side up to which the kernel is read so few times that its size does not matter. */
const THIN = 4;

/** How a weight gradient becomes a convolution: which side takes the part of the kernel. */
type Roles = "dy as kernel" | "x as kernel";

/** The blocked form that is faster than a matrix product for these shapes, or null where none is. */
export function blockedRoles(graph: OnnxGraph, xShape: Shape, dyShape: Shape, g: ConvGeometry): Roles | null {
  const block = graph.options.convBlock ?? 0;
  const [n, c] = xShape;
  const o = dyShape[1];
  // Images are filled up to whole blocks: worth it down to half a block.
  if (block === 0 || g.groups > 1 || 2 * n < block) return null;
  const whole = (channels: number) => channels % block === 0;
  const atOnce = BLOCKS_AT_ONCE * block;
  const cached = (shape: Shape) => kernelValues(shape, imagesAtOnce(shape, block), atOnce) <= CACHED;
  // With all blocks in work at once a value read serves more products, so a thin dy leaves the part to a wider x; and where
  // x has it the product needs no transposition.
  const wider = Math.min(c, atOnce) >= Math.min(o, atOnce) && cached(xShape);
  const centred = g.stride === 1 && g.kernel.every((taps) => g.pad <= taps - 1);
  if (whole(c) && centred && (wider || o <= THIN)) return "x as kernel";
  const fits = excess(g).every((rows) => rows <= g.pad);
  return whole(o) && fits && (g.stride > 1 || cached(dyShape) || c <= THIN) ? "dy as kernel" : null;
}

/** Values that the kernel has in work at a time, when so many images take the part of channels, of so many outputs. */
const kernelValues = ([, channels, height, width]: Shape, images: number, outputs: number) =>
  images * height * width * Math.min(channels, outputs);

/** Images whose products are taken at once, when this is the side that takes the part of the kernel. */
function imagesAtOnce(shape: Shape, block: number): number {
  const [n] = shape;
  const fewest = n < block ? 1 : block;
  return kernelValues(shape, n, 2 * BLOCKS_AT_ONCE * block) > TOGETHER && n % fewest === 0 ? fewest : n;
}

/** Rows and columns at the end of x that no tap reaches. */
function excess({ stride, pad, input, output, kernel }: ConvGeometry): [number, number] {
  const along = (axis: 0 | 1) => input[axis] + 2 * pad - ((output[axis] - 1) * stride + kernel[axis]);
  return [along(0), along(1)];
}

export function lowerBlockedWeightGradient(
  graph: OnnxGraph,
  x: string,
  dy: string,
  xShape: Shape,
  dyShape: Shape,
  g: ConvGeometry,
  roles: Roles,
): string {
  const block = graph.options.convBlock!;
  const [kh, kw] = g.kernel;
  const [taps, o, c] = [kh * kw, dyShape[1], xShape[1]];
  if (roles === "dy as kernel") {
    const [below, right] = excess(g);
    const pads = [g.pad, g.pad, g.pad - below, g.pad - right];
    const product = correlate(graph, x, dy, xShape, dyShape, g.stride, pads);
    // [C, O/block · taps · block] to [O/block, taps, block · C] to [O, C, taps]: two plain transpositions.
    const turned = graph.node("Transpose", [graph.reshape(product, [c, o * taps])], { perm: [1, 0] });
    const byTap = graph.reshape(turned, [o / block, taps, block * c]);
    return graph.reshape(graph.node("Transpose", [byTap], { perm: [0, 2, 1] }), [o, c, kh, kw]);
  }
  // x moves over dy the other way round, so the taps come out from last to first.
  const [top, left] = [kh - 1 - g.pad, kw - 1 - g.pad];
  const below = xShape[2] + kh - 1 - dyShape[2] - top;
  const right = xShape[3] + kw - 1 - dyShape[3] - left;
  const product = correlate(graph, dy, x, dyShape, xShape, 1, [top, left, below, right]);
  const blocks = graph.reshape(product, [(o * c) / block, taps, block]);
  const backwards = Array.from({ length: taps }, (_, i) => taps - 1 - i);
  const ordered = graph.node("Gather", [blocks, graph.ints(backwards)], { axis: 1 });
  return graph.node("ReorderOutput", [graph.reshape(ordered, [o, c, kh, kw])], { channels: c }, BLOCKED);
}

/** [N, A, …] to [A, N, …]. */
function turn(graph: OnnxGraph, value: string, [n, a, rows, columns]: Shape): string {
  if (a === 1 || n === 1) return graph.reshape(value, [a, n, rows, columns]);
  return graph.node("Transpose", [value], { perm: [1, 0, 2, 3] });
}

/** The same from blocks to plain order: whole blocks change places, and images become rows of what is then put in order. */
function turnBlocks(graph: OnnxGraph, value: string, [n, a, rows, columns]: Shape): string {
  const block = graph.blocks.size;
  const blocks = graph.reshape(value, [n, a / block, block * rows * columns]);
  const turned = a === block || n === 1 ? blocks : graph.node("Transpose", [blocks], { perm: [1, 0, 2] });
  const tall = graph.reshape(turned, [a / block, block, n * rows, columns]);
  return graph.reshape(graph.node("ReorderOutput", [tall], { channels: block }, BLOCKED), [a, n, rows, columns]);
}

/**
 * Σₙ of image n of `a` [N, A, …] convolved with image n of `kernel` [N, B, h, w] spread by `spread`: [A, B, …] with B in
 * blocks.
 */
function correlate(
  graph: OnnxGraph,
  a: string,
  kernel: string,
  aShape: Shape,
  kernelShape: Shape,
  spread: number,
  pads: number[],
): string {
  const [n] = kernelShape;
  const images = imagesAtOnce(kernelShape, graph.blocks.size);
  const chunksOf = (value: string, [, ...rest]: Shape) => splitImages(graph, value, [n, ...rest], images);
  const kernels = chunksOf(
    graph.blocks.fit(kernelShape) ? graph.blocks.enter(kernel, kernelShape) : kernel,
    kernelShape,
  );
  return chunksOf(a, aShape).reduce((sum, chunk, i) => {
    const shapes = [aShape, kernelShape].map(([, ...rest]): Shape => [images, ...rest]);
    return correlateChunk(graph, chunk, kernels[i], shapes[0], shapes[1], spread, pads, sum);
  }, "");
}

/** The value cut into so many images each, in the order in which it is. */
function splitImages(graph: OnnxGraph, value: string, shape: Shape, images: number): string[] {
  const count = shape[0] / images;
  if (count === 1) return [value];
  const sizes = graph.ints(new Array(count).fill(images));
  const parts = graph.nodes("Split", [value, sizes], count, { axis: 0 });
  return parts.map((part) => (graph.blocks.has(value) ? graph.blocks.mark(part, [images, ...shape.slice(1)]) : part));
}

/** As `correlate`, of some of the images, added to `sum` where there is one. */
function correlateChunk(
  graph: OnnxGraph,
  a: string,
  kernel: string,
  aShape: Shape,
  [n, b, height, width]: Shape,
  spread: number,
  pads: number[],
  sum: string,
): string {
  const block = graph.options.convBlock!;
  const thin = n < block;
  const filled = thin ? n : Math.ceil(n / block) * block;
  const fill = (value: string) =>
    filled === n ? value : graph.node("Pad", [value, graph.ints([0, 0, 0, 0, filled - n, 0, 0, 0])]);
  const [, channels, rows, columns] = aShape;
  const turned =
    thin && graph.blocks.has(a)
      ? turnBlocks(graph, a, aShape)
      : turn(graph, fill(graph.blocks.plain(a)), [filled, channels, rows, columns]);
  // Fewer images than a block stay as they are: the runtime's kernel takes thin inputs plain.
  const together = thin ? 1 : block;
  let imagesAsChannels = thin ? turned : graph.node("ReorderInput", [turned], {}, BLOCKED);
  const [top, left, bottom, right] = pads;
  const chunks = graph.options.farCache ? rowChunks(n, b, height, width, block) : 1;
  // Outputs are few, and those whose taps reach over an end of a row are taken one by one by the runtime's kernel: longer
  // rows let it take them together. More rows, where some are taken after others.
  const longer = left + right > 0;
  const [above, below] = chunks > 1 ? [top, bottom] : [0, 0];
  if (longer || above + below > 0) {
    const view = [(channels * filled) / together, rows, columns * together];
    const sides = [0, above, left * together, 0, below, right * together];
    const padded = graph.node("Pad", [graph.reshape(imagesAsChannels, view), graph.ints(sides)]);
    imagesAsChannels = graph.reshape(padded, [channels, filled, rows + above + below, columns + left + right]);
  }
  // [N, B/block, h·w, block] to the kernel's order, [B/block, N/block, h·w, blockₙ, block]; thin: [B/block, N, h·w, block].
  const blocked =
    filled === n
      ? graph.blocks.enter(kernel, [n, b, height, width])
      : graph.node("ReorderInput", [fill(graph.blocks.plain(kernel))], {}, BLOCKED);
  const ordered = thin
    ? b === block || n === 1
      ? blocked
      : graph.node("Transpose", [graph.reshape(blocked, [n, b / block, height * width * block])], { perm: [1, 0, 2] })
    : graph.node("Transpose", [graph.reshape(blocked, [filled / block, block, b / block, height * width, block])], {
        perm: [2, 0, 3, 1, 4],
      });
  const attributes = {
    dilations: [spread, spread],
    strides: [1, 1],
    pads: chunks > 1 ? [0, 0, 0, 0] : [top, 0, bottom, 0],
    group: 1,
  };
  const add = (image: string, filter: string, sumSoFar: string, tall: number) => {
    const inputs = sumSoFar === "" ? [image, filter] : [image, filter, "", sumSoFar];
    return graph.node("Conv", inputs, { kernel_shape: [tall, width], ...attributes }, BLOCKED);
  };
  if (chunks === 1) return add(imagesAsChannels, graph.reshape(ordered, [b, filled, height, width]), sum, height);

  const tall = height / chunks;
  const perBlock = block * (thin ? 1 : together);
  const kernelRows = graph.reshape(ordered, [(b * filled) / perBlock, chunks, tall * width * perBlock]);
  const filters = graph.nodes("Split", [kernelRows, graph.ints(new Array(chunks).fill(1))], chunks, { axis: 1 });
  const taps = rows + top + bottom - ((height - 1) * spread + 1) + 1;
  const lines = (columns + left + right) * together;
  const image = graph.reshape(imagesAsChannels, [(channels * filled) / together, rows + top + bottom, lines]);
  return filters.reduce((sumSoFar, filter, i) => {
    const first = i * tall * spread;
    const high = (tall - 1) * spread + taps;
    const part = graph.node("Slice", [image, graph.ints([first]), graph.ints([first + high]), graph.ints([1])]);
    const view = graph.reshape(part, [channels, filled, high, columns + left + right]);
    return add(view, graph.reshape(filter, [b, filled, tall, width]), sumSoFar, tall);
  }, sum);
}

/** Into how many equal parts the rows of a kernel of so many images and outputs are cut, so that each stays close. */
function rowChunks(images: number, outputs: number, height: number, width: number, block: number): number {
  const row = kernelValues([images, outputs, 1, width], images, BLOCKS_AT_ONCE * block);
  let chunks = 1;
  while (chunks < height && (height % chunks !== 0 || (height / chunks) * row > NEAR)) chunks++;
  return chunks;
}
