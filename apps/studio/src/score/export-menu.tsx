/** @file What is taken away: the table, the map of the selected image, DICOM objects of all DICOM images. */
import type { Card } from "@hale/detector";
import { csvHead, csvRow } from "@hale/scoring";
import { useState } from "react";
import { Button } from "react-aria-components";
import { engine } from "../engine/client.ts";
import { unwrapped } from "../engine/outcome.ts";
import { refuse, type TableRow } from "../session.ts";
import { judgedRow } from "./judge.ts";
import { save } from "./save.ts";

interface Props {
  /** At the chosen threshold. */
  card: Card;
  rows: readonly TableRow[];
  chosen: TableRow | null;
}

export function ExportMenu({ card, rows, chosen }: Props) {
  const [said, setSaid] = useState("");
  const scored = rows.filter(({ row }) => row !== null);
  const series = [...new Set(scored.filter(({ series, row }) => series && !row?.error).map(({ id }) => id))];
  const attempt = async (what: string, work: () => Promise<string>) => {
    setSaid(`${what} …`);
    try {
      setSaid(await work());
    } catch (error) {
      setSaid("");
      refuse(error);
    }
  };
  const csv = () => {
    const lines = scored.map(({ row }) => csvRow(card, judgedRow(row!, card)));
    save("hale-scores.csv", csvHead(card) + lines.join(""), "text/csv");
  };
  const map = ({ id, part }: TableRow) =>
    attempt("Making the map", async () => {
      const { name, bytes } = unwrapped(await (await engine()).map(id, part));
      save(name, bytes);
      return "";
    });
  const dicom = () =>
    attempt("Making DICOM objects", async () => {
      const { file, notes } = unwrapped(await (await engine()).dicom(series));
      if (file) save(file.name, file.bytes, "application/zip");
      return notes.slice(0, 3).join(" ");
    });
  return (
    <div className="exports">
      <Button isDisabled={scored.length === 0} onPress={csv}>
        Save CSV
      </Button>
      {chosen?.row && !chosen.row.error && <Button onPress={() => void map(chosen)}>Save map</Button>}
      {series.length > 0 && <Button onPress={() => void dicom()}>Save DICOM objects</Button>}
      <span className="soft" role="status">
        {said}
      </span>
    </div>
  );
}
