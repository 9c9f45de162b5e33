/** Types of the parts of dcmjs that we use; it ships none. */
declare module "dcmjs" {
  /** Attributes by keyword: a value, a list of values, or the items of a sequence. */
  type Natural = Record<string, unknown>;
  /** Elements by tag (eight upper-case hex digits). */
  type Elements = Record<string, { vr: string; Value?: unknown[] }>;
  interface Entry {
    tag: string;
    vr: string;
    name: string;
    vm: string;
  }
  class DicomDict {
    constructor(meta: Elements);
    meta: Elements;
    dict: Elements;
    write(options?: { allowInvalidVRLength?: boolean }): ArrayBuffer;
  }
  const dcmjs: {
    data: {
      DicomDict: typeof DicomDict;
      DicomMessage: { readFile(bytes: ArrayBuffer, options?: object): DicomDict };
      DicomMetaDictionary: {
        /** By keyword. */
        nameMap: Record<string, Entry | undefined>;
        /** By "(GGGG,EEEE)". */
        dictionary: Record<string, Entry | undefined>;
        denaturalizeDataset(dataset: Natural): Elements;
        naturalizeDataset(elements: Elements): Natural;
      };
    };
  };
  export default dcmjs;
}
