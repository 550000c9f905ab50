// SPDX-License-Identifier: Apache-2.0
// One panel: asks for its data when it is seen, draws it by its type, and says what is wrong or missing in words.
import {useEffect, useErrorBoundary, useRef, useState} from "preact/hooks";
import type {Context, PanelData} from "../frames";
import {Icon} from "../icons";
import {harmless} from "../html";
import {markdown} from "../markdown";
import {undrawn} from "../model";
import type {Panel} from "../model";
import {clock} from "../time";
import {readable} from "../variables";
import type {Scope} from "../variables";
import type {Annotation} from "../annotations";
import {Heatmap} from "./heatmap";
import {useHeld} from "./held";
import {ownRange} from "./own_range";
import {BarGauge, Stat} from "./stat";
import {States} from "./states";
import {TablePanel} from "./table";
import {TimeSeries} from "./timeseries";
import {useData} from "./use_data";

export interface PanelProps {
  panel: Panel; data: PanelData; context: Context; height: number; theme: string; annotations: Annotation[];
  onZoom(from: number, to: number): void;
}

const KINDS: Record<string, (props: PanelProps) => preact.ComponentChild> = {
  timeseries: TimeSeries, graph: TimeSeries, stat: Stat, singlestat: Stat, gauge: BarGauge, bargauge: BarGauge, table: TablePanel, heatmap: Heatmap,
  // Drawn as what is nearest to them.
  piechart: BarGauge, barchart: BarGauge, "state-timeline": States, "status-history": States,
};

const isEmpty = (data: PanelData) => data.lines.length === 0 && data.rows.length === 0 && data.native.length === 0;

function useSeen(ref: {current: Element | null}): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => setSeen(entries.some((entry) => entry.isIntersecting)), {rootMargin: "200px"});
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);
  return seen;
}

/** Draws the panel; what its file makes impossible is said in its place, and the others live. */
function Drawing(props: PanelProps) {
  const [fault] = useErrorBoundary((error) => console.warn(error));
  const Kind = KINDS[props.panel.type];
  return fault ? <p class="note error">This panel cannot be drawn: {String(fault.message ?? fault)}</p> : <Kind {...props} />;
}

function textOf({options}: Panel, scope: Scope): string {
  const content = readable(String(options?.content ?? ""), scope);
  return options?.mode === "html" ? harmless(content) : markdown(content);
}

export interface PanelBoxProps {
  panel: Panel; context: Omit<Context, "pixels">; theme: string; annotations: Annotation[]; height: number; focused: boolean;
  onZoom(from: number, to: number): void; onFocus?(): void;
}

export function PanelBox({panel, context, theme, annotations, height, focused, onZoom, onFocus}: PanelBoxProps) {
  const box = useRef<HTMLElement>(null);
  const seen = useSeen(box);
  const [help, setHelp] = useState(false);
  const {range, words} = ownRange(context.range, panel);
  const full: Context = {...context, range, pixels: box.current?.clientWidth ?? 600};
  const text = panel.type === "text";
  const {data, loading, stale} = useData(panel, full, seen && !text && Object.hasOwn(KINDS, panel.type));
  const drawn = useHeld(box, {panel, data, context: full, height, theme, annotations});
  const title = readable(panel.title, context.scope);
  const known = Object.hasOwn(KINDS, panel.type);
  const noValue = panel.fieldConfig?.defaults?.noValue ?? "no data in this range";
  const links = panel.links ?? [];
  // Where some of the queries fail, what the others answer is drawn.
  const told = data && !isEmpty(data) ? [...new Set([...data.errors, ...data.warnings])] : [];
  return <section class={`panel${focused ? " focused" : ""}`} ref={box} aria-label={title} data-panel={panel.id} data-type={panel.type} data-state={text ? "text" : !known ? "unknown" : data === null ? "loading" : stale ? "stale" : data.errors.length ? "error" : isEmpty(data) ? "empty" : "data"}>
    <header>
      <h3>{title}</h3>
      {panel.description && <button class="icon" title={panel.description} aria-label="what this panel shows" aria-expanded={help} onClick={() => setHelp(!help)}><Icon name="info" /></button>}
      {links.map((link) => <a key={link.url} class="icon" href={readable(link.url, context.scope, data?.intervals)} title={link.title}><Icon name="link" /></a>)}
      {words && <span class="dim">{words}</span>}
      {loading && <span class="spinner" aria-hidden="true" />}
      {onFocus && <button class="icon view" title={focused ? "all panels (v)" : "view this panel alone (v)"} aria-label={focused ? "all panels" : "view this panel alone"} onClick={onFocus}><Icon name="expand" /></button>}
    </header>
    {help && <div class="help" dangerouslySetInnerHTML={{__html: markdown(panel.description!)}} />}
    <div class={`body ${stale ? "stale" : ""}`} title={stale ? `as of ${clock((data!.times.at(-1) ?? 0) * 1000)}` : undefined} style={{height: `${height}px`}}>
      {text ? <div class="text" tabIndex={0} dangerouslySetInnerHTML={{__html: textOf(panel, context.scope)}} />
        : !known ? <p class="note">{undrawn(panel)}</p>
        : drawn.data === null ? null
        : drawn.data.errors.length && isEmpty(drawn.data) ? <p class="note error">{drawn.data.errors.map((error) => <span key={error}>{error}<br /></span>)}</p>
        : isEmpty(drawn.data) ? <p class="note">{noValue}</p>
        : <Drawing {...drawn} data={drawn.data} onZoom={onZoom} />}
    </div>
    {told.length > 0 && <div class="warnings" title={told.join("\n")}><Icon name="warning" /> {data!.errors.length ? told[0] : told.length}</div>}
  </section>;
}
