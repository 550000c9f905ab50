// SPDX-License-Identifier: Apache-2.0
// The time range, refresh and theme: all of it in the address, but for the theme.
import {useRef, useState} from "preact/hooks";
import {Icon} from "./icons";
import {useDismiss} from "./popover";
import {setParameters} from "./route";
import {describeRange, rangeFault} from "./time";
import type {Range, RawRange} from "./time";

const QUICK = ["5m", "15m", "30m", "1h", "2h", "6h", "12h", "24h", "2d", "7d", "30d"];
const REFRESH = ["off", "5s", "10s", "30s", "1m", "5m"];

export function TimeBar({raw, range, refresh, zoom, again}: {raw: RawRange; range: Range; refresh: string; zoom(from: number, to: number): void; again(): void}) {
  const [open, setOpen] = useState(false);
  const [from, setFrom] = useState(raw.from);
  const [to, setTo] = useState(raw.to);
  const width = range.to - range.from;
  const bad = rangeFault({from, to}, Date.now());
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, open, () => setOpen(false));
  const live = raw.to.startsWith("now");
  const quick = (text: string) => { setParameters({from: `now-${text}`, to: "now"}); setOpen(false); };
  return <div class="time-bar">
    <button class="icon" title="earlier (←)" aria-label="earlier" onClick={() => zoom(range.from - width / 2, range.to - width / 2)}><Icon name="earlier" /></button>
    <div class="chooser" ref={box}><button aria-haspopup="dialog" aria-expanded={open} onClick={() => { setFrom(raw.from); setTo(raw.to); setOpen(!open); }}><Icon name="clock" /> {describeRange(raw)} <Icon name="down" /></button>
      {open && <div class="options range"><div class="quick">{QUICK.map((one) => <button key={one} onClick={() => quick(one)}>last {one}</button>)}</div>
        <form onSubmit={(event) => { event.preventDefault(); if (!bad) { setParameters({from, to}); setOpen(false); } }}>
          <label>from <input value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></label>
          <label>to <input value={to} onInput={(event) => setTo(event.currentTarget.value)} /></label>
          <p class={bad ? "error" : "dim"} role={bad ? "alert" : undefined}>{bad || "now-90m, now/d, 2026-01-31 14:00, or milliseconds"}</p>
          <button class="primary" disabled={!!bad}>apply</button></form></div>}
    </div>
    <button class="icon" title="later (→)" aria-label="later" onClick={() => zoom(range.from + width / 2, range.to + width / 2)}><Icon name="later" /></button>
    <button class="icon" title="zoom out (−)" aria-label="zoom out" onClick={() => zoom(range.from - width / 2, range.to + width / 2)}><Icon name="out" /></button>
    <button class="icon" title="refresh (r)" aria-label="refresh" onClick={again}><Icon name="refresh" /></button>
    <select aria-label="refresh every" value={live ? refresh : "off"} disabled={!live} title={live ? "" : "a range that does not end now stands still"} onChange={(event) => setParameters({refresh: event.currentTarget.value})}>
      {(REFRESH.includes(refresh) ? REFRESH : [...REFRESH, refresh]).map((one) => <option key={one} value={one}>{one}</option>)}</select>
  </div>;
}
