/** @file How a MetaImage begins. */

/** Whether the bytes begin like the text header of a MetaImage. */
export const beginsLikeMetaImage = (bytes: Uint8Array) =>
  /^(ObjectType|NDims|Comment)\s*=/.test(String.fromCharCode(...bytes.subarray(0, 32)));
