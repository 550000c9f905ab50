// SPDX-License-Identifier: Apache-2.0
// The page: which part of the agent the address asks for, the time range that all parts share, keys, theme.
import {render} from "preact";
import {useCallback, useEffect, useErrorBoundary, useMemo, useRef, useState} from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import "./page.css";
import {onReach, pageInfo} from "./api";
import type {Listed, PageInfo} from "./api";
import {Icon} from "./icons";
import {AlertsPage} from "./pages/alerts";
import {DEFAULT_REFRESH, DashboardPage, dashboardPath} from "./pages/dashboard";
import type {View} from "./pages/dashboard";
import {usePoll} from "./pages/poll";
import {RulesPage} from "./pages/rules";
import {RunbooksPage} from "./pages/runbooks";
import {CardinalityPage, ConfigurationPage, ReceiversPage} from "./pages/status";
import {navigate, setParameters, useRoute, withRange} from "./route";
import {TimeBar} from "./time_bar";
import {durationMs, narrowed, rangeAfter, rangeFault, rangeOf} from "./time";
import type {RawRange} from "./time";

const PAGES = [["alerts", "Alerts"], ["rules", "Rules"], ["explore", "Explore"], ["receivers", "Receivers"], ["cardinality", "Cardinality"],
  ["configuration", "Configuration"], ["runbooks", "Runbooks"]];
const KEYS: [string, string][] = [["← →", "earlier, later"], ["+ −", "zoom in, out"], ["r", "refresh"], ["h", "dashboards"], ["a", "alerts"], ["u", "rules"],
  ["e", "explore"], ["t", "light or dark"], ["v", "the panel under the mouse alone"], ["Esc", "leave a panel"], ["?", "these keys"], ["drag", "zoom to what is selected"], ["shift and drag", "move"],
  ["double click", "zoom out"], ["click on a legend", "only this series; with ctrl: hide it"]];

