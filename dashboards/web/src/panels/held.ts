// SPDX-License-Identifier: Apache-2.0
// While somebody drags over a chart, nothing under the mouse may change: a refresh waits until the button is up.
import {useEffect, useReducer, useRef} from "preact/hooks";

/** `now`, or what it was when the mouse went down over a chart within `box`, for as long as it is down. */
export function useHeld<T>(box: {current: HTMLElement | null}, now: T): T {
  const held = useRef(false);
  const kept = useRef(now);
  const [, again] = useReducer((count: number) => count + 1, 0);
  if (!held.current) kept.current = now;

  useEffect(() => {
    const own = box.current!;
    let release = 0;
    const up = () => {
      removeEventListener("mouseup", up);
      removeEventListener("mousemove", still);
      // Only after all who listen for this very event have read their chart as it was dragged over.
      release = window.setTimeout(() => {
        held.current = false;
        again(undefined);
      });
    };
    const still = (event: MouseEvent) => { if (event.buttons === 0) up(); };  // let go where no event comes from
    const down = (event: MouseEvent) => {
      if (event.button !== 0 || !(event.target as Element).closest(".u-over")) return;
      clearTimeout(release);
      held.current = true;
      addEventListener("mouseup", up);
      addEventListener("mousemove", still);
    };
    own.addEventListener("mousedown", down, {capture: true});
    return () => {
      own.removeEventListener("mousedown", down, {capture: true});
      removeEventListener("mouseup", up);
      removeEventListener("mousemove", still);
      clearTimeout(release);
    };
  }, []);
  return kept.current;
}
