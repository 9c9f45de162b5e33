/** @file Numbers that the phantoms of the page and those of the example detector share. */

/** Pixels along each side. */
export const EXAMPLE_SIZE = 128;
/** Of the page's phantoms; those that the detector learns from follow from another seed. */
export const EXAMPLES_SEED = 20_000;
/** Of the detector's. */
export const DETECTOR_SEED = 7;
