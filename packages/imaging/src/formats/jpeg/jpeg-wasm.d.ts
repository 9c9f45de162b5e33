/** Types of the decode-only build of libjpeg-turbo by the Cornerstone project, which ships none. */
declare module "#jpeg-codec" {
  export interface JpegFrame {
    width: number;
    height: number;
    bitsPerSample: number;
    componentCount: number;
  }
  export interface JpegDecoder {
    /** Memory of the module for `length` encoded bytes, to be filled by the caller. */
    getEncodedBuffer(length: number): Uint8Array;
    /** Decodes what the encoded buffer holds; throws a bare number when libjpeg-turbo complains. */
    decode(): void;
    getFrameInfo(): JpegFrame;
    /** Interleaved samples, valid until the next call. */
    getDecodedBuffer(): Uint8ClampedArray;
    delete(): void;
  }
  export interface JpegCodec {
    JPEGDecoder: new () => JpegDecoder;
  }
  const factory: (options: {
    wasmBinary?: ArrayBuffer | Uint8Array;
    locateFile?: (file: string, folder: string) => string;
    print?: (line: string) => void;
    printErr?: (line: string) => void;
  }) => Promise<JpegCodec>;
  export default factory;
}
