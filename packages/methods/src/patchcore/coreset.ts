/**
 * @file A coreset of points: few of them, so chosen that every point is near one. Greedily the point farthest from all that
 * were chosen is chosen next (k-centre, at most twice the radius of the best choice).
 *
 * Sources: T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance" (TCS 38, 1985); in PatchCore, Roth et
 * al., arXiv 2106.08265, algorithm 1. Points are kept in clusters around the chosen ones: a cluster whose radius is at most half of the
 * distance between its centre and the new one cannot lose a point (triangle inequality), so most are not looked at. What is
 * chosen is the same.
 */

/** Beyond rounding: distances are compared with this much room, so that pruning never changes the choice. */
const ROOM = 1 + 1e-9;

/** Numbers of a point that are summed before the sum is looked at. */
const STRIDE = 8;

interface Cluster {
  /** The point in its middle. */
  centre: number;
  members: number[];
  /** The member farthest from the centre, the first of equal ones, and the square of its distance. */
  farthest: number;
  radius: number;
}

/**
 * Indices of `count` of the points [n, width], in the order in which they were chosen, beginning with `first`. Of points that are
 * equally far the first is taken. Ends early where no point is off the chosen ones.
 */
export function greedyCoreset(points: Float32Array, width: number, count: number, first: number): Int32Array {
  const total = points.length / width;
  /** The squared distance of two points; infinite where it is more than `most`, which is seen before all is summed. */
  const apart = (a: number, b: number, most: number) => {
    let sum = 0;
    for (let i = a * width, j = b * width, end = i + width; i < end; ) {
      for (const stop = Math.min(end, i + STRIDE); i < stop; i++, j++) {
        const difference = points[i] - points[j];
        sum += difference * difference;
      }
      if (sum > most) return Infinity;
    }
    return sum;
  };
  /** Squared distance of each point from the nearest chosen one. */
  const distance = new Float64Array(total);
  for (let point = 0; point < total; point++) distance[point] = apart(point, first, Infinity);
  const clusters = [clusterOf(first, Array.from(distance.keys()), distance)];
  while (clusters.length < Math.min(count, total)) {
    const { farthest: centre, radius } = clusters.reduce((a, b) =>
      b.radius > a.radius || (b.radius === a.radius && b.farthest < a.farthest) ? b : a,
    );
    if (radius === 0) break;
    const taken: number[] = [];
    for (const [i, cluster] of clusters.entries()) {
      if (cluster.radius === 0) continue;
      const between = apart(cluster.centre, centre, 4 * cluster.radius * ROOM);
      if (between === Infinity) continue;
      const left = cluster.members.filter((point) => {
        if (between > 4 * distance[point] * ROOM) return true;
        const here = apart(point, centre, distance[point]);
        if (here >= distance[point]) return true;
        distance[point] = here;
        taken.push(point);
        return false;
      });
      if (left.length < cluster.members.length) clusters[i] = clusterOf(cluster.centre, left, distance);
    }
    clusters.push(clusterOf(centre, taken, distance));
  }
  return Int32Array.from(clusters, ({ centre }) => centre);
}

function clusterOf(centre: number, members: number[], distance: Float64Array): Cluster {
  let [farthest, radius] = [centre, 0];
  for (const point of members) {
    if (distance[point] < radius || (distance[point] === radius && point >= farthest)) continue;
    [farthest, radius] = [point, distance[point]];
  }
  return { centre, members, farthest, radius };
}
