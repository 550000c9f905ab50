// SPDX-License-Identifier: Apache-2.0
// A panel may show another range than its dashboard: its last hour, or what was a week before.
import type {Panel} from "../model";
import {durationMs} from "../time";
import type {Range} from "../time";

/** `words` say how it differs; nothing where it does not. */
export function ownRange(range: Range, {timeFrom, timeShift}: Pick<Panel, "timeFrom" | "timeShift">): {range: Range; words: string} {
  const last = timeFrom?.replace(/^now-/, "") ?? "";
  const length = durationMs(last);
  const shift = durationMs(timeShift ?? "") || 0;
  if (!(length > 0) && shift === 0) return {range, words: ""};
  const to = range.to - shift;
  return {range: {from: length > 0 ? to - length : range.from - shift, to},
    words: [length > 0 && `last ${last}`, shift > 0 && `${timeShift} earlier`].filter(Boolean).join(", ")};
}
