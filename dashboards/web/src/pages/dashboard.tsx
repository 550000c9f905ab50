// SPDX-License-Identifier: Apache-2.0
// A dashboard file, drawn: its variables, rows and panels, annotations, links; the whole view stands in the address.
import {useEffect, useMemo, useState} from "preact/hooks";
import {queryRange, text} from "../api";
import type {PageInfo} from "../api";
import {color} from "../colors";
import {intervalsFor, numberOf} from "../frames";
import type {Context} from "../frames";
import {Icon} from "../icons";
import {parseDashboard} from "../model";
import type {Dashboard, Panel} from "../model";
import type {Annotation} from "../annotations";
import {PanelBox} from "../panels/panel";
import {setParameters, withParameters} from "../route";
import type {Route} from "../route";
import {durationMs, rangeFault, stepSeconds} from "../time";
import type {Range, RawRange} from "../time";
import {interpolate, loadVariables} from "../variables";
import type {Scope} from "../variables";
import {usePoll} from "./poll";
import {sectionsOf} from "./sections";
import type {Shown} from "./sections";
import {VariableBar} from "./variable_bar";

/** Where neither the address nor the dashboard says another one. */
export const DEFAULT_REFRESH = "30s";
const ROW_PIXELS = 30;
const GAP_PIXELS = 8;

export interface View { raw: RawRange; range: Range; zoom(from: number, to: number): void; theme: string; info: PageInfo; route: Route }

async function loadAnnotations(board: Dashboard, context: Omit<Context, "pixels">, signal: AbortSignal): Promise<Annotation[]> {
  const {range, scope, tickSeconds} = context;
  const step = stepSeconds(range, 600, tickSeconds);
  const intervals = intervalsFor({...context, pixels: 600}, step);
  const lists = await Promise.all((board.annotations?.list ?? []).filter((one) => one.expr && one.enable !== false).map(async (one) => {
    const {data} = await queryRange(interpolate(one.expr!, scope, intervals), range.from, range.to, step, signal);
    return data.result.flatMap((series: any): Annotation[] => regions(series.values ?? [], step).map(([from, to]) => ({
      from, to, color: color(one.iconColor), text: (one.titleFormat ?? one.name).replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => series.metric[label] ?? ""),
    })));
  }));
  return lists.flat().slice(0, 300);
}

function regions(values: [number, string][], step: number): [number, number][] {
  const found: [number, number][] = [];
  for (const [time, value] of values) {
    if (!numberOf(value)) continue;
    const last = found[found.length - 1];
    if (last && time - last[1] <= step * 1.5) last[1] = time;
    else found.push([time, time]);
  }
  return found;
}

// While the agent does not answer, what was chosen and offered stays.
const isUnreached = (scope: Scope) => [...scope.values()].some((variable) => variable.away);
const sameScope = (a: Scope, b: Scope) => JSON.stringify([...a]) === JSON.stringify([...b]);

function useScope(board: Dashboard | null, route: Route, range: Range): {scope: Scope | null; error: string} {
  const [state, setState] = useState<{scope: Scope | null; error: string}>({scope: null, error: ""});
  const asked = [...route.parameters].filter(([name]) => name.startsWith("var-")).map((pair) => pair.join("=")).join("&");
  const wrong = state.scope && [...state.scope.values()].some((variable) => variable.error);
  const minute = wrong ? range.to : Math.floor(range.to / 60_000);  // options need not follow every refresh, errors must
  useEffect(() => {
    if (!board) return;
    const give_up = new AbortController();
    loadVariables(board.templating?.list ?? [], route.parameters, range, give_up.signal)
      .then((scope) => setState((before) => before.scope && (sameScope(before.scope, scope) || isUnreached(scope)) ? before : {scope, error: ""}))
      .catch((error: Error) => give_up.signal.aborted || setState({scope: null, error: error.message}));
    return () => give_up.abort();
  }, [board, asked, minute]);
  return state;
}

const placeOf = ({gridPos: {x, y, w, h}}: Panel, top: number) => ({gridColumn: `${x + 1} / span ${w}`, gridRow: `${y - top + 1} / span ${h}`});

