// SPDX-License-Identifier: Apache-2.0
// What is marked over time on every chart of a dashboard: alerts that fired, restarts, new versions.

export interface Annotation { from: number; to: number; text: string; color: string }  // seconds

/** Those of one colour that overlap, as one: ten alerts at once are not ten times as red. */
export function unitedByColor(annotations: Annotation[]): Annotation[] {
  const united: Annotation[] = [];
  for (const one of [...annotations].sort((a, b) => a.color.localeCompare(b.color) || a.from - b.from)) {
    const last = united[united.length - 1];
    if (last && last.color === one.color && one.from <= last.to) last.to = Math.max(last.to, one.to);
    else united.push({...one, text: ""});
  }
  return united;
}