function useTheme(): [string, () => void] {
  const preferred = () => localStorage.getItem("tocsin-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const [theme, setTheme] = useState(preferred);
  document.documentElement.dataset.theme = theme;
  const turn = () => setTheme((before) => {
    const next = before === "dark" ? "light" : "dark";
    localStorage.setItem("tocsin-theme", next);
    return next;
  });
  return [theme, turn];
}

function Keys({close}: {close(): void}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current!.showModal(), []);
  return <dialog ref={box} class="keys" aria-label="keys" onClose={close} onClick={(event) => { if (event.target === box.current) close(); }}>
    <h2>Keys and mouse</h2><dl>{KEYS.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl><button onClick={close}>close</button></dialog>;
}

function Boards({boards}: {boards: Listed[]}) {
  return <div class="boards">{boards.map((one) => <a class="board" key={one.file} href={dashboardPath(one.uid)}><b>{one.title}</b>
    {one.fault ? <span class="fault">{one.fault}</span> : <span class="dim">{one.description || one.path}</span>}</a>)}</div>;
}

function Home({info}: {info: PageInfo}) {
  const own = info.dashboards.filter((one) => one.path);
  const shipped = info.dashboards.filter((one) => !one.path);
  return <div class="page-body"><h1>Dashboards</h1>
    {info.dashboards.length === 0 && <p class="note">This build carries no dashboards.</p>}
    <Boards boards={shipped} />
    {own.length > 0 && <><h2>Your own</h2><Boards boards={own} /></>}
    {info.unmatched.map((pattern) => <p class="note" key={pattern}><code>dashboards.files</code>: no file matches <code>{pattern}</code></p>)}</div>;
}

// The query box is most of the script: it is fetched when it is first wanted.
function Explore({view}: {view: View}) {
  const [page, setPage] = useState<{Part: (props: {view: View}) => preact.ComponentChild} | null>(null);
  const [error, setError] = useState("");
  useEffect(() => { import("./pages/explore").then((loaded) => setPage({Part: loaded.ExplorePage}), () => setError("the query box could not be fetched from the agent: is it running?")); }, []);
  return page ? <page.Part view={view} /> : <p class={`note ${error ? "error" : ""}`}>{error || "loading…"}</p>;
}

function Body({view}: {view: View}) {
  const [, first = "", second = ""] = view.route.path.split("/");
  const [fault, forget] = useErrorBoundary((error) => console.warn(error));
  useEffect(forget, [view.route.path]);
  if (fault) return <p class="note error" role="alert">This page cannot be drawn: {String(fault.message ?? fault)}. <a href="/">To the dashboards</a></p>;
  useEffect(() => { if (first !== "d" && first !== "alerts") document.title = `${first || "tocsin"} – tocsin`; }, [first]);
  switch (first) {
    case "": return <Home info={view.info} />;
    case "d": return <DashboardPage key={second} uid={decodeURIComponent(second)} view={view} />;
    case "alerts": return <AlertsPage route={view.route} />;
    case "rules": return <RulesPage route={view.route} />;
    case "explore": return <Explore view={view} />;
    case "receivers": return <ReceiversPage />;
    case "cardinality": return <CardinalityPage />;
    case "configuration": return <ConfigurationPage info={view.info} />;
    case "runbooks": return <RunbooksPage key={second} name={decodeURIComponent(second)} info={view.info} />;
    default: return <p class="note error">There is no page {view.route.path}. <a href="/">To the dashboards</a></p>;
  }
}

/** The one under the mouse, else the one that has the focus. */
function panelAlone(): void {
  const panel = document.querySelector("[data-panel]:hover") ?? document.querySelector("[data-panel]:focus-within");
  panel?.querySelector<HTMLElement>(".view")?.click();
}

function Page() {
  const route = useRoute();
  const [theme, turnTheme] = useTheme();
  const info = usePoll<PageInfo>(pageInfo, 15_000);
  const [now, setNow] = useState(Date.now());
  const [keys, setKeys] = useState(false);
  const [away, setAway] = useState(false);
  useEffect(() => onReach((reached) => setAway(!reached)), []);
  const again = useCallback(() => setNow(Date.now()), []);
  const raw = {from: route.parameters.get("from") ?? "now-1h", to: route.parameters.get("to") ?? "now"};
  const refresh = route.parameters.get("refresh") ?? DEFAULT_REFRESH;
  const range = useMemo(() => rangeOf(raw, now), [raw.from, raw.to, now]);
  const show = (wanted: RawRange | null) => { if (wanted) setParameters({from: wanted.from, to: wanted.to}); };
  const latest = useRef({raw, range});
  latest.current = {raw, range};
  const zoom = useCallback((from: number, to: number) => show(rangeAfter(latest.current.raw, latest.current.range, from, to, Date.now())), []);

  useEffect(() => {
    const every = durationMs(refresh);
    if (!(every >= 1000) || !raw.to.startsWith("now")) return;
    const timer = setInterval(() => { if (!document.hidden) again(); }, every);
    return () => clearInterval(timer);
  }, [refresh, raw.to]);
  useEffect(() => {
    const width = range.to - range.from;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => zoom(range.from - width / 4, range.to - width / 4), ArrowRight: () => zoom(range.from + width / 4, range.to + width / 4),
      "-": () => zoom(range.from - width / 2, range.to + width / 2), "+": () => show(narrowed(raw, range, Date.now())),
      "?": () => setKeys(true), u: () => navigate(withRange("/rules")), v: panelAlone,
      r: again, h: () => navigate(withRange("/")), e: () => navigate(withRange("/explore")), a: () => navigate(withRange("/alerts")), t: turnTheme,
      Escape: () => setParameters({viewPanel: null}),
    };
    const press = (event: KeyboardEvent) => {
      const typing = (event.target as Element).closest?.("input,textarea,select,[contenteditable],.options,dialog");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(actions, event.key)) return;
      event.preventDefault();
      actions[event.key]();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [raw.from, raw.to, range.from, range.to]);

  const part = route.path.split("/")[1];
  const timed = part === "d" || part === "explore";
  return <>
    <header class="top"><a class="brand" href={withRange("/")}>tocsin</a>
      <nav>{PAGES.map(([path, title]) => <a key={path} href={withRange(`/${path}`)} class={part === path ? "here" : ""}>{title}</a>)}</nav>
      <span class="spacer" />
      {timed && <TimeBar raw={raw} range={range} refresh={refresh} zoom={zoom} again={again} />}
      <button class="icon" title="light or dark (t)" aria-label="light or dark" onClick={turnTheme}><Icon name={theme === "dark" ? "sun" : "moon"} /></button>
      <button class="icon" title="keys (?)" aria-label="keys" onClick={() => setKeys(true)}><kbd>?</kbd></button>
    </header>
    {keys && <Keys close={() => setKeys(false)} />}
    {timed && rangeFault(raw, now) && <p class="note error banner" role="alert">{rangeFault(raw, now)}: this is the last hour.</p>}
    {(away || info.error) && <p class="note error banner" role="alert">{away ? `The agent does not answer: is it running?${info.data ? " What is shown is from before." : ""}` : info.error}</p>}
    <main>{info.data ? <Body view={{raw, range, zoom, theme, info: info.data, route}} /> : !info.error && <p class="note">loading…</p>}</main>
  </>;
}

const root = document.getElementById("page")!;
root.replaceChildren();  // what was to be seen until the script came
render(<Page />, root);
