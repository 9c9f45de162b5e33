/** @file Buttons that open files and folders, for those who do not drop. */
import type { GivenFile } from "@hale/scoring/web";
import { Button, FileTrigger } from "react-aria-components";
import { filesOfInput } from "./dropped.ts";

interface Props {
  label: string;
  onFiles: (files: GivenFile[]) => void;
  folder?: boolean;
  primary?: boolean;
  accept?: string[];
}

export function OpenFiles({ label, onFiles, folder = false, primary = false, accept }: Props) {
  return (
    <FileTrigger
      allowsMultiple
      acceptDirectory={folder}
      acceptedFileTypes={accept}
      onSelect={(files) => files && onFiles(filesOfInput(files))}
    >
      <Button className={primary ? "primary" : ""}>{label}</Button>
    </FileTrigger>
  );
}
