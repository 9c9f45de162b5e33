/**
 * @file Every distinct 3x3 convolution of the three methods' training steps in its direct form and by Winograd's products, with
 * values in blocks as they are in the middle of a network. One thread, as the parts of a step have; processor time, which a
 * busy machine disturbs less than wall time; the forms take turns, and the least of each counts. `autodiff`'s rule
 * (`winograd-rule.ts`) was read off this table.
 */
import { cpus, loadavg } from "node:os";
import * as ad from "@hale/autodiff";
import { Random } from "@hale/core";
import type { Device, InferenceSession } from "@hale/runtime";
import { openDevice } from "@hale/runtime/node";
import { flopsOf, type Layer, layersOf, titleOf } from "./layers.ts";
import { round } from "./statistics.ts";

export interface ConvOptions {
  widths: number[];
  /** Turns of both forms. */
  rounds: number;
  /** Processor time of a turn, in ms. */
  ms: number;
  only?: string;
  json: boolean;
}

const FORMS = { direct: { exact: true }, winograd: { winogradAlways: true }, chosen: {} } satisfies Record<
  string,
  ad.Numerics
>;
type Form = keyof typeof FORMS;

/** Runs of one form, and the least processor time of one in ms. */
interface Timed {
  session: InferenceSession;
  repeats: number;
  least: number;
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function timeForms(device: Device, layer: Layer, { rounds, ms }: ConvOptions): Promise<Record<Form, number>> {
  const machine = await ad.machineOf(device);
  const random = new Random(1, "values");
  let feeds: Record<string, ReturnType<Device["tensor"]>> = {};
  const forms: Partial<Record<Form, Timed>> = {};
  for (const form of Object.keys(FORMS) as Form[]) {
    const model = ad.convAlone(layer, { target: "cpu", ...machine, ...FORMS[form] });
    feeds = Object.fromEntries(
      Object.entries(model.shapes).map(([name, shape]) => [
        name,
        device.tensor(random.normals(ad.sizeOf(shape)), shape),
      ]),
    );
    forms[form] = { session: await device.createSession(model.bytes), repeats: 1, least: Number.POSITIVE_INFINITY };
  }
  for (let round = -1; round < rounds; round++) {
    for (const form of Object.values(forms)) {
      const start = cpuMs();
      for (let i = 0; i < form.repeats; i++) await form.session.run(feeds);
      const taken = (cpuMs() - start) / form.repeats;
      // The first turn warms up and says how often a run must be repeated.
      if (round < 0) form.repeats = Math.max(1, Math.ceil(ms / taken));
      else form.least = Math.min(form.least, taken);
    }
  }
  for (const { session } of Object.values(forms)) await session.release();
  return Object.fromEntries(Object.entries(forms).map(([form, { least }]) => [form, least])) as Record<Form, number>;
}

const isWinograds = ({ geometry: { kernel, stride } }: Layer) => stride === 1 && kernel.every((taps) => taps === 3);

/** Times all layers and prints them as they come, and what each form takes of a turn of each method. */
export async function benchConv(options: ConvOptions): Promise<void> {
  const { widths, only = "", json } = options;
  const device = await openDevice({ threads: 1 });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const load = () => round(loadavg()[0], 2);
  const [{ model: processor }] = cpus();
  if (json) say(JSON.stringify({ processor, load: load(), threads: 1, time: "processor", turns: options.rounds }));
  else say(`${processor}, load ${load()}; one thread, processor time, least of ${options.rounds} turns\n`);
  if (!json) say(row(["GFLOP/s", ...Object.keys(FORMS), "winograd gains"]));
  const totals = new Map<string, Record<Form, number>>();
  for (const layer of layersOf(widths).filter(isWinograds)) {
    const title = `${titleOf(layer)} ${layer.part}`;
    if (!title.includes(only)) continue;
    const ms = await timeForms(device, layer, options);
    for (const [whose, runs] of Object.entries(layer.runs)) {
      const total = totals.get(whose) ?? { direct: 0, winograd: 0, chosen: 0 };
      for (const form of Object.keys(total) as Form[]) total[form] += runs * ms[form];
      totals.set(whose, total);
    }
    const gflops = each(ms, (t) => round(flopsOf(layer) / t / 1e6));
    if (json)
      say(
        JSON.stringify({
          layer: titleOf(layer),
          part: layer.part,
          ms: each(ms, (t) => round(t, 3)),
          gflops,
          runs: layer.runs,
        }),
      );
    else say(row([title, ...Object.values(gflops).map(String), (ms.direct / ms.winograd).toFixed(2)]));
  }
  for (const [turn, total] of totals) {
    const ms = each(total, (t) => round(t));
    if (json) say(JSON.stringify({ turn, ms, load: load() }));
    else
      say(
        `${turn}: ${Object.entries(ms)
          .map(([form, t]) => `${form} ${t} ms`)
          .join(", ")} a turn`,
      );
  }
}

const each = (numbers: Readonly<Record<Form, number>>, of: (value: number) => number) =>
  Object.fromEntries(Object.entries(numbers).map(([form, value]) => [form, of(value)])) as Record<Form, number>;

function row([first, ...rest]: readonly string[]): string {
  return first.padEnd(64) + rest.map((cell) => cell.padStart(16)).join("");
}
