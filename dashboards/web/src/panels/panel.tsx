// SPDX-License-Identifier: Apache-2.0
// One panel: asks for its data when it is seen, draws it by its type, and says what is wrong or missing in words.
import {useEffect, useErrorBoundary, useRef, useState} from "preact/hooks";
import {loadPanel} from "../frames";
import type {Context, PanelData} from "../frames";
import {Icon} from "../icons";
import {markdown} from "../markdown";
import type {Panel} from "../model";
import {readable} from "../variables";
import type {Annotation} from "../annotations";
import {Heatmap} from "./heatmap";
import {useHeld} from "./held";
import {BarGauge, Stat} from "./stat";
import {TablePanel} from "./table";
import {TimeSeries} from "./timeseries";

export interface PanelProps {
  panel: Panel; data: PanelData; context: Context; height: number; theme: string; annotations: Annotation[];
  onZoom(from: number, to: number): void;
}

const KINDS: Record<string, (props: PanelProps) => preact.ComponentChild> = {
  timeseries: TimeSeries, graph: TimeSeries, stat: Stat, singlestat: Stat, gauge: BarGauge, bargauge: BarGauge, table: TablePanel, heatmap: Heatmap,
  // Drawn as what is nearest to them.
  piechart: BarGauge, barchart: BarGauge, "state-timeline": TimeSeries, "status-history": TimeSeries,
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

/** What the panel's queries answer. A refresh waits for an answer that is on its way: slow queries are drawn too; a question
 *  that has changed gives it up. */
function useData(panel: Panel, context: Context, wanted: boolean): {data: PanelData | null; loading: boolean} {
  const [data, setData] = useState<PanelData | null>(null);
  const [loading, setLoading] = useState(false);
  const latest = useRef({panel, context});
  latest.current = {panel, context};
  const asked = useRef<{question: unknown[]; give_up: AbortController; again: boolean} | null>(null);
  const question = [panel, context.scope, context.raw.from, context.raw.to];

  const ask = () => {
    const mine = {question, give_up: new AbortController(), again: false};
    asked.current = mine;
    setLoading(true);
    loadPanel(latest.current.panel, latest.current.context, mine.give_up.signal).then((loaded) => {
      setData(loaded);
      asked.current = null;
      if (mine.again) ask();
      else setLoading(false);
    }, () => undefined);  // given up: a newer question is on its way
  };
  useEffect(() => {
    if (!wanted) return;
    const before = asked.current;
    if (before?.question.every((one, at) => one === question[at])) {
      before.again = true;
      return;
    }
    before?.give_up.abort();
    ask();
  }, [wanted, ...question, context.range.from, context.range.to]);
  useEffect(() => () => asked.current?.give_up.abort(), []);
  return {data, loading};
}

/** Draws the panel; what its file makes impossible is said in its place, and the others live. */
function Drawing(props: PanelProps) {
  const [fault] = useErrorBoundary((error) => console.warn(error));
  const Kind = KINDS[props.panel.type];
  return fault ? <p class="note error">This panel cannot be drawn: {String(fault.message ?? fault)}</p> : <Kind {...props} />;
}

export interface PanelBoxProps {
  panel: Panel; context: Omit<Context, "pixels">; theme: string; annotations: Annotation[]; height: number; focused: boolean;
  onZoom(from: number, to: number): void; onFocus?(): void;
}

export function PanelBox({panel, context, theme, annotations, height, focused, onZoom, onFocus}: PanelBoxProps) {
  const box = useRef<HTMLElement>(null);
  const seen = useSeen(box);
  const [help, setHelp] = useState(false);
  const full: Context = {...context, pixels: box.current?.clientWidth ?? 600};
  const text = panel.type === "text";
  const {data, loading} = useData(panel, full, seen && !text && Object.hasOwn(KINDS, panel.type));
  const drawn = useHeld(box, {panel, data, context: full, height, theme, annotations});
  const title = readable(panel.title, context.scope);
  const known = Object.hasOwn(KINDS, panel.type);
  const noValue = panel.fieldConfig?.defaults?.noValue ?? "no data in this range";
  const links = panel.links ?? [];
  return <section class={`panel${focused ? " focused" : ""}`} ref={box} aria-label={title} data-panel={panel.id} data-type={panel.type} data-state={text ? "text" : !known ? "unknown" : data === null ? "loading" : data.errors.length ? "error" : isEmpty(data) ? "empty" : "data"}>
    <header>
      <h3>{title}</h3>
      {panel.description && <button class="icon" title={panel.description} aria-label="what this panel shows" aria-expanded={help} onClick={() => setHelp(!help)}><Icon name="info" /></button>}
      {links.map((link) => <a key={link.url} class="icon" href={readable(link.url, context.scope, data?.intervals)} title={link.title}><Icon name="link" /></a>)}
      {loading && <span class="spinner" aria-hidden="true" />}
      {onFocus && <button class="icon view" title={focused ? "all panels (v)" : "view this panel alone (v)"} aria-label={focused ? "all panels" : "view this panel alone"} onClick={onFocus}><Icon name="expand" /></button>}
    </header>
    {help && <div class="help" dangerouslySetInnerHTML={{__html: markdown(panel.description!)}} />}
    <div class="body" style={{height: `${height}px`}}>
      {text ? <div class="text" dangerouslySetInnerHTML={{__html: markdown(readable(panel.options?.content ?? "", context.scope))}} />
        : !known ? <p class="note">This page does not draw panels of type “{panel.type}”. Grafana does.</p>
        : drawn.data === null ? null
        : drawn.data.errors.length ? <p class="note error">{drawn.data.errors.map((error) => <span key={error}>{error}<br /></span>)}</p>
        : isEmpty(drawn.data) ? <p class="note">{noValue}</p>
        : <Drawing {...drawn} data={drawn.data} onZoom={onZoom} />}
    </div>
    {data && data.warnings.length > 0 && <div class="warnings" title={[...new Set(data.warnings)].join("\n")}><Icon name="warning" /> {new Set(data.warnings).size}</div>}
  </section>;
}
