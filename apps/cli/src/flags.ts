/**
 * @file Which flag a library's error means. Libraries say what is wrong and what would help, and name the setting
 * (`HaleError.setting`); how it is set here is the command's to add.
 */

/** By setting: the sentence that follows the remedy. */
const SENTENCES: Readonly<Record<string, string>> = {
  aggregation: "The flag is --aggregate.",
  data: "The flag is --data.",
  epochs: "The flag is --epochs.",
  iterations: "The flag is --iterations.",
  resume: "hale train --resume goes on with it.",
  selection: "The flag is --selection.",
  backbone: "hale backbone import does it.",
  corrupt: "The flag is --skip-corrupt.",
  deidentify: "The flag is --deidentify.",
  device: "The flag is --device cpu.",
  features: "The flag is --features; --list prints the layers.",
  dicomOut: "The flag is --dicom-out.",
  key: "The flag is --key.",
  labels: "The flag is --labels.",
  normalisation: "The flag is --normalise, for example --normalise file.",
  out: "The flag is --out.",
  patientPattern: "The flag is --patient-pattern.",
  token: "The flags are --token-file and --insecure; the variable is HALE_TOKEN.",
  slices: "The flag is --slices, for example --slices stored or --slices axial:0.2-0.8.",
};

/** As far as sentences go: a `HaleError`, or what a row holds of one. */
interface Said {
  message: string;
  setting?: string;
}

/** The error's sentences, with the flag where one would help: what is wrong, what to do, and how to say it here. */
export function sentencesOf({ message, setting }: Said): string {
  const flag = setting === undefined ? undefined : SENTENCES[setting];
  return flag === undefined ? message : `${message} ${flag}`;
}

/** The remedy alone, with the flag. */
export function remedyOf({ remedy, setting }: Omit<Said, "message"> & { remedy: string }): string {
  return sentencesOf({ message: remedy, setting });
}
