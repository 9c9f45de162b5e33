import { methods } from "@hale/methods";
import { expect, test } from "vitest";
import { checkSettings } from "../run/run-settings.ts";
import { type TabChoice, tabMethods, tabSettings } from "./tab-settings.ts";

const choice: Omit<TabChoice, "method" | "preset"> = {
  ...{ colour: false, seed: 1, iterations: 90, falseAlarmRate: 0.05, device: "wasm", threads: 2, data: "phantoms" },
};

test("every preset of every method that a page offers comes to settings that suit its method", () => {
  const offered = tabMethods();
  expect(offered.map(({ name }) => name)).toEqual([...methods.keys()]);
  for (const { name, presets } of offered) {
    expect(presets.length, name).toBeGreaterThan(0);
    for (const preset of presets) {
      const settings = tabSettings({ ...choice, method: name, preset: preset.name });
      expect(checkSettings(settings), `${name} ${preset.name}`).toEqual(settings);
      expect(settings).toMatchObject({ size: preset.size, options: preset.options });
    }
  }
});

test("a method whose defaults read a file says that a page does not", () => {
  const refusals = tabMethods().map(({ name, refused }) => [name, refused !== null]);
  expect(Object.fromEntries(refusals)).toMatchObject({ sagan: false, proxyano: false, autoencoder: false, knn: false });
  expect(() => tabSettings({ ...choice, method: "sagan", preset: "vast" })).toThrow(/no preset vast/);
  expect(() => tabSettings({ ...choice, method: "sagan", preset: "small", size: 33 })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  );
});
