/** @file Doing the next while the last is in use: a bounded look ahead, in order. */

/**
 * Results of `work` on the items, with their numbers and in their order, while up to `count` are under way. `room` is
 * awaited before item `i` is begun. Ends early, without error, once `ended` is aborted. `work` must not throw.
 */
export async function* ahead<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  count: number,
  room: (i: number) => Promise<void>,
  ended: AbortSignal,
): AsyncGenerator<[number, Result], void, undefined> {
  const underWay: Promise<Result>[] = [];
  let next = 0;
  const begin = async () => {
    await room(next);
    if (!ended.aborted) underWay.push(work(items[next++]));
  };
  for (let i = 0; i < items.length && !ended.aborted; i++) {
    while (next < items.length && underWay.length < count && !ended.aborted) await begin();
    const result = await underWay.shift();
    if (result === undefined || ended.aborted) break;
    yield [i, result];
  }
  await Promise.all(underWay);
}
