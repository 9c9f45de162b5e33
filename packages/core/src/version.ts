/** @file The version of hale, as it stands in cards, reports and `hale --version`. */
export const VERSION = "0.1.0";
