/* Differences of two texts, line by line (Myers), with the lines around them. */

export type DiffLine = { kind: 'same' | 'gone' | 'new' | 'skip'; text: string };

const mostEdits = 2000;

function trace(a: string[], b: string[]): Map<number, number>[] | null {
  const max = Math.min(a.length + b.length, mostEdits);
  const frontier = new Map<number, number>([[1, 0]]);
  const steps: Map<number, number>[] = [];
  for (let d = 0; d <= max; d++) {
    steps.push(new Map(frontier));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (frontier.get(k - 1) ?? 0) < (frontier.get(k + 1) ?? 0));
      let x = down ? (frontier.get(k + 1) ?? 0) : (frontier.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      frontier.set(k, x);
      if (x >= a.length && y >= b.length) return steps;
    }
  }
  return null;
}

function walk(a: string[], b: string[], steps: Map<number, number>[]): DiffLine[] {
  const out: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = steps.length - 1; d >= 0; d--) {
    const v = steps[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (v.get(k - 1) ?? 0) < (v.get(k + 1) ?? 0));
    const before = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (v.get(before) ?? 0);
    const fromY = d === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      out.push({ kind: 'same', text: a[--x] ?? '' });
      y--;
    }
    if (d === 0) break;
    if (down) out.push({ kind: 'new', text: b[--y] ?? '' });
    else out.push({ kind: 'gone', text: a[--x] ?? '' });
  }
  return out.reverse();
}

/** Only changes, with `around` lines before and after each; [] when nothing differs. */
export function diffLines(before: string[], after: string[], around = 3): DiffLine[] {
  const steps = trace(before, after);
  const all: DiffLine[] = steps
    ? walk(before, after, steps)
    : [
        ...before.map((text) => ({ kind: 'gone' as const, text })),
        ...after.map((text) => ({ kind: 'new' as const, text })),
      ];
  const near = all.map(() => false);
  all.forEach((line, i) => {
    if (line.kind === 'same') return;
    for (let j = Math.max(0, i - around); j <= Math.min(all.length - 1, i + around); j++)
      near[j] = true;
  });
  const out: DiffLine[] = [];
  let skipped = 0;
  const flush = (): void => {
    if (skipped) out.push({ kind: 'skip', text: String(skipped) });
    skipped = 0;
  };
  if (!near.includes(true)) return [];
  all.forEach((line, i) => {
    if (!near[i]) {
      skipped++;
      return;
    }
    flush();
    out.push(line);
  });
  flush();
  return out;
}
