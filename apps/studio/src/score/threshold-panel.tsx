/** @file Where the threshold is, what rate of false alarms that makes, and how sure that is. Moving it moves all decisions. */
import { percent, percentRange, significant } from "@hale/core";
import type { Card } from "@hale/detector";
import { Button, Label, Slider, SliderOutput, SliderThumb, SliderTrack } from "react-aria-components";
import { Histogram } from "./histogram.tsx";
import { type Kind, yardstick } from "./judge.ts";

interface Props {
  /** At the chosen rate. */
  card: Card;
  kind: Kind;
  score: number | null;
  rate: number | null;
  onRate: (rate: number | null) => void;
}

export function ThresholdPanel({ card, kind, score, rate, onRate }: Props) {
  const { normals, threshold, reason } = yardstick(card, kind);
  const n = normals.length;
  return (
    <section className="threshold" aria-labelledby="threshold-title">
      <h2 id="threshold-title">Among normal {kind === "volume" ? "volumes" : "images"}</h2>
      {n === 0 && <p>There is no threshold: {reason}</p>}
      <Histogram card={card} kind={kind} score={score} />
      {n > 1 && (
        <>
          <Slider
            className="slider"
            minValue={1}
            maxValue={n}
            // To the right the threshold rises, and false alarms fall.
            value={threshold?.rank ?? n}
            onChange={(rank) => onRate((n + 1 - Number(rank)) / (n + 1))}
          >
            <Label>Threshold</Label>
            <SliderOutput>{threshold ? significant(threshold.value) : "none"}</SliderOutput>
            <SliderTrack>
              <SliderThumb
                aria-valuetext={
                  threshold
                    ? `${significant(threshold.value)}, ${percent(threshold.falseAlarmRate)} false alarms`
                    : "no threshold"
                }
              />
            </SliderTrack>
          </Slider>
          <p role="status">
            {threshold ? (
              <>
                <strong>{percent(threshold.falseAlarmRate)} false alarms</strong>; the rate that it really has is{" "}
                {percentRange(threshold.low, threshold.high)} at {percent(threshold.level)} confidence, from {n}{" "}
                held-out normals.
              </>
            ) : (
              reason
            )}
          </p>
          {rate !== null && (
            <Button className="plain" onPress={() => onRate(null)}>
              Back to the detector's own
            </Button>
          )}
        </>
      )}
    </section>
  );
}
