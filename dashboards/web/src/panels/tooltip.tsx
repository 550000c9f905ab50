// SPDX-License-Identifier: Apache-2.0
// The box beside the mouse: on the side where there is room, over the panel's edge where it must, never over the window's.
import {useLayoutEffect, useRef} from "preact/hooks";
import type {ComponentChildren} from "preact";
import type uPlot from "uplot";

const EDGE = 4;
const AWAY = 16;

/** Where the mouse is within the chart's box, and how wide that is. */
export interface Spot { x: number; width: number }
export const spotOf = (plot: uPlot, left: number): Spot => ({x: plot.over.offsetLeft + left, width: plot.width});

export function TipBox({spot, children}: {spot: Spot; children: ComponentChildren}) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const own = box.current!;
    own.style.transform = "";
    const {left, right, top, bottom} = own.getBoundingClientRect();
    const x = Math.max(EDGE - left, Math.min(0, document.documentElement.clientWidth - EDGE - right));
    const y = Math.max(EDGE - top, Math.min(0, innerHeight - EDGE - bottom));
    if (x || y) own.style.transform = `translate(${x}px, ${y}px)`;
  });
  const side = spot.x > spot.width / 2 ? {right: `${spot.width - spot.x + AWAY}px`} : {left: `${spot.x + AWAY}px`};
  return <div class="tooltip" ref={box} style={{top: "8px", ...side}}>{children}</div>;
}
