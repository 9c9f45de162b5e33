/**
 * @file Streams of the JPEG families end with a marker (EOI, EOC: FF D9). Writers that want an even length put zeros or
 * fill bytes behind it, as they may, and some before it, which strict codecs take for broken data.
 */

/** Bytes before the end marker that are taken for filling, at most. */
const MOST_FILLING = 16;

/**
 * The stream with one byte less of filling before its end marker, then with two, as long as there is any. For who was
 * refused the stream as it is: its last byte of data may be a zero too.
 */
export function* withLessFilling(stream: Uint8Array): Generator<Uint8Array, void, undefined> {
  let end = stream.length;
  while (end > 0 && stream[end - 1] === 0) end--;
  if (end < 4 || stream[end - 2] !== 0xff || stream[end - 1] !== 0xd9) return;
  const marker = end - 2;
  for (let count = 1; count <= MOST_FILLING; count++) {
    const byte = stream[marker - count];
    if (byte !== 0 && byte !== 0xff) return;
    const less = stream.slice(0, end - count);
    less.set([0xff, 0xd9], marker - count);
    yield less;
  }
}