/** The range and refresh that the file says, as far as the address says none. */
function presets(board: Dashboard, {parameters}: Route, raw: RawRange): Record<string, string> {
  const {time, refresh} = board;
  const found: Record<string, string> = {};
  const timed = parameters.has("from") || parameters.has("to");
  if (!timed && time?.from && time?.to && (time.from !== raw.from || time.to !== raw.to) && !rangeFault(time, Date.now())) Object.assign(found, {from: time.from, to: time.to});
  if (!parameters.has("refresh") && typeof refresh === "string" && refresh !== DEFAULT_REFRESH && durationMs(refresh) >= 1000) found.refresh = refresh;
  return found;
}

export function DashboardPage({uid, view}: {uid: string; view: View}) {
  const listed = view.info.dashboards.find((one) => one.uid === uid);
  const file = listed?.file ?? `${uid}.json`;
  const {data: board, error} = usePoll(async (signal) => parseDashboard(await text(`/dashboards/${file}`, signal), file), 0, [file]);
  const {scope, error: scopeError} = useScope(board, view.route, view.range);
  const [annotations, setAnnotations] = useState<Annotation[]>([]);
  const [closed, setClosed] = useState<Record<string, boolean>>({});
  const sections = useMemo(() => (board && scope ? sectionsOf(board, scope) : []), [board, scope]);
  const focus = Number(view.route.parameters.get("viewPanel")?.replace(/^panel-/, "") ?? NaN);

  const preset = board ? presets(board, view.route, view.raw) : {};
  const unset = Object.keys(preset).length > 0;
  useEffect(() => { if (unset) setParameters(preset, true); }, [unset]);
  useEffect(() => { if (board) document.title = `${board.title} – tocsin`; }, [board]);
  useEffect(() => {
    if (!board || !scope) return;
    const give_up = new AbortController();
    loadAnnotations(board, {range: view.range, raw: view.raw, scope, tickSeconds: view.info.tickSeconds}, give_up.signal).then(setAnnotations, () => undefined);
    return () => give_up.abort();
  }, [board, scope, view.range.from, view.range.to]);

  if (!board && error || scopeError) return <p class="note error" role="alert">{error || scopeError}</p>;
  if (!board || !scope || unset) return <p class="note">loading…</p>;
  const context = {range: view.range, raw: view.raw, scope, tickSeconds: view.info.tickSeconds, traceUrl: view.info.traceUrl};
  const box = ({panel, scope: own}: Shown, height: number, focused: boolean) => <PanelBox key={panel.id} panel={panel} context={{...context, scope: own}} theme={view.theme} annotations={annotations}
    height={height} focused={focused} onZoom={view.zoom} onFocus={() => setParameters({viewPanel: focused ? null : String(panel.id)})} />;
  const focused = sections.flatMap((section) => section.panels).find(({panel}) => panel.id === focus);
  return <div class="dashboard">
    <VariableBar scope={scope} board={board} info={view.info} />
    {focused ? <div class="alone">{box(focused, Math.max(320, innerHeight - 190), true)}</div> : sections.map((section) => {
      const shut = closed[section.key] ?? section.collapsed;
      const top = Math.min(...section.panels.map(({panel}) => panel.gridPos.y));
      return <div key={section.key}>
        {section.title && <button class="row-title" aria-expanded={!shut} onClick={() => setClosed({...closed, [section.key]: !shut})}><Icon name={shut ? "right" : "down"} /> {section.title}</button>}
        {!shut && <div class="grid">{section.panels.map((shown) => <div key={shown.panel.id} class="cell" style={placeOf(shown.panel, top)}>
          {box(shown, shown.panel.gridPos.h * (ROW_PIXELS + GAP_PIXELS) - GAP_PIXELS - 34, false)}</div>)}</div>}
      </div>;
    })}
    {sections.every((section) => section.panels.length === 0) && <p class="note">This dashboard has no panels.</p>}
  </div>;
}

export const dashboardPath = (uid: string) => withParameters({viewPanel: null}, `/d/${uid}`);
