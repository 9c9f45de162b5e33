/** @file How a PNG begins (ISO/IEC 15948, 5.2). */
export const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
